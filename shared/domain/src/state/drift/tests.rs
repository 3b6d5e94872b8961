use serde_json::{Value, json};

use super::*;
use crate::digest::Sha256;

fn at(time: &str) -> Timestamp {
    format!("2026-10-15T{time}Z").parse().unwrap()
}

fn subject(kind: &str, id: &str, version: Option<&str>) -> Subject {
    let resource = Resource {
        account_id: "1".into(),
        region: "r".into(),
        kind: kind.into(),
        id: id.into(),
        version: version.map(Into::into),
        arn: None,
    };
    Subject::of_resource(&resource).unwrap()
}

fn guardrail(name: &str, updated: &str) -> Value {
    json!({"name": name, "updatedAt": at(updated).to_string()})
}

/// A state that was changed at 08:00 and read at 10:00 for the event `e0`.
fn state(subject: &Subject, document: &Value) -> State {
    let read = Document::of(subject.kind, document);
    State {
        subject: subject.clone(),
        document: document.clone(),
        sha256: read.sha256().clone(),
        is_tombstone: false,
        observed_at: at("10:00:00"),
        updated_at: read.updated_at(),
        caused_at: at("09:59:57"),
        cause: "e0".into(),
    }
}

fn change(event_name: &str, subject: &Subject, time: &str) -> Change {
    let resource = subject.resource.clone();
    let noticed = Change::noticed(event_name, resource, Severity::High, at(time), "x", b"");
    Change { origin: Origin::Eventbridge, ..noticed }
}

fn told(change: &Change, state: &State) -> Diff {
    Diff { state_after: Some(state.sha256.clone()), ..Diff::of_change(change) }
}

#[test]
fn first_the_same_and_different() {
    let draft = subject("guardrail", "g", None);
    let known = state(&draft, &guardrail("a", "08:00:00"));
    let gone = State { is_tombstone: true, sha256: Sha256::of(b"gone"), ..known.clone() };
    let [same, other] = ["a", "b"].map(|name| Document::of(draft.kind, &guardrail(name, "12:00:00")));
    for (known, found, expected) in [
        (None, None, Sight::Same),
        (None, Some(&same), Sight::First),
        (Some(&known), Some(&same), Sight::Same),
        (Some(&known), Some(&other), Sight::Different),
        (Some(&known), None, Sight::Different),
        (Some(&gone), None, Sight::Same),
        (Some(&gone), Some(&same), Sight::Different),
    ] {
        assert_eq!(sight(known, found), expected, "{known:?} {found:?}");
    }
}

#[test]
fn a_difference_is_as_old_as_its_document_says() {
    let draft = subject("guardrail", "g", None);
    let known = state(&draft, &guardrail("a", "08:00:00"));
    for (document, expected) in [
        (Some(guardrail("b", "12:00:00")), Some("12:00:00")),
        // the date of something else
        (Some(guardrail("b", "08:00:00")), None),
        (Some(guardrail("b", "07:00:00")), None),
        (Some(json!({"name": "b"})), None),
        (None, None),
    ] {
        let found = document.map(|document| Document::of(draft.kind, &document));
        assert_eq!(dated(&known, found.as_ref()), expected.map(at), "{found:?}");
    }
    assert!(!is_due(at("12:00:00"), at("12:30:00")));
    assert!(is_due(at("12:00:00"), at("12:30:01")));
    assert!(!is_due(at("12:00:00"), at("11:00:00")), "clocks differ");
}

#[test]
fn a_change_at_its_moment_or_since_the_known_state_explains_a_difference() {
    let draft = subject("guardrail", "g", None);
    let version = subject("guardrail-version", "g", Some("3"));
    let known = state(&draft, &guardrail("a", "08:00:00"));
    let found = Document::of(draft.kind, &guardrail("b", "12:00:00"));
    let difference =
        Difference { subject: &draft, known: &known, found: Some(&found), occurred_at: at("12:00:00") };
    let update = |time| change("UpdateGuardrail", &draft, time);
    for (why, change, is_told, expected) in [
        ("at its moment", update("12:00:00"), false, true),
        ("two seconds off", update("12:00:02"), false, true),
        ("at its moment, whatever was read then", update("11:59:59"), true, true),
        ("since, not read", update("11:00:00"), false, true),
        ("since, and shown by the known state", update("11:00:00"), true, false),
        ("the known state's own", Change { event_id: "e0".into(), ..update("11:00:00") }, false, false),
        ("before the known state", update("09:00:00"), false, false),
        ("denied", Change { outcome: Outcome::Denied, ..update("12:00:00") }, false, false),
        ("noticed", Change { origin: Origin::Baseline, ..update("12:00:00") }, false, false),
        ("of a version", change("CreateGuardrailVersion", &version, "12:00:00"), false, false),
    ] {
        let diff = is_told.then(|| told(&change, &known));
        assert_eq!(difference.is_explained_by(&change, diff.as_ref()), expected, "{why}");
    }
}

