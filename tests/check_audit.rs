//! The real `check-audit` binary: what is not in order is alerted once a day, and what cannot be checked is said.

use std::collections::BTreeSet;

use audit_app::answer::{ChangeQuery, changes};
use audit_domain::{
    change::{Change, Origin},
    check::{CHECKS, Check, NOT_CHECKED},
    digest::Sha256,
};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::{ALERTS, AUDIT, CHANGES, Cloud, Published},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use serde_json::{Value, json};

use super::text;

const MONDAY: &str = "2026-10-12";
const TUESDAY: &str = "2026-10-13";

/// A cloud in which all is well, and the function in it.
struct World {
    cloud: Cloud,
    function: Function,
}

impl World {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        let function = Function::start("check-audit", &cloud).await;
        let world = Self { cloud, function };
        world.furnish(&json!({}));
        world
    }

    /// All is well, but for what stands at these pointers.
    fn furnish(&self, set: &Value) {
        let mut parts: Value = serde_json::from_str(&text("events/checks/well.json")).unwrap();
        // the function asks the real clock how old the last file is
        parts["trails"][0]["status"]["LatestDeliveryTime"] = audit_lambda::run::now().as_second().into();
        for (pointer, value) in set.as_object().unwrap() {
            *parts.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = value.clone();
        }
        let kind = "model-invocation-logging-configuration";
        match parts["loggingConfig"].clone() {
            Value::Null => self.cloud.bedrock.remove(kind, "default", DRAFT),
            configuration => self.cloud.bedrock.put(kind, "default", DRAFT, configuration),
        }
        self.cloud.parts.put(parts);
    }

    /// Lets the function check; whether the message has to come again.
    async fn check_fails(&mut self, day: &str) -> bool {
        let response = self.function.invoke(messages(&[tick(day)]), &self.cloud).await;
        !failed(&response.expect("the function lives")).is_empty()
    }

    async fn check(&mut self, day: &str) {
        assert!(!self.check_fails(day).await, "it comes again");
    }

    fn sent_to(&self, topic: &str) -> Vec<Published> {
        self.cloud.published().into_iter().filter(|message| message.topic == topic).collect()
    }

    fn subjects(&self) -> Vec<String> {
        self.sent_to(ALERTS).into_iter().filter_map(|alert| alert.subject).collect()
    }

    async fn changes(&self) -> Vec<Change> {
        let all = changes(&ChangeQuery::default(), audit_lambda::run::now(), &self.cloud.ledger()).await;
        all.unwrap().into_iter().map(|(change, _)| change).collect()
    }

    /// What is kept for evidence of a change is what it says.
    async fn has_evidence(&self, change: &Change) -> bool {
        let key = &change.evidence.location.key;
        let object = self.cloud.s3.get_object().bucket(AUDIT).key(key).send().await;
        let Ok(object) = object else { return false };
        let bytes = object.body.collect().await.unwrap().into_bytes();
        change.evidence.sha256 == Sha256::of(&bytes)
    }
}

fn tick(day: &str) -> String {
    text("events/triggers/schedule.json").replace("2026-10-15", day)
}

fn faults() -> Vec<Value> {
    let lines = text("events/checks/faults.ndjson");
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|fault| hourly().any(|check| fault["check"] == check.name)).collect()
}

/// The checks that are made every hour, but for the one of what could not be read.
fn hourly() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter().filter(|check| check.is_hourly && check.name != NOT_CHECKED)
}

/// The fault of that check.
fn fault(check: &str) -> Value {
    faults().into_iter().find(|fault| fault["check"] == check).expect(check)
}

