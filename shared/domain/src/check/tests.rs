use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    bucket::BucketNow,
    queue::QueueNow,
    rule::RuleNow,
    trail::{Selector, Status},
    *,
};
use crate::{alert::Alert, invocation::pointer::AllowedPlaces};

mod doctor;

fn now() -> Timestamp {
    "2026-10-15T14:00:03.250Z".parse().unwrap()
}

fn hours_ago(hours: i64) -> Option<Timestamp> {
    now().checked_sub(SignedDuration::from_hours(hours)).ok()
}

const ALL: Selector = Selector { writes: true, reads: true, is_narrowed: false };
const WRITES: Selector = Selector { writes: true, reads: false, is_narrowed: false };

fn a_trail(name: &str) -> Trail {
    Trail {
        name: name.to_owned(),
        arn: format!("arn:aws:cloudtrail:eu-west-1:444455556666:trail/{name}"),
        bucket: Some("trail".to_owned()),
        is_validated: true,
        status: Ok(Status {
            is_logging: true,
            delivered_at: hours_ago(1),
            started_at: hours_ago(900),
            ..Status::default()
        }),
        selectors: Ok(vec![ALL]),
    }
}

fn a_rule(logical_id: &str, pattern: Option<&str>, queue: &str) -> Rule {
    let name = format!("s-{logical_id}-1ABC");
    let now = RuleNow {
        arn: Some(format!("arn:aws:events:eu-central-1:444455556666:rule/{name}")),
        state: "ENABLED".to_owned(),
        pattern: pattern.map(str::to_owned),
        targets: vec![format!("arn:aws:sqs:eu-central-1:444455556666:{queue}")],
    };
    Rule { logical_id: logical_id.to_owned(), name, now: Ok(Some(now)) }
}

fn a_queue(logical_id: &str, waiting: u64) -> Queue {
    let name = format!("s-{logical_id}-1ABC");
    let arn = Some(format!("arn:aws:sqs:eu-central-1:444455556666:{name}"));
    Queue {
        logical_id: logical_id.to_owned(),
        name,
        now: Ok(Some(QueueNow { arn, waiting, oldest_seconds: None })),
    }
}

/// All is well.
fn well() -> Seen {
    let changes = rule::EXPECTED.iter().find(|rule| rule.logical_id == "RecordChangesRule").unwrap();
    Seen {
        at: now(),
        account_id: "444455556666".to_owned(),
        region: "eu-central-1".to_owned(),
        stack: "bedrock-audit".to_owned(),
        trails: Ok(vec![a_trail("audit")]),
        trail_bucket: Some("trail".to_owned()),
        parts: Ok(Parts {
            rules: vec![
                a_rule("RecordChangesRule", Some(changes.pattern), "s-RecordChangesQueue-1ABC"),
                a_rule("ElsewhereRule", Some("{}"), "somewhere"),
            ],
            queues: vec![a_queue("RecordChangesQueue", 7), a_queue("RecordChangesDeadLetterQueue", 0)],
            ..Parts::default()
        }),
        log: InvocationLog {
            configuration: Ok(Some(json!({
                "s3Config": {"bucketName": "logs", "keyPrefix": "bedrock/"},
                "textDataDeliveryEnabled": true,
            }))),
            indexed: AllowedPlaces::parse("logs/bedrock"),
            log_group: Some("group".to_owned()),
        },
        buckets: vec![a_bucket("logs", true)],
        is_stack_here: Ok(true),
        elsewhere: Vec::new(),
        keys: Vec::new(),
        delivered: None,
        metrics: Ok(()),
    }
}

fn a_bucket(name: &str, tells_event_bridge: bool) -> Bucket {
    let now = Ok(Some(BucketNow { tells_event_bridge }));
    Bucket { logical_id: "LogBucket".to_owned(), name: name.to_owned(), now }
}

/// The names of what is not in order.
fn names(seen: &Seen) -> Vec<&'static str> {
    CHECKS.iter().flat_map(|check| check.faults(seen).into_iter().map(|_| check.name)).collect()
}

fn trail_with(set: impl Fn(&mut Trail)) -> Seen {
    let mut seen = well();
    seen.trails.iter_mut().flatten().for_each(set);
    seen
}

fn status_with(set: impl Fn(&mut Status)) -> Seen {
    trail_with(|trail| trail.status.iter_mut().for_each(&set))
}

fn rule_with(set: impl Fn(&mut RuleNow)) -> Seen {
    let mut seen = well();
    let rule = &mut seen.parts.as_mut().unwrap().rules[0];
    rule.now.as_mut().unwrap().iter_mut().for_each(set);
    seen
}

