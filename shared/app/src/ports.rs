//! What the use cases need of the world, one ability per trait.

use std::{fmt, future::Future};

use audit_domain::{
    change::Resource,
    check::{queue::QueueNow, rule::RuleNow, trail::Trail},
    digest::Sha256,
    evidence::ObjectLocation,
    invocation::pointer::{BodyPointer, Followed},
    ledger::{
        delivery::Delivery,
        document::DocumentSighting,
        prompt_alert::PromptAlert,
        record::{ChangeLine, InvocationLine, PassageLine, Record},
        state::{Sighting, StateKey},
    },
    sources::Documents,
    state::{State, Subject, SubjectKind},
};
use bytes::Bytes;
use jiff::Timestamp;

use crate::{baseline::BaselineRequest, body_request::BodyRequest};

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

/// The pieces of one object, in order.
pub trait Chunks: Send {
    /// The next piece; `None` at the end.
    fn next_chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, PortError>> + Send;
}

/// Reads log objects: `s3:GetObject`, and `s3:GetObjectVersion` where a notification names a version, on the log buckets.
pub trait ReadObjects: Sync {
    /// The pieces of an object.
    type Chunks: Chunks;
    /// Opens an object. One that is not there yet is worth another try.
    fn open(&self, location: &ObjectLocation)
    -> impl Future<Output = Result<Self::Chunks, PortError>> + Send;
}

/// An object of a bucket, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Where it lies, with its entity tag.
    pub location: ObjectLocation,
    /// Its size in bytes.
    pub size: u64,
}

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedPage {
    /// The objects, by key.
    pub objects: Vec<ListedObject>,
    /// The token of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Lists the objects of a bucket: `s3:ListBucket`.
pub trait ListObjects: Sync {
    /// The objects under a prefix, page by page.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        page: Option<String>,
    ) -> impl Future<Output = Result<ListedPage, PortError>> + Send;
}

/// Reads bodies that lie beside a log: `s3:GetObject` on the log buckets.
pub trait ReadBodies: ReadObjects {
    /// Opens a body; `None` where nothing is there, or nothing that may be read: S3 says 403 of what is not there to
    /// whoever may not list.
    fn open_if_there(
        &self,
        location: &ObjectLocation,
    ) -> impl Future<Output = Result<Option<Self::Chunks>, PortError>> + Send;
}

/// Follows the pointers of records.
pub trait FollowBodies: Sync {
    /// Follows a pointer out of a record that lies at `record_at`.
    fn follow(
        &self,
        record_at: &ObjectLocation,
        pointer: &BodyPointer,
    ) -> impl Future<Output = Result<Followed, PortError>> + Send;
}

