//! The real `record-changes` binary against real engines: what is stored, what is published, and that nothing of it is lost.

use audit_domain::{digest::Sha256, ledger::record::Record, time};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::{ALERTS, CHANGES, Published},
    faults::Fault,
};
use serde_json::{Value, json};

use super::recorder::{GUARDRAIL, World, ago, event, kinds, recent, state};

/// The calls of the steps of one change, in order: the event and the change are kept; the resource is read, its state and
/// what is different are kept; the alert is published to people and machines unless its mark is there, and marked.
const STEPS: [&str; 12] = [
    "s3:PUT",
    "dynamodb:PutItem",
    "dynamodb:GetItem",
    "bedrock:GetGuardrail",
    "dynamodb:Query",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:PutItem",
    "dynamodb:GetItem",
    "sns:Publish",
    "sns:Publish",
    "dynamodb:PutItem",
];

/// A world with the sample guardrail.
async fn furnished() -> World {
    let world = World::start().await;
    world.cloud.bedrock.put("guardrail", GUARDRAIL, DRAFT, state("guardrail-DRAFT-thursday", ago(5)));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_recorded_and_alerted_to_people_and_machines() {
    let mut world = furnished().await;
    let body = recent("incident/changes/04-UpdateGuardrail-weakened");
    world.take(&body).await;
    assert_eq!(world.cloud.faults.seen(), STEPS);

    let records = world.records_of(&body).await;
    assert_eq!(kinds(&records), ["alert", "change", "diff"]);
    let Some(Record::Change(change)) = records.iter().find(|r| r.kind() == "change") else { panic!() };
    // the raw event is kept, and is what the evidence says
    let key = format!("events/{}/{}.json", time::day(change.occurred_at), change.event_id);
    assert_eq!(world.cloud.audit_keys().await, std::slice::from_ref(&key));
    assert_eq!(change.evidence.location.to_string(), format!("s3://audit/{key}"));
    assert_eq!(change.evidence.sha256, Sha256::of(body.as_bytes()));

    let [people] = world.sent_to(ALERTS).try_into().expect("one alert");
    let subject = people.subject.expect("an alert has a subject");
    assert_eq!(subject, "[high] UpdateGuardrail on guardrail/gr4k2p9x7wzq by marta.klein@example.com");
    let known = "changed:   no earlier state is known to compare with; what it looks like now is kept\n";
    assert!(people.message.contains(known), "{}", people.message);
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
    let [machines] = world.sent_to(CHANGES).try_into().expect("one alert for machines");
    let json: Value = serde_json::from_str(&machines.message).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["event_name"], "UpdateGuardrail");
    assert_eq!(json["principal"]["name"], "marta.klein@example.com");
    assert_eq!(json["resource"]["id"], "gr4k2p9x7wzq");
    assert_eq!(json["text"], people.message);
    // nothing is claimed of what was not seen before
    assert_eq!((&json["verdict"], &json["diff"]), (&Value::Null, &json!([])));
    let [state] = world.states_of("guardrail", GUARDRAIL, DRAFT).await.try_into().expect("one state");
    assert_eq!(json["state"]["after"], state.sha256.as_str());
    assert_eq!(state.cause, change.event_id);
}