fn log_with(configuration: Value) -> Seen {
    let mut seen = well();
    seen.log.configuration = Ok(Some(configuration));
    seen
}

#[test]
fn where_all_is_well_no_check_says_anything() {
    assert_eq!(names(&well()), Vec::<&str>::new());
}

#[test]
fn a_trail_is_judged_by_what_it_does_here_and_one_that_works_is_enough() {
    let two = |set: fn(&mut Trail)| {
        let mut seen = well();
        let mut other = a_trail("other");
        set(&mut other);
        // the one that is not in order comes first
        seen.trails.as_mut().unwrap().insert(0, other);
        seen
    };
    let unknown_and = |set: fn(&mut Status)| {
        let mut seen = status_with(set);
        seen.trails.as_mut().unwrap().push(Trail { selectors: Err("denied".to_owned()), ..a_trail("other") });
        seen
    };
    let off = |status: &mut Status| status.is_logging = false;
    let cases: [(&str, Seen, &[&str]); 22] = [
        ("into another bucket", trail_with(|t| t.bucket = Some("other".into())), &["TrailElsewhere"]),
        ("another one into another bucket", two(|t| t.bucket = None), &[]),
        (
            "into another bucket, and what the other one takes is not known",
            unknown_and(|status| status.delivered_at = hours_ago(0)),
            &[],
        ),
        ("none", Seen { trails: Ok(Vec::new()), ..well() }, &["NoTrail"]),
        ("off", status_with(off), &["TrailNotLogging"]),
        ("another one is off", two(|t| t.status = Ok(Status::default())), &[]),
        ("off or not, and another one works", two(|t| t.status = Err("x".to_owned())), &[]),
        ("off or not, and the other one is off", unknown_and(off), &[NOT_CHECKED]),
        (
            "delivers or not, and the other one does not",
            unknown_and(|status| status.delivery_error = Some("NoSuchBucket".into())),
            &[NOT_CHECKED],
        ),
        ("not readable", trail_with(|t| t.status = Err("denied".to_owned())), &[NOT_CHECKED]),
        ("takes what?", trail_with(|t| t.selectors = Err("denied".to_owned())), &[NOT_CHECKED]),
        (
            "takes no management events",
            trail_with(|t| t.selectors = Ok(vec![])),
            &["TrailWithoutWriteEvents"],
        ),
        (
            "takes some of them",
            trail_with(|t| t.selectors = Ok(vec![Selector { is_narrowed: true, ..ALL }])),
            &["TrailWithoutWriteEvents"],
        ),
        ("another one takes none", two(|t| t.selectors = Ok(vec![])), &[]),
        (
            "a broken bucket",
            status_with(|s| s.delivery_error = Some("NoSuchBucket".into())),
            &["TrailNotDelivering"],
        ),
        ("another one's", two(|t| t.status.as_mut().unwrap().delivery_error = Some("x".into())), &[]),
        ("late", status_with(|s| s.delivered_at = hours_ago(7)), &["TrailNotDelivering"]),
        ("nearly late", status_with(|s| s.delivered_at = hours_ago(6)), &[]),
        (
            "just started",
            status_with(|s| (s.delivered_at, s.started_at) = (hours_ago(99), hours_ago(1))),
            &[],
        ),
        (
            "nothing to deliver",
            trail_with(|t| {
                t.selectors = Ok(vec![WRITES]);
                t.status.as_mut().unwrap().delivered_at = hours_ago(99);
            }),
            &[],
        ),
        ("not validated", trail_with(|t| t.is_validated = false), &["TrailWithoutValidation"]),
        ("another one is not", two(|t| t.is_validated = false), &[]),
    ];
    for (what, seen, expected) in cases {
        assert_eq!(names(&seen), expected, "{what}");
    }
}

