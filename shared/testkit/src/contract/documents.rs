//! Which document a passage is from, and the attribution that says so.

use audit_app::ports::{PutDocuments as _, PutRecords as _, QueryRecords as _};
use audit_domain::{
    attribution::{
        AttributionReading, Surroundings,
        event::{AttributionEvent, Carried, Route},
    },
    ledger::{document::DocumentSighting, record::EXCERPT},
};

use super::*;

/// An attribution with three passages, all of one document.
pub(super) fn reading(request_id: &str, occurred_at: &str) -> AttributionReading {
    let results: Vec<_> = (1..=3)
        .map(|nth| {
            serde_json::json!({
                "content": {"text": format!("Passage {nth}."), "type": "TEXT"},
                "location": {"type": "S3", "s3Location": {"uri": "s3://docs/a/b.pdf"}},
                "score": 0.5,
                "metadata": {"x-amz-bedrock-kb-chunk-id": format!("1%3A{nth}"), "year": 2026},
            })
        })
        .collect();
    let event = serde_json::json!({
        "request_id": request_id,
        "occurred_at": occurred_at,
        "knowledge_base_id": "KB1",
        "response": {"retrievalResults": results},
    });
    let event = serde_json::value::to_raw_value(&event).expect("it is json");
    let event = AttributionEvent::read(&event, Route::Direct).expect("it is an event");
    let Carried::Here(response) = &event.response else { panic!("it is in the event") };
    let here =
        Surroundings { account_id: "444455556666", region: "eu-central-1", now: Timestamp::UNIX_EPOCH };
    AttributionReading::of(&event, response, None, &here).expect("it is a response")
}

pub(super) async fn attributions_come_back_with_their_sources(ledger: &Ledger<NoObjects>) {
    let AttributionReading { attribution, passages } = reading("attributed", "2026-10-15T12:00:00Z");
    let mut records: Vec<_> = passages
        .iter()
        .map(|passage| Record::Source(Box::new(Source::in_response(&attribution, passage, EXCERPT))))
        .collect();
    records.push(Record::Attribution(Box::new(attribution)));
    for put in [Put::Stored, Put::Duplicate] {
        for record in &records {
            assert_eq!(ledger.put_record(record, LATER).await.unwrap(), put);
        }
    }
    let mut found = ledger.records_of("attributed").await.unwrap();
    found.sort_by_key(Record::sort_key);
    records.sort_by_key(Record::sort_key);
    assert_eq!(found, records);
}

/// Subject and version of every item of a passage or a document, with when it was first and last seen, and until when it stays.
async fn stored(client: &Client, key: &StateKey) -> Vec<String> {
    let item = client
        .get_item()
        .table_name("states")
        .key("subject", AttributeValue::S(key.subject.clone()))
        .key("version", AttributeValue::S(key.version.clone()))
        .send()
        .await
        .unwrap();
    let item = item.item().unwrap_or_else(|| panic!("{key:?} is not there"));
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        _ => "-".to_owned(),
    };
    [
        "first_seen",
        "last_seen",
        "sample_request_id",
        "knowledge_base_id",
        "chunk_id",
        "document_uri",
        "expires_at",
    ]
    .map(text)
    .to_vec()
}

pub(super) async fn documents_merge_in_any_order(ledger: &Ledger<NoObjects>, client: &Client) {
    let seen = [
        ("noon", "2026-10-15T12:00:00Z", LATER),
        ("morning", "2026-10-15T09:00:00Z", LATER - 10),
        ("evening", "2026-10-15T18:00:00Z", LATER + 10),
        ("noon", "2026-10-15T12:00:00Z", LATER),
    ];
    let mut keys = Vec::new();
    for (request_id, occurred_at, expires_at) in seen {
        let AttributionReading { attribution, passages } = reading(request_id, occurred_at);
        keys = DocumentSighting::of(&attribution, &passages[0]);
        for (key, sighting) in &keys {
            ledger.put_document(key, sighting, expires_at).await.unwrap();
        }
    }
    let until = (LATER + 10).to_string();
    let times = ["2026-10-15T09:00:00.000Z", "2026-10-15T18:00:00.000Z", "morning", "KB1"];
    let of = |chunk: &str| -> Vec<String> {
        times.iter().copied().chain([chunk, "s3://docs/a/b.pdf", &until]).map(str::to_owned).collect()
    };
    let hash = audit_domain::passage::hash("Passage 1.");
    for (key, chunk) in [
        (StateKey::passage(&hash, "s3://docs/a/b.pdf"), "1:1"),
        (StateKey::document("s3://docs/a/b.pdf", &hash), "1:1"),
        (StateKey::documents("s3://docs/a/b.pdf"), "-"),
    ] {
        assert!(keys.iter().any(|(written, _)| *written == key), "{key:?}");
        assert_eq!(stored(client, &key).await, of(chunk), "{key:?}");
    }
}

pub(super) async fn a_document_that_is_in_use_stays(ledger: &Ledger<NoObjects>, client: &Client) {
    let AttributionReading { attribution, passages } = reading("again", "2026-10-15T12:00:00Z");
    let (mut key, sighting) = DocumentSighting::of(&attribution, &passages[2]).swap_remove(0);
    key.version = "renewed".to_owned();
    for (expires_at, kept) in [(LATER, LATER), (LATER - 1, LATER), (LATER + 90 * 86_400, LATER + 90 * 86_400)]
    {
        ledger.put_document(&key, &sighting, expires_at).await.unwrap();
        assert_eq!(stored(client, &key).await.pop(), Some(kept.to_string()));
    }
}
