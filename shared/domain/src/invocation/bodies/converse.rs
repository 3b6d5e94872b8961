//! Converse and ConverseStream: one form for every model, the stream already merged in the log (FORMATS 1.3, 3.1).

use super::{Answer, BodyReading, BodyShape, first_content_block};
use crate::json::{Members, elements};

pub(super) const SHAPE: BodyShape =
    BodyShape { name: "converse", recognise, read_request: read_system, read_answer };

/// Content blocks are objects named by their only member (`{"text": ...}`): they have no `type`.
fn recognise(body: &Members<'_>) -> bool {
    let untyped = |block: &Members<'_>| !block.has("type");
    let system = body.array("system").unwrap_or_default();
    match system.first().and_then(|block| Members::of(block)) {
        Some(block) => untyped(&block),
        None => first_content_block(body, untyped),
    }
}

/// `system[]` of `{text}`, `{guardContent: {text: {text}}}` and `{cachePoint}`.
pub(super) fn read_system<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    for (nth, block) in body.get("system").and_then(elements).unwrap_or_default().into_iter().enumerate() {
        let Some(block) = Members::of(block) else { continue };
        if let Some(text) = block.text("text") {
            reading.add_instruction(format!("system[{nth}].text"), text);
        } else if let Some(text) = block.at(&["guardContent", "text", "text"]).and_then(crate::json::text) {
            reading.add_instruction(format!("system[{nth}].guardContent.text.text"), text);
        }
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
    for block in message.and_then(|message| message.array("content")).unwrap_or_default() {
        answer.add_text(Members::of(block).and_then(|block| block.get("text")));
    }
}
