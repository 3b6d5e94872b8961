//! Amazon Nova through InvokeModel: Converse's form with a `schemaVersion`; its stream is not merged (FORMATS 1.3).

use super::{Answer, BodyShape, converse};
use crate::json::Members;

pub(super) const SHAPE: BodyShape =
    BodyShape { name: "nova", recognise, read_request: converse::read_request, read_answer };

fn recognise(body: &Members<'_>) -> bool {
    body.text("schemaVersion").is_some_and(|version| version.starts_with("messages-"))
}

/// The events of a stream: `messageStart`, `contentBlockDelta`, `messageStop`, `metadata`.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    if let Some(delta) = part.object("contentBlockDelta").and_then(|event| event.object("delta")) {
        answer.add_text(delta.get("text"));
    }
    if let Some(stop) = part.object("messageStop") {
        answer.add_stop_reason(stop.get("stopReason"));
        if answer.stop_reason.as_deref() == Some("guardrail_intervened") {
            answer.guardrail.note_action("INTERVENED");
        }
    }
    if let Some(trace) = part.object("metadata").and_then(|metadata| metadata.object("trace")) {
        answer.guardrail.read_converse_trace(&trace);
    }
}
