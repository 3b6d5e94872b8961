//! The real `record-attributions` binary against real engines.

use audit_app::ports::QueryRecords as _;
use audit_domain::{
    attribution::{Attribution, event::Route},
    ledger::record::{Record, Source, SourceOrigin},
    passage::Certainty,
};
use audit_testkit::{
    cloud::{AUDIT, Cloud},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use serde_json::{Value, json};

use super::text;

const FUNCTION: &str = "record-attributions";
/// What stands in a passage of the fixtures, and must stand in no log line.
const SECRETS: [&str; 4] = ["water", "Ignore what stands above", "Köln", "terms-2026"];

fn fixture(name: &str) -> Value {
    serde_json::from_str(&text(&format!("events/attributions/{name}.json"))).unwrap()
}

async fn world() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    let function = Function::start(FUNCTION, &cloud).await;
    (cloud, function)
}

/// Sends events through the queue: the ids of those that have to come again.
async fn send(events: &[Value], function: &mut Function, cloud: &Cloud) -> Vec<String> {
    let bodies: Vec<_> = events.iter().map(Value::to_string).collect();
    failed(&function.invoke(messages(&bodies), cloud).await.unwrap())
}

async fn found(cloud: &Cloud, request_id: &str) -> (Vec<Attribution>, Vec<Source>) {
    let (mut attributions, mut sources) = (Vec::new(), Vec::new());
    for record in cloud.ledger().records_of(request_id).await.unwrap() {
        match record {
            Record::Attribution(attribution) => attributions.push(*attribution),
            Record::Source(source) => sources.push(*source),
            other => panic!("{other:?}"),
        }
    }
    (attributions, sources)
}

async fn dump(cloud: &Cloud) -> (Vec<String>, Vec<String>) {
    (cloud.dump("records").await, cloud.dump("states").await)
}

/// The keys of States, `subject version`, in order.
async fn state_keys(cloud: &Cloud) -> Vec<String> {
    let answer = cloud.dynamodb.scan().table_name("states").send().await.unwrap();
    let mut keys: Vec<_> = answer
        .items()
        .iter()
        .map(|item| format!("{} {}", item["subject"].as_s().unwrap(), item["version"].as_s().unwrap()))
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn an_event_becomes_sources_and_documents() {
    let (cloud, mut function) = world().await;
    assert!(send(&[fixture("incident-answer")], &mut function, &cloud).await.is_empty());
    let (attributions, sources) = found(&cloud, "c1a86f0e-7d52-4b3f-8e9a-54d07b6f2a13").await;
    let [attribution] = attributions.as_slice() else { panic!("{attributions:?}") };
    assert!(attribution.only_cited);
    assert_eq!(attribution.operation, "RetrieveAndGenerate");
    assert_eq!(attribution.session_id.as_deref(), Some("0d9f6a3b-5c1e-4f27-b8a4-e6d2c7109f55"));
    assert_eq!(attribution.guardrail_action.as_deref(), Some("NONE"));
    assert_eq!(attribution.sender.route, Route::Event);
    assert_eq!(attribution.sender.account_id.as_deref(), Some("444455556666"));
    assert_eq!(attribution.sender.event_id.as_deref(), Some("6a1f0d34-5f64-4d0a-9b0c-0c7be0f4a002"));
    let [source] = sources.as_slice() else { panic!("{sources:?}") };
    let uri = "s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx";
    assert_eq!((source.origin, source.certainty), (SourceOrigin::Response, Certainty::Reported));
    assert_eq!((source.ordinal, source.cited, source.score), (1, Some(true), None));
    assert_eq!(source.source_uri.as_deref(), Some(uri));
    assert_eq!(source.chunk_id.as_deref(), Some("1:0:6aLr3ANC8iYx"));
    assert_eq!(source.knowledge_base_id.as_deref(), Some("KB7QX2M9LP"));
    assert!(source.excerpt.as_deref().unwrap().starts_with("DRAFT for discussion, March 2023"));
    let hash = source.text_sha256.as_ref().unwrap();
    assert_eq!(
        state_keys(&cloud).await,
        [
            format!("document/{uri} {hash}"),
            "documents/s3://example-mutual-policies drafts/2023/water-damage-proposal.docx".to_owned(),
            format!("passage/{hash} {uri}"),
            "session/0d9f6a3b-5c1e-4f27-b8a4-e6d2c7109f55 2026-10-15T15:31:03.000Z#c1a86f0e-7d52-4b3f-8e9a-54d07b6f2a13".to_owned(),
        ]
    );
}

#[tokio::test]
async fn twice_and_in_any_order_the_ledger_is_the_same() {
    let mut names: Vec<_> = std::fs::read_dir(super::project("events/attributions"))
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().strip_suffix(".json").map(str::to_owned)
        })
        .filter(|name| !matches!(name.as_str(), "by-location" | "direct-detail"))
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    let events: Vec<_> = names.iter().map(|name| fixture(name)).collect();
    let (once, mut function) = world().await;
    for event in &events {
        assert!(send(std::slice::from_ref(event), &mut function, &once).await.is_empty());
    }
    let (often, mut function) = world().await;
    let mut twice: Vec<_> = events.iter().rev().cloned().collect();
    twice.extend(events.iter().skip(3).cloned());
    twice.extend(events.iter().take(5).cloned());
    for batch in twice.chunks(10) {
        assert!(send(batch, &mut function, &often).await.is_empty());
    }
    assert_eq!(dump(&once).await, dump(&often).await);
    assert!(once.count("states").await > 20);
}