/// Asks for bodies later: `sqs:SendMessage` to the queue of bodies.
pub trait AwaitBodies: Sync {
    /// Takes the request.
    fn await_bodies(&self, request: &BodyRequest) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Puts records: `dynamodb:PutItem` on Records.
pub trait PutRecords: Sync {
    /// Puts a record if it is absent, or less complete there. A change is [`Put::Taken`] where another change has its event
    /// id; records of other kinds have their digest in their key.
    fn put_record(
        &self,
        record: &Record,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Looks a record up: `dynamodb:GetItem` on Records.
pub trait FindRecords: Sync {
    /// The record under this key, as it is now.
    fn find_record(
        &self,
        request_id: &str,
        sort_key: &str,
    ) -> impl Future<Output = Result<Option<Record>, PortError>> + Send;
}

/// Knows whether there was a change of a resource before: `dynamodb:Query` on the index `by-resource` of Records.
pub trait KnowChanges: Sync {
    /// Whether the ledger has a change of this resource. One that was put a moment ago may not be seen yet.
    fn has_change_of(&self, resource: &Resource) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// Puts texts and sightings of system prompts: `dynamodb:PutItem` on States.
pub trait PutStates: Sync {
    /// Puts the text of a system prompt once.
    fn put_prompt_text(
        &self,
        id: &Sha256,
        text: &str,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;

    /// Notes that there were invocations on a day (`2026-10-15`), once.
    fn put_invocation_day(
        &self,
        day: &str,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;

    /// Merges a sighting with the one that is stored under this key.
    fn put_sighting(
        &self,
        key: &StateKey,
        sighting: &Sighting,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Puts which document a passage is from, and which passages a document has: `dynamodb:PutItem` on States.
pub trait PutDocuments: Sync {
    /// Merges a sighting with the one that is stored under this key, which is kept as long as the longer-lived of the two.
    fn put_document(
        &self,
        key: &StateKey,
        sighting: &DocumentSighting,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Puts what configuration resources look like: `dynamodb:PutItem` on States, `s3:PutObject` for what is too large for it.
pub trait PutResourceStates: Sync {
    /// Puts a state if it is absent. It is kept for good.
    fn put_resource_state(&self, state: &State) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Asks what configuration resources looked like: `dynamodb:Query` on States, `s3:GetObject` for what was too large for it.
pub trait QueryResourceStates: Sync {
    /// The newest state of a resource in its version, below this key where one is given.
    fn newest_resource_state(
        &self,
        resource: &Resource,
        below: Option<&str>,
    ) -> impl Future<Output = Result<Option<State>, PortError>> + Send;
    /// Every state of a resource in its version, oldest first.
    fn resource_states(
        &self,
        resource: &Resource,
    ) -> impl Future<Output = Result<Vec<State>, PortError>> + Send;
}

/// Writes down what became of an object: `dynamodb:PutItem` on Deliveries.
pub trait PutDeliveries: Sync {
    /// Writes it down, unless the same object was read to its end before.
    fn put_delivery(
        &self,
        delivery: &Delivery,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Looks deliveries up: `dynamodb:Query` on Deliveries.
pub trait FindDeliveries: Sync {
    /// Whether the object, as its entity tag has it, was read to its end, with nothing outstanding.
    fn was_delivered(
        &self,
        location: &ObjectLocation,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// Counts a caller's prompts: `dynamodb:Query` on States.
pub trait CountSightings: Sync {
    /// How many different system prompts a caller used on a day, at most `limit`.
    fn count_sightings(
        &self,
        caller: &str,
        day: &str,
        limit: usize,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;
}

/// Asks who used which system prompt before: `dynamodb:Query` on States.
pub trait FindSightings: Sync {
    /// Whether anybody used this system prompt before.
    fn is_prompt_seen(&self, id: &str) -> impl Future<Output = Result<bool, PortError>> + Send;
    /// A sighting of the first day on which the ledger has a caller.
    fn first_of_caller(
        &self,
        caller: &str,
    ) -> impl Future<Output = Result<Option<Sighting>, PortError>> + Send;
    /// A caller's sightings up to a day, that included: those of the latest days, at most `limit`.
    fn newest_of_caller(
        &self,
        caller: &str,
        until_day: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
}

/// Knows which new system prompts were told: `dynamodb:Query` and `dynamodb:PutItem` on States.
pub trait MarkPromptAlerts: Sync {
    /// The alerts that went out from one moment to another, both included.
    fn prompt_alerts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<PromptAlert>, PortError>> + Send;
    /// Marks that an alert went out.
    fn put_prompt_alert(
        &self,
        alert: &PromptAlert,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Asks the Records table: `dynamodb:Query` on it and its indexes.
pub trait QueryRecords: Sync {
    /// Everything about one request.
    fn records_of(&self, request_id: &str) -> impl Future<Output = Result<Vec<Record>, PortError>> + Send;
    /// Changes by time, oldest first, within one calendar month (`2026-10`).
    fn changes_in(
        &self,
        month: &str,
        span: Span,
    ) -> impl Future<Output = Result<Vec<ChangeLine>, PortError>> + Send;
    /// Changes of one resource (`<account>/<region>/<kind>/<id>`), oldest first.
    fn changes_of(
        &self,
        resource: &str,
        span: Span,
    ) -> impl Future<Output = Result<Vec<ChangeLine>, PortError>> + Send;
    /// Invocations by time, oldest first, within one day (`2026-10-15`) and shard.
    fn invocations_in(
        &self,
        day: &str,
        shard: u8,
        span: Span,
    ) -> impl Future<Output = Result<Vec<InvocationLine>, PortError>> + Send;
}

/// Asks the States table: `dynamodb:Query` and `dynamodb:GetItem` on it.
pub trait QueryStates: Sync {
    /// The text of a system prompt, if it was kept.
    fn prompt_text(&self, id: &str) -> impl Future<Output = Result<Option<String>, PortError>> + Send;
    /// The days on which a system prompt was seen.
    fn prompt_sightings(&self, id: &str) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
    /// The system prompts of a month (`2026-10`).
    fn prompts_listed(&self, month: &str) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
    /// The days of a month (`2026-10`) on which there were invocations.
    fn invocation_days(&self, month: &str) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;
    /// The system prompts of a caller, day by day, from one day to another, both included.
    fn caller_sightings(
        &self,
        caller: &str,
        from_day: &str,
        to_day: &str,
    ) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
}

/// Which end of a span a list begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// Asks which documents and passages stand behind answers: `dynamodb:Query` on States and on the index `by-passage`.
pub trait QuerySources: Sync {
    /// The documents of a passage: the first `limit` by name, and how many more there are, as far as one page tells.
    fn documents_of(
        &self,
        passage: &Sha256,
        limit: usize,
    ) -> impl Future<Output = Result<Documents, PortError>> + Send;
    /// The passages of a document, and the requests that name it without a text.
    fn passages_of(
        &self,
        document_uri: &str,
    ) -> impl Future<Output = Result<Vec<DocumentSighting>, PortError>> + Send;
    /// The documents whose names begin like this: an authority (`s3://bucket`), and the beginning of a path, which may be
    /// empty.
    fn documents_below(
        &self,
        authority: &str,
        path: &str,
    ) -> impl Future<Output = Result<Vec<DocumentSighting>, PortError>> + Send;
    /// The sources with a passage, at most `limit`.
    fn sources_with(
        &self,
        passage: &Sha256,
        span: Span,
        order: Order,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PassageLine>, PortError>> + Send;
}

/// What came of reading a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceRead {
    /// What it looks like now.
    Document(serde_json::Value),
    /// It is not there.
    Gone,
    /// Nobody may read it here: why, in the words of the service.
    Denied(String),
    /// It lies where nobody here can ever read it: why.
    Elsewhere(String),
}

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
    pub response: Box<serde_json::value::RawValue>,
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

/// Reads configuration resources as they are now: `bedrock:Get...` and `bedrock:List...`.
pub trait ReadResources: Sync {
    /// Reads a resource, the parts that belong to it included. An error is worth another try (throttling, outages).
    fn read_resource(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<ResourceRead, PortError>> + Send;
}

/// Keeps what is too large for the ledger, and raw events: `s3:PutObject` in the audit bucket.
pub trait KeepObjects: Sync {
    /// Keeps these bytes under a key, unless something is there already.
    fn keep(&self, key: &str, bytes: Vec<u8>) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Where a kept object lies.
    fn location(&self, key: &str) -> ObjectLocation;
}

/// Reads what was kept: `s3:GetObject` in the audit bucket.
pub trait FetchKept: Sync {
    /// The bytes under a key.
    fn fetch(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, PortError>> + Send;
}

/// One message to people and machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The subject of an e-mail.
    pub subject: String,
    /// The text for people.
    pub text: String,
    /// The same facts for machines.
    pub json: String,
    /// What subscriptions filter by; none is empty.
    pub attributes: Vec<(&'static str, String)>,
}

/// Publishes alerts: `sns:Publish` on the topics.
pub trait PublishAlerts: Sync {
    /// Publishes to the topic for people, and to the one for machines where there is one: the id of the first message.
    fn publish(&self, message: &Message) -> impl Future<Output = Result<String, PortError>> + Send;
}

/// A configuration resource, as a list names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedResource {
    /// Its id, of a part with that of the whole before it (`KB:DS`).
    pub id: String,
    /// Its version; `None` where it has none, and of the draft where the list does not say.
    pub version: Option<String>,
    /// Its ARN, where the list says it.
    pub arn: Option<String>,
}

/// What came of listing resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceList {
    /// A page.
    Page {
        /// What is on it.
        listed: Vec<ListedResource>,
        /// The service's token of the next page; `None` on the last.
        next: Option<String>,
    },
    /// Nobody may list them here: why, in the words of the service.
    Denied(String),
}

/// Lists configuration resources: `bedrock:List...`.
pub trait ListResources: Sync {
    /// A page of a kind; of the versions or parts of one resource where its id is given. An error is worth another try.
    fn list_resources(
        &self,
        kind: SubjectKind,
        whole: Option<&str>,
        page: Option<&str>,
    ) -> impl Future<Output = Result<ResourceList, PortError>> + Send;
}

/// Goes on with a baseline later: `sqs:SendMessage` to the queue of the baseline.
pub trait ContinueBaseline: Sync {
    /// Takes the request.
    fn go_on(&self, request: &BaselineRequest) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A resource in the list of those that were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedResource {
    /// Which one.
    pub resource: Resource,
    /// The beginning of the run that saw it last.
    pub seen_at: Timestamp,
}

/// Keeps a list of the resources that were seen: `dynamodb:PutItem` on States.
pub trait NoteResources: Sync {
    /// Notes that a run saw a resource.
    fn note_resource(
        &self,
        subject: &Subject,
        seen_at: Timestamp,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Notes that a difference was seen, and says when it was first.
    fn first_sight(
        &self,
        subject: &Subject,
        difference: &str,
        now: Timestamp,
        expires_at: i64,
    ) -> impl Future<Output = Result<Timestamp, PortError>> + Send;
}

/// Asks which resources were seen: `dynamodb:Query` on States.
pub trait QueryNotedResources: Sync {
    /// So many resources of a kind in an account and region, behind the one after which the page begins; and after which the
    /// next page does.
    fn noted_resources(
        &self,
        list: &str,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<NotedResource>, Option<String>), PortError>> + Send;
}

/// Waits a little between reads, so that others who read the same service are not throttled.
pub trait Pause: Sync {
    /// Waits.
    fn pause(&self) -> impl Future<Output = ()> + Send;
}

/// Reads the trails that serve the region: `cloudtrail:DescribeTrails`, `cloudtrail:GetTrailStatus`,
/// `cloudtrail:GetEventSelectors`.
pub trait ReadTrails: Sync {
    /// Every trail, those of other regions and of the organization included. What could not be read of one says why.
    fn trails(&self) -> impl Future<Output = Result<Vec<Trail>, PortError>> + Send;
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackPart {
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name: of a rule its name, with `<bus>|` before where that is not the default bus; of a queue its URL.
    pub physical_id: String,
    /// `AWS::Events::Rule`, `AWS::SQS::Queue`, ...
    pub kind: String,
}

/// Lists the resources of a stack: `cloudformation:ListStackResources`.
pub trait ListStackParts: Sync {
    /// Every resource that the stack has made and not deleted.
    fn stack_parts(&self, stack: &str) -> impl Future<Output = Result<Vec<StackPart>, PortError>> + Send;
}

/// Reads rules: `events:DescribeRule`, `events:ListTargetsByRule`.
pub trait ReadRules: Sync {
    /// A rule with its targets, by its name in a stack; `None` where it is gone.
    fn rule(&self, physical_id: &str) -> impl Future<Output = Result<Option<RuleNow>, PortError>> + Send;
}

/// Reads what queues hold: `sqs:GetQueueAttributes`.
pub trait ReadQueues: Sync {
    /// A queue by its URL; `None` where it is gone.
    fn queue(&self, url: &str) -> impl Future<Output = Result<Option<QueueNow>, PortError>> + Send;
}
