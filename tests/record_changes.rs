//! The real `record-changes` binary against real engines.

use audit_app::ports::QueryRecords as _;
use audit_domain::{digest::Sha256, ledger::record::Record, time};
use audit_testkit::{
    cloud::{ALERTS, CHANGES, Cloud, Published},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::text;

/// The calls of the steps of one change, in order.
const STEPS: [&str; 6] =
    ["s3:PUT", "dynamodb:PutItem", "dynamodb:GetItem", "sns:Publish", "sns:Publish", "dynamodb:PutItem"];

async fn world() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    let function = Function::start("record-changes", &cloud).await;
    (cloud, function)
}

/// A fixture as if it had happened so long ago.
fn event(name: &str, ago: SignedDuration) -> String {
    let mut event: Value = serde_json::from_str(&text(&format!("events/{name}.json"))).unwrap();
    // the function asks the real clock how old an event is
    let when: Timestamp = audit_lambda::run::now().checked_sub(ago).unwrap();
    event["detail"]["eventTime"] = when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    event.to_string()
}

fn recent(name: &str) -> String {
    event(name, SignedDuration::from_mins(5))
}

async fn record(function: &mut Function, cloud: &Cloud, bodies: &[String]) -> Vec<String> {
    failed(&function.invoke(messages(bodies), cloud).await.unwrap())
}

fn sent_to(cloud: &Cloud, topic: &str) -> Vec<Published> {
    cloud.published().into_iter().filter(|message| message.topic == topic).collect()
}

fn kinds(records: &[Record]) -> Vec<&'static str> {
    let mut kinds: Vec<_> = records.iter().map(Record::kind).collect();
    kinds.sort_unstable();
    kinds
}