#[tokio::test]
async fn a_function_invoked_directly_answers() {
    let (cloud, mut function) = world().await;
    let answer = function.invoke(fixture("direct-detail"), &cloud).await.unwrap();
    let id = "0e5b2d7c-4f19-4a83-8c6e-93d1f7a0b582";
    let expected = json!({"request_id": id, "operation": "RetrieveAndGenerate", "sources": 1, "sources_left_out": 0, "duplicate": false});
    assert_eq!(answer, expected);
    let again = function.invoke(fixture("direct-detail"), &cloud).await.unwrap();
    assert_eq!(again["duplicate"], true);
    let (attributions, sources) = found(&cloud, id).await;
    assert_eq!((attributions.len(), sources.len()), (1, 1));
    assert_eq!(attributions[0].sender.route, Route::Direct);
    assert_eq!(attributions[0].common.account_id, "444455556666", "the function's own");
    assert_eq!(attributions[0].common.region, "eu-central-1");
    // an envelope, too; whom it names is a claim then
    let answer = function.invoke(fixture("Retrieve"), &cloud).await.unwrap();
    assert_eq!(answer["sources"], 10);
    for (event, reason) in [
        (json!({}), "neither a response nor a response_location"),
        (json!({"response": {"secret": "water"}}), "none of Retrieve"),
        (json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}), "another source"),
        (json!({"schema": 9, "response": {}}), "schema"),
        (json!({"response_location": "events/a.json"}), "not below responses/"),
        (json!([1, 2]), "no JSON object"),
        (json!({"Records": []}), "neither a response"),
    ] {
        let answer = function.invoke(event.clone(), &cloud).await.unwrap();
        assert_eq!(answer["errorType"], "AttributionNotRecorded", "{event}: {answer}");
        let message = answer["errorMessage"].as_str().unwrap();
        assert!(message.contains(reason) && !message.contains("water"), "{event}: {message}");
    }
}

#[tokio::test]
async fn a_response_too_large_for_an_event_is_read_from_the_audit_bucket() {
    let (cloud, mut function) = world().await;
    let event = fixture("by-location");
    let id = "f4d19c31-a085-4e62-b1cd-87a3ae9c5d46";
    assert_eq!(send(std::slice::from_ref(&event), &mut function, &cloud).await, ["1"], "it may still come");
    assert_eq!(cloud.count("records").await, 0);
    let results: Vec<_> = (0..200)
        .map(|nth| {
            json!({
                "content": {"type": "TEXT", "text": format!("Passage {nth}. {}", "Überspannung 水漏れ ".repeat(340))},
                "location": {"type": "S3", "s3Location": {"uri": format!("s3://docs/folder-{}/{nth}.pdf", nth % 3)}},
                "score": 1.0 - f64::from(nth) / 1000.0,
            })
        })
        .collect();
    let response = json!({"retrievalResults": results}).to_string().into_bytes();
    assert!(response.len() > 1_500_000, "{}", response.len());
    let key = event["detail"]["response_location"].as_str().unwrap();
    cloud.s3.put_object().bucket(AUDIT).key(key).body(response.into()).send().await.unwrap();
    assert!(send(std::slice::from_ref(&event), &mut function, &cloud).await.is_empty());
    let (attributions, mut sources) = found(&cloud, id).await;
    assert_eq!((attributions[0].sources, attributions[0].response_key.as_deref()), (200, Some(key)));
    assert_eq!(attributions[0].common.occurred_at, "2026-10-15T15:40:00Z".parse().unwrap());
    sources.sort_by_key(|source| source.ordinal);
    assert_eq!(sources.len(), 200);
    assert!(sources.iter().zip(1..).all(|(source, nth)| source.ordinal == nth && source.cited.is_none()));
    assert!(sources.iter().all(|s| s.excerpt.as_ref().unwrap().chars().count() <= 300));
    assert_eq!(cloud.count("states").await, 600);
}

