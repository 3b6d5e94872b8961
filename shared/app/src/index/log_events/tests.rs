//! The same invocations by another way, whatever happens on it.

use std::fmt::Write as _;

use audit_domain::{
    digest::to_base64,
    evidence::ObjectLocation,
    invocation::{BodyState, Invocation},
    ledger::record::{EXCERPT, Record, Retention},
};
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use super::*;
use crate::{
    answer::gathered,
    index::{
        bodies::{Later, follow_request},
        index_object,
    },
    memory::{Content, Memory},
    prompt_drift::Silent,
    strategies::gzip,
};

fn indexing() -> Indexing {
    Indexing {
        takes: Takes::Invocations,
        retention: Retention::DEFAULT,
        excerpt_characters: EXCERPT,
        by_content: true,
        now: Timestamp::from_second(1_795_000_000).unwrap(),
    }
}

fn incident() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/incident/invocations.ndjson");
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn event(messages: &[String]) -> Box<RawValue> {
    let events: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(nth, message)| json!({"id": format!("37{nth:03}"), "timestamp": nth, "message": message}))
        .collect();
    let json = json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events});
    packed(json.to_string().as_bytes())
}

fn packed(json: &[u8]) -> Box<RawValue> {
    let event = json!({"awslogs": {"data": to_base64(&gzip(json))}}).to_string();
    RawValue::from_string(event).unwrap()
}

async fn take(event: &RawValue, memory: &Memory) -> Result<Option<Delivery>, NotIndexed> {
    let bodies = Later { queue: memory, allowed: None };
    let delivery = index_log_events(event, memory, &bodies, &Silent, indexing()).await?;
    if let Some(delivery) = &delivery {
        assert!(delivery.counts.add_up(), "{delivery:?}");
    }
    Ok(delivery)
}

async fn take_object(lines: &[String], key: &str, memory: &Memory) -> Delivery {
    let location = ObjectLocation::object("logs", key);
    memory.put_object(&location, vec![gzip(lines.join("\n").as_bytes())]);
    let bodies = Later { queue: memory, allowed: None };
    index_object(memory, memory, &bodies, &Silent, &location, indexing(), &mut |_| {}).await.unwrap()
}

/// What is in the ledger, apart from where it came from.
fn apart_from_places(mut content: Content) -> Content {
    for record in content.records.values_mut() {
        if let Record::Invocation(invocation) = record {
            (invocation.evidence.location, invocation.evidence.ordinal) = (ObjectLocation::file(""), 0);
        }
    }
    content
}

/// The same JSON in other bytes: members in another order, white space, escapes.
fn rewritten(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap();
    let mut text = serde_json::to_string_pretty(&value).unwrap();
    text.insert_str(1, "\n\t ");
    let mut ascii = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write!(ascii, "\\u{unit:04x}").unwrap());
        }
    }
    ascii
}

fn invocations(memory: &Memory) -> Vec<Invocation> {
    let records = memory.content().records.into_values();
    let invocation = |record| match record {
        Record::Invocation(invocation) => Some(*invocation),
        _ => None,
    };
    records.filter_map(invocation).collect()
}

#[tokio::test]
async fn the_events_of_a_log_group_are_the_records_of_a_log_object() {
    let (by_events, by_object) = (Memory::default(), Memory::default());
    let delivery = take(&event(&incident()), &by_events).await.unwrap().unwrap();
    assert_eq!((delivery.counts.received, delivery.counts.indexed), (9, 9));
    assert_eq!(delivery.location.to_string(), "logs://g/s/37000..37008");
    take_object(&incident(), "AWSLogs/1.json.gz", &by_object).await;
    assert_eq!(apart_from_places(by_events.content()), apart_from_places(by_object.content()));
    for invocation in invocations(&by_events) {
        let evidence = invocation.evidence;
        let nth = evidence.location.log.unwrap().timestamp.unwrap();
        let line = &incident()[usize::try_from(nth).unwrap()];
        assert_eq!((evidence.sha256, evidence.ordinal), (Sha256::of(line.as_bytes()), 1));
    }
}

