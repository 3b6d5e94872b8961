//! Questions to knowledge bases, and their answers.

use std::future::Future;

use serde_json::value::RawValue;

use super::PortError;

/// What somebody asks a knowledge base.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The id of the knowledge base.
    pub knowledge_base_id: &'a str,
    /// The ARN of the model or inference profile that answers.
    pub model_arn: &'a str,
    /// The question.
    pub text: &'a str,
}

/// What the service answered.
#[derive(Debug)]
pub struct Answered {
    /// The response, as it came.
    pub response: Box<RawValue>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The account that asked, where the credentials say it.
    pub account_id: Option<String>,
    /// The region that was asked.
    pub region: Option<String>,
}

/// What stands between a question and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no region to ask in.
    NoRegion,
    /// There are no credentials, or none that are valid.
    NoCredentials,
    /// The caller lacks a permission, or access to the model.
    Denied,
    /// The knowledge base, the model or the session is not there.
    NotThere,
    /// The service refuses the question as it is.
    Invalid,
    /// Too many questions, after all attempts.
    Throttled,
    /// A quota of the account.
    Quota,
    /// The service, or one that it rests on, fails.
    Unavailable,
    /// What came is no answer of the service.
    Unreadable,
    /// No answer in time.
    Late,
    /// No connection.
    Unreachable,
    /// Something else.
    Other,
}

/// A knowledge base gave no answer.
#[derive(Debug)]
pub struct NotAnswered {
    /// Why, as far as it can be told: what would help follows from it.
    pub obstacle: Obstacle,
    /// The error; holds nothing of the question.
    pub error: PortError,
}

/// Asks knowledge bases: `bedrock:RetrieveAndGenerate`, and what the service does for the caller then, `bedrock:Retrieve` and
/// `bedrock:InvokeModel`. Of the command line alone: no function asks.
pub trait AskKnowledgeBases: Sync {
    /// Asks, and waits for the answer.
    fn ask(&self, question: &Question<'_>) -> impl Future<Output = Result<Answered, NotAnswered>> + Send;
}
