//! Event source mappings: what hands the messages of a queue to its function.

use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of event source mappings.
pub const KIND: &str = "event-source-mapping";

/// An event source mapping of the stack.
pub type Mapping = Part<MappingNow>;

/// An event source mapping as it is.
#[derive(Clone, Debug, Default)]
pub struct MappingNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// `Creating`, `Enabling`, `Enabled`, `Disabling`, `Disabled`, `Updating`, `Deleting`.
    pub state: String,
    /// The ARN of the queue.
    pub queue: Option<String>,
    /// The ARN of the function.
    pub function: Option<String>,
    /// What became of the last messages: `OK`, `No records processed`, `PROBLEM: ...`.
    pub last_result: Option<String>,
}

impl Now for MappingNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "EventSourceMappingGone",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "what hands the messages of a queue to its function is gone",
    breaks: "messages wait in their queue, and are lost when that has kept them for seven days",
    mend: "aws lambda create-event-source-mapping --function-name FUNCTION --event-source-arn QUEUE_ARN --batch-size \
           1 --function-response-types ReportBatchItemFailures --region {region}   # those of {logical_id} in \
           template.yaml",
    look: |seen| part::gone(mappings(seen)),
};

/// It was switched off.
pub(super) const DISABLED: Check = Check {
    name: "EventSourceMappingDisabled",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "the messages of a queue are not handed to its function",
    breaks: "messages wait in their queue, and are lost when that has kept them for seven days",
    mend: "aws lambda update-event-source-mapping --uuid {id} --enabled --region {region}",
    look: |seen| {
        disabled(seen)
            .map(|(mapping, now)| {
                mapping.fault(json!({"state": now.state, "queue": now.queue, "function": now.function}))
            })
            .collect()
    },
};

/// It is on, and does not get through.
pub(super) const FAILING: Check = Check {
    name: "EventSourceMappingFailing",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "the messages of a queue cannot be handed to its function",
    breaks: "messages wait in their queue, and are lost when that has kept them for seven days",
    mend: "aws lambda get-event-source-mapping --uuid {id} --region {region}   # then mend what LastProcessingResult \
           names: role, key or queue",
    look: |seen| {
        let has_problem =
            |now: &MappingNow| now.last_result.as_deref().is_some_and(|last| last.starts_with("PROBLEM"));
        let failing = present(mappings(seen)).filter(|(_, now)| has_problem(now));
        failing
            .map(|(mapping, now)| {
                mapping.fault(
                    json!({"last_result": now.last_result, "queue": now.queue, "function": now.function}),
                )
            })
            .collect()
    },
};

/// Those that are off.
pub(super) fn disabled(seen: &Seen) -> impl Iterator<Item = (&Mapping, &MappingNow)> {
    present(mappings(seen)).filter(|(_, now)| matches!(now.state.as_str(), "Disabled" | "Disabling"))
}

fn mappings(seen: &Seen) -> &[Mapping] {
    seen.parts.as_ref().map(|parts| parts.mappings.as_slice()).unwrap_or_default()
}
