//! The room of body shapes: one file and one line of [`SHAPES`] for each family.
//!
//! A body is known by its shape, never by the model id, which may be an opaque profile ARN (FORMATS 11.6). A body that
//! no line knows is recorded as such, with its members' names; it is never taken for one without a system prompt.

mod answer;
mod messages;
mod reading;

mod anthropic;
mod cohere;
mod converse;
mod embeddings;
mod media;
mod nova;
mod openai_chat;
mod openai_responses;
mod prompt;
mod rerank;
mod titan;

use serde_json::value::RawValue;

pub use self::{
    answer::{Answer, Citations},
    reading::BodyReading,
};
use crate::json::{Members, elements};

/// How one family writes its requests and answers.
pub struct BodyShape {
    /// The name under which the ledger keeps it.
    pub name: &'static str,
    /// Whether a request body with these members has this shape.
    pub recognise: fn(&Members<'_>) -> bool,
    /// Collects the instructions and the retrieved passages of a request body.
    pub read_request: for<'a> fn(&Members<'a>, &mut BodyReading<'a>),
    /// Adds what it knows of an answer, or of one event of a streamed answer. It is shown the answers of all
    /// families, and reads the members that are its own.
    pub read_answer: fn(&Members<'_>, &mut Answer),
}

/// Every shape, in the order in which they are tried: those that say most of themselves first.
pub const SHAPES: &[BodyShape] = &[
    nova::SHAPE,
    anthropic::SHAPE,
    converse::SHAPE,
    openai_chat::SHAPE,
    openai_responses::SHAPE,
    cohere::SHAPE,
    rerank::SHAPE,
    embeddings::SHAPE,
    media::SHAPE,
    titan::SHAPE,
    prompt::SHAPE,
];

/// The shape of a request body, with its members.
pub fn recognise(body: &RawValue) -> Option<(&'static BodyShape, Members<'_>)> {
    let members = Members::of(body)?;
    let shape = SHAPES.iter().find(|shape| (shape.recognise)(&members))?;
    Some((shape, members))
}

/// Reads an answer: an object, or the events of a stream, between which strings may stand (FORMATS 1.3).
pub fn read_answer(body: &RawValue, answer: &mut Answer) {
    let events = elements(body).unwrap_or_else(|| vec![body]);
    for members in events.into_iter().filter_map(Members::of) {
        answer.guardrail.read_invoke_members(&members);
        for shape in SHAPES {
            (shape.read_answer)(&members, answer);
        }
    }
}

/// The names of a body's members, at most 20 of 64 characters: what is kept of a body of unknown shape.
pub fn member_names(body: &RawValue) -> Vec<String> {
    let members = Members::of(body).unwrap_or_default();
    members.names().take(20).map(|name| name.chars().take(64).collect()).collect()
}
