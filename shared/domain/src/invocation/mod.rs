//! One Model Invocation Log record: a model call as it was recorded (FORMATS 1).
//!
//! The record level is read here; what a body holds is read by its shape, in [`bodies`].

pub mod bodies;
mod content;
pub mod pointer;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::{
    digest::{Sha256, bounded_to},
    evidence::{Evidence, ObjectLocation},
    guardrail::{GuardrailFinding, GuardrailTrace},
    json,
    passage::{Certainty, Passage},
    principal::Principal,
    prompt::{Fingerprint, SystemPromptStatus, fingerprint},
    values::{Unread, foreign, length, read_as, refused},
};
pub use content::content;

use bodies::{Answer, BodyReading};
use pointer::{BodyPointer, BodySide, Followed, FollowedBodies};
use wire::Record;

/// One model call.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// `requestId`; a record without one is known as `sha256-<16 hex>`.
    pub request_id: String,
    /// When the call was made, whole seconds in raw records.
    pub occurred_at: Timestamp,
    /// Account ids are text.
    pub account_id: String,
    /// The region that was called.
    pub region: String,
    /// The region that answered, where a cross-region profile was called.
    pub inference_region: Option<String>,
    /// `Converse`, `InvokeModel`, ...; absent in some records.
    pub operation: Option<String>,
    /// Exactly as the caller passed it: never a hint at the body's shape (FORMATS 11.6).
    pub model_id: String,
    /// Who made the call.
    pub principal: Principal,
    /// Which system prompt was given.
    pub system_prompt: SystemPrompt,
    /// Which guardrail was active.
    pub guardrail: GuardrailFinding,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// Why the call failed; absent for a call that did not.
    pub error_code: Option<String>,
    /// Token counts at the record level.
    pub tokens: Tokens,
    /// Where the request body is.
    pub input_body: BodyState,
    /// Where the answer body is.
    pub output_body: BodyState,
    /// Where the record says that the request body lies, if not in it.
    pub input_body_path: Option<String>,
    /// Where the record says that the answer body lies, if not in it.
    pub output_body_path: Option<String>,
    /// What the record says of a generated image or video (`outputImageHeight`, `outputVideoS3Path`, ...).
    pub output_media: BTreeMap<String, String>,
    /// 0 while a body is outstanding, 1 when nothing more will come.
    pub completeness: u8,
    /// What the caller sent along.
    pub request_metadata: BTreeMap<String, String>,
    /// How many passages stood in the prompt.
    pub sources: u32,
    /// The name of the body's shape; absent without a body or where no table knows it.
    pub body_shape: Option<String>,
    /// The members of a body of unknown shape, by name: at most 20.
    pub body_members: Vec<String>,
    /// Where the record lies.
    pub evidence: Evidence,
    /// The digest of what the record says ([`content`]), where it was looked at: the same record may come in other bytes.
    pub content: Option<Sha256>,
}

/// Tokens as the record counts them; counts inside of bodies can be zero where these are not (FORMATS 11.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Into the model.
    pub input: Option<u64>,
    /// Out of the model.
    pub output: Option<u64>,
    /// Read from the prompt cache.
    pub cache_read: Option<u64>,
    /// Written to the prompt cache.
    pub cache_write: Option<u64>,
}

/// The system prompt of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemPrompt {
    /// What is known of it.
    pub status: SystemPromptStatus,
    /// The digest of its fingerprint text, with [`SystemPromptStatus::Recorded`] only.
    pub id: Option<Sha256>,
    /// Where its first block stood in the body.
    pub found_at: Option<String>,
}

/// What one record was read as: the invocation, and the texts that are kept apart from it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordReading {
    /// The model call.
    pub invocation: Invocation,
    /// The system prompt's fingerprint text.
    pub system_prompt: Option<Fingerprint>,
    /// The passages that stood in the prompt.
    pub passages: Vec<PromptPassage>,
    /// The bodies that are not in the record.
    pub pointers: Vec<BodyPointer>,
}

/// A passage of the prompt, and whether the answer cites it.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptPassage {
    /// The passage.
    pub passage: Passage,
    /// `None` where the answer's format does not tell.
    pub cited: Option<bool>,
    /// How well it fitted the question, where the answer is a ranking.
    pub score: Option<f64>,
}

/// Where a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyState {
    /// At hand: in the record, or read from the object that the record points to.
    Inline,
    /// In an object of its own that was not read yet.
    Offloaded,
    /// In an object that is not there, or that nobody may read.
    Missing,
    /// Behind a pointer that leads where we do not follow.
    Refused,
    /// Nowhere: text delivery is off.
    NotDelivered,
    /// There is none: the call failed.
    Absent,
}

