//! One Model Invocation Log record: a model call as it was recorded (FORMATS 1).
//!
//! The record level is read here; what a body holds is read by its shape, in [`bodies`].

pub mod bodies;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::{
    digest::Sha256,
    evidence::{Evidence, ObjectLocation},
    guardrail::{GuardrailFinding, GuardrailTrace},
    json,
    passage::{Certainty, Passage},
    principal::Principal,
    prompt::{Fingerprint, SystemPromptStatus, fingerprint},
    values::{Unread, read_as, refused},
};
use bodies::{Answer, BodyReading};
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
}

/// A passage of the prompt, and whether the answer cites it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptPassage {
    /// The passage.
    pub passage: Passage,
    /// `None` where the answer's format does not tell.
    pub cited: Option<bool>,
}

/// Where a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyState {
    /// In the record.
    Inline,
    /// In an object of its own that was not read yet.
    Offloaded,
    /// In an object that is not there.
    Missing,
    /// Behind a pointer that leads where we do not follow.
    Refused,
    /// Nowhere: text delivery is off.
    NotDelivered,
    /// There is none: the call failed.
    Absent,
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

impl Invocation {
    /// 0 while a body is outstanding, 1 when nothing more will come.
    pub fn completeness(&self) -> u8 {
        let outstanding = [self.input_body, self.output_body].contains(&BodyState::Offloaded);
        u8::from(!outstanding)
    }
}

impl RecordReading {
    /// Reads the record at the start of `bytes`: what it says, and its length in bytes.
    ///
    /// # Errors
    /// [`Unread::Json`] where the bytes are no JSON or the start of a value; [`Unread::Refused`] for a value that is no
    /// Model Invocation Log record.
    pub fn read(bytes: &[u8], ordinal: u64, location: &ObjectLocation) -> Result<(Self, usize), Unread> {
        if bytes.first() != Some(&b'{') {
            return refused(bytes, "no model invocation log record: no object".to_owned());
        }
        let (record, used) = read_as::<Record<'_>>(bytes)?;
        let Some(model_id) = record.model_id() else {
            return refused(bytes, "no model invocation log record: it has no modelId".to_owned());
        };
        let Some(occurred_at) = record.timestamp() else {
            return refused(bytes, "its timestamp is missing or no time".to_owned());
        };
        let sha256 = Sha256::of(bytes.get(..used).unwrap_or_default());
        let evidence = Evidence { location: location.clone(), ordinal, sha256 };
        Ok((Self::from_record(&record, model_id, occurred_at, evidence), used))
    }

    fn from_record(
        record: &Record<'_>,
        model_id: String,
        occurred_at: Timestamp,
        evidence: Evidence,
    ) -> Self {
        let error_code = record.error_code();
        let (input, output) = (record.input(), record.output());
        let request = input.body.and_then(bodies::recognise);
        let mut reading = BodyReading::default();
        if let Some((shape, members)) = &request {
            (shape.read_request)(members, &mut reading);
        }
        let answer = read_answer(output.body, !reading.passages.is_empty());
        let system_prompt = fingerprint(&reading.instructions);
        let status =
            prompt_status(input.state, error_code.is_some(), request.is_some(), system_prompt.is_some());
        let request_metadata = record.request_metadata();
        let passages = cited(reading.passages, &answer);
        let invocation = Invocation {
            request_id: record.request_id().unwrap_or_else(|| format!("sha256-{}", evidence.sha256.short())),
            occurred_at,
            account_id: record.account_id(),
            region: record.region(),
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
            request_metadata,
            sources: u32::try_from(passages.len()).unwrap_or(u32::MAX),
            body_members: input
                .body
                .filter(|_| request.is_none())
                .map(bodies::member_names)
                .unwrap_or_default(),
            body_shape: request.map(|(shape, _)| shape.name.to_owned()),
            evidence,
        };
        Self { invocation, system_prompt, passages }
    }
}

fn read_answer(body: Option<&RawValue>, wants_text: bool) -> Answer {
    let mut answer = if wants_text { Answer::collecting_text() } else { Answer::default() };
    if let Some(body) = body {
        bodies::read_answer(body, &mut answer);
    }
    answer
}

fn prompt_status(input: BodyState, failed: bool, recognised: bool, found: bool) -> SystemPromptStatus {
    match input {
        BodyState::Inline if !recognised => SystemPromptStatus::UnknownShape,
        BodyState::Inline if found => SystemPromptStatus::Recorded,
        BodyState::Inline => SystemPromptStatus::None,
        BodyState::Offloaded => SystemPromptStatus::Offloaded,
        BodyState::Missing => SystemPromptStatus::Missing,
        BodyState::Refused => SystemPromptStatus::Refused,
        BodyState::NotDelivered | BodyState::Absent if failed => SystemPromptStatus::FailedCall,
        BodyState::NotDelivered | BodyState::Absent => SystemPromptStatus::NotDelivered,
    }
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

fn cited(passages: Vec<Passage>, answer: &Answer) -> Vec<PromptPassage> {
    let cited = if passages.is_empty() { None } else { crate::passage::cited_ordinals(&answer.text) };
    passages
        .into_iter()
        .map(|passage| PromptPassage {
            cited: cited.as_ref().map(|ordinals| ordinals.contains(&passage.ordinal)),
            passage,
        })
        .collect()
}

/// One side of a record: its body, and where that is.
struct Side<'a> {
    state: BodyState,
    body: Option<&'a RawValue>,
}

impl<'a> Side<'a> {
    /// An empty body beside a pointer is a body that lies elsewhere (FORMATS 11.11).
    fn of(there: bool, body: Option<&'a RawValue>, pointer: Option<&'a RawValue>) -> Self {
        let body = json::present(body);
        let elsewhere = json::present(pointer).and_then(json::text).is_some_and(|p| !p.is_empty());
        let inline = body.filter(|body| !elsewhere || !json::is_empty(body));
        let state = match inline {
            Some(_) => BodyState::Inline,
            None if elsewhere => BodyState::Offloaded,
            None if there => BodyState::NotDelivered,
            None => BodyState::Absent,
        };
        Self { state, body: inline }
    }
}

#[cfg(test)]
mod tests;
