//! Bodies that lie beside the log: late, missing, forbidden, and behind pointers that lead elsewhere.

use audit_app::ports::QueryRecords as _;
use audit_domain::{
    invocation::{BodyState, Invocation},
    ledger::record::{Record, Source},
    prompt::SystemPromptStatus,
};
use audit_testkit::{
    cloud::{AUDIT, Cloud, LOGS, gzip},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use serde_json::{Value, json};

use super::text;

const FOLDER: &str = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/07/13";

/// The record of `events/invocations/offloaded-input.json`, with this pointer.
fn record(path: &str) -> Value {
    let mut record: Value = serde_json::from_str(&text("events/invocations/offloaded-input.json")).unwrap();
    record["input"]["inputBodyS3Path"] = json!(path);
    record
}

/// A retrieval's prompt of over 100 KB.
fn body() -> Vec<u8> {
    let passages: String = (1..=3)
        .map(|n| {
            let text = format!("Passage {n}. ").repeat(4_000);
            format!(
                "<search_result>\n<content>\n{text}\n</content>\n<source>\n{n}\n</source>\n</search_result>\n"
            )
        })
        .collect();
    let system = format!("Answer from these.\n<search_results>\n{passages}</search_results>");
    json!({"system": [{"text": system}], "messages": [{"role": "user", "content": [{"text": "?"}]}]})
        .to_string()
        .into_bytes()
}

fn notice(key: &str) -> String {
    json!({
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": LOGS}, "object": {"key": key, "size": 10}},
    })
    .to_string()
}

struct World {
    cloud: Cloud,
    function: Function,
}

impl World {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        let function = Function::start("index-invocations", &cloud).await;
        Self { cloud, function }
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        self.cloud.put_log(&format!("{FOLDER}/{name}"), gzip(bytes)).await;
    }

    async fn deliver(&mut self, message: String) -> Vec<String> {
        failed(&self.function.invoke(messages(&[message]), &self.cloud).await.unwrap())
    }

    async fn deliver_log(&mut self) {
        let failures = self.deliver(notice(&format!("{FOLDER}/log.json.gz"))).await;
        assert_eq!(failures, [""; 0]);
    }

    /// Delivers what waits in the queue of bodies; how many messages that were.
    async fn deliver_queued(&mut self) -> usize {
        let queued = self.cloud.take_queued();
        for message in &queued {
            assert_eq!(self.deliver(message.clone()).await, [""; 0]);
        }
        queued.len()
    }

    async fn explain(&self, request_id: &str) -> (Invocation, Vec<Source>) {
        let (mut invocations, mut sources) = (Vec::new(), Vec::new());
        for record in self.cloud.ledger().records_of(request_id).await.unwrap() {
            match record {
                Record::Invocation(invocation) => invocations.push(*invocation),
                Record::Source(source) => sources.push(*source),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(invocations.len(), 1, "{invocations:#?}");
        (invocations.remove(0), sources)
    }
}

fn request_id(record: &Value) -> &str {
    record["requestId"].as_str().unwrap()
}

fn beside() -> String {
    format!("s3://{LOGS}/{FOLDER}/data/body_input.json.gz")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_lands_late_completes_its_record() {
    let mut world = World::start().await;
    let record = record(&beside());
    world.put("log.json.gz", format!("{{\"broken\n{record}\n").as_bytes()).await;
    world.deliver_log().await;
    let (early, sources) = world.explain(request_id(&record)).await;
    assert_eq!((early.input_body, early.completeness), (BodyState::Offloaded, 0));
    assert_eq!(early.system_prompt.status, SystemPromptStatus::Offloaded);
    assert!(sources.is_empty());

    // not there yet: it is asked for again
    assert_eq!(world.deliver_queued().await, 1);
    world.put("data/body_input.json.gz", &body()).await;
    assert_eq!(world.deliver_queued().await, 1);
    assert_eq!(world.deliver_queued().await, 0);
    let (whole, sources) = world.explain(request_id(&record)).await;
    assert_eq!((whole.input_body, whole.completeness), (BodyState::Inline, 1));
    assert_eq!(whole.system_prompt.status, SystemPromptStatus::Recorded);
    assert_eq!(whole.input_body_path, Some(beside()));
    let seen: Vec<_> = sources.iter().map(|source| (source.ordinal, source.cited)).collect();
    assert_eq!(seen, [(1, Some(false)), (2, Some(false)), (3, Some(true))]);
    let prompts = world.cloud.dump("states").await;
    assert!(prompts.iter().any(|item| item.contains("Answer from these.")), "{prompts:#?}");

    // the log once more: what is complete stays complete
    let before = world.cloud.dump("records").await;
    world.deliver_log().await;
    world.deliver_queued().await;
    assert_eq!(world.cloud.dump("records").await, before);

    // the same record in another object: with its body still to come it says less, and contradicts nothing
    world.put("log-again.json.gz", record.to_string().as_bytes()).await;
    assert_eq!(world.deliver(notice(&format!("{FOLDER}/log-again.json.gz"))).await, [""; 0]);
    let delivered = world.cloud.dump("deliveries").await;
    let again: Vec<_> = delivered.iter().filter(|item| item.contains("log-again")).collect();
    assert!(
        !again.is_empty() && again.iter().all(|item| item.contains(r#""conflicts": "N(\"0\")""#)),
        "{again:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_lands_is_missing_after_ten_tries() {
    let mut world = World::start().await;
    let record = record(&beside());
    world.put("log.json.gz", record.to_string().as_bytes()).await;
    world.deliver_log().await;
    for attempt in 1..=10 {
        let (invocation, _) = world.explain(request_id(&record)).await;
        assert_eq!(invocation.input_body, BodyState::Offloaded, "before try {attempt}");
        assert_eq!(world.deliver_queued().await, 1, "try {attempt}");
    }
    assert_eq!(world.deliver_queued().await, 0);
    let (invocation, _) = world.explain(request_id(&record)).await;
    assert_eq!((invocation.input_body, invocation.completeness), (BodyState::Missing, 1));
    assert_eq!(invocation.system_prompt.status, SystemPromptStatus::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_body_counts_as_not_there_and_an_outage_does_not() {
    let mut world = World::start().await;
    let record = record(&beside());
    world.put("log.json.gz", record.to_string().as_bytes()).await;
    world.put("data/body_input.json.gz", &body()).await;
    world.deliver_log().await;
    // the log itself is read first, then the body
    world.cloud.faults.add("s3:GET", 1, 1, Fault::Refuse(403, "AccessDenied"));
    assert_eq!(world.deliver_queued().await, 1);
    world.cloud.faults.clear();
    world.cloud.faults.add("s3:GET", 1, 99, Fault::Refuse(500, "InternalError"));
    let message = world.cloud.take_queued().remove(0);
    assert_eq!(world.deliver(message.clone()).await.len(), 1, "the message comes again");
    world.cloud.faults.clear();
    assert_eq!(world.deliver(message).await, [""; 0]);
    let (invocation, _) = world.explain(request_id(&record)).await;
    assert_eq!(invocation.system_prompt.status, SystemPromptStatus::Recorded);
}

/// Invariant 12: a pointer from a record is followed only into an allowed place.
#[tokio::test(flavor = "multi_thread")]
async fn a_pointer_that_leads_elsewhere_is_refused_and_never_followed() {
    let mut world = World::start().await;
    let elsewhere = [
        format!("s3://{AUDIT}/{FOLDER}/data/body_input.json.gz"),
        format!("s3://{LOGS}/{}/data/x.json.gz", FOLDER.replace("444455556666", "111122223333")),
        format!("s3://{LOGS}/{FOLDER}/data/../../secret.json.gz"),
        format!("s3://{LOGS}/secret.json.gz"),
        "file:///etc/passwd".to_owned(),
    ];
    let records: Vec<_> = elsewhere
        .iter()
        .enumerate()
        .map(|(nth, path)| {
            let mut record = record(path);
            record["requestId"] = json!(format!("hostile-{nth}"));
            record
        })
        .collect();
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    world.put("log.json.gz", lines.join("\n").as_bytes()).await;
    world.deliver_log().await;
    assert_eq!(world.cloud.take_queued(), [""; 0]);
    let reads = world.cloud.faults.seen().iter().filter(|action| action.starts_with("s3:GET")).count();
    assert_eq!(reads, 1, "the log alone is read");
    for record in &records {
        let (invocation, _) = world.explain(request_id(record)).await;
        assert_eq!((invocation.input_body, invocation.completeness), (BodyState::Refused, 1));
        assert_eq!(invocation.system_prompt.status, SystemPromptStatus::Refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_the_body_is_still_followed() {
    let mut world = World::start().await;
    let record = record(&beside());
    world.put("log.json.gz", record.to_string().as_bytes()).await;
    world.put("data/body_input.json.gz", &body()).await;
    world.deliver_log().await;
    world.deliver_queued().await;
    let (whole, calls) = (world.cloud.dump("records").await, world.cloud.faults.seen().len());
    for step in 0..calls {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let mut world = World::start().await;
            world.put("log.json.gz", record.to_string().as_bytes()).await;
            world.put("data/body_input.json.gz", &body()).await;
            world.cloud.faults.forget();
            world.cloud.faults.add("", step, 1, fault);
            let mut waiting = vec![notice(&format!("{FOLDER}/log.json.gz"))];
            while let Some(message) = waiting.pop() {
                match world.function.invoke(messages(std::slice::from_ref(&message)), &world.cloud).await {
                    Ok(answer) => assert_eq!(failed(&answer), [""; 0]),
                    Err(Died) => {
                        world.function = Function::start("index-invocations", &world.cloud).await;
                        waiting.push(message);
                    }
                }
                waiting.extend(world.cloud.take_queued());
            }
            assert_eq!(world.cloud.dump("records").await, whole, "{fault:?} at call {step}");
        }
    }
}