fn of<'a>(fault: &'a Value, member: &str) -> &'a str {
    fault[member].as_str().expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_nothing_is_said() {
    let mut world = World::start().await;
    world.check(MONDAY).await;
    assert_eq!(world.subjects(), Vec::<String>::new());
    // a fault of a service that passes is none of the audit
    world.cloud.faults.add("cloudtrail:GetTrailStatus", 0, 1, Fault::Refuse(400, "ThrottlingException"));
    world.cloud.faults.add("events:DescribeRule", 1, 1, Fault::Refuse(500, "InternalException"));
    world.check(MONDAY).await;
    assert_eq!(world.subjects(), Vec::<String>::new());
    assert_eq!(world.cloud.count("records").await, 0);
    let pages = world.cloud.faults.seen().into_iter().filter(|call| call.ends_with(":ListStackResources"));
    // sixteen resources in pages of three, twice
    assert_eq!(pages.count(), 2 * 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_one_change_and_one_alert_a_day() {
    let mut world = World::start().await;
    let lines = faults();
    let names: Vec<_> = lines.iter().map(|line| of(line, "check")).collect();
    let checks: Vec<_> = hourly().map(|check| check.name).collect();
    assert_eq!(names, checks, "every check has its fault");
    for (nth, fault) in lines.iter().enumerate() {
        let check = hourly().nth(nth).unwrap();
        world.furnish(&fault["set"]);
        world.check(MONDAY).await;
        world.check(MONDAY).await;
        let (alerts, machines) = (world.sent_to(ALERTS), world.sent_to(CHANGES));
        assert_eq!(
            (alerts.len(), machines.len()),
            (nth + 1, nth + 1),
            "{}: {:?}",
            check.name,
            world.subjects()
        );
        let (alert, machine) = (alerts.last().unwrap(), machines.last().unwrap());
        let resource = of(fault, "resource");
        let subject =
            format!("[{}] {} on {resource}, noticed by the hourly check", check.severity.name(), check.name);
        let subject: String = subject.chars().take(99).collect();
        assert_eq!(alert.subject.as_deref(), Some(subject.as_str()));
        for told in [
            format!("mend:      {}", of(fault, "mend")),
            format!("breaks:    {}\n", check.breaks),
            "who:       not known: no event told it, the hourly check noticed it\n".to_owned(),
            "; since when is not known\n".to_owned(),
            " lists what was changed lately, and by whom\n".to_owned(),
        ] {
            assert!(alert.message.contains(&told), "{told:?} in\n{}", alert.message);
        }
        assert!(
            !alert.message.contains("succeeded") && !alert.message.contains("CloudTrail does not record")
        );
        assert_eq!(alert.attributes["severity"], check.severity.name());
        let entry: Value = serde_json::from_str(&machine.message).unwrap();
        assert_eq!((&entry["event_name"], &entry["origin"]), (&json!(check.name), &json!("baseline")));

        let all = world.changes().await;
        let mine: Vec<_> = all.iter().filter(|change| change.event_name == check.name).collect();
        let [change] = mine.as_slice() else { panic!("{}: {mine:?}", check.name) };
        assert_eq!((change.resource.short().as_str(), change.origin), (resource, Origin::Baseline));
        assert!(world.has_evidence(change).await, "{}", check.name);
    }
    // one that lasts is told again the next day
    world.check(TUESDAY).await;
    assert_eq!(world.sent_to(ALERTS).len(), lines.len() + 1);
    // and no more once all is well
    world.furnish(&json!({}));
    world.check(TUESDAY).await;
    assert_eq!(world.sent_to(ALERTS).len(), lines.len() + 1);

    // invariant 10: the role may make the calls that were made, and no others
    let called: BTreeSet<String> =
        world.cloud.faults.seen().into_iter().map(|call| call.replace("s3:PUT", "s3:PutObject")).collect();
    let template = text("template.yaml");
    let role =
        template.split("\n  CheckAuditRole:\n").nth(1).expect("the role").split("\n\n").next().unwrap();
    let actions =
        role.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: "));
    let services =
        ["bedrock:", "cloudformation:", "cloudtrail:", "dynamodb:", "events:", "s3:", "sns:", "sqs:"];
    // the runtime takes the messages
    let is_ours = |action: &&str| {
        services.iter().any(|service| action.starts_with(service))
            && !["sqs:ReceiveMessage", "sqs:DeleteMessage"].contains(action)
    };
    assert_eq!(called, actions.filter(is_ours).map(str::to_owned).collect());
}

/// What cannot be read is said, and is neither taken for a fault nor for well.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_checked_is_said() {
    let mut world = World::start().await;
    let cases = [
        ("cloudtrail:DescribeTrails", "TrailNotLogging", "trail/all"),
        ("cloudtrail:GetTrailStatus", "TrailNotLogging", "trail/audit"),
        ("cloudtrail:GetEventSelectors", "TrailWithoutWriteEvents", "trail/audit"),
        ("cloudformation:ListStackResources", "RuleDisabled", "stack/bedrock-audit"),
        ("events:DescribeRule", "RuleDisabled", "event-rule/bedrock-audit-RecordChangesRule-1ABC"),
        ("events:ListTargetsByRule", "RuleWithoutTarget", "event-rule/bedrock-audit-RecordChangesRule-1ABC"),
        ("s3:GetBucketNotification", "BucketWithoutEventBridge", "s3-bucket/logs"),
        ("sqs:GetQueueAttributes", "QueueGone", "sqs-queue/bedrock-audit-RecordChangesQueue-1ABC"),
        (
            "bedrock:GetModelInvocationLoggingConfiguration",
            "InvocationLogOff",
            "model-invocation-logging-configuration/default",
        ),
    ];
    for (nth, (action, check, resource)) in cases.into_iter().enumerate() {
        // what is denied would show a fault
        world.furnish(&fault(check)["set"]);
        world.cloud.faults.add(action, 0, 1, Fault::Refuse(403, "AccessDeniedException"));
        let day = format!("2026-10-{:02}", nth + 1);
        let before = world.sent_to(ALERTS).len();
        world.check(&day).await;
        world.cloud.faults.clear();
        let alerts = world.sent_to(ALERTS).split_off(before);
        let about: Vec<_> = alerts.iter().filter_map(|alert| alert.subject.as_deref()).collect();
        let [alert] = alerts.as_slice() else { panic!("{action}: {about:?}") };
        let expected: String = format!("[low] {NOT_CHECKED} on {resource}, noticed by the hourly check")
            .chars()
            .take(99)
            .collect();
        assert_eq!(about, [expected], "{action}");
        assert!(alert.message.contains("AccessDenied"), "{}", alert.message);
        // allowed again, the fault shows the same day
        world.check(&day).await;
        assert_eq!(world.sent_to(ALERTS).len(), before + 2, "{action}: {:?}", world.subjects());
        assert!(world.subjects()[before + 1].contains(check), "{:?}", world.subjects());
    }
}

/// Invariant 4, for what no event told.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_a_fault_is_told_all_the_same() {
    let mut world = World::start().await;
    world.furnish(&fault("TrailNotLogging")["set"]);
    world.cloud.faults.forget();
    world.check("2026-09-01").await;
    let seen = world.cloud.faults.seen();
    let first = seen.iter().position(|call| call == "dynamodb:GetItem").expect("the ledger is asked");
    let steps = &seen[first..];
    let expected = [
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "s3:PUT",
        "dynamodb:GetItem",
        "sns:Publish",
        "sns:Publish",
        "dynamodb:PutItem",
    ];
    assert_eq!(steps, expected);
    for (nth, action) in expected.into_iter().enumerate() {
        for (kill, when) in [(Fault::KillBefore, "before"), (Fault::KillAfter, "after")] {
            let day = format!("2026-{}-{:02}", if when == "before" { "10" } else { "11" }, nth + 1);
            let earlier = expected[..nth].iter().filter(|step| **step == action).count();
            let before = (world.changes().await.len(), world.sent_to(ALERTS).len());
            world.cloud.faults.add(action, earlier, 1, kill);
            let died = world.function.invoke(messages(&[tick(&day)]), &world.cloud).await;
            assert_eq!(died, Err(Died), "{when} step {nth}");
            world.cloud.faults.clear();
            world.function = Function::start("check-audit", &world.cloud).await;
            world.check(&day).await;
            world.check(&day).await;
            let all = world.changes().await;
            let alerts = world.sent_to(ALERTS).len() - before.1;
            assert_eq!(all.len(), before.0 + 1, "{when} step {nth}");
            assert!((1..=2).contains(&alerts), "{when} step {nth}: {alerts} alerts");
            for change in all {
                assert!(world.has_evidence(&change).await, "{when} step {nth}: {change:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_cannot_be_told_holds_no_other_up_and_comes_again() {
    let mut world = World::start().await;
    let mut both = fault("TrailNotLogging")["set"].clone();
    let other = fault("RuleDisabled")["set"].clone();
    both.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    world.furnish(&both);
    world.cloud.faults.add("sns:Publish", 0, 1, Fault::Refuse(403, "AuthorizationError"));
    assert!(world.check_fails(MONDAY).await, "it has to come again");
    let subjects = world.subjects();
    assert!(subjects.len() == 1 && subjects[0].contains("RuleDisabled"), "{subjects:?}");
    world.check(MONDAY).await;
    assert_eq!(world.subjects().len(), 2);
    // evidence that cannot be kept does not hold the alert up, and is kept later
    world.cloud.faults.add("s3:PUT", 0, 1, Fault::Refuse(403, "AccessDenied"));
    assert!(world.check_fails(TUESDAY).await, "it has to come again");
    assert_eq!(world.subjects().len(), 4);
    world.check(TUESDAY).await;
    assert_eq!(world.subjects().len(), 4);
    for change in world.changes().await {
        assert!(world.has_evidence(&change).await, "{change:?}");
    }
    // what is no tick is never dropped
    for body in ["no json", "{}"] {
        let response = world.function.invoke(messages(&[body.to_owned()]), &world.cloud).await.unwrap();
        assert_eq!(failed(&response), ["1"], "{body}");
    }
}
