//! Anthropic Messages through InvokeModel, plain and streamed (FORMATS 1.3, 3.1).

use super::{Answer, BodyReading, BodyShape};
use crate::json::{Members, elements, text};

pub(super) const SHAPE: BodyShape =
    BodyShape { name: "anthropic-messages", recognise, read_request, read_answer };

/// `system` is a text, or an array of blocks that have a `type`; Bedrock asks for `anthropic_version`.
fn recognise(body: &Members<'_>) -> bool {
    if !body.has("messages") {
        return false;
    }
    let system_is_typed = || {
        let Some(system) = body.get("system") else { return false };
        match elements(system) {
            Some(blocks) => {
                blocks.first().and_then(|block| Members::of(block)).is_some_and(|block| block.has("type"))
            }
            None => text(system).is_some(),
        }
    };
    body.has("anthropic_version") || system_is_typed()
}

fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    let Some(system) = body.get("system") else { return };
    if let Some(text) = text(system) {
        reading.add_instruction("system".to_owned(), text);
        return;
    }
    for (nth, block) in elements(system).unwrap_or_default().into_iter().enumerate() {
        if let Some(text) = Members::of(block).and_then(|block| block.text("text")) {
            reading.add_instruction(format!("system[{nth}].text"), text);
        }
    }
}

/// An answer has `content[]` and `stop_reason`; a stream says them in `content_block_delta` and `message_delta`.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    match part.text("type").as_deref() {
        Some("message") => {
            answer.add_stop_reason(part.get("stop_reason"));
            for block in part.array("content").unwrap_or_default() {
                answer.add_text(Members::of(block).and_then(|block| block.get("text")));
            }
        }
        Some("content_block_delta") => {
            answer.add_text(part.object("delta").and_then(|delta| delta.get("text")));
        }
        Some("message_delta") => {
            answer.add_stop_reason(part.object("delta").and_then(|delta| delta.get("stop_reason")));
        }
        _ => {}
    }
}
