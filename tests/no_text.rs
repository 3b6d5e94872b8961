//! `--no-text`, under the policy of those who may see no text: what the real command line asks for, and what it says instead.

use std::process::Command;

use audit_domain::ledger::texts::{RECORD_FACTS, STATE_FACTS, TEXT_SUBJECTS};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::{KEY, table_names},
    function::binary,
};
use serde_json::Value;

use super::{
    project,
    recorder::{GUARDRAIL, World, ago, event, state},
};

const ANSWER: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
const RETRIEVED: &str = "3f0c7a52-91d4-4c8e-a6b7-2f58d1e0c944";
const PROMPT: &str = "ce337dd7ff39e8458da6f90b26f969aaf2528aecb7f250c699e8afe6d4f6e2ae";
const CALLER: &str = "arn:aws:sts::444455556666:assumed-role/claims-app/a-session";
const DOCUMENT: &str = "s3://example-mutual-policies/*";
const STATES_OF: &str = "arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq";
const NOT_SHOWN: &str = "not shown (--no-text)";

/// Words of the sample prompt, of a passage, and of the guardrail's topic: no answer may hold one.
const TEXTS: [&str; 3] = ["claims assistant", "escaping from mains", "before it was assessed"];

/// Every question of the command line, and whether it shows what it does not show.
const QUESTIONS: &[(&[&str], bool)] = &[
    (&["explain", ANSWER], true),
    (&["explain", RETRIEVED], true),
    (&["changes", "--kind", "guardrail"], true),
    (&["changes", "--resource", STATES_OF], true),
    (&["invocations"], false),
    (&["invocations", "--source", DOCUMENT], false),
    (&["prompts"], false),
    (&["prompts", "--since", "2026-10-02"], false),
    (&["prompts", "--principal", CALLER], true),
    (&["prompts", "--principal", "claims-app", "--since", "2026-10-02"], true),
    (&["prompt", PROMPT], true),
    (&["prompt", "ce337dd7ff39"], true),
    (&["sources", DOCUMENT], false),
    (&["states", STATES_OF, "--at", "1m"], true),
    (&["states", STATES_OF], false),
];

/// The sample incident in a cloud's tables, and a guardrail that was weakened, with its states.
async fn world() -> World {
    let mut world = World::start().await;
    let (published, weakened) = (ago(120), ago(20));
    for (name, when, then) in [
        ("guardrail-DRAFT-monday", ago(125), "incident/changes/02-CreateGuardrailVersion-version-3"),
        ("guardrail-DRAFT-thursday", weakened, "incident/changes/04-UpdateGuardrail-weakened"),
    ] {
        world.cloud.bedrock.put("guardrail", GUARDRAIL, DRAFT, state(name, when));
        world.cloud.bedrock.put("guardrail", GUARDRAIL, "3", state("guardrail-3", published));
        world.take(&event(then, if when == weakened { weakened } else { published })).await;
    }
    for what in ["events/incident/invocations.ndjson", "events/attributions/incident-retrieve.json"] {
        let (status, _, problem) = ask(&world, &["index", project(what).to_str().unwrap()]);
        assert_eq!(status, 0, "{problem}");
    }
    world.cloud.faults.forget();
    world
}

