//! Lines of lists, as the indexes project them.

use jiff::Timestamp;

use crate::change::{Origin, Severity};

/// A line of a list of changes, as the indexes project it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeLine {
    /// The request to look up for the whole.
    pub request_id: String,
    /// The item's sort key.
    pub record: String,
    /// When.
    pub occurred_at: Timestamp,
    /// Who, as far as the index tells.
    pub principal: String,
    /// The resource's kind.
    pub resource_kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// How we came to know of it.
    pub origin: Origin,
}

/// A line of a list of invocations, as `by-time` projects it.
#[derive(Clone, Debug, PartialEq)]
pub struct InvocationLine {
    /// The request to look up for the whole.
    pub request_id: String,
    /// When.
    pub occurred_at: Timestamp,
    /// Who.
    pub principal: String,
    /// The model, as the caller passed it.
    pub model_id: String,
    /// The account.
    pub account_id: Option<String>,
    /// The region that was called.
    pub region: Option<String>,
    /// `Converse`, `InvokeModel`, ...
    pub operation: Option<String>,
    /// What is known of the system prompt.
    pub system_prompt_status: Option<String>,
    /// The system prompt.
    pub system_prompt_id: Option<String>,
    /// The guardrail.
    pub guardrail_id: Option<String>,
    /// Its version.
    pub guardrail_version: Option<String>,
    /// What it did.
    pub guardrail_action: Option<String>,
    /// Why the call failed.
    pub error_code: Option<String>,
}
