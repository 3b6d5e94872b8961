//! Which documents and passages stand behind answers, as queries of the ledger.

use audit_app::ports::{Order, PutDocuments as _, PutTurns as _, QuerySources as _};
use audit_domain::{
    ledger::{document::DocumentSighting, turn::Turn},
    passage,
};

use super::{documents::reading, *};

const PASSAGE: &str = "Passage 1.";

/// Puts what one response tells, with all of its documents.
async fn tell(ledger: &Ledger<NoObjects>, request_id: &str, moment: &str, expires_at: i64) {
    let reading = reading(request_id, moment);
    for passage in &reading.passages {
        let source = Source::in_response(&reading.attribution, passage, EXCERPT);
        ledger.put_record(&Record::Source(Box::new(source)), expires_at).await.unwrap();
        for (key, seen) in DocumentSighting::of(&reading.attribution, passage) {
            ledger.put_document(&key, &seen, expires_at).await.unwrap();
        }
    }
}

pub(super) async fn sources_are_found_by_passage_in_time(ledger: &Ledger<NoObjects>) {
    let moments =
        ["2026-08-01T10:00:00Z", "2026-08-02T10:00:00Z", "2026-08-03T10:00:00Z", "2026-08-04T10:00:00Z"];
    for (nth, moment) in moments.iter().enumerate() {
        tell(ledger, &format!("told-{nth}"), moment, LATER).await;
    }
    // over its retention: not shown
    tell(ledger, "told-and-gone", "2026-08-02T11:00:00Z", 1).await;
    let hash = passage::hash(PASSAGE);
    let span = Span { since: at("2026-08-01T12:00:00Z"), until: at("2026-08-04T10:00:00Z") };
    let of = async |order, limit| -> Vec<String> {
        let found = ledger.sources_with(&hash, span, order, limit).await.unwrap();
        assert!(found.iter().all(|line| line.text_sha256 == hash && line.ordinal == 1));
        assert!(
            found
                .iter()
                .all(|line| line.origin() == Some(audit_domain::ledger::record::SourceOrigin::Response))
        );
        assert!(found.iter().all(|line| line.source_uri.as_deref() == Some("s3://docs/a/b.pdf")));
        found.into_iter().map(|line| line.request_id).collect()
    };
    assert_eq!(of(Order::OldestFirst, usize::MAX).await, ["told-1", "told-2"]);
    assert_eq!(of(Order::NewestFirst, usize::MAX).await, ["told-2", "told-1"]);
    assert_eq!(of(Order::NewestFirst, 1).await, ["told-2"]);
    let unknown = passage::hash("nobody has this");
    assert_eq!(ledger.sources_with(&unknown, span, Order::OldestFirst, 9).await.unwrap(), []);
}

pub(super) async fn documents_are_found_by_passage_name_and_folder(ledger: &Ledger<NoObjects>) {
    let reading = reading("folders", "2026-08-05T10:00:00Z");
    let hash = passage::hash("boilerplate");
    let uris: Vec<_> = (0..40).map(|nth| format!("s3://folders/{}/{nth:02}.pdf", nth % 2)).collect();
    for uri in uris.iter().map(String::as_str).chain(["s3://folders", "s3://other/0/x"]) {
        let mut passage = reading.passages[0].clone();
        (passage.uri, passage.hash) = (Some(uri.to_owned()), hash.clone());
        for (key, seen) in DocumentSighting::of(&reading.attribution, &passage) {
            ledger.put_document(&key, &seen, LATER).await.unwrap();
        }
    }
    let documents = ledger.documents_of(&hash, 3).await.unwrap();
    assert_eq!((documents.found.len(), documents.more), (3, 39));
    assert_eq!(documents.found[1].document_uri, "s3://folders/0/00.pdf");
    let below = async |path: &str| ledger.documents_below("s3://folders", path).await.unwrap().len();
    assert_eq!((below("").await, below("0/").await, below("1/0").await, below("2").await), (41, 20, 5, 0));
    let passages = ledger.passages_of(&uris[0]).await.unwrap();
    assert_eq!(passages.iter().map(|seen| seen.text_sha256.clone()).collect::<Vec<_>>(), [Some(hash)]);
    assert_eq!(ledger.passages_of("s3://folders/none").await.unwrap(), []);
}

pub(super) async fn the_requests_of_a_session_are_found_in_time(ledger: &Ledger<NoObjects>) {
    let turn = |id: &str, moment: &str| Turn {
        session_id: "s/1 é".to_owned(),
        request_id: id.to_owned(),
        occurred_at: at(moment),
        account_id: "444455556666".to_owned(),
    };
    let (a, b) = (turn("a", "2026-08-01T10:00:00Z"), turn("b", "2026-08-02T10:00:00Z"));
    for (turn, expires_at) in [
        (&a, LATER),
        (&b, LATER),
        (&turn("gone", "2026-08-01T11:00:00Z"), 1),
        (&turn("other", "2026-08-03T10:00:00Z"), LATER),
    ] {
        assert_eq!(ledger.put_turn(turn, expires_at).await.unwrap(), Put::Stored);
    }
    assert_eq!(ledger.put_turn(&a, LATER).await.unwrap(), Put::Duplicate);
    let span = Span { since: a.occurred_at, until: at("2026-08-03T10:00:00Z") };
    let of = |order, limit| ledger.turns_of("s/1 é", span, order, limit);
    assert_eq!(of(Order::OldestFirst, 9).await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(of(Order::NewestFirst, 1).await.unwrap(), [b]);
    assert_eq!(ledger.turns_of("s/1", span, Order::OldestFirst, 9).await.unwrap(), []);
}
