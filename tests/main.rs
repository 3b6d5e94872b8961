//! Everything that can only be seen from outside, in one binary.
//!
//! * `architecture`: the arrows between the floors, and the tables in the documents.
//! * `operations`: the table of operations, as documents show it.
//! * `verdicts`: the rules for verdicts and severities, as documents show them.
//! * `template`: `template.yaml` against the code.
//! * `bedrock_reads`: configuration resources behind the gateway, and the role that reads them.
//! * `index_invocations`, `index_trail`, `record_changes`, `record_attributions`, `what_changed`: the real function binaries against real engines, and faults in front of them.
//! * `log_events`: the real `index-log-events` binary, beside `index-invocations`, and what failed of it.
//! * `prompt_drift`: `index-invocations`, and a system prompt that nobody used before.
//! * `read_baseline`: the real function that looks for what no event tells.
//! * `watch`: every way of blinding the audit, and who may use Bedrock, through the real function.
//! * `check_audit`: the real `check-audit` binary, and everything that can be out of order.
//! * `configure_logging`: the real `configure-logging` binary, and what CloudFormation asks of it.
//! * `doctor`: the real `bedrock-audit doctor`: everything that can be off, and what may be mended.
//! * `recorder`: what the tests of `record-changes` share.
//! * `ledger`: the contract against the engine, plain and behind faults.
//! * `ask`: the real `bedrock-audit ask` against a knowledge base that answers, refuses and says nothing.
//! * `examples`: what applications are shown, run.
//! * `no_text`: `bedrock-audit --no-text`, and what it asks for.
//! * `command_line`: the real `bedrock-audit` binary.
//! * `report`: its page of a window, as HTML, JSON and CSV.

mod architecture;
mod ask;
mod backfill;
mod bedrock_reads;
mod bodies;
mod check_audit;
mod command_line;
mod configure_logging;
mod doctor;
mod examples;
mod index_invocations;
mod index_trail;
mod ledger;
mod log_events;
mod no_text;
mod operations;
mod prompt_drift;
mod read_baseline;
mod record_attributions;
mod record_changes;
mod recorder;
mod report;
mod sources;
mod template;
mod verdicts;
mod watch;
mod what_changed;

use std::path::PathBuf;

/// A file of the project.
fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The text of a file of the project.
fn text(path: &str) -> String {
    std::fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
