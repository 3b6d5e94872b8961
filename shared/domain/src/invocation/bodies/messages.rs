//! What the families that send `messages` have in common: roles, and content that is a text or an array of parts.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::value::RawValue;

use super::BodyReading;
use crate::json::{Members, elements, objects, text};

/// Reads one part of a message that is not the model's own: the part, its path, where what is found goes.
pub(super) type ReadPart = fn(&Members<'_>, &str, &mut BodyReading<'_>);

/// Reads the messages under `member`: instructions out of those whose role gives them, context out of the others.
pub(super) fn read<'a>(body: &Members<'a>, member: &str, reading: &mut BodyReading<'a>, read_part: ReadPart) {
    let Some(messages) = body.get(member).and_then(objects) else { return };
    for (nth, message) in messages.iter().enumerate() {
        let Some(message) = message else { continue };
        let Some(content) = message.get("content") else { continue };
        let at = || format!("{member}[{nth}].content");
        match message.text("role").as_deref() {
            Some("system" | "developer") => read_instructions(content, &at(), reading),
            Some("assistant" | "model") => {}
            Some("tool" | "function") => {
                reading.add_function_result(&joined_text(content).unwrap_or_default(), at());
            }
            _ => read_content(content, &at(), reading, read_part),
        }
    }
}

/// The same, where most bodies hold neither: nothing is read unless a word that context needs stands in them.
pub(super) fn read_context<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>, read_part: ReadPart) {
    const WORDS: [&str; 5] = ["_result", "Result\"", "\"document\"", "grounding_source", "\"system\""];
    let Some(messages) = body.get("messages") else { return };
    if WORDS.iter().any(|word| memmem::find(messages.get().as_bytes(), word.as_bytes()).is_some()) {
        read(body, "messages", reading, read_part);
    }
}

fn read_instructions<'a>(content: &'a RawValue, at: &str, reading: &mut BodyReading<'a>) {
    if let Some(text) = text(content) {
        reading.add_instruction(at.to_owned(), text);
        return;
    }
    for (nth, part) in objects(content).unwrap_or_default().iter().enumerate() {
        if let Some(text) = part.as_ref().and_then(|part| part.text("text")) {
            reading.add_instruction(format!("{at}[{nth}].text"), text);
        }
    }
}

fn read_content(content: &RawValue, at: &str, reading: &mut BodyReading<'_>, read_part: ReadPart) {
    if let Some(text) = text(content) {
        reading.add_user_text(&text, at);
        return;
    }
    for (nth, part) in objects(content).unwrap_or_default().iter().enumerate() {
        let Some(part) = part else { continue };
        let at = format!("{at}[{nth}]");
        if let Some(text) = part.text("text") {
            reading.add_user_text(&text, &format!("{at}.text"));
        }
        read_part(part, &at, reading);
    }
}

/// A text, or the texts of an array of texts and parts, one line each.
pub(super) fn joined_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    if let Some(text) = text(raw) {
        return Some(text);
    }
    let texts: Vec<_> = elements(raw)?
        .into_iter()
        .filter_map(|part| text(part).or_else(|| Members::of(part)?.text("text")))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n").into())
}