/// The status of the command line, what it says, and what it complains about.
fn ask(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let names = table_names();
    let output = Command::new(binary("bedrock-audit"))
        .env_clear()
        .args(["--tables", &[names.records, names.states, names.deliveries].join(",")])
        .args(arguments)
        .env("AWS_ENDPOINT_URL", &world.cloud.endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Why `ReaderPolicy` would refuse a request, if it would.
fn refused((action, body): &(String, Vec<u8>)) -> Option<String> {
    let body: Value = serde_json::from_slice(body).unwrap();
    if action != "dynamodb:Query" {
        return Some(action.clone());
    }
    let table = body["TableName"].as_str().unwrap();
    let names = table_names();
    let facts = match table {
        _ if body["IndexName"].is_string() => return None,
        table if table == names.records => RECORD_FACTS,
        table if table == names.states => STATE_FACTS,
        other => return Some(other.to_owned()),
    };
    let values = body["ExpressionAttributeValues"].as_object().unwrap().values();
    let is_of_prompt = |value: &Value| value["S"].as_str().is_some_and(|key| key.starts_with(TEXT_SUBJECTS));
    if let Some(key) = values.into_iter().find(|value| is_of_prompt(value)) {
        return Some(key.to_string());
    }
    if body["Select"] != "SPECIFIC_ATTRIBUTES" {
        return Some(format!("Select is {}", body["Select"]));
    }
    let resolved = |written: &str| {
        let name = &body["ExpressionAttributeNames"][written];
        name.as_str().unwrap_or(written).to_owned()
    };
    let asked = body["ProjectionExpression"].as_str().unwrap().split(',');
    asked.map(|written| resolved(written.trim())).find(|name| !facts.contains(&name.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_texts_nothing_is_asked_for_that_the_policy_refuses() {
    let world = world().await;
    for (question, hides) in QUESTIONS {
        for form in [&["--no-text"][..], &["--no-text", "--json"]] {
            world.cloud.faults.forget();
            let (status, said, problem) = ask(&world, &[form, question].concat());
            assert_eq!((status, problem.as_str()), (0, ""), "{question:?}: {said}");
            let asked = world.cloud.faults.asked();
            assert!(!asked.is_empty());
            assert_eq!(asked.len(), world.cloud.faults.seen().len(), "nothing but tables: {question:?}");
            let refused: Vec<_> = asked.iter().filter_map(refused).collect();
            assert!(refused.is_empty(), "{question:?}: {refused:?}");
            let told: Vec<_> = TEXTS.into_iter().filter(|text| said.contains(text)).collect();
            assert!(told.is_empty(), "{question:?} tells {told:?}: {said}");
            if form.len() == 1 {
                assert_eq!(said.contains(NOT_SHOWN), *hides, "{question:?}: {said}");
                assert!(!said.contains("not kept"), "{question:?}: {said}");
            }
        }
    }
}

/// The texts are there, and the policy would refuse who asks for them: else the test above could not fail.
#[tokio::test(flavor = "multi_thread")]
async fn with_texts_they_are_shown_and_the_policy_would_refuse_them() {
    let world = world().await;
    let mut all = String::new();
    for question in [&["explain", ANSWER][..], &["explain", RETRIEVED], &["states", STATES_OF, "--json"]] {
        world.cloud.faults.forget();
        let (status, said, problem) = ask(&world, question);
        assert_eq!((status, problem.as_str()), (0, ""), "{question:?}");
        assert!(world.cloud.faults.asked().iter().any(|asked| refused(asked).is_some()), "{question:?}");
        all += &said;
    }
    let missing: Vec<_> = TEXTS.into_iter().filter(|text| !all.contains(text)).collect();
    assert!(missing.is_empty(), "{missing:?} in {all}");
}

/// A change whose fields are not shown did not change nothing; and what reads texts says that it does.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_shown_is_not_said_to_be_nothing() {
    let world = world().await;
    let (_, said, _) = ask(&world, &["changes", "--no-text", "--json", "--resource", STATES_OF]);
    let changes: Value = serde_json::from_str(&said).unwrap();
    let update = changes.as_array().unwrap().iter().find(|change| change["event_name"] == "UpdateGuardrail");
    let update = update.expect("the change");
    assert_eq!((&update["verdict"], &update["diff"]), (&"weaker".into(), &Value::Null), "{update}");
    for reads in
        [&["verify", ANSWER][..], &["index", "x"], &["ask", "--knowledge-base", "K", "--model", "M", "?"]]
    {
        let (status, _, problem) = ask(&world, &[&["--no-text"], reads].concat());
        assert_eq!(status, 2);
        assert!(problem.contains("--no-text"), "{problem}");
    }
}
