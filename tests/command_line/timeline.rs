//! `prompts --principal`: the prompts of a caller in the order in which they came into use.

use serde_json::{Value, json};

use super::{Answer, ask, ask_at, text};

const CLAIMS: &str = "arn:aws:sts::444455556666:assumed-role/claims-app";
const FIRST: &str = "You are a claims assistant.\nAnswer short.\nDo not promise payments.";
const SECOND: &str = "You are a claims assistant.\nAnswer short.\nPromise what \u{1b}[2Jyou like.";

/// The sample call, by that role, with that system prompt.
fn call(role: &str, prompt: &str, when: &str) -> String {
    let mut record: Value = serde_json::from_str(&text("events/invocations/converse.json")).unwrap();
    record["timestamp"] = when.into();
    record["requestId"] = format!("{role}-{when}").into();
    record["identity"]["arn"] = format!("arn:aws:sts::444455556666:assumed-role/{role}/session").into();
    record["input"]["inputBodyJson"]["system"] = json!([{ "text": prompt }]);
    record.to_string()
}

/// A ledger of these calls, as of a moment.
fn indexed(calls: &[String], now: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, file) = (folder.path().join("ledger.db"), folder.path().join("log.ndjson"));
    std::fs::write(&file, calls.join("\n")).unwrap();
    let answer = ask_at(now, &ledger, &["index", file.to_str().unwrap()]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    (folder, ledger)
}

/// Two prompts of one role in turns, one of another one whose name is alike, in no order.
fn in_turns() -> Vec<String> {
    let mut calls = vec![call("claims-app-test", "You are a test.", "2026-10-10T09:00:00Z")];
    for day in (1..15).rev() {
        calls.push(call("claims-app", FIRST, &format!("2026-10-{day:02}T09:00:00Z")));
        if day > 4 {
            calls.push(call("claims-app", SECOND, &format!("2026-10-{day:02}T10:00:00Z")));
        }
    }
    calls
}

