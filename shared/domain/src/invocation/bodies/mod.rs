//! The room of body shapes: one file and one line of [`SHAPES`] for each family.
//!
//! A body is known by its shape, never by the model id, which may be an opaque profile ARN (FORMATS 11.6). A body that
//! no line knows is recorded as such, with its members' names; it is never taken for one without a system prompt.

mod anthropic;
mod converse;
mod nova;

use serde_json::value::RawValue;

use crate::{
    guardrail::GuardrailTrace,
    json::{Members, elements},
    passage::{Passage, in_search_results},
    prompt::InstructionBlock,
};

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

/// Every shape, in the order in which they are tried.
pub const SHAPES: &[BodyShape] = &[anthropic::SHAPE, nova::SHAPE, converse::SHAPE];

/// What is found in a request body.
#[derive(Debug, Default)]
pub struct BodyReading<'a> {
    /// The blocks of the system prompt, in order.
    pub instructions: Vec<InstructionBlock<'a>>,
    /// The retrieved passages, in order.
    pub passages: Vec<Passage>,
}

impl<'a> BodyReading<'a> {
    /// Adds an instruction block, and the passages that a retrieval put into it.
    pub fn add_instruction(&mut self, path: String, text: std::borrow::Cow<'a, str>) {
        let mut passages = in_search_results(&text);
        // a second block goes on counting, so that no two passages of a prompt share a number
        let before = self.passages.last().map_or(0, |passage| passage.ordinal);
        passages.iter_mut().for_each(|passage| passage.ordinal += before);
        self.passages.append(&mut passages);
        self.instructions.push(InstructionBlock { path, text });
    }
}

/// What is found in an answer body.
#[derive(Debug, Default)]
pub struct Answer {
    /// Why the model stopped, in the words of its family.
    pub stop_reason: Option<String>,
    /// What the answer shows of guardrails.
    pub guardrail: GuardrailTrace,
    /// The text of the answer, collected where somebody asked for it.
    pub text: String,
    collects_text: bool,
}

impl Answer {
    /// An answer whose text is wanted as well: to see which passages it cites.
    pub fn collecting_text() -> Self {
        Self { collects_text: true, ..Self::default() }
    }

    /// Adds a piece of the answer's text.
    pub fn add_text(&mut self, raw: Option<&RawValue>) {
        if !self.collects_text {
            return;
        }
        if let Some(text) = raw.and_then(crate::json::text) {
            self.text.push_str(&text);
        }
    }

    /// Adds why the model stopped.
    pub fn add_stop_reason(&mut self, raw: Option<&RawValue>) {
        if let Some(reason) = raw.and_then(crate::json::text) {
            self.stop_reason = Some(reason.into_owned());
        }
    }
}

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

/// Whether the first content block of the first message is an object for which `test` holds.
fn first_content_block(members: &Members<'_>, test: impl Fn(&Members<'_>) -> bool) -> bool {
    let first = |raw: &RawValue| -> Option<bool> {
        let message = Members::of(raw)?;
        let blocks = message.array("content")?;
        let block = Members::of(blocks.first()?)?;
        Some(test(&block))
    };
    members.array("messages").is_some_and(|messages| messages.iter().find_map(|m| first(m)) == Some(true))
}
