//! Cohere Command R through InvokeModel: a preamble, a history and the documents beside the message (FORMATS 3.1, 4.2).

use super::{Answer, BodyReading, BodyShape};
use crate::{
    json::{Members, compact, elements, objects, text},
    passage::{Passage, Reference},
};

pub(super) const SHAPE: BodyShape = BodyShape { name: "cohere-chat", recognise, read_request, read_answer };

fn recognise(body: &Members<'_>) -> bool {
    body.text("message").is_some() && !body.has("messages")
}

fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    if let Some(preamble) = body.text("preamble") {
        reading.add_instruction("preamble".to_owned(), preamble);
    }
    let history = body.get("chat_history").and_then(objects).unwrap_or_default();
    for (nth, turn) in history.iter().enumerate() {
        let Some(turn) = turn else { continue };
        if turn.text("role").is_some_and(|role| role.eq_ignore_ascii_case("system"))
            && let Some(text) = turn.text("message")
        {
            reading.add_instruction(format!("chat_history[{nth}].message"), text);
        }
    }
    for (nth, document) in body.array("documents").unwrap_or_default().into_iter().enumerate() {
        read_document(document, nth, reading);
    }
    if let Some(message) = body.text("message") {
        reading.add_user_text(&message, "message");
    }
}

/// Any members; the text is usually the `snippet`. A document without id is known as `doc_<index>`.
fn read_document(raw: &serde_json::value::RawValue, nth: usize, reading: &mut BodyReading<'_>) {
    let members = Members::of(raw).unwrap_or_default();
    let named = ["snippet", "text", "content", "data"].iter().find_map(|name| members.text(name));
    let id = members.text("id").map_or_else(|| format!("doc_{nth}"), String::from);
    reading.add_passage(Passage {
        text: Some(named.or_else(|| text(raw)).map_or_else(|| compact(raw), String::from)),
        uri: members.text("url").map(String::from),
        title: members.text("title").map(String::from),
        reference: Reference::Id(id),
        ..Passage::at(format!("documents[{nth}]"))
    });
}

/// `{text, citations?, finish_reason}`, or the events of a stream.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    // `stream-end` repeats the whole answer
    let repeats = part.text("event_type").as_deref() == Some("stream-end");
    answer.add_stop_reason(part.get("finish_reason"));
    if !repeats {
        answer.add_text(part.get("text"));
    }
    let response = part.object("response");
    for place in [Some(part), response.as_ref()].into_iter().flatten() {
        read_citations(place, answer);
    }
}

fn read_citations(place: &Members<'_>, answer: &mut Answer) {
    let Some(citations) = place.get("citations").and_then(elements) else { return };
    answer.cites_by_id = true;
    for citation in citations.into_iter().filter_map(Members::of) {
        for id in citation.array("document_ids").unwrap_or_default().into_iter().filter_map(text) {
            answer.add_citation(Reference::Id(id.into_owned()));
        }
    }
}
