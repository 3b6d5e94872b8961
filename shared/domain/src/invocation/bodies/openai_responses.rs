//! OpenAI's Responses API on the runtime endpoint, plain and streamed (FORMATS 1.3, 3.1).

use super::{Answer, BodyReading, BodyShape, messages, messages::joined_text};
use crate::json::{Members, elements, objects, text};

pub(super) const SHAPE: BodyShape =
    BodyShape { name: "openai-responses", recognise, read_request, read_answer };

/// `input` is a text, an array of items, or left out where an earlier response is continued.
fn recognise(body: &Members<'_>) -> bool {
    let input = body.get("input").is_some_and(|input| text(input).is_some() || elements(input).is_some());
    let instructions = body.text("instructions").is_some();
    !body.has("messages") && (input || instructions || body.has("previous_response_id"))
}

/// `instructions` first, then the items of role `system` and `developer`; what functions gave back is context.
fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    if let Some(instructions) = body.text("instructions") {
        reading.add_instruction("instructions".to_owned(), instructions);
    }
    if let Some(question) = body.text("input") {
        reading.add_user_text(&question, "input");
    }
    messages::read(body, "input", reading, |_, _, _| {});
    for (nth, item) in body.get("input").and_then(objects).unwrap_or_default().iter().enumerate() {
        let Some(item) = item else { continue };
        if item.text("type").as_deref() == Some("function_call_output") {
            let output = item.get("output").and_then(joined_text).unwrap_or_default();
            reading.add_function_result(&output, format!("input[{nth}].output"));
        }
    }
}

/// A `response` object, or the event of a stream that holds the finished one.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    if part.text("object").as_deref() == Some("response") {
        read_response(part, answer);
    }
    let finished = ["response.completed", "response.incomplete", "response.failed"];
    if part.text("type").is_some_and(|kind| finished.contains(&&*kind))
        && let Some(response) = part.object("response")
    {
        read_response(&response, answer);
    }
}

fn read_response(response: &Members<'_>, answer: &mut Answer) {
    answer.add_stop_reason(response.get("status"));
    answer.add_stop_reason(response.at(&["incomplete_details", "reason"]));
    for item in response.get("output").and_then(objects).unwrap_or_default().into_iter().flatten() {
        let content = item.get("content").and_then(joined_text);
        answer.add_text_of(&content.unwrap_or_default());
    }
}
