use super::*;
use crate::passage::Certainty;

fn read_whole(record: &str) -> RecordReading {
    let location = ObjectLocation::object("logs", "AWSLogs/x.json.gz");
    RecordReading::read(record.as_bytes(), 1, &location).unwrap().0
}

fn read(record: &str) -> Invocation {
    read_whole(record).invocation
}

fn fixture_whole(name: &str) -> RecordReading {
    let path = format!("{}/../../events/invocations/{name}.json", env!("CARGO_MANIFEST_DIR"));
    read_whole(&std::fs::read_to_string(path).unwrap())
}

fn fixture(name: &str) -> Invocation {
    fixture_whole(name).invocation
}

fn prompt_id(invocation: &Invocation) -> Option<&str> {
    invocation.system_prompt.id.as_ref().map(Sha256::as_str)
}

const BY_TEXT: &str = "0baa2218698cbf9701f0e86ccf154c005084edc569d186cb405d3633f3ec9834";

#[test]
fn every_body_shape_gives_its_system_prompt() {
    use SystemPromptStatus::{FailedCall, NotDelivered, Offloaded, Recorded, UnknownShape};
    let plain = "1ffa41d3794677f402f1111ef0587d8f6a952d7fb71b3e78301f9b8307c865d0";
    let retrieval = "a2fae4b6ad8635d90ac3ef7e1b95a10022c6967ecc73ebd88d44a94073e15a17";
    let nova = "b1477907b48ca70806256d89682e8a5775ccce315f4c7f6a706c80d54f7bc16b";
    let cases = [
        ("converse", Recorded, Some(plain), Some("converse"), "system[0].text"),
        ("converse-kb-generation", Recorded, Some(retrieval), Some("converse"), "system[0].text"),
        ("converse-poisoned-passages", Recorded, Some(retrieval), Some("converse"), "system[0].text"),
        ("anthropic-messages-string-system", Recorded, Some(BY_TEXT), Some("anthropic-messages"), "system"),
        ("anthropic-messages-stream", Recorded, Some(BY_TEXT), Some("anthropic-messages"), "system"),
        ("identity-in-body", Recorded, Some(BY_TEXT), Some("anthropic-messages"), "system"),
        (
            "anthropic-messages-array-system",
            Recorded,
            Some("84a679032549f15a152e6d64f1f4a974a324ccdc15a6357660928f319c0f59a1"),
            Some("anthropic-messages"),
            "system[0].text",
        ),
        (
            "converse-system-blocks",
            Recorded,
            Some("f0efd236dd250525a73f52f57d5509c496f261a209a67b6849258482798fbae6"),
            Some("converse"),
            "system[0].text",
        ),
        ("nova-system", Recorded, Some(nova), None, "system[0].text"),
        ("nova-stream", Recorded, Some(nova), None, "system[0].text"),
        ("error-no-bodies", FailedCall, None, None, ""),
        ("delivery-off", NotDelivered, None, None, ""),
        ("offloaded-input", Offloaded, None, None, ""),
        ("unknown-shape", UnknownShape, None, None, ""),
        ("prompt-arn-model", UnknownShape, None, None, ""),
    ];
    for (name, status, id, shape, found_at) in cases {
        let invocation = fixture(name);
        assert_eq!(invocation.system_prompt.status, status, "{name}");
        assert_eq!(prompt_id(&invocation), id, "{name}");
        if shape.is_some() {
            assert_eq!(invocation.body_shape.as_deref(), shape, "{name}");
        }
        let at = invocation.system_prompt.found_at;
        assert_eq!(at.unwrap_or_default(), found_at, "{name}");
    }
}

#[test]
fn a_body_of_unknown_shape_is_recorded_with_its_members() {
    let invocation = fixture("unknown-shape");
    assert_eq!(invocation.body_shape, None);
    assert_eq!(invocation.body_members, ["prompt_embedding", "foo"]);
}

#[test]
fn every_form_of_guardrail_trace_is_read() {
    use Certainty::{Recorded, Reported, Unknown};
    let id = Some("gr4k2p9x7wzq");
    let cases = [
        ("converse-guardrail-blocked-no-trace", Unknown, None, None, Some("INTERVENED")),
        ("converse-guardrail-2024-list-assessments", Recorded, id, None, Some("INTERVENED")),
        ("reported-guardrail-metadata", Reported, id, Some("3"), None),
        ("anthropic-messages-stream-guardrail", Recorded, id, None, Some("INTERVENED")),
        ("converse-stream", Unknown, None, None, None),
    ];
    for (name, certainty, id, version, action) in cases {
        let guardrail = fixture(name).guardrail;
        assert_eq!(guardrail.certainty, certainty, "{name}: {guardrail:?}");
        assert_eq!(guardrail.id.as_deref(), id, "{name}");
        assert_eq!(guardrail.version.as_deref(), version, "{name}");
        assert_eq!(guardrail.action.as_deref(), action, "{name}");
    }
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
    assert!(poisoned.iter().any(|p| p.passage.text.contains("<source>")), "{poisoned:?}");
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
        assert_eq!(invocation.completeness(), completeness, "{input}");
    }
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
            Err(Unread::Refused { reason: got, used }) => {
                assert!(got.contains(reason), "{given}: {got}");
                assert_eq!(used, given.len(), "{given}");
            }
            other => panic!("{given}: {other:?}"),
        }
    }
}
