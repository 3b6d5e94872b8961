//! The audit watches itself: every watched call, and its nearest miss, through the real `record-changes`.

use audit_domain::ledger::record::Record;
use audit_testkit::{
    cloud::{ALERTS, CHANGES, Published},
    faults::Fault,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    recorder::{World, ago, kinds},
    text,
};

const AREAS: [&str; 6] = ["access", "delivery", "schedules", "stack", "storage", "trail"];

fn cases(area: &str) -> Vec<Value> {
    text(&format!("events/watch/{area}.ndjson"))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn case(area: &str, source: &str, operation: &str) -> Value {
    let is_meant = |case: &Value| case["operation"] == operation && case["hit"]["eventSource"] == source;
    cases(area).into_iter().find(is_meant).expect("a case")
}

/// A record as EventBridge hands it over, and as if it had happened just now.
fn handed_over(record: &Value) -> String {
    let mut record = record.clone();
    let time = ago(5).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    record["eventTime"] = time.as_str().into();
    let source = record["eventSource"].as_str().unwrap().split('.').next().unwrap();
    json!({
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{source}"),
        "account": record["recipientAccountId"],
        "time": time,
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    })
    .to_string()
}

/// A deletion of that case, of another object, as if it had happened then.
fn deletion(case: usize, nth: usize, when: Timestamp) -> String {
    let lines = text("events/watch/objects.ndjson");
    let mut event: Value = serde_json::from_str(lines.lines().nth(case).unwrap()).unwrap();
    let mut event = event["hit"].take();
    event["id"] = format!("{case}-{nth}-{}", when.as_second()).into();
    event["detail"]["object"]["key"] = format!("AWSLogs/{nth}.json.gz").into();
    event["time"] = when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    event.to_string()
}

async fn send(world: &mut World, bodies: &[String]) {
    for ten in bodies.chunks(10) {
        assert_eq!(world.record(ten).await, Vec::<String>::new(), "{ten:?}");
    }
}

fn alert<'a>(alerts: &'a [Published], event: &Value) -> &'a Published {
    let id = event["eventID"].as_str().unwrap();
    alerts.iter().find(|alert| alert.message.contains(id)).unwrap_or_else(|| panic!("no alert of {event}"))
}

