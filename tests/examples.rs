//! The examples for applications: the Rust one is run, and the README shows lines of all of them. `.ci/emulator.py` runs it and
//! the Python one against the deployed stack.

use std::process::{Command, Output};

use audit_app::ports::QueryRecords as _;
use audit_domain::ledger::record::Record;
use audit_testkit::{
    bus::BUS,
    cloud::{AUDIT, Cloud, KEY},
    function::{Function, binary, messages},
};
use serde_json::{Value, json};

use super::text;

const BASE: &str = "KB7QX2M9LP";
const REQUEST: &str = "0f6c1d52-93f4-4b0e-8a37-5b1f6c0d2e77";

fn run(cloud: &Cloud, bus: &str) -> Output {
    let model = "arn:aws:bedrock:eu-central-1::foundation-model/m";
    Command::new(binary("examples/send_response"))
        .env_clear()
        .args([bus, AUDIT, BASE, model, "When is it paid?"])
        .env("AWS_ENDPOINT_URL", &cloud.endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .output()
        .unwrap()
}

fn response(passage: &str) -> Value {
    let location =
        json!({"type": "S3", "s3Location": {"uri": "s3://example-mutual-policies/home/terms-2026.pdf"}});
    let reference = json!({"content": {"text": passage, "type": "TEXT"}, "location": location, "new": true});
    let part = json!({"textResponsePart": {"text": "Within 30 days."}});
    let citation = json!({"generatedResponsePart": part, "retrievedReferences": [reference]});
    json!({"sessionId": "s-1", "output": {"text": "Within 30 days."}, "citations": [citation]})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_example_sends_responses_of_any_size_as_they_are() {
    let cloud = Cloud::start().await;
    let mut function = Function::start("record-attributions", &cloud).await;
    for (passage, is_large) in [("It is paid.".to_owned(), false), ("It is paid. ".repeat(30_000), true)] {
        let response = response(&passage);
        cloud.bedrock.knowledge_bases.put(BASE, REQUEST, &response.to_string());
        let output = run(&cloud, BUS);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, b"Within 30 days.\n");
        let events = cloud.bus.take();
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert_eq!(event["detail"]["response"], if is_large { Value::Null } else { response });
        let failed = function.invoke(messages(&[event.to_string()]), &cloud).await.unwrap();
        assert_eq!(failed["batchItemFailures"], json!([]), "{}", function.log());
    }
    let records = cloud.ledger().records_of(REQUEST).await.unwrap();
    let carried = records.iter().filter_map(|record| match record {
        Record::Attribution(attribution) => Some(attribution.response_key.as_deref()),
        _ => None,
    });
    let mut carried: Vec<_> = carried.collect();
    carried.sort_unstable();
    assert_eq!(carried, [None, Some(format!("responses/{REQUEST}.json").as_str())]);
    let sources = records.iter().filter(|record| matches!(record, Record::Source(_))).count();
    assert_eq!(sources, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_example_tells_that_an_entry_was_not_taken() {
    let cloud = Cloud::start().await;
    cloud.bedrock.knowledge_bases.put(BASE, REQUEST, &response("It is paid.").to_string());
    let output = run(&cloud, "another-bus");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("the bus did not take the response"), "{stderr}");
}

/// What the README shows of an example stands in it, line by line.
#[test]
fn the_readme_shows_the_examples() {
    let readme = text("README.md");
    let section = readme.split("### Which documents\n").nth(1).expect("the section");
    let section = section.split("\n### ").next().unwrap();
    for (language, file) in [("python", "py"), ("typescript", "ts"), ("rust", "rs")] {
        let example = text(&format!("examples/send_response.{file}"));
        let lines: Vec<&str> = example.lines().map(str::trim).collect();
        let blocks: Vec<_> = section.split(&format!("```{language}\n")).skip(1).collect();
        assert!(!blocks.is_empty(), "no {language}");
        for block in blocks {
            for line in
                block.split("```").next().unwrap().lines().map(str::trim).filter(|line| !line.is_empty())
            {
                assert!(lines.contains(&line), "examples/send_response.{file} has no line {line:?}");
            }
        }
    }
}
