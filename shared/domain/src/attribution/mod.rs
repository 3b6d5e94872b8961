//! The response of a knowledge base or an agent, as an application sent it: which documents were retrieved for an answer, and
//! which of them it cites. Everything in it is the application's word (`reported`), and nothing inside a passage becomes
//! structure (FORMATS 11.27).
//!
//! * [`event`]: the event that carries a response.
//! * [`response`]: the responses by their shape.
//! * [`retrieved`]: one passage in them; [`location`] says which document, [`content`] what it holds.
//! * [`answer`]: an answer and its citations, to be shown.

pub mod answer;
pub mod content;
pub mod event;
pub mod location;
pub mod response;
pub mod retrieved;

use std::borrow::Cow;

use jiff::{Timestamp, fmt::rfc2822};
use serde_json::{Value, value::RawValue};

use self::{
    event::{AttributionEvent, Refusal, Sender},
    response::{Response, Shape},
    retrieved::Retrieved,
};
use crate::{
    digest::{Sha256, bounded_key, bounded_to},
    json::{Members, compact, text},
    ledger::record::Common,
    principal::Principal,
    state::canonical,
    time,
};

/// The longest id, in bytes.
const LONGEST_ID: usize = 256;

/// All sources of one answer, as one response has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// What every item has. The account and the region are those of the sender.
    pub common: Common,
    /// The digest of the response: the same however it was laid out.
    pub carrier: Sha256,
    /// `Retrieve`, `RetrieveAndGenerate`, ...
    pub operation: String,
    /// The session.
    pub session_id: Option<String>,
    /// The knowledge base, as the application says.
    pub knowledge_base_id: Option<String>,
    /// The model, as the application says.
    pub model_id: Option<String>,
    /// What a guardrail did.
    pub guardrail_action: Option<String>,
    /// Whether these are only what the answer cites, and not all that was in context.
    pub only_cited: bool,
    /// How many sources are kept.
    pub sources: u32,
    /// So many more there were.
    pub sources_left_out: u32,
    /// How many parts of the answer have citations; `None` where the response has no answer.
    pub citations: Option<u32>,
    /// How many of these refer to nothing.
    pub empty_citations: u32,
    /// The length of the answer.
    pub output_characters: Option<u64>,
    /// The requests that an agent made for its answer.
    pub related_request_ids: Vec<String>,
    /// Who sent it.
    pub sender: Sender,
    /// The key of the response in the audit bucket, where it lies there.
    pub response_key: Option<String>,
}

/// What is known where the event itself does not say it.
#[derive(Clone, Debug)]
pub struct Surroundings<'a> {
    /// The account of the function.
    pub account_id: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What was read of a response.
#[derive(Debug)]
pub struct AttributionReading {
    /// The response as a whole.
    pub attribution: Attribution,
    /// Its sources, in order.
    pub passages: Vec<Retrieved>,
}

