//! Whatever a record holds, and however it is written.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json as json_value;

use super::{
    pointer::{FollowedBodies, body_of},
    *,
};
use crate::{
    prompt::{RETRIEVAL_CLOSES, RETRIEVAL_OPENS},
    strategies::{Json, changed, fixtures, json, quoted, text},
    time,
};

fn location() -> ObjectLocation {
    ObjectLocation::object("logs", "AWSLogs/x.json.gz")
}

fn records() -> Vec<Json> {
    fixtures("invocations").into_iter().map(|(_, record)| record).collect()
}

/// What was read, without what depends on how the record was laid out.
fn read(record: &str) -> RecordReading {
    let (mut reading, used) = RecordReading::read(record.as_bytes(), 1, &location()).unwrap();
    assert_eq!(used, record.len());
    let invocation = &mut reading.invocation;
    if invocation.request_id == format!("sha256-{}", invocation.evidence.sha256.short()) {
        invocation.request_id.clear();
    }
    invocation.evidence.sha256 = Sha256::of(b"");
    invocation.body_members.sort();
    reading
}

/// A value is read whole or refused whole; valid JSON is never taken for broken, or for the start of something.
fn survives(record: &Json, followed: &FollowedBodies) -> Result<(), TestCaseError> {
    let text = record.compact();
    match RecordReading::read_with(text.as_bytes(), 1, &location(), followed) {
        Ok((reading, used)) => {
            prop_assert_eq!(used, text.len());
            let ordinals: Vec<_> = reading.passages.iter().map(|found| found.passage.ordinal).collect();
            prop_assert_eq!(ordinals, (1..).take(reading.passages.len()).collect::<Vec<u32>>());
            let prompt = &reading.invocation.system_prompt;
            prop_assert_eq!(prompt.id.is_some(), prompt.status == SystemPromptStatus::Recorded);
            prop_assert!(reading.passages.iter().all(|found| found.score.is_none_or(f64::is_finite)));
            prop_assert!(time::parse(&time::rfc3339(reading.invocation.occurred_at)).is_some());
        }
        Err(Unread::Refused { used, .. }) => prop_assert_eq!(used, text.len()),
        Err(Unread::Json(error)) => prop_assert!(false, "{}: {}", error, text),
    }
    Ok(())
}

fn followed() -> impl Strategy<Value = Followed> {
    prop_oneof![
        3 => changed(records()).prop_map(|body| Followed::Body(body_of(body.compact().as_bytes()))),
        1 => vec(any::<u8>(), 0..20).prop_map(|bytes| Followed::Body(body_of(&bytes))),
        1 => select(&[Followed::Later, Followed::NotThere, Followed::Missing, Followed::Refused][..]),
    ]
}

proptest! {
    #[test]
    fn any_value_is_read_or_refused(record in json()) {
        survives(&record, &FollowedBodies::default())?;
    }

    #[test]
    fn any_record_is_read_or_refused(record in changed(records()), input in followed(), output in followed()) {
        survives(&record, &FollowedBodies::default())?;
        survives(&record, &FollowedBodies { input: Some(input), output: Some(output) })?;
    }

    #[test]
    fn the_order_of_members_and_white_space_mean_nothing(
        record in select(records()),
        seed: u64,
        between in "[ \n\r\t]{0,3}",
        around in "[ \n\r\t]{0,2}",
    ) {
        let given = read(&record.compact());
        // what a tool gave back and a document that is no text are shown as they are written
        let shuffled = record.shuffled(seed, &["json", "documents"]);
        prop_assert_eq!(&read(&shuffled.compact()), &given);
        prop_assert_eq!(&read(&record.laid_out(&between, &around)), &given);
    }

    /// Whatever else a caller or a later version of the format puts beside what we read.
    #[test]
    fn a_strange_member_hides_nothing(record in select(records()), place in 0_usize..5, value in json()) {
        let given = read(&record.compact());
        let mut record = record;
        let at: &[&str] = [
            &[][..],
            &["input"],
            &["output"],
            &["input", "inputBodyJson"],
            &["output", "outputBodyJson"],
        ][place];
        if let Some(Json::Object(members)) = at.iter().try_fold(&mut record, |here, name| member(here, name))
            && !members.is_empty()
        {
            members.insert(0, (r#""\ud83d""#.to_owned(), value));
        }
        let mut seen = read(&record.compact());
        seen.invocation.body_members.clone_from(&given.invocation.body_members);
        prop_assert_eq!(seen, given);
    }
}

fn member<'j>(value: &'j mut Json, name: &str) -> Option<&'j mut Json> {
    match value {
        Json::Object(members) => {
            members.iter_mut().find(|(known, _)| *known == quoted(name)).map(|(_, value)| value)
        }
        _ => None,
    }
}

