//! Anthropic Messages through InvokeModel, plain and streamed (FORMATS 1.3, 3.1, 4.2).

use serde_json::value::RawValue;

use super::{Answer, BodyReading, BodyShape, messages, messages::joined_text};
use crate::{
    json::{Members, boolean, first_object, objects, text},
    passage::{Passage, Reference},
};

pub(super) const SHAPE: BodyShape =
    BodyShape { name: "anthropic-messages", recognise, read_request, read_answer };

/// `system` is a text, or an array of blocks that have a `type`; Bedrock asks for `anthropic_version`.
fn recognise(body: &Members<'_>) -> bool {
    if !body.has("messages") {
        return false;
    }
    let system_is_typed = || {
        let typed = |system: &RawValue| first_object(system).is_some_and(|block| block.has("type"));
        body.get("system").is_some_and(|system| typed(system) || text(system).is_some())
    };
    body.has("anthropic_version") || system_is_typed()
}

fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    if let Some(system) = body.get("system") {
        read_system(system, reading);
    }
    messages::read_context(body, reading, read_block);
}

fn read_system<'a>(system: &'a RawValue, reading: &mut BodyReading<'a>) {
    if let Some(text) = text(system) {
        reading.add_instruction("system".to_owned(), text);
        return;
    }
    for (nth, block) in objects(system).unwrap_or_default().iter().enumerate() {
        if let Some(text) = block.as_ref().and_then(|block| block.text("text")) {
            reading.add_instruction(format!("system[{nth}].text"), text);
        }
    }
}

/// `{type: "tool_result"}`, or what may stand in one.
pub(super) fn read_block(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    match block.text("type").as_deref() {
        Some("tool_result") => read_tool_result(block, at, reading),
        _ => read_source(block, at, reading),
    }
}

/// `{type: "document"}`, `{type: "search_result"}`.
fn read_source(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    match block.text("type").as_deref() {
        Some("document") => read_document(block, at, reading),
        Some("search_result") => read_search_result(block, at, reading),
        _ => {}
    }
}

/// `source` holds a text under `data`, blocks under `content`, or leads elsewhere.
fn read_document(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    let source = block.object("source").unwrap_or_default();
    let text = match source.text("type").as_deref() {
        Some("text") => source.text("data"),
        _ => source.get("content").and_then(joined_text),
    };
    reading.add_document(Passage {
        text: text.map(String::from),
        uri: source.text("url").map(String::from),
        title: block.text("title").map(String::from),
        citations_asked: asks_for_citations(block),
        ..Passage::at(at)
    });
}

fn read_search_result(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    reading.add_search_result(Passage {
        text: block.get("content").and_then(joined_text).map(String::from),
        uri: block.text("source").map(String::from),
        title: block.text("title").map(String::from),
        citations_asked: asks_for_citations(block),
        ..Passage::at(at)
    });
}

/// A result holds no other one: whoever nests them without end gets no further than this.
fn read_tool_result(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    let Some(content) = block.get("content") else { return };
    let at = format!("{at}.content");
    if let Some(text) = text(content) {
        reading.add_function_result(&text, at);
        return;
    }
    for (nth, inner) in objects(content).unwrap_or_default().iter().enumerate() {
        let Some(inner) = inner else { continue };
        match inner.text("text") {
            Some(text) => reading.add_function_result(&text, format!("{at}[{nth}].text")),
            None => read_source(inner, &format!("{at}[{nth}]"), reading),
        }
    }
}

/// `citations: {enabled: true}`, in Converse as well.
pub(super) fn asks_for_citations(block: &Members<'_>) -> bool {
    block.at(&["citations", "enabled"]).and_then(boolean) == Some(true)
}

/// An answer has `content[]` and `stop_reason`; a stream says them in `content_block_delta` and `message_delta`.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    match part.text("type").as_deref() {
        Some("message") => {
            answer.add_stop_reason(part.get("stop_reason"));
            for block in part.array("content").unwrap_or_default().into_iter().filter_map(Members::of) {
                answer.add_text(block.get("text"));
                block.array("citations").into_iter().flatten().for_each(|raw| read_citation(raw, answer));
            }
        }
        Some("content_block_delta") => {
            let delta = part.object("delta").unwrap_or_default();
            answer.add_text(delta.get("text"));
            delta.get("citation").into_iter().for_each(|raw| read_citation(raw, answer));
        }
        Some("message_delta") => {
            answer.add_stop_reason(part.object("delta").and_then(|delta| delta.get("stop_reason")));
        }
        _ => {}
    }
}

fn read_citation(raw: &RawValue, answer: &mut Answer) {
    let citation = Members::of(raw).unwrap_or_default();
    answer.add_indexed(citation.get("search_result_index"), Reference::SearchResult);
    answer.add_indexed(citation.get("document_index"), Reference::Document);
}