#[tokio::test]
async fn by_both_ways_in_other_bytes_it_is_one_invocation_in_either_order() {
    let written_anew: Vec<_> = incident().iter().map(|line| rewritten(line)).collect();
    let (one, other) = (Memory::default(), Memory::default());
    take_object(&incident(), "AWSLogs/1.json.gz", &one).await;
    let before = one.content();
    let later = take(&event(&written_anew), &one).await.unwrap().unwrap();
    assert_eq!((later.counts.indexed, later.counts.duplicate), (0, 9));
    assert_eq!(one.content().records, before.records);

    take(&event(&written_anew), &other).await.unwrap();
    let before = other.content();
    let later = take_object(&incident(), "AWSLogs/1.json.gz", &other).await;
    assert_eq!((later.counts.indexed, later.counts.duplicate), (0, 9));
    assert_eq!(other.content().records, before.records);

    // what is different in anything lands beside
    let told_differently =
        incident()[7].replace("\"stopReason\":\"end_turn\"", "\"stopReason\":\"max_tokens\"");
    assert_ne!(told_differently, incident()[7]);
    let beside = take(&event(&[told_differently]), &one).await.unwrap().unwrap();
    assert_eq!(beside.counts.indexed, 1);
    assert_eq!(invocations(&one).len(), 10);
}

/// Neither of two functions sees what the other one is about to put.
#[tokio::test]
async fn what_came_by_both_ways_at_the_same_moment_is_shown_as_one() {
    let memory = Memory::default();
    take_object(&incident(), "AWSLogs/1.json.gz", &memory).await;
    let other = Memory::default();
    let written_anew: Vec<_> = incident().iter().map(|line| rewritten(line)).collect();
    take(&event(&written_anew), &other).await.unwrap();
    memory.add(other.content());
    let of_answer: Vec<_> = invocations(&memory).into_iter().filter(|i| i.sources == 3).collect();
    assert_eq!(of_answer.len(), 2, "both were put");
    let explanation = gathered(&of_answer[0].request_id, &memory).await.unwrap().unwrap();
    assert_eq!((explanation.invocations.len(), explanation.conflict), (1, false));
    assert_eq!(explanation.sources.len(), 3);
}