/// Instructions. Tokens of chat templates are left out: where the text itself holds one, nobody can tell where the system
/// prompt ends in the forms that have nothing else to mark it by.
fn instruction() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            4 => "[a-zA-Z0-9,.;!?'{}$%&()=#*+äöüß漢\u{1f9ea}\"\\\\/-]{1,12}",
            2 => select(&[" ", "\n", "\n\n", "\t", "\r\n", "\u{2003}", "\u{a0}", "\u{85}"][..]).prop_map(str::to_owned),
        ],
        1..8,
    )
    .prop_map(|pieces| pieces.concat())
}

/// Passages: whatever documents hold, tokens of templates and tags of their own too.
fn passages() -> impl Strategy<Value = String> {
    const TOKENS: &[&str] = &[
        "<|eot_id|><|start_header_id|>system<|end_header_id|>",
        "<|im_end|>",
        "<|im_start|>system",
        "[/INST]",
        "<</SYS>>",
        "<<SYS>>",
        "[/SYSTEM_PROMPT]",
        "<｜User｜>",
        "\n\nHuman:",
        "<|eot|><|header_start|>",
        RETRIEVAL_OPENS,
        RETRIEVAL_CLOSES,
    ];
    let document = prop_oneof![
        2 => text(),
        1 => (text(), select(TOKENS)).prop_map(|(text, token)| format!("{text}{token}{text}")),
    ];
    vec(document, 0..4).prop_map(|documents| {
        (1..)
            .zip(documents)
            .map(|(n, text)| {
                format!("<search_result>\n<content>\n{text}\n</content>\n<source>\n{n}\n</source>\n</search_result>\n")
            })
            .collect()
    })
}

/// The blocks of a system prompt, of which one may hold what a retrieval put into it.
#[derive(Clone, Debug)]
struct Prompt {
    blocks: Vec<String>,
    retrieval: Option<usize>,
}

impl Prompt {
    fn with(&self, passages: &str) -> Vec<String> {
        let mut blocks = self.blocks.clone();
        if let Some(at) = self.retrieval {
            blocks[at].push_str(&format!("\n{RETRIEVAL_OPENS}\n{passages}{RETRIEVAL_CLOSES}\nBe brief."));
        }
        blocks
    }
}

fn prompt() -> impl Strategy<Value = Prompt> {
    let blocks = vec(instruction(), 1..4)
        .prop_filter("nothing but white space", |blocks| blocks.iter().any(|block| !block.trim().is_empty()));
    (blocks, proptest::option::of(any::<usize>())).prop_map(|(blocks, at)| {
        let retrieval = at.map(|at| at % blocks.len());
        Prompt { blocks, retrieval }
    })
}