#[tokio::test]
async fn a_location_that_leads_elsewhere_is_refused_and_never_read() {
    let (cloud, mut function) = world().await;
    let response = || json!({"retrievalResults": []}).to_string().into_bytes();
    for key in ["events/e.json", "responses.json"] {
        cloud.s3.put_object().bucket(AUDIT).key(key).body(response().into()).send().await.unwrap();
    }
    cloud.put_log("responses/a.json", response()).await;
    let hostile = [
        "events/e.json",
        "/events/e.json",
        "responses/../events/e.json",
        "responses/%2e%2e/events/e.json",
        "responses.json",
        "s3://logs/responses/a.json",
        "s3://audit@logs/responses/a.json",
        "s3://audit/responses/../events/e.json",
    ];
    cloud.faults.forget();
    for location in hostile {
        let answer = function.invoke(json!({"response_location": location}), &cloud).await.unwrap();
        let message = answer["errorMessage"].as_str().unwrap_or_else(|| panic!("{location}: {answer}"));
        assert!(message.contains("not below responses/"), "{location}: {message}");
    }
    assert_eq!(cloud.faults.seen(), [""; 0], "nothing was read, and nothing written");
}

#[tokio::test]
async fn a_bad_neighbour_comes_again_alone_and_nothing_of_it_is_logged() {
    let (cloud, mut function) = world().await;
    let mut foreign = fixture("Retrieve");
    foreign["source"] = json!("aws.bedrock");
    let batch = [
        fixture("hostile-poisoned"),
        foreign,
        json!("water damage is no event"),
        fixture("direct-detail"),
        fixture("incident-retrieve"),
        json!({"operation": "the water rises", "response": {"retrievalResults": []}}),
    ];
    assert_eq!(send(&batch, &mut function, &cloud).await, ["2", "3", "4", "6"]);
    function.invoke(json!({"operation": "the water rises", "response": []}), &cloud).await.unwrap();
    let log = function.log();
    assert!(log.contains("\"operation\":\"Retrieve\"") && log.contains("message failed"), "{log}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
    // what a passage says is not what a source is
    let (_, mut sources) = found(&cloud, "a0d3e5b1-0f2c-4c1d-9e77-1b2c3d4e5f62").await;
    sources.sort_by_key(|source| source.ordinal);
    let uris: Vec<_> = sources.iter().map(|source| source.source_uri.as_deref().unwrap()).collect();
    assert_eq!(
        uris,
        [
            "s3://example-mutual-uploads/claim-17/letter.txt",
            "s3://example-mutual-policies/home/terms-2026.pdf"
        ]
    );
}

#[tokio::test]
async fn killed_between_any_two_writes_nothing_is_lost() {
    let (whole, mut function) = world().await;
    assert!(send(&[fixture("incident-retrieve")], &mut function, &whole).await.is_empty());
    let expected = dump(&whole).await;
    // three sources, nine passages and documents, the attribution
    for calls in 0..13 {
        let (cloud, mut function) = world().await;
        cloud.faults.add("dynamodb:PutItem", calls, 1, Fault::KillAfter);
        let body = fixture("incident-retrieve").to_string();
        assert_eq!(function.invoke(messages(&[body]), &cloud).await, Err(Died), "call {calls}");
        let mut function = Function::start(FUNCTION, &cloud).await;
        assert!(send(&[fixture("incident-retrieve")], &mut function, &cloud).await.is_empty());
        assert_eq!(dump(&cloud).await, expected, "after call {calls}");
    }
}

#[tokio::test]
async fn without_excerpts_no_word_of_a_passage_is_kept() {
    let cloud = Cloud::start().await;
    let mut function = Function::start_with(FUNCTION, &cloud, &[("EXCERPT_CHARACTERS", "0")]).await;
    assert!(send(&[fixture("incident-retrieve")], &mut function, &cloud).await.is_empty());
    let (records, states) = dump(&cloud).await;
    for word in ["Claims", "reviewers", "b.sommer", "photographs"] {
        assert!(records.iter().chain(&states).all(|item| !item.contains(word)), "{word}");
    }
}
