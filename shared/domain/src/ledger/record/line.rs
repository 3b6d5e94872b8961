//! Lines of lists, as the indexes project them.

use jiff::Timestamp;

use super::SourceOrigin;
use crate::{
    change::{Origin, Severity},
    digest::Sha256,
    invocation::Invocation,
};

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

impl InvocationLine {
    /// The line of an invocation.
    pub fn of(invocation: &Invocation) -> Self {
        Self {
            request_id: invocation.request_id.clone(),
            occurred_at: invocation.occurred_at,
            principal: invocation.principal.best().to_owned(),
            model_id: invocation.model_id.clone(),
            account_id: Some(invocation.account_id.clone()),
            region: Some(invocation.region.clone()),
            operation: invocation.operation.clone(),
            system_prompt_status: Some(invocation.system_prompt.status.name().to_owned()),
            system_prompt_id: invocation.system_prompt.id.as_ref().map(ToString::to_string),
            guardrail_id: invocation.guardrail.id.clone(),
            guardrail_version: invocation.guardrail.version.clone(),
            guardrail_action: invocation.guardrail.action.clone(),
            error_code: invocation.error_code.clone(),
        }
    }
}

/// A line of a list of sources with one passage, as `by-passage` projects it.
#[derive(Clone, Debug, PartialEq)]
pub struct PassageLine {
    /// The request to look up for the whole.
    pub request_id: String,
    /// The item's sort key.
    pub record: String,
    /// The passage.
    pub text_sha256: Sha256,
    /// When.
    pub occurred_at: Timestamp,
    /// Who, as far as the index tells; nobody where a response does not say who asked.
    pub principal: String,
    /// The document, where the source names it.
    pub source_uri: Option<String>,
    /// Whether the answer cites it.
    pub cited: Option<bool>,
    /// Its number there, from 1.
    pub ordinal: u32,
}

impl PassageLine {
    /// Where the source is known from, by its key.
    pub fn origin(&self) -> Option<SourceOrigin> {
        self.record.split('#').nth(1).and_then(SourceOrigin::of_name)
    }

    /// The sort key of the record that carries it: the invocation, or the attribution.
    pub fn carrier_key(&self) -> Option<String> {
        let carrier = self.record.split('#').nth(2)?;
        let kind = match self.origin()? {
            SourceOrigin::Prompt => "invocation",
            SourceOrigin::Response => "attribution",
        };
        Some(format!("{kind}#{carrier}"))
    }
}