#[test]
fn selectors_of_both_kinds_say_which_management_events_they_take() {
    let fields = |fields: Value| json!({ "FieldSelectors": fields });
    let management = json!({"Field": "eventCategory", "Equals": ["Management"]});
    let narrowed = Some(Selector { is_narrowed: true, ..ALL });
    let cases = [
        (json!({}), Some(ALL)),
        (json!({"ReadWriteType": null, "IncludeManagementEvents": null}), Some(ALL)),
        (json!({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}), Some(WRITES)),
        (json!({"ReadWriteType": "ReadOnly"}), Some(Selector { writes: false, ..ALL })),
        (json!({"IncludeManagementEvents": false}), None),
        (json!({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}), Some(ALL)),
        (json!({"ExcludeManagementEventSources": ["bedrock.amazonaws.com"]}), narrowed.clone()),
        (fields(json!([management])), Some(ALL)),
        (fields(json!([management, {"Field": "readOnly", "Equals": ["false"]}])), Some(WRITES)),
        (
            fields(json!([management, {"Field": "readOnly", "Equals": ["true"]}])),
            Some(Selector { writes: false, ..ALL }),
        ),
        (fields(json!([{"Field": "eventCategory", "Equals": ["Data"]}])), None),
        (
            fields(json!([management, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}])),
            Some(ALL),
        ),
        (
            fields(json!([management, {"Field": "eventSource", "NotEquals": ["bedrock.amazonaws.com"]}])),
            narrowed.clone(),
        ),
        (fields(json!([management, {"Field": "eventSource", "NotStartsWith": ["bed"]}])), narrowed.clone()),
        (
            fields(json!([management, {"Field": "eventSource", "Equals": ["s3.amazonaws.com"]}])),
            narrowed.clone(),
        ),
        // Bedrock's alone are not enough: those on what the audit rests on count as well
        (fields(json!([management, {"Field": "eventSource", "StartsWith": ["bedrock"]}])), narrowed.clone()),
        (
            fields(json!([management, {"Field": "eventSource", "NotEquals": ["sqs.amazonaws.com"]}])),
            narrowed.clone(),
        ),
        (
            fields(json!([management, {"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"]}])),
            Some(ALL),
        ),
        (fields(json!([management, {"Field": "userIdentity.arn", "NotEquals": ["arn:x"]}])), narrowed),
    ];
    for (selector, expected) in cases {
        assert_eq!(Selector::of(&selector), expected, "{selector}");
    }
}