impl Invocation {
    /// Whether this one, which is known, tells all that another record of the same content does.
    pub fn tells_all_of(&self, other: &Self) -> bool {
        let lacks = |invocation: &Self| {
            let bodies = [invocation.input_body, invocation.output_body];
            bodies.iter().any(|body| matches!(body, BodyState::Missing | BodyState::Refused))
        };
        self.content.is_some()
            && self.content == other.content
            && self.completeness >= other.completeness
            && (!lacks(self) || lacks(other))
    }

    /// Whether this one and another of the same request id say different things in what matters: a conflict (DESIGN 4). A
    /// record that came by two ways says the same twice.
    pub fn disagrees_with(&self, other: &Self) -> bool {
        let is_copy = self.content.is_some() && self.content == other.content;
        !is_copy
            && (self.occurred_at != other.occurred_at
                || self.operation != other.operation
                || self.model_id != other.model_id
                || self.principal != other.principal
                || self.error_code != other.error_code
                || self.tokens != other.tokens
                || self.system_prompt.id != other.system_prompt.id)
    }
}

impl BodyState {
    /// Every state, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::Inline, "inline"),
        (Self::Offloaded, "offloaded"),
        (Self::Missing, "missing"),
        (Self::Refused, "refused"),
        (Self::NotDelivered, "not_delivered"),
        (Self::Absent, "absent"),
    ];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// The state of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }
}

impl RecordReading {
    /// Reads the record at the start of `bytes`: what it says, and its length in bytes.
    ///
    /// # Errors
    /// [`Unread::Json`] where the bytes are no JSON or the start of a value; [`Unread::Refused`] for a value that is no
    /// Model Invocation Log record.
    pub fn read(bytes: &[u8], ordinal: u64, location: &ObjectLocation) -> Result<(Self, usize), Unread> {
        Self::read_with(bytes, ordinal, location, &FollowedBodies::default())
    }

    /// The same, with what became of the pointers to bodies that are not in the record.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_with(
        bytes: &[u8],
        ordinal: u64,
        location: &ObjectLocation,
        followed: &FollowedBodies,
    ) -> Result<(Self, usize), Unread> {
        if bytes.first() != Some(&b'{') {
            return foreign(length(bytes)?, "no model invocation log record: no object");
        }
        let (record, used) = read_as::<Record<'_>>(bytes)?;
        let Some(model_id) = record.model_id() else {
            return foreign(used, "no model invocation log record: it has no modelId");
        };
        let Some(occurred_at) = record.timestamp() else {
            return refused(used, "its timestamp is missing or no time");
        };
        let sha256 = Sha256::of(bytes.get(..used).unwrap_or_default());
        let evidence = Evidence { location: location.clone(), ordinal, sha256 };
        Ok((Self::from_record(&record, model_id, occurred_at, evidence, followed), used))
    }

    fn from_record(
        record: &Record<'_>,
        model_id: String,
        occurred_at: Timestamp,
        evidence: Evidence,
        followed: &FollowedBodies,
    ) -> Self {
        let error_code = record.error_code();
        let input = record.input().followed(followed.input.as_ref());
        let output = record.output().followed(followed.output.as_ref());
        let request = input.body.and_then(bodies::recognise);
        let mut reading = BodyReading::default();
        if let Some((shape, members)) = &request {
            (shape.read_request)(members, &mut reading);
        }
        let answer = read_answer(output.body, !reading.passages.is_empty());
        let system_prompt = fingerprint(&reading.instructions);
        let knows_all = request.is_some() && (system_prompt.is_some() || !is_prompt_resource(&model_id));
        let status = prompt_status(input.state, error_code.is_some(), knows_all, system_prompt.is_some());
        let request_metadata = record.request_metadata();
        let passages = cited(reading.passages, output.body.map(|_| &answer));
        let (account_id, region) = (record.account_id(), record.region());
        let pointers = [(BodySide::Input, &input), (BodySide::Output, &output)];
        let pointers = pointers.into_iter().filter_map(|(side, found)| {
            let path = found.pointer.clone()?;
            Some(BodyPointer::new(side, path, &account_id, &region))
        });
        let pointers = pointers.collect();
        let invocation = Invocation {
            request_id: record.request_id().unwrap_or_else(|| format!("sha256-{}", evidence.sha256.short())),
            occurred_at,
            account_id,
            region,
            inference_region: record.inference_region(),
            operation: record.operation(),
            model_id,
            principal: record.principal(),
            system_prompt: SystemPrompt {
                status,
                id: system_prompt.as_ref().map(|prompt| prompt.id.clone()),
                found_at: system_prompt.as_ref().map(|prompt| prompt.found_at.clone()),
            },
            guardrail: guardrail_of(&answer.guardrail, &request_metadata),
            stop_reason: answer.stop_reason,
            error_code,
            tokens: record.tokens(),
            input_body: input.state,
            output_body: output.state,
            output_media: record.output_media(),
            completeness: u8::from(!(input.outstanding || output.outstanding)),
            request_metadata,
            sources: u32::try_from(passages.len()).unwrap_or(u32::MAX),
            body_members: input
                .body
                .filter(|_| request.is_none())
                .map(bodies::member_names)
                .unwrap_or_default(),
            body_shape: request.map(|(shape, _)| reading.dialect.unwrap_or(shape.name).to_owned()),
            input_body_path: input.pointer.as_deref().map(bounded_path),
            output_body_path: output.pointer.as_deref().map(bounded_path),
            evidence,
            content: None,
        };
        Self { invocation, system_prompt, passages, pointers }
    }
}