/// Each way of blinding the audit, and of deciding who may use Bedrock, is alerted from its real event; the nearest miss
/// is not.
#[tokio::test(flavor = "multi_thread")]
async fn every_watched_call_is_alerted_and_no_near_miss_is() {
    let mut world = World::start().await;
    let cases: Vec<Value> = AREAS.into_iter().flat_map(cases).collect();
    let bodies = |member: &str| -> Vec<String> {
        cases.iter().filter_map(|case| case.get(member)).map(handed_over).collect()
    };
    // what the ledger decides is nothing as long as it knows nothing
    let decided = cases.iter().filter(|case| case.get("known").is_some());
    send(&mut world, &decided.map(|case| handed_over(&case["hit"])).collect::<Vec<_>>()).await;
    assert_eq!((world.sent_to(ALERTS).len(), world.cloud.count("records").await), (0, 0));

    send(&mut world, &bodies("known")).await;
    send(&mut world, &bodies("hit")).await;
    let alerts = world.sent_to(ALERTS);
    assert_eq!(alerts.len(), bodies("known").len() + bodies("hit").len());
    for case in &cases {
        let alert = alert(&alerts, &case["hit"]);
        assert_eq!(alert.attributes["severity"], case["severity"], "{}", alert.message);
        let (kind, _) = case["resource"].as_str().unwrap().split_once('/').unwrap();
        assert_eq!(alert.attributes["resource_kind"], kind);
        assert!(alert.message.contains("\nbreaks:    "), "{}", alert.message);
        assert!(alert.message.contains("what was asked for stands in the event, s3://audit/events/"));
    }
    let records = world.cloud.count("records").await;
    send(&mut world, &bodies("miss")).await;
    assert_eq!(world.sent_to(ALERTS).len(), alerts.len(), "a near miss was alerted");
    assert_eq!(world.cloud.count("records").await, records, "a near miss was recorded");
    // nothing of these is read from Bedrock
    assert!(world.cloud.faults.seen().iter().all(|call| !call.starts_with("bedrock:")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_says_what_is_broken() {
    let mut world = World::start().await;
    let stopped = case("trail", "cloudtrail.amazonaws.com", "StopLogging");
    world.take(&handed_over(&stopped["hit"])).await;
    let told = world.last_to(ALERTS);
    let subject = told.subject.clone().unwrap();
    assert_eq!(subject, "[critical] StopLogging on trail/main-trail by jonas.weber@example.com");
    assert!(
        told.message.contains("breaks:    the trail is off: no change is reported any more\n"),
        "{}",
        told.message
    );
    assert!(!told.message.contains("through:") && !told.message.contains("hidden:"), "{}", told.message);
    let machines: Value = serde_json::from_str(&world.last_to(CHANGES).message).unwrap();
    assert_eq!(machines["breaks"], "the trail is off: no change is reported any more");
    assert_eq!(machines["deployment"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_labelled_lowered_and_never_hidden() {
    let mut world = World::start().await;
    let mut deployed = case("delivery", "lambda.amazonaws.com", "UpdateFunctionCode")["hit"].clone();
    for member in ["sourceIPAddress", "userAgent"] {
        deployed[member] = "cloudformation.amazonaws.com".into();
    }
    deployed["userIdentity"]["invokedBy"] = "cloudformation.amazonaws.com".into();
    let body = handed_over(&deployed);
    world.take(&body).await;
    let told = world.last_to(ALERTS);
    assert_eq!(told.attributes["severity"], "high");
    assert!(told.message.contains("through:   CloudFormation: a deployment"), "{}", told.message);
    assert_eq!(world.entry_of(&body).await["deployment"], true, "it is stored");
}

/// A request over 100 KB is left out of the record: a known way to hide what was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_request_is_alerted_as_an_evasion() {
    let mut world = World::start().await;
    let mut hidden = case("access", "iam.amazonaws.com", "PutUserPolicy")["miss"].clone();
    hidden["requestParameters"] =
        json!({"reason": "requestParameters too large", "omitted": true, "originalSize": 149_893});
    let mut guardrail: Value = serde_json::from_str(&text("events/changes/omitted.json")).unwrap();
    guardrail["detail"]["eventTime"] = ago(5).strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    for body in [handed_over(&hidden), guardrail.to_string()] {
        world.take(&body).await;
        let told = world.last_to(ALERTS);
        assert_eq!(told.attributes["severity"], "high", "{}", told.message);
        let line = "hidden:    CloudTrail left the request out for its size: a known evasion";
        assert!(told.message.contains(line), "{}", told.message);
    }
}

/// A flood of deletions is recorded whole, and told once for each bucket, requester, reason and hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_deletions_is_recorded_whole_and_told_once() {
    let mut world = World::start().await;
    let hour = Timestamp::from_second(ago(90).as_second() / 3_600 * 3_600).unwrap();
    let at = |minutes| hour.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    let flood: Vec<String> = (0..30).map(|nth| deletion(0, nth, at(1))).collect();
    send(&mut world, &flood).await;
    send(&mut world, &flood).await;
    let [told] = world.sent_to(ALERTS).try_into().expect("one alert");
    assert_eq!(told.attributes["severity"], "critical");
    for part in [
        "ObjectDeleted succeeded",
        "444455556666",
        "breaks:    somebody deleted evidence for good",
        "changed:   the object bedrock-audit-logbucket-5k2m9q7x1v3c/AWSLogs/0.json.gz is deleted (version id ",
        "bedrock-audit changes --kind log-object --since",
    ] {
        assert!(told.message.contains(part), "{part} in\n{}", told.message);
    }
    // thirty deletions, and the mark
    assert_eq!(world.cloud.count("records").await, 31);

    send(&mut world, &[deletion(2, 40, at(2)), deletion(0, 41, at(61))]).await;
    let alerts = world.sent_to(ALERTS);
    assert_eq!(alerts.len(), 3, "a lifecycle rule is another requester, and the hour another one");
    let by_rule = &alerts[1];
    assert_eq!(by_rule.attributes["severity"], "medium");
    assert!(by_rule.message.contains("a lifecycle rule of the bucket"), "{}", by_rule.message);

    let lines = text("events/watch/objects.ndjson");
    let misses: Vec<String> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["miss"].to_string()).collect();
    send(&mut world, &misses).await;
    assert_eq!(world.sent_to(ALERTS).len(), 3, "a near miss was alerted");
}

/// Invariant 4 for what shares an alert: it goes out at least once, also when we die between any two steps.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_the_shared_alert_is_not_lost() {
    const STEPS: [&str; 6] =
        ["s3:PUT", "dynamodb:PutItem", "dynamodb:GetItem", "sns:Publish", "sns:Publish", "dynamodb:PutItem"];
    for (step, call) in STEPS.iter().enumerate() {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let mut world = World::start().await;
            let earlier = STEPS[..step].iter().filter(|other| *other == call).count();
            world.cloud.faults.add(call, earlier, 1, fault);
            let (first, second) = (deletion(0, 1, ago(5)), deletion(0, 2, ago(5)));
            world.die_of(&first, &format!("{call} {fault:?}")).await;
            send(&mut world, &[second, first]).await;
            let sent = world.sent_to(ALERTS).len();
            assert!((1..=2).contains(&sent), "{sent} alerts at step {step} {fault:?}");
            assert_eq!(world.cloud.count("records").await, 3, "step {step} {fault:?}");
        }
    }
}

/// Old ones are summarised as other changes are, once.
#[tokio::test(flavor = "multi_thread")]
async fn old_deletions_share_a_summary() {
    let mut world = World::start().await;
    let old: Vec<String> = (0..5).map(|nth| deletion(0, nth, ago(26 * 60))).collect();
    send(&mut world, &old).await;
    send(&mut world, &old).await;
    let [summary] = world.sent_to(ALERTS).try_into().expect("one message");
    assert_eq!(summary.attributes["kind"], "summary");
    assert_eq!(world.cloud.count("records").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_look_up_brings_the_message_back() {
    let mut world = World::start().await;
    let case = case("schedules", "scheduler.amazonaws.com", "DeleteSchedule");
    let body = handed_over(&case["hit"]);
    world.cloud.faults.add("dynamodb:Query", 0, usize::MAX, Fault::Refuse(400, "ThrottlingException"));
    world.take(&handed_over(&case["known"])).await;
    assert_eq!(world.record(std::slice::from_ref(&body)).await, ["1"]);
    world.cloud.faults.clear();
    world.take(&body).await;
    assert_eq!(kinds(&world.records_of(&body).await), ["alert", "change"]);
    let Some(Record::Change(change)) =
        world.records_of(&body).await.into_iter().find(|r| r.kind() == "change")
    else {
        panic!("it is recorded")
    };
    assert_eq!(change.resource.short(), case["resource"]);
}