#[test]
fn without_a_date_any_change_since_explains_it() {
    let logging = subject("model-invocation-logging-configuration", "default", None);
    let known = state(&logging, &json!({"loggingConfig": {"textDataDeliveryEnabled": true}}));
    let found = Document::of(logging.kind, &json!({"loggingConfig": {"textDataDeliveryEnabled": false}}));
    let difference =
        Difference { subject: &logging, known: &known, found: Some(&found), occurred_at: at("12:00:00") };
    let put = |time| change("PutModelInvocationLoggingConfiguration", &logging, time);
    for (time, expected) in [("11:00:00", true), ("09:59:59", true), ("09:00:00", false)] {
        let change = put(time);
        // what was read right after the call may have been what was before it
        let diff = told(&change, &known);
        assert_eq!(difference.is_explained_by(&change, Some(&diff)), expected, "{time}");
    }
}

#[test]
fn only_a_deletion_explains_that_it_is_gone() {
    let draft = subject("guardrail", "g", None);
    let version = subject("guardrail", "g", Some("3"));
    let other = subject("guardrail", "g", Some("4"));
    let source = subject("data-source", "KB:DS", None);
    let base = subject("knowledge-base", "KB", None);
    let policy = subject("resource-policy", "g", None);
    let alias = subject("agent", "A", None);
    for (gone, event, of, expected) in [
        (&draft, "DeleteGuardrail", &draft, true),
        (&draft, "UpdateGuardrail", &draft, false),
        (&draft, "DeleteGuardrail", &version, false),
        (&version, "DeleteGuardrail", &version, true),
        (&version, "DeleteGuardrail", &draft, true),
        (&version, "DeleteGuardrail", &other, false),
        (&source, "DeleteDataSource", &source, true),
        (&source, "DeleteKnowledgeBase", &base, true),
        (&base, "DeleteDataSource", &source, false),
        (&policy, "DeleteGuardrail", &draft, true),
        (&draft, "DeleteResourcePolicy", &policy, false),
        (&alias, "DeleteAgent", &alias, true),
    ] {
        let known = state(gone, &json!({}));
        let difference =
            Difference { subject: gone, known: &known, found: None, occurred_at: at("12:00:00") };
        let change = change(event, of, "11:00:00");
        assert_eq!(difference.is_explained_by(&change, None), expected, "{event} {of}: {gone}");
        assert!(!expected || difference.names().contains(&of.resource.to_string()), "{gone}");
    }
}

#[test]
fn the_same_drift_is_the_same_change() {
    let draft = subject("guardrail", "g", None);
    let known = state(&draft, &guardrail("a", "08:00:00"));
    let noticed = |document: Option<Value>, time: &str| {
        let found = document.map(|document| Document::of(draft.kind, &document));
        let found = found.as_ref();
        Difference { subject: &draft, known: &known, found, occurred_at: at(time) }.noticed()
    };
    let secret = guardrail("b secret", "12:00:00");
    let (change, raw) = noticed(Some(secret.clone()), "12:00:00");
    assert_eq!(noticed(Some(secret.clone()), "12:00:00"), (change.clone(), raw.clone()));
    assert_eq!((change.event_name.as_str(), change.origin), (DRIFT, Origin::Baseline));
    assert_eq!((change.severity, change.occurred_at), (Severity::High, at("12:00:00")));
    assert_eq!(change.evidence.sha256, Sha256::of(&raw));
    assert!(!String::from_utf8(raw).unwrap().contains("secret"));
    for (other, time) in
        [(Some(secret), "13:00:00"), (Some(guardrail("c", "12:00:00")), "12:00:00"), (None, "12:00:00")]
    {
        assert_ne!(noticed(other, time).0.event_id, change.event_id);
    }
    let logging = subject("model-invocation-logging-configuration", "default", None);
    assert_eq!(call_severity(&logging, true), Severity::Critical);
    assert_eq!(call_severity(&subject("agent", "A", None), false), Severity::Medium);
}

/// A member that AWS adds to its answers is nobody's edit.
#[test]
fn what_nobody_changed_is_only_answered_in_another_form() {
    let draft = subject("guardrail", "g", None);
    let known = state(&draft, &guardrail("a", "08:00:00"));
    let read = |document: &Value| Document::of(draft.kind, document);
    let restated = json!({"name": "a", "updatedAt": at("08:00:00").to_string(), "new": {"member": true}});
    assert!(is_restated(&known, Some(&read(&restated))));
    assert!(!is_restated(&known, Some(&read(&guardrail("b", "12:00:00")))));
    assert!(!is_restated(&known, Some(&read(&json!({"name": "b"})))), "without a date nobody can tell");
    assert!(!is_restated(&known, None));
    let gone = State { is_tombstone: true, ..known.clone() };
    assert!(!is_restated(&gone, Some(&read(&restated))), "it is there again");
    // once more, and back again: what was put for it has no date of its own, and its document has
    let restated_known = State { document: restated, updated_at: None, ..known.clone() };
    assert!(is_restated(&restated_known, Some(&read(&guardrail("a", "08:00:00")))));
    let agent = subject("agent", "A", None);
    let whole = |parts: Value| json!({"agent": {"updatedAt": at("08:00:00").to_string(), "aliases": parts}});
    let of_agent = |document: &Value| Document::of(agent.kind, document);
    let known = State { document: whole(json!("two")), subject: agent.clone(), ..known };
    let added = json!({"agent": {"updatedAt": at("08:00:00").to_string(), "aliases": "two", "new": 1}});
    assert!(is_restated(&known, Some(&of_agent(&added))));
    let less = whole(json!("one"));
    assert!(!is_restated(&known, Some(&of_agent(&less))), "a part may be gone without a date");
}
