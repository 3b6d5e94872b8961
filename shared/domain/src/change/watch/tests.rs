use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::{
    change::{Change, Origin, Outcome, TrailEvent},
    evidence::ObjectLocation,
    invocation::pointer::AllowedPlaces,
};

/// A hit and the nearest miss for each line of the table.
const CASES: [&str; 6] = [
    include_str!("../../../../../events/watch/access.ndjson"),
    include_str!("../../../../../events/watch/delivery.ndjson"),
    include_str!("../../../../../events/watch/schedules.ndjson"),
    include_str!("../../../../../events/watch/stack.ndjson"),
    include_str!("../../../../../events/watch/storage.ndjson"),
    include_str!("../../../../../events/watch/trail.ndjson"),
];
const OBJECTS: &str = include_str!("../../../../../events/watch/objects.ndjson");
/// The key of the cases.
const KEY: &str = "arn:aws:kms:eu-central-1:444455556666:key/7c0b1e54-3d2f-4a68-9b1c-5e6f7a8b9c0d";

fn cases() -> impl Iterator<Item = Value> {
    CASES.iter().flat_map(|cases| cases.lines()).map(|line| serde_json::from_str(line).unwrap())
}

fn case(source: &str, operation: &str) -> Value {
    cases().find(|case| case["operation"] == operation && case["hit"]["eventSource"] == source).unwrap()
}

fn watching() -> Watching {
    Watching::new("bedrock-audit", [KEY], AllowedPlaces::default())
}

fn read_with(record: &Value, watching: &Watching) -> TrailEvent {
    let location = ObjectLocation::object("audit", "events/x.json");
    let record = record.to_string();
    TrailEvent::read(record.as_bytes(), 1, &location, Origin::Eventbridge, watching).unwrap().0
}

fn read(record: &Value) -> TrailEvent {
    read_with(record, &watching())
}

fn change(record: &Value) -> Change {
    match read(record) {
        TrailEvent::Change(change) => *change,
        other => panic!("{other:?}: {record}"),
    }
}

#[test]
fn the_table_is_in_order() {
    for area in AREAS {
        assert!(area.calls.is_sorted_by_key(|call| call.event_name), "{}", area.name);
        assert!(is_watched_source(area.event_source));
        for call in area.calls {
            assert!(!call.when.is_empty() && !call.breaks.ends_with('.'), "{}", call.event_name);
        }
    }
    assert!(!is_watched_source("ec2.amazonaws.com"));
}

