//! The real `index-invocations` binary against real engines.

use audit_app::ports::QueryRecords as _;
use audit_domain::ledger::record::Record;
use audit_testkit::{
    cloud::{Cloud, LOGS, gzip},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use serde_json::{Value, json};

use super::text;

const KEY: &str =
    "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/15/15/20261015T153000Z_0a.json.gz";
const WRONG_ANSWER: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";

fn incident() -> Vec<String> {
    text("events/incident/invocations.ndjson").lines().map(str::to_owned).collect()
}

pub(super) fn created(key: &str) -> String {
    json!({
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": LOGS}, "object": {"key": key, "size": 10, "etag": "e"}},
    })
    .to_string()
}

/// How much of a passage is kept is a setting; what it is known by is none.
#[tokio::test]
async fn without_excerpts_passages_are_known_by_their_digests_alone() {
    let cloud = Cloud::start().await;
    let mut function =
        Function::start_with("index-invocations", &cloud, &[("EXCERPT_CHARACTERS", "0")]).await;
    cloud.put_log(KEY, gzip(incident().join("\n").as_bytes())).await;
    assert!(index(&mut function, &cloud, &[KEY]).await.is_empty());
    let records = cloud.ledger().records_of(WRONG_ANSWER).await.unwrap();
    let sources: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Source(source) => Some((source.excerpt.is_some(), source.text_sha256.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(sources, [(false, true); 3]);
}

async fn world() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    let function = Function::start("index-invocations", &cloud).await;
    (cloud, function)
}

async fn index(function: &mut Function, cloud: &Cloud, keys: &[&str]) -> Vec<String> {
    let bodies: Vec<_> = keys.iter().map(|key| created(key)).collect();
    failed(&function.invoke(messages(&bodies), cloud).await.unwrap())
}

async fn delivery(cloud: &Cloud, key: &str) -> Value {
    let items = cloud.dynamodb.scan().table_name("deliveries").send().await.unwrap();
    let wanted = format!("s3://{LOGS}/{key}");
    let item = items
        .items()
        .iter()
        .find(|item| item["object"].as_s() == Ok(&wanted) && item["version_id"].as_s() == Ok(&"-".to_owned()))
        .unwrap_or_else(|| panic!("no delivery of {key}"));
    let number = |name: &str| item[name].as_n().unwrap().parse::<u64>().unwrap();
    json!({
        "status": item["status"].as_s().unwrap(),
        "received": number("received"),
        "indexed": number("indexed"),
        "duplicate": number("duplicate"),
        "rejected": number("rejected"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_log_object_is_found_by_request_id() {
    let (cloud, mut function) = world().await;
    cloud.put_log(KEY, gzip(text("events/incident/invocations.ndjson").as_bytes())).await;
    assert!(index(&mut function, &cloud, &[KEY]).await.is_empty());

    let records = cloud.ledger().records_of(WRONG_ANSWER).await.unwrap();
    let sources = records.iter().filter(|record| matches!(record, Record::Source(_))).count();
    assert_eq!(sources, 3);
    let invocation = records.iter().find_map(|record| match record {
        Record::Invocation(invocation) => Some(invocation),
        _ => None,
    });
    let invocation = invocation.expect("the invocation is there");
    assert_eq!(invocation.guardrail.version.as_deref(), Some("4"));
    assert_eq!(invocation.evidence.location.to_string(), format!("s3://{LOGS}/{KEY}"));
    assert_eq!(invocation.evidence.ordinal, 8);
    // the evidence is the value's exact bytes
    assert_eq!(invocation.evidence.sha256, audit_domain::digest::Sha256::of(incident()[7].as_bytes()));
    let expected = json!({"status": "done", "received": 9, "indexed": 9, "duplicate": 0, "rejected": 0});
    assert_eq!(delivery(&cloud, KEY).await, expected);
}

/// Invariant 3: delivered twice is stored once; out of order ends the same.
#[tokio::test(flavor = "multi_thread")]
async fn delivered_twice_split_and_out_of_order_ends_the_same() {
    let (whole, mut function) = world().await;
    whole.put_log(KEY, gzip(text("events/incident/invocations.ndjson").as_bytes())).await;
    index(&mut function, &whole, &[KEY]).await;

    // the same records, backwards, over two objects of which one overlaps the other, each delivered twice
    let (other, mut function) = world().await;
    let mut lines = incident();
    lines.reverse();
    let parts = [&lines[..5], &lines[3..]];
    for (nth, part) in parts.iter().enumerate() {
        other.put_log(&format!("AWSLogs/{nth}.json.gz"), gzip(part.join("\n").as_bytes())).await;
    }
    for key in ["AWSLogs/1.json.gz", "AWSLogs/0.json.gz", "AWSLogs/1.json.gz", "AWSLogs/0.json.gz"] {
        assert!(index(&mut function, &other, &[key]).await.is_empty());
    }
    let without_evidence = |items: Vec<String>| -> Vec<String> {
        // where a record was read from differs, and nothing else
        items.into_iter().map(|item| item.split("\"evidence\"").next().unwrap().to_owned()).collect()
    };
    assert_eq!(without_evidence(whole.dump("records").await), without_evidence(other.dump("records").await));
    assert_eq!(whole.dump("states").await, other.dump("states").await);
}

/// Invariant 5: no record is skipped for a bad neighbour.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_neighbour_is_kept_with_place_and_reason() {
    let (cloud, mut function) = world().await;
    let mut lines = incident();
    lines.insert(2, r#"{"timestamp": "2026-10-15T15:00:00Z", "accountId"#.to_owned());
    lines.insert(5, "not json, my secret".to_owned());
    lines.push(r#"{"schemaType":"ModelInvocationLog","modelId":"m","timestamp":"soon"}"#.to_owned());
    cloud.put_log(KEY, gzip(lines.join("\n").as_bytes())).await;
    assert!(index(&mut function, &cloud, &[KEY]).await.is_empty());
    let expected = json!({"status": "done", "received": 12, "indexed": 9, "duplicate": 0, "rejected": 3});
    assert_eq!(delivery(&cloud, KEY).await, expected);

    let kept = cloud.dump("deliveries").await;
    for place in ["-#reject#00000003", "-#reject#00000006", "-#reject#00000012"] {
        assert!(kept.iter().any(|item| item.contains(place)), "{place} in {kept:?}");
    }
    assert!(!kept.iter().any(|item| item.contains("secret")), "a reject holds no text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_object_is_indexed_as_far_as_it_can_be_read() {
    let (cloud, mut function) = world().await;
    let mut whole = gzip(text("events/incident/invocations.ndjson").repeat(40).as_bytes());
    whole.truncate(whole.len() * 2 / 3);
    cloud.put_log(KEY, whole).await;
    assert!(index(&mut function, &cloud, &[KEY]).await.is_empty());
    let delivery = delivery(&cloud, KEY).await;
    assert_eq!(delivery["status"], "partial");
    assert_eq!(delivery["indexed"], 9);
    assert!(delivery["duplicate"].as_u64() > Some(50), "{delivery}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_log_is_done_and_what_is_no_message_comes_again() {
    let (cloud, mut function) = world().await;
    let trigger = |name: &str| text(&format!("events/triggers/{name}.json"));
    let bodies = [
        trigger("s3-test-event"),
        trigger("s3-data-object"),
        trigger("s3-permission-check"),
        "no json".to_owned(),
        "{}".to_owned(),
        created("AWSLogs/not-there.json.gz"),
    ];
    let response = function.invoke(messages(&bodies), &cloud).await.unwrap();
    assert_eq!(failed(&response), ["4", "5", "6"], "a missing object comes again, too");
    assert_eq!(cloud.count("records").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_table_loses_nothing() {
    let (cloud, mut function) = world().await;
    cloud.put_log(KEY, gzip(text("events/incident/invocations.ndjson").as_bytes())).await;
    // fewer than the SDK's attempts: nobody notices
    cloud.faults.add("dynamodb:PutItem", 3, 3, Fault::Refuse(400, "ThrottlingException"));
    assert!(index(&mut function, &cloud, &[KEY]).await.is_empty());
    assert_eq!(delivery(&cloud, KEY).await["indexed"], 9);

    // for good: the message comes again, and nothing is lost or doubled by then
    let (cloud, mut function) = world().await;
    cloud.put_log(KEY, gzip(text("events/incident/invocations.ndjson").as_bytes())).await;
    cloud.faults.add("dynamodb:PutItem", 8, usize::MAX, Fault::Refuse(400, "AccessDeniedException"));
    assert_eq!(index(&mut function, &cloud, &[KEY]).await, ["1"]);
    cloud.faults.clear();
    assert!(index(&mut function, &cloud, &[KEY]).await.is_empty());
    let counts = delivery(&cloud, KEY).await;
    let added = counts["indexed"].as_u64().unwrap() + counts["duplicate"].as_u64().unwrap();
    assert_eq!(added, 9, "{counts}");
    assert_eq!(cloud.ledger().records_of(WRONG_ANSWER).await.unwrap().len(), 4);
}

/// Killed between any two writes, and delivered again: the ledger is the one of an undisturbed run.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_writes_the_next_delivery_mends_it() {
    let (undisturbed, mut function) = world().await;
    undisturbed.put_log(KEY, gzip(text("events/incident/invocations.ndjson").as_bytes())).await;
    index(&mut function, &undisturbed, &[KEY]).await;
    let writes = undisturbed.faults.seen().iter().filter(|call| *call == "dynamodb:PutItem").count();

    for after in (0..writes).step_by(5) {
        let (cloud, mut function) = world().await;
        cloud.put_log(KEY, gzip(text("events/incident/invocations.ndjson").as_bytes())).await;
        cloud.faults.add("dynamodb:PutItem", after, 1, Fault::KillAfter);
        assert_eq!(function.invoke(messages(&[created(KEY)]), &cloud).await, Err(Died));
        let mut next = Function::start("index-invocations", &cloud).await;
        assert!(index(&mut next, &cloud, &[KEY]).await.is_empty());
        for table in ["records", "states"] {
            assert_eq!(
                cloud.dump(table).await,
                undisturbed.dump(table).await,
                "{table}, killed after {after}"
            );
        }
    }
}
