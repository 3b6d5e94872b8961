//! What the use cases need of the world, one ability per trait. All of them are known by this module's name; the files only
//! keep together what is about one thing.
//!
//! * `objects`: log objects, bodies beside them, and what is kept in the audit bucket.
//! * `records`: what happened, by request id, and what became of each log object.
//! * `sources`: which documents passages are from, and which answers used them.
//! * `prompts`: system prompts in use, and who was told of them.
//! * `resources`: configuration resources: as they are now, and as they were.
//! * `baseline`: what a run over every resource goes on with, and remembers.
//! * `overview`: a window of the ledger, page by page.
//! * `alerts`: messages to people and machines.
//! * `questions`: what knowledge bases answer.
//! * `parts`: what the audit itself is made of, for the hourly check.
//! * `logging`: the logging of model invocations as a resource of a stack, and the answers to CloudFormation.
//! * `doctor`: what `bedrock-audit doctor` reads of it besides, and what it mends.

mod alerts;
mod baseline;
mod doctor;
mod logging;
mod objects;
mod overview;
mod parts;
mod prompts;
mod questions;
mod records;
mod resources;
mod sources;

use std::fmt;

use jiff::Timestamp;

pub use self::{
    alerts::{Message, PublishAlerts},
    baseline::{ContinueBaseline, NoteResources, NotedResource, Pause, QueryNotedResources},
    doctor::{
        ChangeNotifications, EnableMappings, EnableRules, Metric, ReadAlarms, ReadFunctions, ReadKeys,
        ReadMappings, ReadMetrics, ReadRegions, ReadStacks, ReadTables, ReadTopics, StackNow, Statistic,
    },
    logging::{AnswerRequests, ConfigureLogging, Patience},
    objects::{
        AwaitBodies, Chunks, FetchKept, FindKept, FollowBodies, KeepObjects, ListObjects, ListedObject,
        ListedPage, ReadBodies, ReadObjects,
    },
    overview::{InvocationPlace, PageInvocations, QueryDeliveries},
    parts::{ListStackParts, ReadBuckets, ReadQueues, ReadRules, ReadTrails, StackPart},
    prompts::{CountSightings, FindSightings, MarkPromptAlerts, PutStates, QueryStates},
    questions::{Answered, AskKnowledgeBases, NotAnswered, Obstacle, Question},
    records::{
        FindDeliveries, FindRecords, KnowChanges, KnowInvocations, PutDeliveries, PutRecords, QueryRecords,
    },
    resources::{
        ListResources, ListedResource, PutResourceStates, QueryResourceStates, ReadResources, ResourceList,
        ResourceRead,
    },
    sources::{Order, PutDocuments, PutTurns, QuerySources},
};

/// A half-open span of time: from `since` on, before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub since: Timestamp,
    /// The first moment that is no longer part of it.
    pub until: Timestamp,
}

impl Span {
    /// Whether a moment lies in it.
    pub fn holds(&self, moment: Timestamp) -> bool {
        self.since <= moment && moment < self.until
    }
}

/// Whether it helps to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Throttling, outages, things that are not there yet: try again later.
    Retry,
    /// It will fail every time.
    Permanent,
}

/// A port did not do what it was asked.
#[derive(Debug)]
pub struct PortError {
    /// Whether it helps to try again.
    pub remedy: Remedy,
    /// What was tried, and on what; holds no content of records.
    pub action: String,
    /// The cause in the words of the service: its error code and message.
    pub cause: String,
}

impl PortError {
    /// An error that may pass.
    pub fn retry(action: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { remedy: Remedy::Retry, action: action.into(), cause: cause.into() }
    }

    /// An error that will not pass.
    pub fn permanent(action: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { remedy: Remedy::Permanent, action: action.into(), cause: cause.into() }
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.action, self.cause)
    }
}

impl std::error::Error for PortError {}

/// What became of a conditional put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there now, and was not before, or not as complete.
    Stored,
    /// It was there already.
    Duplicate,
    /// Another one is there under the same name.
    Taken,
}