/// Each line has a record that it hits, and one that it nearly hits. Where the ledger decides, the hit is one of what an
/// earlier record made known, and the miss one of something else.
#[test]
fn every_watched_call_has_its_hit_and_its_nearest_miss() {
    let (mut ids, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for case in cases() {
        let name = case["operation"].as_str().unwrap();
        let source = case["hit"]["eventSource"].as_str().unwrap();
        let (hit, miss) = (read(&case["hit"]), read(&case["miss"]));
        let change = match (case.get("known"), hit, miss) {
            (None, TrailEvent::Change(change), TrailEvent::NoChange(_)) => change,
            // the ledger knows nothing of the miss
            (None, TrailEvent::Change(change), TrailEvent::IfKnown(..)) => change,
            (Some(before), TrailEvent::IfKnown(change, known), TrailEvent::IfKnown(_, other)) => {
                let before = self::change(before).resource;
                assert_eq!(known.to_string(), before.to_string(), "{source} {name}");
                assert_ne!(other.to_string(), before.to_string(), "{source} {name}");
                change
            }
            (_, hit, miss) => panic!("{source} {name}: {hit:?}, {miss:?}"),
        };
        assert_eq!(change.resource.short(), case["resource"], "{source} {name}");
        assert_eq!(change.severity.name(), case["severity"], "{source} {name}");
        assert_eq!(change.outcome, Outcome::Succeeded);
        let line = calls(source, &change.event_name).iter().find(|call| {
            call.kind.name == change.resource.kind && Some(call.breaks) == change.breaks.as_deref()
        });
        let line = line.unwrap_or_else(|| panic!("{source} {name} is of no line"));
        assert_eq!(line.event_name, name);
        for record in [&case["hit"], &case["miss"]] {
            assert!(ids.insert(record["eventID"].to_string()), "{name}: an event id is used twice");
        }
        seen.insert((source.to_owned(), line.event_name, line.breaks, line.kind.name));
    }
    for area in AREAS {
        for call in area.calls {
            let line = (area.event_source.to_owned(), call.event_name, call.breaks, call.kind.name);
            assert!(seen.contains(&line), "{line:?} has no case");
        }
    }
}

#[test]
fn reading_calls_and_data_events_never_count() {
    for case in cases() {
        let mut data = case["hit"].clone();
        data["eventCategory"] = "Data".into();
        assert_eq!(read(&data), TrailEvent::NoChange("a data event"));
        let mut other = case["hit"].clone();
        other["eventSource"] = "ec2.amazonaws.com".into();
        assert_eq!(read(&other), TrailEvent::NoChange("a call of another service"));
        for verb in ["Get", "List", "Describe"] {
            let mut reading = case["hit"].clone();
            reading["eventName"] = format!("{verb}{}", case["operation"].as_str().unwrap()).into();
            assert!(matches!(read(&reading), TrailEvent::NoChange(_)));
        }
    }
}

#[test]
fn attempts_count_as_those_at_bedrock_do() {
    for case in cases().filter(|case| case.get("known").is_none()) {
        let mut denied = case["hit"].clone();
        denied["errorCode"] = "AccessDenied".into();
        let (source, name) = (&denied["eventSource"], &denied["eventName"]);
        // what is known from the answer alone is not known of an attempt
        let TrailEvent::Change(change) = read(&denied) else { panic!("{source} {name}") };
        assert_eq!(change.outcome, Outcome::Denied);
        assert!((Severity::Medium..=Severity::High).contains(&change.severity), "{source} {name}");
    }
}

/// A request that is hidden by its size is a known evasion: it counts, whatever it was about, and is at least high.
#[test]
fn a_hidden_request_counts() {
    for case in cases() {
        let mut hidden = case["miss"].clone();
        if calls(hidden["eventSource"].as_str().unwrap(), hidden["eventName"].as_str().unwrap()).is_empty() {
            continue;
        }
        hidden["requestParameters"] =
            json!({"reason": "requestParameters too large", "omitted": true, "originalSize": 149893});
        hidden["responseElements"] = Value::Null;
        hidden["resources"] = Value::Null;
        let change = change(&hidden);
        assert!(change.omitted && change.severity >= Severity::High, "{hidden}");
        let breaks = change.breaks.unwrap();
        assert!(breaks.contains("the request is not in the record"), "{breaks}");
    }
    // what an answer says still counts as known
    let mut of_ours = case("lambda.amazonaws.com", "UpdateEventSourceMapping")["hit"].clone();
    of_ours["requestParameters"] = json!({"omitted": "true", "originalSize": "149893"});
    assert!(!change(&of_ours).breaks.unwrap().contains("not known"));
}

#[test]
fn what_is_masked_is_not_known_to_be_harmless() {
    let mut masked = case("organizations.amazonaws.com", "CreatePolicy")["miss"].clone();
    masked["requestParameters"]["content"] = "HIDDEN_DUE_TO_SECURITY_REASONS".into();
    assert!(change(&masked).breaks.unwrap().contains("CloudTrail masks"));
    let mut target = case("scheduler.amazonaws.com", "CreateSchedule")["miss"].clone();
    target["requestParameters"]["target"] = "HIDDEN_DUE_TO_SECURITY_REASONS".into();
    assert!(change(&target).breaks.unwrap().contains("CloudTrail masks"));
}

/// Where nobody said which keys the audit rests on, any key may be one of them.
#[test]
fn any_key_counts_where_none_is_named() {
    let nobody_said = Watching::default();
    let miss = &case("kms.amazonaws.com", "DisableKey")["miss"];
    assert!(matches!(read(miss), TrailEvent::NoChange(_)));
    let TrailEvent::Change(change) = read_with(miss, &nobody_said) else { panic!("it does not count") };
    assert_eq!(change.severity, Severity::High, "a step lower");
    assert!(change.breaks.unwrap().contains("it is not known whether the audit uses this key"));
    let revoked = &case("kms.amazonaws.com", "RevokeGrant")["miss"];
    assert!(
        matches!(read_with(revoked, &nobody_said), TrailEvent::NoChange(_)),
        "other services do that all day"
    );
}

#[test]
fn a_deployment_is_labelled_and_a_step_lower() {
    let mut deployed = case("lambda.amazonaws.com", "UpdateFunctionCode")["hit"].clone();
    deployed["userAgent"] = "cloudformation.amazonaws.com".into();
    let forged = change(&deployed);
    assert!(!forged.deployment && forged.severity == Severity::Critical, "anybody may call himself that");
    deployed["sourceIPAddress"] = "cloudformation.amazonaws.com".into();
    let change_through = change(&deployed);
    assert!(change_through.deployment && change_through.severity == Severity::High);
    let mut by_service = case("logs.amazonaws.com", "PutRetentionPolicy")["hit"].clone();
    by_service["userIdentity"]["invokedBy"] = "cloudformation.amazonaws.com".into();
    let lowered = change(&by_service);
    assert!(lowered.deployment && lowered.severity == Severity::Medium);
    let mut end = case("cloudformation.amazonaws.com", "DeleteStack")["hit"].clone();
    end["sourceIPAddress"] = "cloudformation.amazonaws.com".into();
    assert_eq!(change(&end).severity, Severity::Critical);
    assert_eq!(Severity::Low.lowered(), Severity::Low, "never to where the mails leave it out");
}

#[test]
fn dated_names_are_those_of_lambda_alone() {
    let lambda = |name| undated(delivery::LAMBDA, name);
    for (dated, name) in [
        ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
        ("UpdateEventSourceMapping20150331", "UpdateEventSourceMapping"),
        ("DeleteFunction20150331", "DeleteFunction"),
        ("PutFunctionConcurrency20171031", "PutFunctionConcurrency"),
        ("DeleteFunction", "DeleteFunction"),
        ("DeleteFunction2015", "DeleteFunction2015"),
        ("DeleteFunctionv2", "DeleteFunctionv2"),
        ("20150331", ""),
        ("v2", "v2"),
        ("", ""),
    ] {
        assert_eq!(lambda(dated), name);
    }
    assert_eq!(undated("s3.amazonaws.com", "DeleteBucket20150331"), "DeleteBucket20150331");
}

#[test]
fn deleted_evidence_counts_and_a_lifecycle_rule_is_told_from_a_person() {
    let mut words = BTreeSet::new();
    for line in OBJECTS.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let change = change(&case["hit"]);
        assert_eq!(change.resource.short(), case["resource"]);
        assert_eq!(change.severity.name(), case["severity"]);
        assert_eq!(change.event_id, case["hit"]["id"]);
        assert_eq!(change.request_id, case["hit"]["detail"]["request-id"]);
        assert_eq!(change.principal.best(), case["hit"]["detail"]["requester"]);
        assert!(matches!(read(&case["miss"]), TrailEvent::NoChange(_)), "{case}");
        words.insert(change.breaks.unwrap());
    }
    assert_eq!(words.len(), 4);
}