#[test]
fn rules_and_queues_are_judged_one_by_one() {
    let mut gone = well();
    gone.parts.as_mut().unwrap().rules[0].now = Ok(None);
    let mut unread = well();
    unread.parts.as_mut().unwrap().rules[0].now = Err("denied".to_owned());
    let queues = |set: fn(&mut [Queue])| {
        let mut seen = well();
        set(&mut seen.parts.as_mut().unwrap().queues);
        seen
    };
    let pattern = |text: &'static str| rule_with(|rule| rule.pattern = Some(text.to_owned()));
    let cases: [(&str, Seen, &[&str]); 17] = [
        ("a rule is gone", gone, &["RuleGone"]),
        ("a rule is not readable", unread, &[NOT_CHECKED]),
        ("disabled", rule_with(|rule| rule.state = "DISABLED".into()), &["RuleDisabled"]),
        ("no state", rule_with(|rule| rule.state.clear()), &["RuleDisabled"]),
        (
            "passes reads as well",
            rule_with(|rule| rule.state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS".into()),
            &[],
        ),
        ("no target", rule_with(|rule| rule.targets.clear()), &["RuleWithoutTarget"]),
        (
            "a target whose name ends alike",
            rule_with(|rule| rule.targets = vec!["arn:aws:sqs:r:a:x-s-RecordChangesQueue-1ABC".into()]),
            &["RuleWithoutTarget"],
        ),
        ("another target besides", rule_with(|rule| rule.targets.insert(0, "arn:aws:sqs:r:a:x".into())), &[]),
        ("no pattern", rule_with(|rule| rule.pattern = None), &["RulePatternChanged"]),
        ("another pattern", pattern(r#"{"source":["aws.bedrock"]}"#), &["RulePatternChanged"]),
        ("the parts cannot be listed", Seen { parts: Err("denied".into()), ..well() }, &[NOT_CHECKED]),
        ("a queue is gone", queues(|all| all[0].now = Ok(None)), &["QueueGone"]),
        ("one of dead letters, too", queues(|all| all[1].now = Ok(None)), &["QueueGone"]),
        ("a queue is not readable", queues(|all| all[0].now = Err("x".into())), &[NOT_CHECKED]),
        ("dead letters", queues(|all| all[1] = a_queue("RecordChangesDeadLetterQueue", 1)), &["DeadLetters"]),
        (
            "log events",
            queues(|all| all[1] = a_queue("IndexLogEventsDeadLetterQueue", 1)),
            &["FailedLogEvents"],
        ),
        ("letters", queues(|all| all[0] = a_queue("RecordChangesQueue", 5_000)), &[]),
    ];
    for (what, seen, expected) in cases {
        assert_eq!(names(&seen), expected, "{what}");
    }
}

#[test]
fn the_log_has_to_be_on_with_texts_and_to_go_where_it_is_indexed() {
    let to = |bucket: &str, prefix: &str| {
        log_with(
            json!({"s3Config": {"bucketName": bucket, "keyPrefix": prefix}, "textDataDeliveryEnabled": true}),
        )
    };
    let anywhere = || {
        let mut seen = to("other", "");
        seen.log.indexed = None;
        seen
    };
    let mut off = well();
    off.log.configuration = Ok(None);
    let mut denied = well();
    denied.log.configuration = Err("denied".to_owned());
    let cases: [(&str, Seen, &[&str]); 11] = [
        ("off", off, &["InvocationLogOff"]),
        ("not readable", denied, &[NOT_CHECKED]),
        (
            "no texts",
            log_with(
                json!({"s3Config": {"bucketName": "logs", "keyPrefix": "bedrock"}, "textDataDeliveryEnabled": false}),
            ),
            &["InvocationLogWithoutText"],
        ),
        (
            "only to CloudWatch, and no word of texts",
            log_with(json!({"cloudWatchConfig": {"logGroupName": "g"}})),
            &["InvocationLogWithoutText", "InvocationLogElsewhere"],
        ),
        ("another bucket", to("other", "bedrock"), &["InvocationLogElsewhere"]),
        ("another prefix", to("logs", "bedrock-of-others"), &["InvocationLogElsewhere"]),
        ("no prefix", to("logs", ""), &["InvocationLogElsewhere"]),
        (
            "to the log group that is indexed",
            log_with(json!({"cloudWatchConfig": {"logGroupName": "group"}, "textDataDeliveryEnabled": true})),
            &[],
        ),
        ("below the prefix", to("logs", "bedrock/eu"), &[]),
        ("with a slash", to("logs", "bedrock/"), &[]),
        ("where it is not known what is indexed", anywhere(), &[]),
    ];
    for (what, seen, expected) in cases {
        assert_eq!(names(&seen), expected, "{what}");
    }
}

/// Everything in the alert that could steer a terminal, a mail or a shell is made safe.
#[test]
fn hostile_names_stay_out_of_the_shell_and_on_their_line() {
    let hostile = "x'; rm -rf ~; '\r\nBcc: all@example.com {region}";
    let seen = trail_with(|trail| {
        trail.name = hostile.to_owned();
        trail.arn = format!("arn:aws:cloudtrail:eu-west-1:4:trail/{hostile}");
        trail.status.as_mut().unwrap().is_logging = false;
    });
    let check = CHECKS.iter().find(|check| check.name == "TrailNotLogging").unwrap();
    let [fault] = check.faults(&seen).try_into().unwrap();
    let change = check.noticed(&fault, &seen, "2026-10-15");
    let alert = Alert::of(&change, None);
    assert!(alert.subject.len() < 100 && alert.subject.bytes().all(|b| (32..127).contains(&b)));
    assert!(!alert.text.contains("\nBcc") && !alert.text.contains('\r'), "{}", alert.text);
    assert!(check.mend(&change).contains(r"trail/x'\''; rm -rf ~; '\''Bcc"), "{}", check.mend(&change));
}

/// Half a command would mend nothing, or something else.
#[test]
fn a_command_is_never_cut() {
    let buckets = "b".repeat(3_000);
    let seen =
        log_with(json!({"s3Config": {"bucketName": "other"}, "textDataDeliveryEnabled": true, "x": buckets}));
    let check = CHECKS.iter().find(|check| check.name == "InvocationLogElsewhere").unwrap();
    let [fault] = check.faults(&seen).try_into().unwrap();
    let change = check.noticed(&fault, &seen, "2026-10-15");
    let alert = Alert::of(&change, None);
    assert!(alert.text.contains(&format!("mend:      {}\n", check.mend(&change))), "{}", alert.text);
}

#[test]
fn the_same_fault_of_a_day_is_the_same_change_and_its_evidence_is_made_of_it() {
    let check = CHECKS.iter().find(|check| check.name == "TrailNotLogging").unwrap();
    let noticed = |seen: &Seen, day: &str| {
        let [fault] = check.faults(seen).try_into().unwrap();
        check.noticed(&fault, seen, day)
    };
    let off = status_with(|status| status.is_logging = false);
    let first = noticed(&off, "2026-10-15");
    let later = noticed(&Seen { at: "2026-10-15T15:00:00Z".parse().unwrap(), ..off.clone() }, "2026-10-15");
    assert_eq!(first.event_id, later.event_id);
    assert_ne!(first.event_id, noticed(&off, "2026-10-16").event_id);
    let elsewhere = Seen { region: "us-east-1".to_owned(), ..off };
    assert_ne!(first.event_id, noticed(&elsewhere, "2026-10-15").event_id);

    assert_eq!(first.evidence.sha256, crate::digest::Sha256::of(&evidence(&first)));
    let kept: Value = serde_json::from_slice(&evidence(&first)).unwrap();
    assert_eq!(kept["checked_at"], "2026-10-15T14:00:03.000Z");
    assert_eq!(kept["found"]["not_logging"][0], "arn:aws:cloudtrail:eu-west-1:444455556666:trail/audit");
}
