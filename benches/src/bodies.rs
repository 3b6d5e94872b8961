//! The bodies of model calls, in the forms in which most of them are logged. Every form there is has a fixture in
//! `events/invocations`.

use crate::{
    json::{array, object, string},
    prose::Prose,
};

/// One model call: its two bodies, and what the record says beside them.
#[derive(Debug)]
pub struct Call {
    /// `Converse`, `InvokeModel`, ...
    pub operation: &'static str,
    /// The model, as the caller named it.
    pub model_id: &'static str,
    /// The request body.
    pub input: String,
    /// The answer body.
    pub output: String,
}

/// Writes a call whose bodies have about so many bytes together.
pub type WriteCall = fn(&mut Prose, usize) -> Call;

/// What is called, the frequent ones more than once.
pub const CALLS: &[WriteCall] = &[
    |prose, size| converse("Converse", prose, size),
    |prose, size| converse("Converse", prose, size),
    |prose, size| converse("ConverseStream", prose, size),
    without_system,
    knowledge_base,
    knowledge_base,
    tool_result,
    tool_result,
    anthropic,
    anthropic,
    anthropic_stream,
    openai_chat,
];

const SONNET: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
const FOUNDATION: &str =
    "arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0";

/// The turns of a conversation are so long, most of them.
const TURN: std::ops::RangeInclusive<usize> = 200..=6_000;

/// Turns of user and assistant in turn, the first and last the user's, of about so many bytes together.
fn turns(prose: &mut Prose, bytes: usize, content: fn(&str) -> String) -> Vec<String> {
    let (mut turns, mut left) = (Vec::new(), bytes);
    loop {
        let length = prose.number(TURN).min(left);
        let role = if turns.len() % 2 == 0 { "user" } else { "assistant" };
        turns.push(message(role, content(&prose.text(length))));
        left -= length;
        if left == 0 && turns.len() % 2 == 1 {
            return turns;
        }
    }
}

fn message(role: &str, content: String) -> String {
    object([("role", string(role)), ("content", content)])
}

fn text_block(text: &str) -> String {
    object([("text", string(text))])
}

fn blocks(text: &str) -> String {
    array([text_block(text)])
}

fn typed_blocks(text: &str) -> String {
    array([object([("type", string("text")), ("text", string(text))])])
}

fn inference_config() -> String {
    object([("maxTokens", "1024".to_owned()), ("temperature", "0.2".to_owned())])
}

fn converse_answer(stop_reason: &str, text: &str) -> String {
    let output = object([("message", message("assistant", blocks(text)))]);
    let usage = object([("inputTokens", "811".to_owned()), ("outputTokens", "44".to_owned())]);
    let metrics = object([("latencyMs", "1730".to_owned())]);
    object([("output", output), ("stopReason", string(stop_reason)), ("metrics", metrics), ("usage", usage)])
}

fn converse(operation: &'static str, prose: &mut Prose, size: usize) -> Call {
    let system = prose.system_prompt(size / 4);
    let answer = size / 10;
    let messages = turns(prose, size.saturating_sub(system.len() + answer), blocks);
    let input = object([
        ("messages", array(messages)),
        ("system", blocks(&system)),
        ("inferenceConfig", inference_config()),
    ]);
    Call { operation, model_id: SONNET, input, output: converse_answer("end_turn", &prose.text(answer)) }
}

fn without_system(prose: &mut Prose, size: usize) -> Call {
    let messages = turns(prose, size * 9 / 10, blocks);
    let input = object([("inferenceConfig", inference_config()), ("messages", array(messages))]);
    let output = converse_answer("max_tokens", &prose.text(size / 10));
    Call { operation: "Converse", model_id: "eu.amazon.nova-pro-v1:0", input, output }
}

/// What a Knowledge Base sends to the model: passages in the system prompt.
fn knowledge_base(prose: &mut Prose, size: usize) -> Call {
    let mut system = prose.system_prompt(size / 4);
    let mut left = (size * 9 / 10).saturating_sub(system.len());
    system.push_str("\n\nHere are the search results in numbered order:\n<search_results>\n");
    let mut number = 0;
    while left > 0 {
        number += 1;
        let length = prose.number(600..=2_400).min(left);
        let text = prose.text(length);
        system.push_str(&format!(
            "<search_result>\n<content>\n{text}\n</content>\n<source>\n{number}\n</source>\n</search_result>\n"
        ));
        left -= length;
    }
    system.push_str("</search_results>\n\nAnswer from the search results only.");
    let input = object([
        ("messages", array([message("user", blocks("From which wind force on is it a storm?"))])),
        ("system", blocks(&system)),
        ("inferenceConfig", inference_config()),
    ]);
    let said = prose.text(size / 20);
    let answer = format!(
        "<answer>\n<answer_part>\n<text>\n{said}\n</text>\n<sources>\n<source>1</source>\n</sources>\n</answer_part>\n</answer>"
    );
    Call { operation: "Converse", model_id: FOUNDATION, input, output: converse_answer("end_turn", &answer) }
}