impl AttributionReading {
    /// Reads the response that an event brought, in itself or in the object under `response_key`.
    ///
    /// # Errors
    /// It is none of the known ones.
    pub fn of(
        event: &AttributionEvent<'_>,
        response: &RawValue,
        response_key: Option<&str>,
        here: &Surroundings<'_>,
    ) -> Result<Self, Refusal> {
        let response = unwrapped(response);
        let said = event.operation.as_deref();
        let named = said.and_then(Shape::of_operation);
        let is_told = || response.get().starts_with(['{', '[']);
        let shape = Shape::of(&response).or(named.filter(|_| is_told()).map(|(_, shape)| shape));
        let shape = shape.ok_or(Refusal::UnknownShape)?;
        let read = Response::of(&response, shape);
        let metadata = Metadata::of(&response);
        let carrier = digest(&response);
        // the shape decides; what the application says names it where that fits, or where it is new
        let operation = match (named, said) {
            (Some((name, of_name)), _) if of_name == shape => name.to_owned(),
            (None, Some(said)) if is_name(said) => said.to_owned(),
            _ => shape.operation().to_owned(),
        };
        let request_id = event.request_id.clone().or_else(|| metadata.request_id());
        let sender = &event.sender;
        let common = Common {
            // an id over the limit of a key goes into every source: it is cut here already
            request_id: request_id
                .map_or_else(|| format!("sha256-{}", carrier.short()), |id| bounded_key(&id)),
            // what the service says of its answer comes before when somebody sent it on
            occurred_at: event.occurred_at.or_else(|| metadata.date()).or(event.put_at).unwrap_or(here.now),
            account_id: sender.account_id.clone().unwrap_or_else(|| here.account_id.to_owned()),
            region: event.region.clone().unwrap_or_else(|| here.region.to_owned()),
            principal: Principal::default(),
        };
        let session_id = event.session_id.clone().or(read.session_id).or_else(|| metadata.session_id());
        let attribution = Attribution {
            common,
            carrier,
            operation,
            session_id,
            knowledge_base_id: event.knowledge_base_id.clone(),
            model_id: event.model_id.clone(),
            guardrail_action: read.guardrail_action,
            only_cited: read.only_cited,
            sources: u32::try_from(read.sources.len()).unwrap_or(u32::MAX),
            sources_left_out: read.left_out,
            citations: read.citations,
            empty_citations: read.empty_citations,
            output_characters: read.output_characters,
            related_request_ids: read.related_request_ids.into_iter().collect(),
            sender: sender.clone(),
            response_key: response_key.map(str::to_owned),
        };
        let mut passages = read.sources;
        for passage in &mut passages {
            passage.knowledge_base_id =
                passage.knowledge_base_id.take().or_else(|| event.knowledge_base_id.clone());
        }
        Ok(Self { attribution, passages })
    }
}

/// Whether a text can be the name of an operation, and is no sentence.
fn is_name(said: &str) -> bool {
    said.len() <= 64 && said.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A response that the application sent as text.
fn unwrapped(response: &RawValue) -> Cow<'_, RawValue> {
    match text(response).and_then(|text| RawValue::from_string(text.into_owned()).ok()) {
        Some(inner) => Cow::Owned(inner),
        None => Cow::Borrowed(response),
    }
}

/// The digest of a response by its meaning: a bus writes JSON anew.
fn digest(response: &RawValue) -> Sha256 {
    match serde_json::from_str::<Value>(response.get()) {
        Ok(value) => Sha256::of(canonical::text(&value).as_bytes()),
        Err(_) => Sha256::of(compact(response).as_bytes()),
    }
}

/// What an SDK adds to a response: boto3's `ResponseMetadata`, JavaScript's `$metadata`.
struct Metadata<'a> {
    python: Members<'a>,
    javascript: Members<'a>,
}

impl<'a> Metadata<'a> {
    fn of(response: &'a RawValue) -> Self {
        let members = Members::of(response).unwrap_or_default();
        let object = |name: &str| members.object(name).unwrap_or_default();
        Self { python: object("ResponseMetadata"), javascript: object("$metadata") }
    }

    fn request_id(&self) -> Option<String> {
        let own = self.python.text("RequestId").or_else(|| self.javascript.text("requestId"));
        own.filter(|id| !id.trim().is_empty()).map(String::from).or_else(|| self.header("x-amzn-requestid"))
    }

    fn session_id(&self) -> Option<String> {
        let names = ["x-amzn-bedrock-knowledge-base-session-id", "x-amz-bedrock-agent-session-id"];
        names.into_iter().find_map(|name| self.header(name)).map(|id| bounded_to(&id, LONGEST_ID))
    }

    /// When the service answered.
    fn date(&self) -> Option<Timestamp> {
        let answered = rfc2822::parse(&self.header("date")?).ok()?.timestamp();
        time::parse(&time::rfc3339(answered))
    }

    fn header(&self, name: &str) -> Option<String> {
        let headers = self.python.object("HTTPHeaders")?;
        let (_, value) = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))?;
        text(value).filter(|value| !value.trim().is_empty()).map(String::from)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
