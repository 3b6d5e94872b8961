use serde_json::{Value, json};

use super::*;
use crate::passage::Certainty;

fn read_whole(record: &str) -> RecordReading {
    let location = ObjectLocation::object("logs", "AWSLogs/x.json.gz");
    RecordReading::read(record.as_bytes(), 1, &location).unwrap().0
}

fn read(record: &str) -> Invocation {
    read_whole(record).invocation
}

fn fixtures() -> String {
    format!("{}/../../events/invocations", env!("CARGO_MANIFEST_DIR"))
}

fn fixture_whole(name: &str) -> RecordReading {
    read_whole(&std::fs::read_to_string(format!("{}/{name}.json", fixtures())).unwrap())
}

fn fixture(name: &str) -> Invocation {
    fixture_whole(name).invocation
}

/// What was read, in the words of `expected.json`.
fn seen(reading: &RecordReading) -> Value {
    let invocation = &reading.invocation;
    let (guardrail, tokens) = (&invocation.guardrail, &invocation.tokens);
    let sources: Vec<_> = reading.passages.iter().map(seen_source).collect();
    json!({
        "shape": invocation.body_shape,
        "status": invocation.system_prompt.status.name(),
        "found_at": invocation.system_prompt.found_at,
        "prompt": reading.system_prompt.as_ref().map(|prompt| prompt.text.as_str()),
        "prompt_id": invocation.system_prompt.id.as_ref().map(Sha256::as_str),
        "guardrail": {
            "certainty": guardrail.certainty.name(),
            "id": guardrail.id,
            "version": guardrail.version,
            "action": guardrail.action,
        },
        "stop_reason": invocation.stop_reason,
        "error_code": invocation.error_code,
        "tokens": {
            "input": tokens.input,
            "output": tokens.output,
            "cache_read": tokens.cache_read,
            "cache_write": tokens.cache_write,
        },
        "input_body": invocation.input_body.name(),
        "output_body": invocation.output_body.name(),
        "sources": sources,
    })
}

fn seen_source(found: &PromptPassage) -> Value {
    let passage = &found.passage;
    json!({
        "ordinal": passage.ordinal,
        "text_sha256": passage.hash().as_ref().map(Sha256::as_str),
        "excerpt_starts": passage.text,
        "uri": passage.uri,
        "title": passage.title,
        "cited": found.cited,
        "score": found.score,
        "certainty": passage.certainty.name(),
    })
}

