//! Messages whose content is a text or typed parts: OpenAI's Chat Completions, and what AI21, Writer, Mistral, DeepSeek,
//! Qwen and others took over from it (FORMATS 1.3, 3.1).

use super::{Answer, BodyReading, BodyShape, anthropic, messages, messages::joined_text};
use crate::json::{Members, objects};

pub(super) const SHAPE: BodyShape = BodyShape { name: "openai-chat", recognise, read_request, read_answer };

/// Asked after the families that have `messages` of another kind.
fn recognise(body: &Members<'_>) -> bool {
    let messages = body.get("messages").and_then(objects).unwrap_or_default();
    messages.iter().flatten().any(|message| message.has("role"))
}

/// Instructions are the messages of role `system` and `developer`, wherever they stand.
fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    messages::read(body, "messages", reading, anthropic::read_block);
}

/// `choices[0].finish_reason`, whole or in the chunks of a stream; Mistral calls it `stop_reason`.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    let choices = part.get("choices").and_then(objects).unwrap_or_default();
    let Some(choice) = choices.into_iter().flatten().next() else { return };
    answer.add_stop_reason(choice.get("finish_reason").or_else(|| choice.get("stop_reason")));
    for said in ["message", "delta"] {
        let content = choice.object(said).and_then(|said| said.get("content")).and_then(joined_text);
        answer.add_text_of(&content.unwrap_or_default());
    }
}