/// Turns of which every other one gives back what a tool said, as JSON in a text.
fn tool_result(prose: &mut Prose, size: usize) -> Call {
    let system = prose.system_prompt(size / 4);
    let mut messages = vec![message("user", blocks("Is my e-bike insured?"))];
    let mut left = (size * 9 / 10).saturating_sub(system.len());
    while left > 0 {
        let length = prose.number(400..=4_000).min(left);
        messages.extend(tool_turn(prose, length));
        left -= length;
    }
    let input = object([
        ("messages", array(messages)),
        ("system", blocks(&system)),
        ("toolConfig", r#"{"tools":[{"toolSpec":{"name":"search","description":"Searches the terms","inputSchema":{"json":{"type":"object","properties":{"query":{"type":"string"}}}}}}]}"#.to_owned()),
    ]);
    let output = converse_answer("tool_use", &prose.text(size / 20));
    Call { operation: "ConverseStream", model_id: SONNET, input, output }
}

fn tool_turn(prose: &mut Prose, length: usize) -> [String; 2] {
    let id = format!("tooluse_{}", prose.name(22));
    let wanted = object([
        ("toolUseId", string(&id)),
        ("name", string("search")),
        ("input", object([("query", string(&prose.text(20)))])),
    ]);
    let found = object([("score", "0.71".to_owned()), ("found", string(&prose.text(length)))]);
    let result = object([
        ("toolUseId", string(&id)),
        ("content", array([text_block(&found)])),
        ("status", string("success")),
    ]);
    [
        message("assistant", array([object([("toolUse", wanted)])])),
        message("user", array([object([("toolResult", result)])])),
    ]
}

fn anthropic_request(prose: &mut Prose, bytes: usize) -> String {
    let system = prose.system_prompt(bytes / 4);
    let content = if prose.once_in(2) { string } else { typed_blocks };
    let messages = turns(prose, bytes.saturating_sub(system.len()), content);
    object([
        ("anthropic_version", string("bedrock-2023-05-31")),
        ("max_tokens", "4096".to_owned()),
        ("system", string(&system)),
        ("messages", array(messages)),
    ])
}

fn anthropic(prose: &mut Prose, size: usize) -> Call {
    let input = anthropic_request(prose, size * 9 / 10);
    let output = object([
        ("model", string("claude-sonnet-4-5-20250929")),
        ("id", string(&format!("msg_bdrk_{}", prose.name(24)))),
        ("type", string("message")),
        ("role", string("assistant")),
        ("content", typed_blocks(&prose.text(size / 10))),
        ("stop_reason", string("end_turn")),
        ("stop_sequence", "null".to_owned()),
        ("usage", object([("input_tokens", "811".to_owned()), ("output_tokens", "44".to_owned())])),
    ]);
    Call { operation: "InvokeModel", model_id: SONNET, input, output }
}

/// An answer in pieces of a few words: the events take many times the bytes of the text in them.
fn anthropic_stream(prose: &mut Prose, size: usize) -> Call {
    const EVENT: usize = 120;
    let input = anthropic_request(prose, size * 6 / 10);
    let mut events = vec![
        object([("type", string("message_start")), ("message", r#"{"model":"claude-sonnet-4-5-20250929","id":"msg_bdrk_01vh7C8zDaEj4v7kbCrj6Dzr","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":33,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}"#.to_owned())]),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
    ];
    for _ in 0..size * 4 / 10 / EVENT {
        let delta = object([("type", string("text_delta")), ("text", string(&prose.text(12)))]);
        events.push(object([
            ("type", string("content_block_delta")),
            ("index", "0".to_owned()),
            ("delta", delta),
        ]));
    }
    events.push(r#"{"type":"content_block_stop","index":0}"#.to_owned());
    events.push(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":11}}"#.to_owned());
    events.push(r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":33,"outputTokenCount":11,"invocationLatency":873,"firstByteLatency":512}}"#.to_owned());
    Call { operation: "InvokeModelWithResponseStream", model_id: SONNET, input, output: array(events) }
}

fn openai_chat(prose: &mut Prose, size: usize) -> Call {
    let system = prose.system_prompt(size / 4);
    let mut messages = vec![message("developer", string(&system))];
    messages.extend(turns(prose, (size * 9 / 10).saturating_sub(system.len()), string));
    let input = object([
        ("model", string("eu.openai.gpt-oss-120b")),
        ("messages", array(messages)),
        ("stream", "false".to_owned()),
    ]);
    let choice = object([
        ("index", "0".to_owned()),
        ("message", message("assistant", string(&prose.text(size / 10)))),
        ("finish_reason", string("stop")),
        ("logprobs", "null".to_owned()),
    ]);
    let output = object([
        ("id", string(&format!("chatcmpl-{}", prose.name(24)))),
        ("object", string("chat.completion")),
        ("created", "1791446400".to_owned()),
        ("choices", array([choice])),
        ("usage", object([("prompt_tokens", "811".to_owned()), ("completion_tokens", "44".to_owned())])),
    ]);
    Call { operation: "ChatCompletions", model_id: "eu.openai.gpt-oss-120b", input, output }
}