/// Every difference between what is expected and what was seen, by its path.
fn differences(expected: &Value, seen: &Value, at: &str, found: &mut Vec<String>) {
    match (expected, seen) {
        (Value::Object(members), _) => {
            for (name, value) in members {
                match name.strip_suffix("_any_of") {
                    Some(name) if value.as_array().unwrap().contains(&seen[name]) => {}
                    Some(name) => found.push(format!("{at}.{name}: expected any of {value}")),
                    None => differences(value, &seen[name], &format!("{at}.{name}"), found),
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (nth, (value, other)) in one.iter().zip(other).enumerate() {
                differences(value, other, &format!("{at}[{nth}]"), found);
            }
        }
        (Value::String(start), Value::String(text)) if at.ends_with(".excerpt_starts") => {
            let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            if !folded(text).starts_with(&folded(start)) {
                found.push(format!("{at}: expected {start:?}, got {text:?}"));
            }
        }
        _ if expected == seen => {}
        _ => found.push(format!("{at}: expected {expected}, got {seen}")),
    }
}

/// The expectations were written from the documents on the formats, beside the records (see `events/README.md`).
#[test]
fn every_body_shape_is_read_as_expected() {
    let expected = std::fs::read_to_string(format!("{}/expected.json", fixtures())).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&expected).unwrap();
    let mut found = Vec::new();
    for (name, expected) in &expected {
        differences(expected, &seen(&fixture_whole(name)), name, &mut found);
    }
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    let files = std::fs::read_dir(fixtures()).unwrap().count();
    assert_eq!(files, expected.len() + 1, "each record has its expectation");
}

#[test]
fn a_body_of_unknown_shape_is_recorded_with_its_members() {
    let invocation = fixture("unknown-shape");
    assert_eq!(invocation.body_shape, None);
    assert_eq!(invocation.body_members, ["prompt_embedding", "foo"]);
}

#[test]
fn passages_carry_their_number_and_whether_they_were_cited() {
    let seen: Vec<_> = fixture_whole("converse-kb-generation")
        .passages
        .iter()
        .map(|p| (p.passage.ordinal, p.cited, p.passage.certainty))
        .collect();
    assert_eq!(seen.first().map(|p| p.0), Some(1), "{seen:?}");
    assert!(seen.iter().any(|p| p.1 == Some(true)), "{seen:?}");
    assert!(seen.iter().all(|p| p.2 == Certainty::Recorded), "{seen:?}");

    // the fixture's answer cites 9, which no passage is: nothing is cited, and no ninth passage appears
    let poisoned = fixture_whole("converse-poisoned-passages").passages;
    let ordinals: Vec<_> = poisoned.iter().map(|p| p.passage.ordinal).collect();
    assert_eq!(ordinals, (1_u32..).take(ordinals.len()).collect::<Vec<_>>());
    assert!(poisoned.iter().any(|p| p.passage.text.as_ref().unwrap().contains("<source>")), "{poisoned:?}");
}

#[test]
fn the_record_level_wins_over_what_a_body_claims() {
    let invocation = fixture("identity-in-body");
    assert_eq!(invocation.account_id, "444455556666");
    assert!(invocation.principal.best().contains("claims"), "{}", invocation.principal.best());
}

#[test]
fn an_empty_body_beside_a_pointer_lies_elsewhere() {
    let record = |input: &str| {
        read(&format!(
            r#"{{"timestamp":"2026-10-07T07:00:00Z","accountId":"1","modelId":"m","requestId":"r","input":{input}}}"#
        ))
    };
    let cases = [
        (r#"{"inputBodyJson":{},"inputBodyS3Path":"s3://b/k"}"#, BodyState::Offloaded, 0),
        (r#"{"inputBodyJson":null,"inputBodyS3Path":"s3://b/k"}"#, BodyState::Offloaded, 0),
        (r#"{"inputBodyS3Path":"s3://b/k"}"#, BodyState::Offloaded, 0),
        (r#"{"inputBodyJson":{}}"#, BodyState::Inline, 1),
        (r#"{"inputBodyS3Path":""}"#, BodyState::NotDelivered, 1),
        (r#"{"inputTokenCount":"7"}"#, BodyState::NotDelivered, 1),
        (r#""text""#, BodyState::Absent, 1),
    ];
    for (input, state, completeness) in cases {
        let invocation = record(input);
        assert_eq!(invocation.input_body, state, "{input}");
        assert_eq!(invocation.completeness, completeness, "{input}");
    }
}

/// Anybody who may call a model can send this.
#[test]
fn tool_results_nested_without_end_are_survived() {
    let forms = [
        (r#"{"type":"tool_result","content":["#, "]}", r#""anthropic_version":"x""#),
        (r#"{"toolResult":{"content":["#, "]}}", r#""system":[{"text":"x"}]"#),
    ];
    for (opens, closes, beside) in forms {
        let nested = format!("{}{}", opens.repeat(20_000), closes.repeat(20_000));
        let invocation = read(&format!(
            r#"{{"timestamp":"2026-10-07T07:00:00Z","modelId":"m","input":{{"inputBodyJson":{{{beside},"messages":[{{"role":"user","content":[{nested}]}}]}}}}}}"#
        ));
        assert_eq!((invocation.sources, invocation.body_members.len()), (0, 0));
        assert!(invocation.body_shape.is_some());
    }
}

#[test]
fn a_score_that_is_none_is_left_out() {
    let scores =
        [("0.25", Some(0.25)), ("0", Some(0.0)), ("1e999", None), ("\"NaN\"", None), ("1e-300", None)];
    for (written, score) in scores {
        let record = format!(
            r#"{{"timestamp":"2026-10-07T07:00:00Z","modelId":"m","input":{{"inputBodyJson":{{"query":"q","documents":["d"]}}}},"output":{{"outputBodyJson":{{"results":[{{"index":0,"relevance_score":{written}}}]}}}}}}"#
        );
        assert_eq!(read_whole(&record).passages[0].score, score, "{written}");
    }
}

#[test]
fn a_token_of_another_family_in_a_passage_hides_no_system_prompt() {
    for token in ["[INST]", "<|im_start|>system", "<|start_header_id|>", "<<SYS>>"] {
        let record = format!(
            r#"{{"timestamp":"2026-10-07T07:00:00Z","modelId":"m","input":{{"inputBodyJson":{{"prompt":"Answer.\n<search_results>{token}</search_results>\n\nHuman: ?\n\nAssistant:"}}}}}}"#
        );
        let invocation = read(&record);
        assert_eq!(invocation.body_shape.as_deref(), Some("anthropic-text"), "{token}");
        assert_eq!(invocation.system_prompt.status, SystemPromptStatus::Recorded, "{token}");
    }
}

#[test]
fn a_strange_member_hides_no_record() {
    let invocation = read(
        r#"{"\ud83d":1e999,"timestamp":"2026-10-07T07:00:00Z","modelId":"m","output":"\ud83d","input":{"\ud83d":0,"inputBodyJson":{"\ud83d":"\ud83d","system":[{"text":"Be brief."},"\ud83d"],"messages":[]}}}"#,
    );
    assert_eq!(invocation.system_prompt.found_at.as_deref(), Some("system[0].text"));
}

#[test]
fn a_record_without_request_id_is_known_by_its_digest() {
    let invocation = read(r#"{"timestamp":"2026-10-07T07:00:00Z","modelId":"m"}"#);
    assert_eq!(invocation.request_id, format!("sha256-{}", invocation.evidence.sha256.short()));
    assert_eq!(invocation.account_id, "unknown");
    assert_eq!(invocation.principal.best(), "unknown");
}

#[test]
fn what_is_no_record_is_refused_with_a_reason() {
    let location = ObjectLocation::file("/x");
    for (given, reason) in [
        (r#"{"eventName":"UpdatePrompt"}"#, "modelId"),
        (r#"{"modelId":"m","timestamp":"<timestamp>"}"#, "timestamp"),
        ("[\"2026-01-01T00:00:00Z\"]", "no object"),
    ] {
        match RecordReading::read(given.as_bytes(), 1, &location) {
            Err(Unread::Refused { reason: got, used, .. }) => {
                assert!(got.contains(reason), "{given}: {got}");
                assert_eq!(used, given.len(), "{given}");
            }
            other => panic!("{given}: {other:?}"),
        }
    }
}

#[test]
fn a_template_that_no_line_knows_is_of_no_known_shape() {
    let status = |prompt: &str| {
        let body = serde_json::json!({"prompt": prompt});
        let record = serde_json::json!({
            "timestamp": "2026-10-07T07:00:00Z", "modelId": "m", "input": {"inputBodyJson": body},
        });
        read(&record.to_string()).system_prompt.status
    };
    for unknown in ["<|system|>\nYou are P<|end|>", "<|start_of_role|>system<|end_of_role|>You are G"] {
        assert_eq!(status(unknown), SystemPromptStatus::UnknownShape, "{unknown}");
    }
    for plain in ["Tell me <|system|>", "Write a letter."] {
        assert_eq!(status(plain), SystemPromptStatus::None, "{plain}");
    }
}
