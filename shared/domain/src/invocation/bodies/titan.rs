//! Amazon Titan: text generation and embeddings, both by `inputText`, neither with a system prompt (FORMATS 1.3, 3.1).

use super::{Answer, BodyReading, BodyShape};
use crate::json::{Members, objects};

pub(super) const SHAPE: BodyShape = BodyShape { name: "titan", recognise, read_request, read_answer };

fn recognise(body: &Members<'_>) -> bool {
    body.text("inputText").is_some() || body.text("inputImage").is_some()
}

fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    if let Some(text) = body.text("inputText") {
        reading.add_user_text(&text, "inputText");
    }
}

/// `results[0].completionReason`, or the events of a stream, of which the last says it.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    let results = part.get("results").and_then(objects).unwrap_or_default();
    for said in results.iter().flatten().take(1).chain([part]) {
        answer.add_stop_reason(said.get("completionReason"));
        answer.add_text(said.get("outputText"));
    }
}