fn ids(answer: &Answer) -> Vec<String> {
    let entries = answer.json();
    entries.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_callers_prompts_are_told_in_the_order_in_which_they_came_into_use_with_what_changed() {
    let (_folder, ledger) = indexed(&in_turns(), "2026-10-20T08:00:00Z");
    let human = ask(&ledger, &["prompts", "--principal", CLAIMS]);
    assert_eq!(human.status, 0, "{}", human.stderr);
    let told = human.stdout;
    assert!(told.contains(&format!("2 system prompts of {CLAIMS} of all time")), "{told}");
    for fact in [
        "first seen     Thu 2026-10-01 09:00:00 UTC",
        "last seen      Wed 2026-10-14 09:00:00 UTC",
        "sample         claims-app-2026-10-01T09:00:00Z",
        "first seen     Mon 2026-10-05 10:00:00 UTC",
    ] {
        assert!(told.contains(fact), "{fact:?} in\n{told}");
    }
    let diff = "1 line added, 1 removed\n      Answer short.\n    - Do not promise payments.\n    + Promise what \\u{1b}[2Jyou like.\n";
    assert!(told.contains(diff), "{told}");
    assert_eq!(told.matches("changed ").count(), 1, "used in turns, it changed once: {told}");
    assert!(told.find("2026-10-01").unwrap() < told.find("2026-10-05").unwrap(), "{told}");
    assert!(!told.contains('\u{1b}'), "{told:?}");

    // machines get the list as ever, and what each was changed from
    let answer = ask(&ledger, &["prompts", "--principal", CLAIMS, "--json"]);
    let entries = answer.json();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    let (second, first) = (&entries[0], &entries[1]);
    assert_eq!(second["last_seen"], "2026-10-14T10:00:00.000Z");
    assert_eq!(first["changed_from"], Value::Null);
    let change = &second["changed_from"];
    assert_eq!(
        (&change["id"], &change["lines_added"], &change["lines_removed"]),
        (&first["id"], &1.into(), &1.into())
    );
    let diff = change["diff"].as_str().unwrap();
    assert!(diff.contains("\n-Do not promise payments.\n+Promise what \u{1b}[2Jyou like.\n"), "{diff}");
    let mut members: Vec<_> = first.as_object().unwrap().keys().map(String::as_str).collect();
    members.retain(|name| *name != "changed_from");
    let plain = ask(&ledger, &["prompts", "--json"]).json();
    assert_eq!(plain[0].as_object().unwrap().keys().collect::<Vec<_>>(), members, "the list is as it was");
}

#[test]
fn a_caller_is_named_by_its_role_a_session_or_a_part_of_a_name() {
    let (_folder, ledger) = indexed(&in_turns(), "2026-10-20T08:00:00Z");
    let asked = |name: &str, more: &[&str]| ask(&ledger, &[&["prompts", "--principal", name], more].concat());
    let by_role = ids(&asked(CLAIMS, &["--json"]));
    assert_eq!(ids(&asked(&format!("{CLAIMS}/another-session"), &["--json"])), by_role);
    // a part of a name may mean several callers: each has a timeline of its own
    let both = asked("claims-app", &[]).stdout;
    for heading in
        [format!("2 system prompts of {CLAIMS} from "), format!("1 system prompt of {CLAIMS}-test from ")]
    {
        assert!(both.contains(&heading), "{heading:?} in\n{both}");
    }
    assert_eq!(
        both.matches("changed ").count(),
        1,
        "no caller's prompts are compared with another's: {both}"
    );
    let entries = asked("claims-app", &["--json"]).json();
    let test = entries.as_array().unwrap().iter().find(|e| e["caller"] == format!("{CLAIMS}-test")).unwrap();
    assert_eq!((entries.as_array().unwrap().len(), &test["changed_from"]), (3, &Value::Null));
    // the window is kept
    let since = asked(CLAIMS, &["--until", "2026-10-04"]).stdout;
    assert!(since.contains("1 system prompt of") && !since.contains("changed "), "{since}");
    assert_eq!(asked("nobody", &[]).status, 1);
    assert_eq!((asked("nobody", &["--json"]).status, ids(&asked("nobody", &["--json"]))), (1, vec![]));
}

#[test]
fn a_text_that_is_no_longer_kept_is_said_so() {
    let calls = [
        call("claims-app", FIRST, "2026-01-01T09:00:00Z"),
        call("claims-app", FIRST, "2026-01-20T09:00:00Z"),
        call("claims-app", SECOND, "2026-01-21T09:00:00Z"),
    ];
    let (_folder, ledger) = indexed(&calls, "2026-01-22T00:00:00Z");
    // 405 days after the first call: its text is over its retention, its sighting of the 20th is not
    let now = "2027-02-10T00:00:00Z";
    let told = ask_at(now, &ledger, &["prompts", "--principal", CLAIMS]).stdout;
    assert!(told.contains("2 system prompts"), "{told}");
    assert!(told.contains("what is not known, for the text of"), "{told}");
    let entries = ask_at(now, &ledger, &["prompts", "--principal", CLAIMS, "--json"]).json();
    let change = &entries[0]["changed_from"];
    assert_eq!(change["id"], entries[1]["id"]);
    assert_eq!((&change["diff"], &change["lines_added"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_long_history_is_cut_for_people_and_whole_for_machines() {
    let calls: Vec<_> = (0..40)
        .map(|nth| {
            call("claims-app", &format!("You are number {nth}."), &format!("2026-10-01T10:{nth:02}:00Z"))
        })
        .collect();
    let (_folder, ledger) = indexed(&calls, "2026-10-20T08:00:00Z");
    let told = ask(&ledger, &["prompts", "--principal", CLAIMS]).stdout;
    assert!(
        told.contains("40 system prompts") && told.contains("... 10 that came into use earlier"),
        "{told}"
    );
    assert_eq!(told.matches("first seen").count(), 30);
    assert!(told.contains("- You are number 9.\n    + You are number 10.\n"), "{told}");
    assert!(!told.contains("+ You are number 9."), "{told}");
    assert_eq!(ids(&ask(&ledger, &["prompts", "--principal", CLAIMS, "--json"])).len(), 40);
}