/// Invariant 3 for changes: twice in one batch, and again later.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_is_one_change_and_one_alert() {
    let mut world = furnished().await;
    let body = recent("changes/UpdatePrompt");
    assert!(world.record(&[body.clone(), body.clone()]).await.is_empty());
    world.take(&body).await;
    assert_eq!(kinds(&world.records_of(&body).await), ["alert", "change", "diff"]);
    assert_eq!(world.cloud.count("records").await, 3);
    assert_eq!(world.sent_to(ALERTS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_watched_operation_is_alerted_and_no_near_miss_is() {
    let mut world = furnished().await;
    let names: Vec<String> = std::fs::read_dir(super::project("events/changes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".json").to_owned())
        .collect();
    let (misses, hits): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.ends_with(".miss"));
    for ten in hits.chunks(10) {
        let bodies: Vec<_> = ten.iter().map(|name| recent(&format!("changes/{name}"))).collect();
        assert!(world.record(&bodies).await.is_empty(), "{ten:?}");
    }
    assert_eq!(world.sent_to(ALERTS).len(), hits.len());
    for ten in misses.chunks(10) {
        let bodies: Vec<_> = ten.iter().map(|name| recent(&format!("changes/{name}"))).collect();
        assert!(world.record(&bodies).await.is_empty(), "{ten:?}");
    }
    assert_eq!(world.sent_to(ALERTS).len(), hits.len(), "a near miss was alerted");
    let denied = world.sent_to(ALERTS).into_iter().filter(|m| m.attributes["outcome"] == "denied").count();
    assert_eq!(denied, 1);
    let unknown = |m: &Published| m.attributes["resource_kind"] == "unknown";
    assert!(world.sent_to(ALERTS).iter().any(unknown), "unknown operations are alerted");
}

/// There is nothing to see of what did not happen, nor of a kind that no reading operation is known of.
#[tokio::test(flavor = "multi_thread")]
async fn denied_attempts_and_unknown_kinds_read_nothing() {
    for (name, told) in [
        ("incident/changes/06-DeleteGuardrail-denied", "changed:   nothing: it was an attempt\n"),
        ("changes/CreateGuardrail.denied", "changed:   nothing: it was an attempt\n"),
        ("changes/PutFoundationModelEntitlement", "this kind of resource is not read\n"),
    ] {
        let mut world = furnished().await;
        let body = recent(name);
        world.take(&body).await;
        let seen = world.cloud.faults.seen();
        let steps = ["s3:PUT", "dynamodb:PutItem", "dynamodb:GetItem"];
        let told_to = ["sns:Publish", "sns:Publish", "dynamodb:PutItem"];
        assert_eq!(seen, [steps, told_to].concat(), "{name}");
        assert_eq!(kinds(&world.records_of(&body).await), ["alert", "change"], "{name}");
        assert_eq!(world.cloud.count("states").await, 0, "{name}");
        let alert = world.last_to(ALERTS);
        assert!(alert.message.contains(told), "{}", alert.message);
    }
}

/// Invariant 4: an alert goes out at least once, also when we die between any two steps.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_no_alert_is_lost() {
    for (step, call) in STEPS.iter().enumerate() {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let mut world = furnished().await;
            let earlier = STEPS[..step].iter().filter(|other| *other == call).count();
            world.cloud.faults.add(call, earlier, 1, fault);
            let body = recent("changes/UpdateGuardrail");
            world.die_of(&body, &format!("{call} {fault:?}")).await;
            world.take(&body).await;
            let records = world.records_of(&body).await;
            assert_eq!(kinds(&records), ["alert", "change", "diff"], "step {step} {fault:?}");
            for topic in [ALERTS, CHANGES] {
                let sent = world.sent_to(topic).len();
                assert!((1..=2).contains(&sent), "{sent} alerts to {topic} at step {step} {fault:?}");
            }
            // and it stays at that
            let before = world.cloud.published().len();
            world.take(&body).await;
            assert_eq!(world.cloud.published().len(), before, "step {step} {fault:?}");
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
        let mut world = furnished().await;
        world.cloud.faults.add(action, 0, usize::MAX, Fault::Refuse(400, code));
        let body = recent("changes/UpdateGuardrail");
        assert_eq!(world.record(std::slice::from_ref(&body)).await, ["1"], "{action}");
        if action == "s3:PUT" {
            assert_eq!(world.sent_to(ALERTS).len(), 1, "the alert does not wait for the evidence");
        }
        world.cloud.faults.clear();
        world.take(&body).await;
        assert_eq!(kinds(&world.records_of(&body).await), ["alert", "change", "diff"], "{action}");
        assert_eq!(world.cloud.count("records").await, 3, "{action}");
        assert_eq!(world.cloud.count("states").await, 1, "{action}");
        assert_eq!(world.sent_to(ALERTS).len(), 1, "{action}");
        assert_eq!(world.cloud.audit_keys().await.len(), 1, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_that_the_topic_refuses_is_no_lost_alert() {
    let mut world = furnished().await;
    world.cloud.faults.add("sns:Publish", 0, 1, Fault::Refuse(400, "InvalidParameter"));
    assert!(world.record(&[recent("changes/UpdateGuardrail")]).await.is_empty());
    let [alert] = world.sent_to(ALERTS).try_into().expect("one alert");
    assert_eq!(alert.subject, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_changes_share_one_message() {
    let mut world = furnished().await;
    let old = ago(25 * 60);
    let bodies = [
        event("changes/UpdateGuardrail", old),
        event("changes/UpdatePrompt", old),
        event("changes/UpdatePrompt", old),
        recent("changes/CreateGuardrail"),
    ];
    assert!(world.record(&bodies).await.is_empty());
    let alerts = world.sent_to(ALERTS);
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    let summary = alerts.iter().find(|alert| alert.attributes["kind"] == "summary").expect("a summary");
    assert!(summary.message.contains("UpdateGuardrail") && summary.message.contains("UpdatePrompt"));
    assert_eq!(summary.message.matches("UpdatePrompt").count(), 1);
    // all of them are recorded with what they changed and marked, and none is told again
    for body in &bodies {
        assert_eq!(kinds(&world.records_of(body).await), ["alert", "change", "diff"]);
    }
    assert_eq!(world.cloud.count("records").await, 9);
    assert!(world.record(&bodies).await.is_empty());
    assert_eq!(world.sent_to(ALERTS).len(), 2);

    // where the summary fails, its messages come again, and only they
    let mut world = furnished().await;
    world.cloud.faults.add("sns:Publish", 0, usize::MAX, Fault::Refuse(400, "Throttled"));
    assert_eq!(world.record(&bodies[..2]).await, ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_comes_again_and_takes_nobody_down() {
    let mut world = furnished().await;
    let bodies = [
        "no json".to_owned(),
        recent("changes/UpdateGuardrail"),
        r#"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"x"}}"#.to_owned(),
        r#"{"detail-type":"Batch Inference Job State Change","source":"aws.bedrock","detail":{}}"#.to_owned(),
    ];
    assert_eq!(world.record(&bodies).await, ["1", "3"]);
    assert_eq!(world.sent_to(ALERTS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids_lead_nowhere_and_large_parameters_lie_beside_the_ledger() {
    let mut world = furnished().await;
    let mut event: Value = serde_json::from_str(&recent("changes/UpdatePrompt")).unwrap();
    event["detail"]["eventID"] = "../../../secrets".into();
    event["detail"]["requestID"] = "large".into();
    event["detail"]["requestParameters"]["padding"] = "x".repeat(150_000).into();
    assert!(world.record(&[event.to_string()]).await.is_empty());
    let keys = world.cloud.audit_keys().await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("..") && key.contains("/sha256-")), "{keys:?}");
    let records = world.records_of(&event.to_string()).await;
    let Some(Record::Change(change)) = records.iter().find(|r| r.kind() == "change") else { panic!() };
    assert_eq!(change.request_parameters, None);
    assert!(keys.contains(&change.spilled.as_ref().unwrap().key));
}