fn read_answer(body: Option<&RawValue>, wants_citations: bool) -> Answer {
    let mut answer = if wants_citations { Answer::with_citations() } else { Answer::default() };
    if let Some(body) = body {
        bodies::read_answer(body, &mut answer);
    }
    answer
}

fn prompt_status(input: BodyState, failed: bool, knows_all: bool, found: bool) -> SystemPromptStatus {
    match input {
        BodyState::Inline if !knows_all => SystemPromptStatus::UnknownShape,
        BodyState::Inline if found => SystemPromptStatus::Recorded,
        BodyState::Inline => SystemPromptStatus::None,
        BodyState::Offloaded => SystemPromptStatus::Offloaded,
        BodyState::Missing => SystemPromptStatus::Missing,
        BodyState::Refused => SystemPromptStatus::Refused,
        BodyState::NotDelivered | BodyState::Absent if failed => SystemPromptStatus::FailedCall,
        BodyState::NotDelivered | BodyState::Absent => SystemPromptStatus::NotDelivered,
    }
}

/// S3 takes keys of 1,024 bytes; a path that cannot be one is kept at a length that an item can hold.
fn bounded_path(path: &str) -> String {
    bounded_to(path, 2_048)
}

/// Whether the call names a prompt of Prompt management as its model. What is in it may not be in the log (FORMATS 10.2).
pub fn is_prompt_resource(model_id: &str) -> bool {
    model_id.starts_with("arn:") && model_id.contains(":prompt/")
}

fn guardrail_of(trace: &GuardrailTrace, request_metadata: &BTreeMap<String, String>) -> GuardrailFinding {
    let mut finding = trace.finding(request_metadata);
    if finding.certainty == Certainty::Unknown {
        finding.basis = finding
            .action
            .as_ref()
            .map(|_| "the answer names no guardrail: the caller had no trace on".to_owned());
    }
    finding
}

/// Without an answer nothing is known of what it cites.
fn cited(passages: Vec<Passage>, answer: Option<&Answer>) -> Vec<PromptPassage> {
    let citations = answer.map(Answer::citations);
    passages
        .into_iter()
        .map(|passage| PromptPassage {
            cited: citations.as_ref().and_then(|citations| citations.tell(&passage)),
            score: answer.and_then(|answer| answer.score(&passage.reference)),
            passage,
        })
        .collect()
}

/// One side of a record: its body, and where that is.
struct Side<'a> {
    state: BodyState,
    body: Option<&'a RawValue>,
    /// The path under which the body lies, if not in the record.
    pointer: Option<String>,
    /// Whether the body may still come.
    outstanding: bool,
}

impl<'a> Side<'a> {
    /// An empty body beside a pointer is a body that lies elsewhere (FORMATS 11.11).
    fn of(there: bool, body: Option<&'a RawValue>, pointer: Option<&'a RawValue>) -> Self {
        let body = json::present(body);
        let pointer = json::present(pointer).and_then(json::text).filter(|path| !path.is_empty());
        let inline = body.filter(|body| pointer.is_none() || !json::is_empty(body));
        let pointer = pointer.filter(|_| inline.is_none()).map(String::from);
        let state = match inline {
            Some(_) => BodyState::Inline,
            None if pointer.is_some() => BodyState::Offloaded,
            None if there => BodyState::NotDelivered,
            None => BodyState::Absent,
        };
        Self { state, body: inline, outstanding: pointer.is_some(), pointer }
    }

    /// The side with what became of its pointer.
    fn followed(self, followed: Option<&'a Followed>) -> Self {
        let Some(followed) = followed.filter(|_| self.pointer.is_some()) else { return self };
        let (state, body) = match followed {
            Followed::Body(body) => (BodyState::Inline, Some(&**body)),
            Followed::Later => (BodyState::Offloaded, None),
            Followed::NotThere | Followed::Missing => (BodyState::Missing, None),
            Followed::Refused => (BodyState::Refused, None),
        };
        let outstanding = matches!(followed, Followed::Later | Followed::NotThere);
        Self { state, body, outstanding, ..self }
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
