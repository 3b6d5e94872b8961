use super::*;

fn fixture(name: &str) -> TrailEvent {
    let path = format!("{}/../../events/changes/{name}.json", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read_to_string(path).unwrap())
}

fn read(record: &str) -> TrailEvent {
    let location = ObjectLocation::object("audit", "events/x.json");
    TrailEvent::read(record.as_bytes(), 1, &location, Origin::Eventbridge).unwrap().0
}

fn change(name: &str) -> Change {
    match fixture(name) {
        TrailEvent::Change(change) => *change,
        TrailEvent::NoChange(reason) => panic!("{name}: {reason}"),
    }
}

/// Each watched operation has a fixture that it hits, and one that nearly is one.
#[test]
fn every_watched_operation_has_its_hit_and_its_nearest_miss() {
    for operation in operations::WATCHED {
        let name = operation.event_name;
        let hit = change(name);
        assert_eq!(hit.event_name, name);
        assert_eq!(hit.resource.kind, operation.kind, "{name}");
        assert_ne!(hit.resource.id, "unknown", "{name}");
        assert_eq!(hit.outcome, Outcome::Succeeded, "{name}");
        let miss = fixture(&format!("{name}.miss"));
        assert!(matches!(miss, TrailEvent::NoChange(_)), "{name}: {miss:?}");
    }
}

#[test]
fn resources_are_named_by_id_whatever_the_record_holds() {
    let cases = [
        ("UpdateGuardrail", "guardrail", "gr4k2p9x7wzq", Some("DRAFT")),
        ("DeleteGuardrail.version", "guardrail", "gr4k2p9x7wzq", None),
        ("UpdatePrompt", "prompt", "PRMT8X2KQ9", Some("DRAFT")),
        (
            "DeleteModelInvocationLoggingConfiguration",
            "model-invocation-logging-configuration",
            "default",
            None,
        ),
        ("CreateGuardrail.denied", "guardrail", "unknown", None),
        ("PutFoundationModelEntitlement", "unknown", "PutFoundationModelEntitlement", None),
    ];
    for (name, kind, id, version) in cases {
        let resource = change(name).resource;
        assert_eq!(resource.kind, kind, "{name}");
        assert_eq!(resource.id, id, "{name}");
        if version.is_some() {
            assert_eq!(resource.version.as_deref(), version, "{name}");
        }
        assert_eq!(resource.to_string(), format!("444455556666/eu-central-1/{kind}/{id}"), "{name}");
    }
    assert!(change("DeleteGuardrail.version").resource.version.is_some());
    assert!(change("UpdatePrompt").resource.arn.is_some());
}

#[test]
fn denied_attempts_and_unknown_operations_are_recorded() {
    let denied = change("CreateGuardrail.denied");
    assert_eq!((denied.outcome, denied.severity), (Outcome::Denied, Severity::Medium));
    let unknown = change("PutFoundationModelEntitlement");
    assert_eq!((unknown.outcome, unknown.severity), (Outcome::Succeeded, Severity::Medium));
    let by_root = change("DeleteEnforcedGuardrailConfiguration");
    assert_eq!(by_root.severity, Severity::Critical);
    let hidden = change("omitted");
    assert!(hidden.omitted);
    assert_eq!(hidden.severity, Severity::High);
}

#[test]
fn inference_is_no_change_even_where_a_record_calls_it_not_read_only() {
    assert_eq!(fixture("InvokeModel.miss"), TrailEvent::NoChange("a runtime call"));
}

#[test]
fn the_seeds_own_example_is_accepted() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/incident/changes/03-UpdatePrompt-draft.json");
    let envelope = std::fs::read_to_string(path).unwrap();
    let TrailEvent::Change(change) = read(&envelope) else { panic!("no change") };
    assert_eq!(change.account_id, "123456789");
    assert_eq!(change.principal.name.as_deref(), Some("alice@company.com"));
    assert!(change.event_id.starts_with("sha256-") && change.event_id.len() == 23);
    assert_eq!(change.request_id, change.event_id);

    // bare, and laid out in another way: still the same event
    let value: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    let TrailEvent::Change(bare) = read(&value["detail"].to_string()) else { panic!("no change") };
    assert_eq!(bare.event_id, change.event_id);
}

#[test]
fn the_shared_event_id_goes_before_the_event_id() {
    let record = |ids: &str| {
        let json = format!(
            r#"{{"eventName":"UpdatePrompt","eventSource":"bedrock.amazonaws.com","eventTime":"2026-01-01T00:00:00Z"{ids}}}"#
        );
        match read(&json) {
            TrailEvent::Change(change) => (change.event_id, change.request_id),
            TrailEvent::NoChange(reason) => panic!("{reason}"),
        }
    };
    let ids = |event: &str, request: &str| (event.to_owned(), request.to_owned());
    assert_eq!(record(r#","sharedEventID":"s","eventID":"e","requestID":"r""#), ids("s", "r"));
    assert_eq!(record(r#","eventID":"e""#), ids("e", "e"));
}

#[test]
fn what_is_no_call_is_told_apart_from_what_is_broken() {
    let other = r#"{"detail-type":"Batch Inference Job State Change","source":"aws.bedrock","detail":{}}"#;
    assert_eq!(read(other), TrailEvent::NoChange("no api call by cloudtrail"));
    let location = ObjectLocation::file("/x");
    for broken in [
        r#"{"detail-type":"AWS API Call via CloudTrail","detail":"x"}"#,
        r#"{"eventName":"UpdatePrompt"}"#,
        r#"{"eventName":"UpdatePrompt","eventSource":"bedrock.amazonaws.com","eventTime":"soon"}"#,
        "[]",
    ] {
        let result = TrailEvent::read(broken.as_bytes(), 1, &location, Origin::Import);
        assert!(matches!(result, Err(Unread::Refused { .. })), "{broken}: {result:?}");
    }
}
