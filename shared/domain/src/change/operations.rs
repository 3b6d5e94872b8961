//! The table of watched operations: one line for each.
//!
//! It says of which kind the resource is, where its id stands in the record, and how much the operation matters. A call
//! that changes something and stands in no table is recorded all the same, with resource kind `unknown`.

use super::Severity::{self, Critical, High, Low, Medium};

/// One operation that changes configuration.
#[derive(Debug)]
pub struct Operation {
    /// CloudTrail's `eventName`.
    pub event_name: &'static str,
    /// The resource kind, in kebab case.
    pub kind: &'static str,
    /// For each part of the id the paths at which it may stand, best first; empty for a singleton.
    pub id: &'static [&'static [&'static str]],
    /// How much a successful call matters, before anything is known of its content.
    pub severity: Severity,
}

/// How much an operation matters that no table knows.
pub const UNKNOWN_SEVERITY: Severity = Medium;

const fn op(
    event_name: &'static str,
    kind: &'static str,
    id: &'static [&'static [&'static str]],
    severity: Severity,
) -> Operation {
    Operation { event_name, kind, id, severity }
}

const GUARDRAIL: &[&[&str]] =
    &[&["response.guardrailId", "request.guardrailIdentifier", "response.guardrailArn"]];
const ENFORCED: &[&[&str]] = &[&["response.configId", "request.configId"]];
const PROMPT: &[&[&str]] =
    &[&["response.id", "request.promptIdentifier", "request.promptId", "request.id", "response.arn"]];
const POLICY: &[&[&str]] = &[&["request.resourceArn", "response.resourceArn"]];
const SINGLETON: &[&[&str]] = &[];

/// Every watched operation, by name.
pub const WATCHED: &[Operation] = &[
    op("CreateGuardrail", "guardrail", GUARDRAIL, Medium),
    op("CreateGuardrailVersion", "guardrail-version", GUARDRAIL, Low),
    op("CreatePrompt", "prompt", PROMPT, Low),
    op("CreatePromptVersion", "prompt-version", PROMPT, Low),
    op("DeleteEnforcedGuardrailConfiguration", "enforced-guardrail-configuration", ENFORCED, Critical),
    op("DeleteGuardrail", "guardrail", GUARDRAIL, High),
    op(
        "DeleteModelInvocationLoggingConfiguration",
        "model-invocation-logging-configuration",
        SINGLETON,
        Critical,
    ),
    op("DeletePrompt", "prompt", PROMPT, Medium),
    op("DeleteResourcePolicy", "resource-policy", POLICY, High),
    op("PutEnforcedGuardrailConfiguration", "enforced-guardrail-configuration", ENFORCED, High),
    op("PutModelInvocationLoggingConfiguration", "model-invocation-logging-configuration", SINGLETON, High),
    op("PutResourcePolicy", "resource-policy", POLICY, High),
    op("UpdateGuardrail", "guardrail", GUARDRAIL, High),
    op("UpdatePrompt", "prompt", PROMPT, Medium),
];

/// Calls that use models, agents and knowledge bases and change nothing. Some are management events, and some records
/// call them not read-only (FORMATS 4.4, 11.33).
pub const RUNTIME: &[&str] = &[
    "ApplyGuardrail",
    "Converse",
    "ConverseStream",
    "CreateInference",
    "InvokeAgent",
    "InvokeFlow",
    "InvokeInlineAgent",
    "InvokeModel",
    "InvokeModelWithBidirectionalStream",
    "InvokeModelWithResponseStream",
    "OptimizePrompt",
    "RenderPrompt",
    "Rerank",
    "Retrieve",
    "RetrieveAndGenerate",
    "RetrieveAndGenerateStream",
    "StartAsyncInvoke",
    "CountTokens",
];

/// What an operation's name says.
#[derive(Debug)]
pub enum Class {
    /// It changes configuration, and the table knows it.
    Watched(&'static Operation),
    /// It uses the service.
    Runtime,
    /// It reads.
    Read,
    /// No table knows it.
    Unknown,
}

/// Classifies an operation by its name.
pub fn classify(event_name: &str) -> Class {
    if let Some(operation) = WATCHED.iter().find(|operation| operation.event_name == event_name) {
        return Class::Watched(operation);
    }
    if RUNTIME.contains(&event_name) {
        return Class::Runtime;
    }
    // EventBridge draws the same line (FORMATS 5.5)
    let reads = ["Get", "List", "Describe", "BatchGet", "Search"];
    if reads.iter().any(|verb| event_name.starts_with(verb)) { Class::Read } else { Class::Unknown }
}