#[tokio::test]
async fn a_bad_event_takes_nobody_down_and_is_kept_with_its_id() {
    let memory = Memory::default();
    let mut messages = incident();
    messages.insert(1, "{\"modelId\": \"m\", \"input\": {".to_owned());
    messages.insert(3, "Permissions are correctly set for Amazon Bedrock logs.".to_owned());
    messages.insert(5, " ".to_owned());
    messages.insert(7, r#"{"awslogs":{"data":"H4sI"}}"#.to_owned());
    let delivery = take(&event(&messages), &memory).await.unwrap().unwrap();
    let counts = delivery.counts;
    assert_eq!((counts.received, counts.indexed, counts.rejected, counts.ignored), (13, 9, 3, 1));
    let kept: Vec<_> = delivery.rejects.iter().map(|reject| reject.ordinal).collect();
    assert_eq!(kept, [2, 6, 8]);
    assert!(delivery.rejects[0].reason.contains("(event 37001)"), "{}", delivery.rejects[0].reason);
}

#[tokio::test]
async fn a_look_and_an_empty_batch_are_no_work() {
    let memory = Memory::default();
    assert!(
        take(&packed(br#"{"messageType":"CONTROL_MESSAGE","logEvents":[]}"#), &memory)
            .await
            .unwrap()
            .is_none()
    );
    let delivery = take(&event(&[]), &memory).await.unwrap().unwrap();
    assert_eq!(delivery.counts.received, 0);
}

#[tokio::test]
async fn what_inflates_without_end_is_refused() {
    let memory = Memory::default();
    let bomb = packed(&vec![b' '; LARGEST + 1]);
    let refused = take(&bomb, &memory).await.unwrap_err().to_string();
    assert!(refused.contains("inflates to more than"), "{refused}");
    for other in ["{}", "[]", r#"{"Records":[]}"#, r#"{"awslogs":{"data":"AAAA"}}"#] {
        assert!(take(&RawValue::from_string(other.to_owned()).unwrap(), &memory).await.is_err(), "{other}");
    }
}

#[tokio::test]
async fn a_body_beside_the_log_is_followed_from_an_event() {
    let memory = Memory::default();
    let folder = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/07/13/data";
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/invocations/offloaded-input.json");
    let mut record: Value = serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    record["input"]["inputBodyS3Path"] = format!("s3://logs/large/{folder}/x_input.json.gz").into();
    let allowed = audit_domain::invocation::pointer::AllowedPlaces::parse("logs").unwrap();
    let bodies = Later { queue: &memory, allowed: Some(&allowed) };
    let event = event(&[record.to_string()]);
    let first = index_log_events(&event, &memory, &bodies, &Silent, indexing()).await.unwrap().unwrap();
    assert_eq!(first.counts.bodies_outstanding, 1);
    let request = memory.next_request().expect("the body is asked for");
    assert!(memory.next_request().is_none());
    // by the other way its body lies elsewhere, and it is the same record: its body is asked for already
    record["input"]["inputBodyS3Path"] = format!("s3://logs/{folder}/x_input.json.gz").into();
    let copy = take_object(&[record.to_string()], "AWSLogs/1.json.gz", &memory).await;
    assert_eq!((copy.counts.duplicate, copy.counts.bodies_outstanding), (1, 0));
    assert!(memory.next_request().is_none());
    // through the queue
    let request = crate::body_request::BodyRequest::of_message(&request.to_message().unwrap()).unwrap();
    let follow = async |request| {
        follow_request(request, &memory, Some(&allowed), &memory, &memory, &Silent, indexing()).await.unwrap()
    };
    assert_eq!(follow(&request).await.outstanding, 1);
    let again = memory.next_request().expect("it is asked for again");
    assert_eq!(again.attempt, 2);
    let body = ObjectLocation::object("logs", format!("large/{folder}/x_input.json.gz"));
    memory.put_object(&body, vec![gzip(br#"{"system":[{"text":"Be brief."}],"messages":[]}"#)]);
    assert_eq!(follow(&again).await.completed, 1);
    let [invocation] = invocations(&memory).try_into().unwrap();
    assert_eq!((invocation.input_body, invocation.completeness), (BodyState::Inline, 1));
    assert_eq!(invocation.evidence.location.to_string(), "logs://g/s/37000");
    let later = take_object(&[record.to_string()], "AWSLogs/1.json.gz", &memory).await;
    assert_eq!((later.counts.indexed, later.counts.duplicate), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// However events are batched, doubled and reordered, with whatever among them: the ledger is the same.
    #[test]
    fn batches_do_not_matter(picks in vec((any::<Index>(), any::<bool>()), 1..16), size in 1_usize..6, noise in any::<String>()) {
        let lines = incident();
        let picked: Vec<String> = picks
            .iter()
            .map(|(at, anew)| { let line = &lines[at.index(lines.len())]; if *anew { rewritten(line) } else { line.clone() } })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (together, apart) = (Memory::default(), Memory::default());
            take(&event(&picked), &together).await.unwrap();
            for batch in picked.chunks(size) {
                let dirty = [batch, std::slice::from_ref(&noise)].concat();
                take(&event(&dirty), &apart).await.unwrap();
            }
            let requests = |memory: &Memory| -> Vec<String> {
                let mut ids: Vec<_> = invocations(memory).into_iter().map(|i| i.request_id).collect();
                ids.dedup();
                ids
            };
            prop_assert_eq!(requests(&together), requests(&apart));
            Ok(())
        })?;
    }

    /// Broken off anywhere, or changed anywhere: refused, or read and counted, and no panic.
    #[test]
    fn what_is_broken_is_refused_or_counted(at in any::<Index>(), byte: u8, cut: bool) {
        let json = json!({"logGroup": "g", "logStream": "s", "logEvents": [{"id": "1", "message": incident()[0]}]});
        let mut data = gzip(json.to_string().as_bytes());
        let at = at.index(data.len());
        if cut { data.truncate(at) } else { data[at] = byte }
        let event = json!({"awslogs": {"data": to_base64(&data)}}).to_string();
        let event = RawValue::from_string(event).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let taken = runtime.block_on(take(&event, &Memory::default()));
        prop_assert!(!cut || taken.is_err());
    }
}