#[test]
fn deletions_share_an_alert_by_bucket_requester_reason_and_hour() {
    let line: Value = serde_json::from_str(OBJECTS.lines().next().unwrap()).unwrap();
    let group = |path: &str, value: &str| {
        let mut event = line["hit"].clone();
        *event.pointer_mut(path).unwrap() = value.into();
        change(&event).alert_group().expect("a group")
    };
    let same = group("/id", "another");
    assert_eq!(group("/detail/object/key", "another"), same);
    assert_eq!(group("/time", "2026-10-15T14:59:59Z"), same);
    let others = [
        group("/time", "2026-10-15T15:00:00Z"),
        group("/detail/bucket/name", "bedrock-audit-auditbucket-8h4t6w2z0b1n"),
        group("/detail/requester", "777788889999"),
        group("/detail/reason", "Lifecycle Expiration"),
        same,
    ];
    assert_eq!(others.iter().collect::<BTreeSet<_>>().len(), others.len());
    let no_group = change(&case("s3.amazonaws.com", "DeleteBucket")["hit"]);
    assert_eq!(no_group.alert_group(), None);
}

#[test]
fn a_deletion_that_lacks_what_it_must_have_is_refused() {
    let line: Value = serde_json::from_str(OBJECTS.lines().next().unwrap()).unwrap();
    for path in ["/id", "/time", "/detail/bucket", "/detail/object/key", "/detail"] {
        let mut event = line["hit"].clone();
        *event.pointer_mut(path).unwrap() = Value::Null;
        let read = TrailEvent::read(
            event.to_string().as_bytes(),
            1,
            &ObjectLocation::file("/x"),
            Origin::Import,
            &watching(),
        );
        assert!(read.is_err(), "{path}");
    }
}