fn request_id(body: &str) -> String {
    let event: Value = serde_json::from_str(body).unwrap();
    event["detail"]["requestID"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_recorded_and_alerted_to_people_and_machines() {
    let (cloud, mut function) = world().await;
    let body = recent("incident/changes/04-UpdateGuardrail-weakened");
    assert!(record(&mut function, &cloud, std::slice::from_ref(&body)).await.is_empty());
    assert_eq!(cloud.faults.seen(), STEPS);

    let records = cloud.ledger().records_of(&request_id(&body)).await.unwrap();
    assert_eq!(kinds(&records), ["alert", "change"]);
    let Some(Record::Change(change)) = records.iter().find(|r| r.kind() == "change") else { panic!() };
    // the raw event is kept, and is what the evidence says
    let key = format!("events/{}/{}.json", time::day(change.occurred_at), change.event_id);
    assert_eq!(cloud.audit_keys().await, std::slice::from_ref(&key));
    assert_eq!(change.evidence.location.to_string(), format!("s3://audit/{key}"));
    assert_eq!(change.evidence.sha256, Sha256::of(body.as_bytes()));

    let [people] = sent_to(&cloud, ALERTS).try_into().expect("one alert");
    let subject = people.subject.expect("an alert has a subject");
    assert_eq!(subject, "[high] UpdateGuardrail on guardrail/gr4k2p9x7wzq by marta.klein@example.com");
    assert!(people.message.contains("before and after are not read yet"), "{}", people.message);
    for (name, value) in [
        ("kind", "change"),
        ("severity", "high"),
        ("resource_kind", "guardrail"),
        ("event_name", "UpdateGuardrail"),
        ("outcome", "succeeded"),
        ("account_id", "444455556666"),
        ("region", "eu-central-1"),
    ] {
        assert_eq!(people.attributes.get(name).map(String::as_str), Some(value), "{name}");
    }
    let [machines] = sent_to(&cloud, CHANGES).try_into().expect("one alert for machines");
    let json: Value = serde_json::from_str(&machines.message).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["event_name"], "UpdateGuardrail");
    assert_eq!(json["principal"]["name"], "marta.klein@example.com");
    assert_eq!(json["resource"]["id"], "gr4k2p9x7wzq");
    assert_eq!(json["text"], people.message);
}

/// Invariant 3 for changes: twice in one batch, and again later.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_is_one_change_and_one_alert() {
    let (cloud, mut function) = world().await;
    let body = recent("changes/UpdatePrompt");
    assert!(record(&mut function, &cloud, &[body.clone(), body.clone()]).await.is_empty());
    assert!(record(&mut function, &cloud, std::slice::from_ref(&body)).await.is_empty());
    assert_eq!(cloud.count("records").await, 2);
    assert_eq!(sent_to(&cloud, ALERTS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_watched_operation_is_alerted_and_no_near_miss_is() {
    let (cloud, mut function) = world().await;
    let names: Vec<String> = std::fs::read_dir(super::project("events/changes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".json").to_owned())
        .collect();
    let (misses, hits): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.ends_with(".miss"));
    for ten in hits.chunks(10) {
        let bodies: Vec<_> = ten.iter().map(|name| recent(&format!("changes/{name}"))).collect();
        assert!(record(&mut function, &cloud, &bodies).await.is_empty(), "{ten:?}");
    }
    assert_eq!(sent_to(&cloud, ALERTS).len(), hits.len());
    for ten in misses.chunks(10) {
        let bodies: Vec<_> = ten.iter().map(|name| recent(&format!("changes/{name}"))).collect();
        assert!(record(&mut function, &cloud, &bodies).await.is_empty(), "{ten:?}");
    }
    assert_eq!(sent_to(&cloud, ALERTS).len(), hits.len(), "a near miss was alerted");
    let denied = sent_to(&cloud, ALERTS).into_iter().filter(|m| m.attributes["outcome"] == "denied").count();
    assert_eq!(denied, 1);
    let unknown = |m: &Published| m.attributes["resource_kind"] == "unknown";
    assert!(sent_to(&cloud, ALERTS).iter().any(unknown), "unknown operations are alerted");
}

/// Invariant 4: an alert goes out at least once, also when we die between any two steps.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_no_alert_is_lost() {
    for (step, call) in STEPS.iter().enumerate() {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let (cloud, mut function) = world().await;
            let earlier = STEPS[..step].iter().filter(|other| *other == call).count();
            cloud.faults.add(call, earlier, 1, fault);
            let body = recent("changes/UpdateGuardrail");
            let died = function.invoke(messages(std::slice::from_ref(&body)), &cloud).await;
            assert_eq!(died, Err(Died), "{call} {fault:?}");

            let mut next = Function::start("record-changes", &cloud).await;
            assert!(record(&mut next, &cloud, std::slice::from_ref(&body)).await.is_empty());
            let records = cloud.ledger().records_of(&request_id(&body)).await.unwrap();
            assert_eq!(kinds(&records), ["alert", "change"], "step {step} {fault:?}");
            for topic in [ALERTS, CHANGES] {
                let sent = sent_to(&cloud, topic).len();
                assert!((1..=2).contains(&sent), "{sent} alerts to {topic} at step {step} {fault:?}");
            }
            // and it stays at that
            let before = cloud.published().len();
            assert!(record(&mut next, &cloud, &[body]).await.is_empty());
            assert_eq!(cloud.published().len(), before, "step {step} {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_table_topic_or_bucket_brings_the_message_back() {
    for (action, code) in [
        ("dynamodb:PutItem", "ThrottlingException"),
        ("dynamodb:GetItem", "AccessDeniedException"),
        ("sns:Publish", "Throttled"),
        ("s3:PUT", "AccessDenied"),
    ] {
        let (cloud, mut function) = world().await;
        cloud.faults.add(action, 0, usize::MAX, Fault::Refuse(400, code));
        let body = recent("changes/UpdateGuardrail");
        assert_eq!(record(&mut function, &cloud, std::slice::from_ref(&body)).await, ["1"], "{action}");
        if action == "s3:PUT" {
            assert_eq!(sent_to(&cloud, ALERTS).len(), 1, "the alert does not wait for the evidence");
        }
        cloud.faults.clear();
        assert!(record(&mut function, &cloud, &[body]).await.is_empty(), "{action}");
        assert_eq!(cloud.count("records").await, 2, "{action}");
        assert_eq!(sent_to(&cloud, ALERTS).len(), 1, "{action}");
        assert_eq!(cloud.audit_keys().await.len(), 1, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_that_the_topic_refuses_is_no_lost_alert() {
    let (cloud, mut function) = world().await;
    cloud.faults.add("sns:Publish", 0, 1, Fault::Refuse(400, "InvalidParameter"));
    assert!(record(&mut function, &cloud, &[recent("changes/UpdateGuardrail")]).await.is_empty());
    let [alert] = sent_to(&cloud, ALERTS).try_into().expect("one alert");
    assert_eq!(alert.subject, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_changes_share_one_message() {
    let (cloud, mut function) = world().await;
    let old = SignedDuration::from_hours(25);
    let bodies = [
        event("changes/UpdateGuardrail", old),
        event("changes/UpdatePrompt", old),
        event("changes/UpdatePrompt", old),
        recent("changes/CreateGuardrail"),
    ];
    assert!(record(&mut function, &cloud, &bodies).await.is_empty());
    let alerts = sent_to(&cloud, ALERTS);
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    let summary = alerts.iter().find(|alert| alert.attributes["kind"] == "summary").expect("a summary");
    assert!(summary.message.contains("UpdateGuardrail") && summary.message.contains("UpdatePrompt"));
    assert_eq!(summary.message.matches("UpdatePrompt").count(), 1);
    // all of them are recorded and marked, and none is told again
    assert_eq!(cloud.count("records").await, 6);
    assert!(record(&mut function, &cloud, &bodies).await.is_empty());
    assert_eq!(sent_to(&cloud, ALERTS).len(), 2);

    // where the summary fails, its messages come again, and only they
    let (cloud, mut function) = world().await;
    cloud.faults.add("sns:Publish", 0, usize::MAX, Fault::Refuse(400, "Throttled"));
    assert_eq!(record(&mut function, &cloud, &bodies[..2]).await, ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_comes_again_and_takes_nobody_down() {
    let (cloud, mut function) = world().await;
    let bodies = [
        "no json".to_owned(),
        recent("changes/UpdateGuardrail"),
        r#"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"x"}}"#.to_owned(),
        r#"{"detail-type":"Batch Inference Job State Change","source":"aws.bedrock","detail":{}}"#.to_owned(),
    ];
    assert_eq!(record(&mut function, &cloud, &bodies).await, ["1", "3"]);
    assert_eq!(sent_to(&cloud, ALERTS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids_lead_nowhere_and_large_parameters_lie_beside_the_ledger() {
    let (cloud, mut function) = world().await;
    let mut event: Value = serde_json::from_str(&recent("changes/UpdatePrompt")).unwrap();
    event["detail"]["eventID"] = "../../../secrets".into();
    event["detail"]["requestID"] = "large".into();
    event["detail"]["requestParameters"]["padding"] = "x".repeat(150_000).into();
    assert!(record(&mut function, &cloud, &[event.to_string()]).await.is_empty());
    let keys = cloud.audit_keys().await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("..") && key.contains("/sha256-")), "{keys:?}");
    let records = cloud.ledger().records_of("large").await.unwrap();
    let Some(Record::Change(change)) = records.iter().find(|r| r.kind() == "change") else { panic!() };
    assert_eq!(change.request_parameters, None);
    assert!(keys.contains(&change.spilled.as_ref().unwrap().key));
}
