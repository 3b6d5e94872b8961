use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::{
    change::{Change, Origin, TrailEvent, watch::Watching},
    evidence::ObjectLocation,
};

/// What the public service models say of each operation.
const CATALOGUE: &str = include_str!("../../../../../events/operations/catalogue.tsv");

/// A hit and the nearest miss for each operation of each service.
const CASES: [&str; 4] = [
    include_str!("../../../../../events/operations/bedrock.ndjson"),
    include_str!("../../../../../events/operations/bedrock-agent.ndjson"),
    include_str!("../../../../../events/operations/agentcore.ndjson"),
    include_str!("../../../../../events/operations/data-automation.ndjson"),
];

fn read(record: &Value) -> TrailEvent {
    let location = ObjectLocation::object("audit", "events/x.json");
    let record = record.to_string();
    TrailEvent::read(record.as_bytes(), 1, &location, Origin::Eventbridge, &Watching::default()).unwrap().0
}

fn change(record: &Value) -> Change {
    match read(record) {
        TrailEvent::Change(change) => *change,
        other => panic!("{other:?}: {record}"),
    }
}

fn cases() -> impl Iterator<Item = Value> {
    CASES.iter().flat_map(|cases| cases.lines()).map(|line| serde_json::from_str(line).unwrap())
}

/// Invariant 13: each operation of the catalogue that changes something is watched as what it changes, each other one
/// is known to change nothing, and the table has no more.
#[test]
fn every_operation_of_the_catalogue_is_classified() {
    let mut mutating = BTreeMap::new();
    for line in CATALOGUE.lines().skip(1) {
        let [service, name, mutates, kind] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        match (mutates, classify(name)) {
            ("yes", Class::Watched(operation)) => assert_eq!(operation.kind.name, kind, "{service} {name}"),
            ("no", Class::Read | Class::Runtime) => continue,
            (_, class) => panic!("{service} {name} mutates: {mutates}, and is {class:?}"),
        }
        mutating.insert(name, kind);
    }
    assert_eq!(CATALOGUE.lines().filter(|line| line.contains("\tyes\t")).count(), 189);
    let watched: Vec<_> = watched().map(|operation| operation.event_name).collect();
    assert_eq!(watched.iter().copied().collect::<BTreeSet<_>>(), mutating.keys().copied().collect());
    assert_eq!(watched.len(), mutating.len(), "a name stands in the table twice");
}

#[test]
fn the_table_is_in_order_and_shares_no_name_with_the_runtime() {
    for Service { name, operations } in SERVICES {
        assert!(operations.is_sorted_by_key(|operation| operation.event_name), "{name}");
    }
    for name in RUNTIME {
        assert!(matches!(classify(name), Class::Runtime), "{name}");
    }
    for name in READS {
        assert!(matches!(classify(name), Class::Read), "{name}");
    }
    assert!(matches!(classify("UpdateAccountSettings"), Class::Unknown));
}

/// Invariant 13, in records: each watched operation has one that it hits, and one that nearly is one.
#[test]
fn every_watched_operation_has_its_hit_and_its_nearest_miss() {
    let mut ids = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for case in cases() {
        let name = case["operation"].as_str().unwrap();
        let (hit, miss) = (&case["hit"], &case["miss"]);
        let Change { event_name, resource, .. } = change(hit);
        assert_eq!(event_name, name);
        assert_eq!(resource.short(), case["resource"], "{name}");
        assert_eq!(resource.version.as_deref(), case["version"].as_str(), "{name}");
        assert_eq!(resource.arn.as_deref(), case["arn"].as_str(), "{name}");
        assert!(!matches!(read(miss), TrailEvent::Change(_)), "{name}: {miss}");
        for record in [hit, miss] {
            assert!(ids.insert(record["eventID"].to_string()), "{name}: an event id is used twice");
        }
        seen.insert(name.to_owned());
    }
    assert!(watched().all(|operation| seen.contains(operation.event_name)));
}

/// Without an answer, which a refused call has none of, a created resource has no id yet; what is known of it stays.
#[test]
fn a_refused_call_keeps_what_is_known_of_its_resource() {
    for mut case in cases() {
        let name = case["operation"].as_str().unwrap().to_owned();
        let hit = case["hit"].as_object_mut().unwrap();
        hit.insert("responseElements".into(), Value::Null);
        hit.insert("errorCode".into(), "AccessDeniedException".into());
        let succeeded = case["resource"].as_str().unwrap().to_owned();
        let denied = change(&case["hit"]).resource;
        let (_, whole) = succeeded.split_once('/').unwrap();
        for (part, known) in denied.id.split(':').zip(whole.split(':')) {
            let by_name =
                ["custom-model-deployment", "provisioned-model-throughput"].contains(&&*denied.kind);
            assert!(part == known || part == "unknown" || by_name, "{name}: {denied}, not {succeeded}");
        }
        case["hit"]["requestParameters"] = Value::Null;
        let nothing = change(&case["hit"]).resource;
        let singleton = classify_watched(&name).kind.id.is_empty();
        assert_eq!(nothing.id, if singleton { "default" } else { "unknown" }, "{name}");
    }
}

fn classify_watched(name: &str) -> &'static Operation {
    match classify(name) {
        Class::Watched(operation) => operation,
        class => panic!("{name} is {class:?}"),
    }
}
