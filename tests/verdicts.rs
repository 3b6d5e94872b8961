//! The rules for verdicts and severities, as documents show them.

use std::fmt::Write as _;

use audit_domain::state::{
    SubjectKind,
    severity::{Found, ROWS, Row, Step},
    verdict::{RULES, Rule},
};

use super::{project, text};

const DOCUMENT: &str = "docs/verdicts.md";

const KINDS: [(SubjectKind, &str); 3] = [
    (SubjectKind::Guardrail, "Guardrails"),
    (SubjectKind::EnforcedGuardrail, "Enforced guardrail configurations"),
    (SubjectKind::InvocationLogging, "The invocation log"),
];

/// `docs/verdicts.md` is generated: `UPDATE_DOCS=1 cargo test -p end-to-end verdicts` writes it anew.
#[test]
fn the_list_of_rules_is_the_codes() {
    let generated = document();
    #[expect(clippy::disallowed_methods, reason = "a test is asked to write a document, no setting is read")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(project(DOCUMENT), &generated).unwrap();
    }
    assert_eq!(text(DOCUMENT), generated, "{DOCUMENT} is old: run this test with UPDATE_DOCS=1");
    assert!(RULES.iter().all(|rule| KINDS.iter().any(|(kind, _)| *kind == rule.kind)));
}

fn document() -> String {
    let mut document = String::from(
        "# Verdicts\n\n\
         Generated from the table in `shared/domain/src/state/verdict/rules.rs`. In a path `*` stands for any key of a list,\n\
         `**` for whatever stands below, `a|b` for either member. Each field is judged by itself; a field that stands in no\n\
         line, and a value that its line does not know, have no effect that could be claimed. Over all a change is `weaker`\n\
         or `stronger` where all effects are, `neutral` where nothing is, and else `mixed`. Without the state before there\n\
         is no verdict. Kinds that are not listed have none.\n",
    );
    for (kind, title) in KINDS {
        write!(
            document,
            "\n## {title}\n\n| field | what it is | order | weaker | stronger |\n|---|---|---|---|---|\n"
        )
        .unwrap();
        for rule in RULES.iter().filter(|rule| rule.kind == kind) {
            writeln!(document, "{}", rule_row(rule)).unwrap();
        }
    }
    document.push_str(
        "\n## Severity\n\n\
         What the verdict does to the severity that [the operation](operations.md) has by itself. An attempt keeps its own.\n\n\
         | kind | the change | severity |\n|---|---|---|\n",
    );
    for row in ROWS {
        writeln!(document, "{}", severity_row(row)).unwrap();
    }
    document
}

fn rule_row(rule: &Rule) -> String {
    let Rule { path, what, measure, .. } = rule;
    let path = if path.is_empty() { String::new() } else { format!("`{}`", path.replace('|', "\\|")) };
    let (order, weaker, stronger) = (measure.order(), measure.weaker_when(), measure.stronger_when());
    format!("| {path} | {what} | {order} | {weaker} | {stronger} |")
}

fn severity_row(row: &Row) -> String {
    let kinds: Vec<_> = row.kinds.iter().map(|kind| format!("`{}`", kind.name())).collect();
    let found = match row.found {
        Found::Lost => "removes a protection or switches it off, whatever else it does",
        Found::Weaker => "is weaker",
        Found::Mixed => "is mixed",
        Found::NoWeaker => "is stronger or neutral",
    };
    let step = match row.step {
        Step::AtLeast(severity) => format!("at least {}", severity.name()),
        Step::Stays => "as it was".to_owned(),
        Step::Down => "a step lower, not below medium".to_owned(),
    };
    format!("| {} | {found} | {step} |", kinds.join(", "))
}
