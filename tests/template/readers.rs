//! What investigators may ask: with texts, and without.

use audit_domain::ledger::texts::{RECORD_FACTS, RECORD_TEXTS, STATE_FACTS, STATE_TEXTS, TEXT_SUBJECTS};

use super::{list_after, resource, security::actions};
use crate::text;

/// A managed policy may have so many characters, white space left out.
const LONGEST_POLICY: usize = 6_144;

#[test]
fn who_may_see_no_text_asks_for_facts_by_their_names() {
    let template = text("template.yaml");
    let policy = resource(&template, "ReaderPolicy");
    let statement = |sid: &str| {
        let at = policy.find(&format!("- Sid: {sid}\n")).unwrap_or_else(|| panic!("{sid} is missing"));
        policy[at + 2..].split("- Sid: ").next().unwrap()
    };
    for (sid, facts) in [("ReadRecords", RECORD_FACTS), ("ReadStates", STATE_FACTS)] {
        let allowed = statement(sid);
        assert!(actions(allowed).into_iter().eq(["dynamodb:Query"]), "{sid}");
        assert!(
            allowed.contains("StringEquals:\n                dynamodb:Select: SPECIFIC_ATTRIBUTES"),
            "{sid}"
        );
        assert!(
            allowed.contains("\"Null\":\n                dynamodb:Attributes: \"false\""),
            "none is none of these"
        );
        let at = allowed.find("ForAllValues:StringEquals:").expect("all of them");
        assert_eq!(list_after(allowed, at, "dynamodb:Attributes:\n"), facts, "{sid}");
    }
    let list = statement("ListRecords");
    assert!(actions(list).into_iter().eq(["dynamodb:Query"]) && list.contains("RecordsTable.Arn}/index/*"));
    let denied = statement("NoPrompts");
    assert!(
        denied.contains("Effect: Deny\n")
            && actions(denied).is_superset(&["dynamodb:GetItem", "dynamodb:Query"].into())
    );
    assert!(denied.contains(&format!(
        "ForAnyValue:StringLike:\n                dynamodb:LeadingKeys: {TEXT_SUBJECTS}*"
    )));
    for name in RECORD_TEXTS.iter().chain(STATE_TEXTS) {
        assert!(!policy.contains(&format!("- {name}\n")), "{name}");
    }
    for elsewhere in ["s3:", "Scan", "DeliveriesTable", "logs:"] {
        assert!(!policy.contains(elsewhere), "{elsewhere}");
    }
    let characters = policy.chars().filter(|c| !c.is_whitespace()).count();
    // quotes and commas of JSON, and names instead of references
    assert!(characters + 3 * policy.lines().count() + 1_000 < LONGEST_POLICY, "{characters}");
}

#[test]
fn no_reader_may_write() {
    let template = text("template.yaml");
    let policies = ["ReaderPolicy", "TextReaderPolicy"].map(|name| resource(&template, name));
    for statement in policies.iter().flat_map(|policy| policy.split("- Sid: ").skip(1)) {
        let is_read = |action: &&str| {
            ["Get", "BatchGet", "List", "Query", "Filter", "Describe", "Decrypt"]
                .iter()
                .any(|verb| action.split(':').nth(1).is_some_and(|name| name.starts_with(verb)))
        };
        let allows = statement.contains("Effect: Allow\n");
        assert!(!allows || actions(statement).iter().all(is_read), "{statement}");
        assert!(statement.contains("Resource:") && !statement.contains("Resource: \"*\""), "{statement}");
    }
}
