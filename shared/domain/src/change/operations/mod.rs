//! The table of watched operations: one file for each service, one line for each operation.
//!
//! It says of which kind the resource is, where its id, version and ARN stand in the record, and how much the operation
//! matters. A call that changes something and stands in no table is recorded all the same, with resource kind `unknown`:
//! new operations are, and those that only the console knows (`PutFoundationModelEntitlement`, `UpdateAccountSettings`).

mod agentcore;
mod bedrock;
mod bedrock_agent;
mod data_automation;

use std::{collections::HashMap, sync::LazyLock};

use super::Severity::{self, Medium};

/// One operation that changes configuration.
#[derive(Debug)]
pub struct Operation {
    /// CloudTrail's `eventName`.
    pub event_name: &'static str,
    /// What it changes.
    pub kind: Kind,
    /// How much a successful call matters, before anything is known of its content.
    pub severity: Severity,
}

/// A kind of resource, and where a record names one. A path starts with `request` or `response`; of several, the best comes
/// first.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The kind, in kebab case.
    pub name: &'static str,
    /// For each part of the id the paths at which it may stand, as an id or an ARN; empty for a singleton.
    pub id: &'static [&'static [&'static str]],
    /// The paths at which its version may stand.
    pub version: &'static [&'static str],
    /// The paths at which its ARN may stand.
    pub arn: &'static [&'static str],
    /// How its ARN ends, with `#` for each part of the id (`agent-alias/#/#`); empty where it has none.
    pub form: &'static str,
}

/// The operations of one service.
#[derive(Debug)]
pub struct Service {
    /// The name that people know it by.
    pub name: &'static str,
    /// Its operations, by name.
    pub operations: &'static [Operation],
}

/// Every watched operation. A name that several services have stands with the first of them.
pub const SERVICES: &[Service] = &[
    Service { name: "Amazon Bedrock", operations: bedrock::OPERATIONS },
    Service { name: "Agents, flows, knowledge bases and prompts", operations: bedrock_agent::OPERATIONS },
    Service { name: "AgentCore", operations: agentcore::OPERATIONS },
    Service { name: "Data Automation", operations: data_automation::OPERATIONS },
];

/// How much an operation matters that no table knows.
pub const UNKNOWN_SEVERITY: Severity = Medium;

/// Calls that use models, agents, tools and knowledge bases and change no configuration. Some are management events, and
/// some records call them not read-only (FORMATS 4.4, 11.33).
pub const RUNTIME: &[&str] = &[
    // models and guardrails
    "ApplyGuardrail",
    "Converse",
    "ConverseStream",
    "CountTokens",
    "CreateInference",
    "InvokeGuardrailChecks",
    "InvokeModel",
    "InvokeModelWithBidirectionalStream",
    "InvokeModelWithResponseStream",
    "StartAsyncInvoke",
    // agents, flows and knowledge bases
    "AgenticRetrieveStream",
    "CreateInvocation",
    "CreateSession",
    "DeleteAgentMemory",
    "DeleteSession",
    "EndSession",
    "GenerateQuery",
    "InvokeAgent",
    "InvokeFlow",
    "InvokeInlineAgent",
    "OptimizePrompt",
    "PutInvocationStep",
    "RenderPrompt",
    "Rerank",
    "Retrieve",
    "RetrieveAndGenerate",
    "RetrieveAndGenerateStream",
    "StartFlowExecution",
    "StopFlowExecution",
    "UpdateSession",
    // AgentCore
    "BatchCreateMemoryRecords",
    "BatchDeleteMemoryRecords",
    "BatchUpdateMemoryRecords",
    "CompleteResourceTokenAuth",
    "CreateEvent",
    "DeleteEvent",
    "DeleteMemoryRecord",
    "GetResourceApiKey",
    "GetResourceOauth2Token",
    "GetWorkloadAccessToken",
    "GetWorkloadAccessTokenForJWT",
    "GetWorkloadAccessTokenForUserId",
    "InvokeAgentRuntime",
    "InvokeAgentRuntimeCommand",
    "InvokeBrowser",
    "InvokeCodeInterpreter",
    "InvokeGateway",
    "InvokeHarness",
    "RetrieveMemoryRecords",
    "StartBrowserSession",
    "StartCodeInterpreterSession",
    "StopBrowserSession",
    "StopCodeInterpreterSession",
    "StopRuntimeSession",
    "UpdateBrowserStream",
    // Data Automation
    "InvokeDataAutomation",
    "InvokeDataAutomationAsync",
];

/// Reads whose names do not start like one.
const READS: &[&str] = &["ExportAutomatedReasoningPolicyVersion", "ValidateFlowDefinition"];

/// How the name of a reading call starts; EventBridge draws the same line (FORMATS 5.5).
const READING_VERBS: &[&str] = &["Get", "List", "Describe", "BatchGet", "Search"];

/// What an operation's name says.
#[derive(Clone, Copy, Debug)]
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
    // every record of a trail's file comes by here
    static CLASSES: LazyLock<HashMap<&str, Class>> = LazyLock::new(|| {
        let watched = watched().map(|operation| (operation.event_name, Class::Watched(operation)));
        let runtime = RUNTIME.iter().map(|name| (*name, Class::Runtime));
        let reads = READS.iter().map(|name| (*name, Class::Read));
        watched.chain(runtime).chain(reads).collect()
    });
    match CLASSES.get(event_name) {
        Some(class) => *class,
        None if READING_VERBS.iter().any(|verb| event_name.starts_with(verb)) => Class::Read,
        None => Class::Unknown,
    }
}

/// Every watched operation.
pub fn watched() -> impl Iterator<Item = &'static Operation> {
    SERVICES.iter().flat_map(|service| service.operations)
}

/// A line of the table.
const fn op(event_name: &'static str, kind: Kind, severity: Severity) -> Operation {
    Operation { event_name, kind, severity }
}

#[cfg(test)]
mod tests;
