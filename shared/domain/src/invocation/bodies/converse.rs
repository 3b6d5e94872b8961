//! Converse and ConverseStream: one form for every model, the stream already merged in the log (FORMATS 1.3, 3.1, 4.2).

use serde_json::value::RawValue;

use super::{Answer, BodyReading, BodyShape, anthropic::asks_for_citations, messages, messages::joined_text};
use crate::{
    json::{Members, compact, elements, first_object, objects, text},
    passage::{Passage, Reference},
};

pub(super) const SHAPE: BodyShape = BodyShape { name: "converse", recognise, read_request, read_answer };

/// Content blocks are objects named by their only member (`{"text": ...}`): they have no `type`.
fn recognise(body: &Members<'_>) -> bool {
    let untyped = |block: &Members<'_>| !block.has("type");
    match body.get("system").and_then(first_object) {
        Some(block) => untyped(&block),
        None => first_content_block(body, untyped),
    }
}

/// Whether the first content block of the messages is an object for which `test` holds.
fn first_content_block(body: &Members<'_>, test: impl Fn(&Members<'_>) -> bool) -> bool {
    let first =
        |raw: &RawValue| -> Option<bool> { Some(test(&first_object(Members::of(raw)?.get("content")?)?)) };
    body.array("messages").is_some_and(|messages| messages.iter().find_map(|m| first(m)) == Some(true))
}

pub(super) fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    read_system(body, reading);
    messages::read_context(body, reading, read_block);
}

/// `system[]` of `{text}`, `{guardContent: {text: {text}}}` and `{cachePoint}`.
fn read_system<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    for (nth, block) in body.get("system").and_then(objects).unwrap_or_default().iter().enumerate() {
        let Some(block) = block else { continue };
        if let Some(text) = block.text("text") {
            reading.add_instruction(format!("system[{nth}].text"), text);
        } else if let Some(text) = block.at(&["guardContent", "text", "text"]).and_then(text) {
            reading.add_instruction(format!("system[{nth}].guardContent.text.text"), text);
            read_grounding_source(block, &format!("system[{nth}]"), reading);
        }
    }
}

/// `toolResult`, and what may stand in one.
fn read_block(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    read_source(block, at, reading);
    if let Some(result) = block.object("toolResult") {
        read_tool_result(&result, &format!("{at}.toolResult.content"), reading);
    }
}

/// `document`, `searchResult`, and `guardContent` that qualifies as a grounding source.
fn read_source(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    if let Some(document) = block.object("document") {
        read_document(&document, format!("{at}.document"), reading);
    }
    if let Some(result) = block.object("searchResult") {
        read_search_result(&result, format!("{at}.searchResult"), reading);
    }
    read_grounding_source(block, at, reading);
}

/// `source` holds the text or content blocks; in a log, bytes have become an `s3Uri` (FORMATS 1.3).
fn read_document(document: &Members<'_>, at: String, reading: &mut BodyReading<'_>) {
    let source = document.object("source").unwrap_or_default();
    let text = source.text("text").or_else(|| source.get("content").and_then(joined_text));
    let uri = source.text("s3Uri").or_else(|| source.at(&["s3Location", "uri"]).and_then(crate::json::text));
    reading.add_document(Passage {
        text: text.map(String::from),
        uri: uri.map(String::from),
        title: document.text("name").map(String::from),
        citations_asked: asks_for_citations(document),
        ..Passage::at(at)
    });
}

fn read_search_result(result: &Members<'_>, at: String, reading: &mut BodyReading<'_>) {
    reading.add_search_result(Passage {
        text: result.get("content").and_then(joined_text).map(String::from),
        uri: result.text("source").map(String::from),
        title: result.text("title").map(String::from),
        citations_asked: asks_for_citations(result),
        ..Passage::at(at)
    });
}

/// A result holds no other one: whoever nests them without end gets no further than this.
fn read_tool_result(result: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    for (nth, item) in result.get("content").and_then(objects).unwrap_or_default().iter().enumerate() {
        let Some(item) = item else { continue };
        let at = format!("{at}[{nth}]");
        if let Some(text) = item.text("text") {
            reading.add_function_result(&text, format!("{at}.text"));
        }
        if let Some(json) = item.get("json") {
            reading.add_function_result(&compact(json), format!("{at}.json"));
        }
        read_source(item, &at, reading);
    }
}

fn read_grounding_source(block: &Members<'_>, at: &str, reading: &mut BodyReading<'_>) {
    let Some(guarded) = block.object("guardContent").and_then(|content| content.object("text")) else {
        return;
    };
    let qualifiers = guarded.array("qualifiers").unwrap_or_default();
    if qualifiers.iter().any(|raw| text(raw).as_deref() == Some("grounding_source")) {
        reading.add_passage(Passage {
            text: guarded.text("text").map(String::from),
            ..Passage::at(format!("{at}.guardContent.text.text"))
        });
    }
}

/// `{output: {message}, stopReason, trace?}`.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    let Some(reason) = part.get("stopReason") else { return };
    answer.add_stop_reason(Some(reason));
    if answer.stop_reason.as_deref() == Some("guardrail_intervened") {
        answer.guardrail.note_action("INTERVENED");
    }
    if let Some(trace) = part.object("trace") {
        answer.guardrail.read_converse_trace(&trace);
    }
    let message = part.object("output").and_then(|output| output.object("message"));
    let content = message.and_then(|message| message.array("content")).unwrap_or_default();
    for block in content.into_iter().filter_map(Members::of) {
        answer.add_text(block.get("text"));
        if let Some(cited) = block.object("citationsContent") {
            read_citations(&cited, answer);
        }
    }
}

/// `{content: [{text}], citations: [{location: {documentChar: {documentIndex}}}]}`.
fn read_citations(cited: &Members<'_>, answer: &mut Answer) {
    for part in cited.get("content").and_then(elements).unwrap_or_default() {
        answer.add_text(Members::of(part).and_then(|part| part.get("text")));
    }
    for citation in cited.get("citations").and_then(elements).unwrap_or_default() {
        let location = Members::of(citation).and_then(|citation| citation.object("location"));
        for (_, place) in location.iter().flat_map(Members::iter) {
            let place = Members::of(place).unwrap_or_default();
            answer.add_indexed(place.get("documentIndex"), Reference::Document);
            answer.add_indexed(place.get("searchResultIndex"), Reference::SearchResult);
        }
    }
}