/// The same system prompt in every form that has a place for it, by the forms' names.
fn in_every_shape(blocks: &[String]) -> Vec<(&'static str, serde_json::Value)> {
    let whole = blocks.iter().map(|block| block.trim()).filter(|block| !block.is_empty()).collect::<Vec<_>>();
    let whole = whole.join("\n");
    let (first, rest) = blocks.split_first().unwrap();
    let parts = |typed: bool| -> Vec<_> {
        let part = |text| {
            if typed { json_value!({"type": "text", "text": text}) } else { json_value!({"text": text}) }
        };
        blocks.iter().map(part).collect()
    };
    let messages = |role: &str, blocks: &[String]| -> Vec<_> {
        blocks.iter().map(|text| json_value!({"role": role, "content": text})).collect()
    };
    let question = json_value!({"role": "user", "content": "What is hail?"});
    let asked = |mut messages: Vec<serde_json::Value>| {
        messages.push(question.clone());
        messages
    };
    let converse_question = json_value!([{"role": "user", "content": [{"text": "What is hail?"}]}]);
    let history: Vec<_> = rest.iter().map(|text| json_value!({"role": "SYSTEM", "message": text})).collect();
    vec![
        ("converse", json_value!({"system": parts(false), "messages": converse_question})),
        (
            "nova",
            json_value!({"schemaVersion": "messages-v1", "system": parts(false), "messages": converse_question}),
        ),
        (
            "anthropic-messages",
            json_value!({"anthropic_version": "bedrock-2023-05-31", "system": whole, "messages": [question]}),
        ),
        (
            "anthropic-messages",
            json_value!({"anthropic_version": "bedrock-2023-05-31", "system": parts(true), "messages": [question]}),
        ),
        ("openai-chat", json_value!({"messages": asked(messages("system", blocks))})),
        ("openai-chat", json_value!({"messages": asked(messages("developer", blocks))})),
        ("openai-chat", json_value!({"messages": [{"role": "system", "content": parts(true)}, question]})),
        ("openai-responses", json_value!({"instructions": whole, "input": "What is hail?"})),
        (
            "openai-responses",
            json_value!({"instructions": first, "input": asked(messages("developer", rest))}),
        ),
        ("openai-responses", json_value!({"input": asked(messages("system", blocks))})),
        ("cohere-chat", json_value!({"message": "What is hail?", "preamble": whole})),
        (
            "cohere-chat",
            json_value!({"message": "What is hail?", "preamble": first, "chat_history": history}),
        ),
        (
            "llama-prompt",
            json_value!({"prompt": format!("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{whole}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat is hail?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")}),
        ),
        (
            "llama-prompt",
            json_value!({"prompt": format!("<|begin_of_text|><|header_start|>system<|header_end|>\n\n{whole}<|eot|><|header_start|>user<|header_end|>\n\nWhat is hail?<|eot|><|header_start|>assistant<|header_end|>\n\n")}),
        ),
        (
            "llama2-prompt",
            json_value!({"prompt": format!("<s>[INST] <<SYS>>\n{whole}\n<</SYS>>\n\nWhat is hail? [/INST]")}),
        ),
        (
            "mistral-prompt",
            json_value!({"prompt": format!("<s>[SYSTEM_PROMPT] {whole}[/SYSTEM_PROMPT][INST] What is hail? [/INST]")}),
        ),
        (
            "chatml-prompt",
            json_value!({"prompt": format!("<|im_start|>system\n{whole}<|im_end|>\n<|im_start|>user\nWhat is hail?<|im_end|>\n<|im_start|>assistant\n")}),
        ),
        (
            "deepseek-prompt",
            json_value!({"prompt": format!("<｜begin▁of▁sentence｜>{whole}<｜User｜>What is hail?<｜Assistant｜>")}),
        ),
        ("anthropic-text", json_value!({"prompt": format!("{whole}\n\nHuman: What is hail?\n\nAssistant:")})),
    ]
}

fn read_body(body: &serde_json::Value) -> RecordReading {
    let record = json_value!({
        "timestamp": "2026-10-07T07:51:59Z",
        "modelId": "m",
        "requestId": "r",
        "input": {"inputBodyJson": body},
    });
    read(&record.to_string())
}

proptest! {
    #[test]
    fn the_same_prompt_has_the_same_id_in_every_shape_with_every_passage(
        prompt in prompt(),
        one in passages(),
        other in passages(),
    ) {
        let blocks: Vec<_> =
            prompt.with("").iter().map(|text| crate::prompt::InstructionBlock { path: String::new(), text: text.clone().into() }).collect();
        let expected = fingerprint(&blocks).unwrap();
        for passages in [one, other] {
            for (shape, body) in in_every_shape(&prompt.with(&passages)) {
                let reading = read_body(&body);
                prop_assert_eq!(reading.invocation.body_shape.as_deref(), Some(shape), "{}", body);
                prop_assert_eq!(
                    reading.system_prompt.map(|found| found.text), Some(expected.text.clone()), "{}", body
                );
                prop_assert_eq!(reading.invocation.system_prompt.id, Some(expected.id.clone()));
            }
        }
    }

    #[test]
    fn another_instruction_has_another_id(one in prompt(), other in prompt(), passages in passages()) {
        let id = |prompt: &Prompt| read_body(&in_every_shape(&prompt.with(&passages))[0].1).system_prompt.unwrap();
        let (one, other) = (id(&one), id(&other));
        prop_assert_eq!(one.id == other.id, one.text == other.text);
    }
}
