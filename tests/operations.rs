//! The table of operations, as documents show it.

use std::fmt::Write as _;

use audit_domain::change::{
    Severity,
    operations::{SERVICES, Service, watched},
    watch::{AREAS, Area},
};

use super::{project, text};

const DOCUMENT: &str = "docs/operations.md";

/// `docs/operations.md` is generated: `UPDATE_DOCS=1 cargo test -p end-to-end operations` writes it anew.
#[test]
fn the_list_of_operations_is_the_codes() {
    let generated = document();
    #[expect(clippy::disallowed_methods, reason = "a test is asked to write a document, no setting is read")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(project(DOCUMENT), &generated).unwrap();
    }
    assert_eq!(text(DOCUMENT), generated, "{DOCUMENT} is old: run this test with UPDATE_DOCS=1");
}

fn document() -> String {
    let mut document = String::from(
        "# Watched operations\n\n\
         Generated from the table in `shared/domain/src/change/operations/`. Severities are those of calls that succeed;\n\
         [the README](../README.md#watched-operations) says what moves them. Names that several services have (tags, resource\n\
         policies) stand with the first of them.\n",
    );
    for Service { name, operations } in SERVICES {
        write!(document, "\n## {name}\n\n| operation | resource kind | severity |\n|---|---|---|\n").unwrap();
        for operation in *operations {
            let (event, kind, severity) =
                (operation.event_name, operation.kind.name, operation.severity.name());
            writeln!(document, "| `{event}` | `{kind}` | {severity} |").unwrap();
        }
    }
    document.push_str(
        "\n# The audit watches itself, and what lies around Bedrock\n\n\
         Generated from the table in `shared/domain/src/change/watch/`. These calls count only where they concern what is said\n\
         above each table, so the account's other traffic stays out. Lambda's names end in a date, which is left out here.\n\
         A call that comes through CloudFormation is labelled as a deployment and is a step lower (`DeleteStack` is not).\n",
    );
    for Area { name, event_source, concerns, calls } in AREAS {
        write!(document, "\n## {name}\n\n`{event_source}`: {concerns}.\n").unwrap();
        document.push_str("\n| operation | resource kind | severity | what it breaks |\n|---|---|---|---|\n");
        for call in *calls {
            let (event, kind, severity) = (call.event_name, call.kind.name, call.severity.name());
            writeln!(document, "| `{event}` | `{kind}` | {severity} | {} |", call.breaks).unwrap();
        }
    }
    document.push_str(
        "\n## S3: deleted evidence\n\n\
         `Object Deleted` events of the log buckets and the audit bucket, as `ObjectDeleted` on `log-object`: critical where\n\
         somebody deleted for good, high where a delete marker hides the object, medium and low where a lifecycle rule did it.\n\
         Each is recorded; one alert an hour goes out for each bucket, requester and reason.\n\n\
         ## What no call tells\n\n\
         What is off without a call that says so is found by the hourly check and by `bedrock-audit doctor`:\n\
         [doctor.md](doctor.md).\n",
    );
    document
}

/// The README counts the operations of each severity.
#[test]
fn the_readme_counts_the_operations() {
    let readme = text("README.md");
    for (severity, name) in Severity::NAMES {
        let count = watched().filter(|operation| operation.severity == severity).count();
        let row = format!("| {name} | {count} | ");
        assert!(readme.contains(&row), "{row} in README.md");
    }
    assert!(readme.contains(&format!("{} operations", watched().count())) && readme.contains(DOCUMENT));
}
