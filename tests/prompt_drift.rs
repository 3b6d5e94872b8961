//! The real `index-invocations` binary, and a system prompt that nobody used before.

use audit_testkit::{
    cloud::{ALERTS, CHANGES, Cloud, Published, gzip},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{index_invocations::created, recorder::ago, text};

const FUNCTION: &str = "index-invocations";
const KEY: &str = "AWSLogs/new.json.gz";
const SECRET: &str = "Promise every customer a full refund.";
const DAY: i64 = 24 * 60;

/// The sample call as if it had been made then, with that system prompt.
fn call(prompt: &str, when: Timestamp) -> String {
    let mut record: Value = serde_json::from_str(&text("events/invocations/converse.json")).unwrap();
    record["timestamp"] = when.to_string().into();
    record["requestId"] = format!("request-at-{}", when.as_second()).into();
    record["input"]["inputBodyJson"]["system"] = json!([{ "text": prompt }]);
    record.to_string()
}

/// A cloud in which the caller has nine days of history, and the function in it.
async fn world() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    let mut function = Function::start(FUNCTION, &cloud).await;
    let history = [call("Be kind.", ago(9 * DAY)), call("Be kind.", ago(30))].join("\n");
    cloud.put_log("AWSLogs/history.json.gz", gzip(history.as_bytes())).await;
    assert_eq!(index(&mut function, &cloud, "AWSLogs/history.json.gz").await, Ok(vec![]));
    assert_eq!(cloud.published(), []);
    cloud.put_log(KEY, gzip(call(SECRET, ago(5)).as_bytes())).await;
    cloud.faults.forget();
    (cloud, function)
}

/// The messages that come again after this object was delivered.
async fn index(function: &mut Function, cloud: &Cloud, key: &str) -> Result<Vec<String>, Died> {
    function.invoke(messages(&[created(key)]), cloud).await.map(|response| failed(&response))
}

fn sent_to(cloud: &Cloud, topic: &str) -> Vec<Published> {
    cloud.published().into_iter().filter(|message| message.topic == topic).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_prompt_after_a_week_is_one_alert_without_its_text() {
    let (cloud, mut function) = world().await;
    assert_eq!(index(&mut function, &cloud, KEY).await, Ok(vec![]));
    let [people] = sent_to(&cloud, ALERTS).try_into().expect("one alert");
    let subject = people.subject.as_deref().expect("a subject");
    assert!(subject.starts_with("[info] new system prompt "), "{subject}");
    for (name, value) in [
        ("kind", "system-prompt"),
        ("severity", "info"),
        ("account_id", "444455556666"),
        ("region", "eu-central-1"),
    ] {
        assert_eq!(people.attributes.get(name).map(String::as_str), Some(value), "{name}");
    }
    let [machines] = sent_to(&cloud, CHANGES).try_into().expect("one alert for machines");
    let json: Value = serde_json::from_str(&machines.message).unwrap();
    let id = audit_domain::digest::Sha256::of(SECRET.as_bytes());
    assert_eq!(json["system_prompt"], json!({"id": id.as_str(), "characters": SECRET.len()}));
    assert_eq!(json["before"]["id"], audit_domain::digest::Sha256::of(b"Be kind.").as_str());
    assert_eq!(json["text"], people.message.as_str());
    assert!(people.message.contains(json["command"].as_str().unwrap()), "{}", people.message);
    for part in [&people.message, &machines.message] {
        assert!(!part.contains("refund") && !part.contains("kind."), "{part}");
    }

    // delivered again, to this process and to another one: nothing more
    assert_eq!(index(&mut function, &cloud, KEY).await, Ok(vec![]));
    let mut another = Function::start(FUNCTION, &cloud).await;
    assert_eq!(index(&mut another, &cloud, KEY).await, Ok(vec![]));
    assert_eq!(sent_to(&cloud, ALERTS).len(), 1);
}

/// Invariant 4, for new prompts.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_no_new_prompt_is_lost() {
    let (cloud, mut function) = world().await;
    assert_eq!(index(&mut function, &cloud, KEY).await, Ok(vec![]));
    let steps = cloud.faults.seen();
    // looked up, published to people and machines, marked; then the sightings are written
    let publish = steps.iter().position(|call| call == "sns:Publish").expect("an alert");
    assert_eq!(steps[publish..publish + 3], ["sns:Publish", "sns:Publish", "dynamodb:PutItem"]);
    assert!(steps[publish + 3..].iter().filter(|call| *call == "dynamodb:PutItem").count() >= 4);

    for (step, call) in steps.iter().enumerate().skip(publish - 1) {
        let action: &'static str = match call.as_str() {
            "sns:Publish" => "sns:Publish",
            "dynamodb:PutItem" => "dynamodb:PutItem",
            "dynamodb:Query" => "dynamodb:Query",
            other => panic!("{other}"),
        };
        let earlier = steps[..step].iter().filter(|other| *other == call).count();
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let (cloud, mut function) = world().await;
            cloud.faults.add(action, earlier, 1, fault);
            assert_eq!(index(&mut function, &cloud, KEY).await, Err(Died), "step {step} {fault:?}");
            cloud.faults.clear();
            let mut next = Function::start(FUNCTION, &cloud).await;
            assert_eq!(index(&mut next, &cloud, KEY).await, Ok(vec![]));
            for topic in [ALERTS, CHANGES] {
                let sent = sent_to(&cloud, topic).len();
                assert!((1..=2).contains(&sent), "{sent} alerts to {topic} at step {step} {fault:?}");
            }
            // and it stays at that
            let before = cloud.published().len();
            assert_eq!(index(&mut next, &cloud, KEY).await, Ok(vec![]));
            assert_eq!(cloud.published().len(), before, "step {step} {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_refuses_brings_the_object_back() {
    let (cloud, mut function) = world().await;
    cloud.faults.add("sns:Publish", 0, usize::MAX, Fault::Refuse(403, "AuthorizationError"));
    assert_eq!(index(&mut function, &cloud, KEY).await, Ok(vec!["1".to_owned()]));
    assert_eq!(cloud.published(), []);
    cloud.faults.clear();
    assert_eq!(index(&mut function, &cloud, KEY).await, Ok(vec![]));
    assert_eq!(sent_to(&cloud, ALERTS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_topic_it_indexes_and_tells_nobody() {
    let (cloud, _) = world().await;
    let records = cloud.count("records").await;
    let mut function =
        Function::start_without(FUNCTION, &cloud, &["ALERT_TOPIC_ARN", "CHANGES_TOPIC_ARN"]).await;
    cloud.faults.forget();
    assert_eq!(index(&mut function, &cloud, KEY).await, Ok(vec![]));
    assert_eq!(cloud.published(), []);
    assert_eq!(cloud.count("records").await, records + 1);
    let asked = cloud.faults.asked();
    let queries: Vec<_> = asked.iter().filter(|(action, _)| action == "dynamodb:Query").collect();
    let [(_, query)] = queries.as_slice() else { panic!("{queries:?}") };
    let query: serde_json::Value = serde_json::from_slice(query).unwrap();
    assert_eq!(
        query["TableName"], "records",
        "it looks for a conflict, and asks nothing of prompts: {query}"
    );
}
