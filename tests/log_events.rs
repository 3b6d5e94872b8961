//! The real `index-log-events` binary: the log group beside the log bucket, each call once, and nothing lost of what fails.

use std::{path::Path, process::Command};

use audit_app::ports::QueryRecords as _;
use audit_domain::{
    digest::{Sha256, to_base64},
    invocation::{BodyState, Invocation},
    ledger::record::Record,
};
use audit_testkit::{
    cloud::{Cloud, KEY, LOGS, gzip},
    faults::Fault,
    function::{Died, Function, binary, failed, messages},
};
use serde_json::{Value, json};

use super::{index_invocations::created, text};

const GROUP: &str = "bedrock-audit-InvocationLogGroup-3K9Q7M2X1ZVB";
const STREAM: &str = "aws/bedrock/modelinvocations";
const LOG: &str =
    "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/15/15/20261015T153000Z_0b.json.gz";
const WRONG_ANSWER: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";

fn incident() -> Vec<String> {
    text("events/incident/invocations.ndjson").lines().map(str::to_owned).collect()
}

/// The same JSON in other bytes.
fn rewritten(line: &str) -> String {
    format!(" {:#}\n", serde_json::from_str::<Value>(line).unwrap())
}

/// These messages as a subscription hands them on; the ids are 1, 2, ...
fn event(messages: &[String]) -> Value {
    let events: Vec<_> = (1..)
        .zip(messages)
        .map(|(nth, message)| json!({"id": nth.to_string(), "timestamp": nth, "message": message}))
        .collect();
    let json =
        json!({"messageType": "DATA_MESSAGE", "logGroup": GROUP, "logStream": STREAM, "logEvents": events});
    json!({"awslogs": {"data": to_base64(&gzip(json.to_string().as_bytes()))}})
}

fn trigger(name: &str) -> Value {
    serde_json::from_str(&text(&format!("events/triggers/{name}.json"))).unwrap()
}

async fn world() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    let function = Function::start("index-log-events", &cloud).await;
    (cloud, function)
}

/// `index-invocations` in a stack with a log group.
async fn of_objects(cloud: &Cloud) -> Function {
    Function::start_with("index-invocations", cloud, &[("INVOCATION_LOG_GROUP", GROUP)]).await
}

async fn deliver_object(function: &mut Function, cloud: &Cloud, lines: &[String]) {
    cloud.put_log(LOG, gzip(lines.join("\n").as_bytes())).await;
    assert!(failed(&function.invoke(messages(&[created(LOG)]), cloud).await.unwrap()).is_empty());
}

async fn invocations(cloud: &Cloud, request_id: &str) -> Vec<Invocation> {
    let records = cloud.ledger().records_of(request_id).await.unwrap().into_iter();
    let invocation = |record| match record {
        Record::Invocation(invocation) => Some(*invocation),
        _ => None,
    };
    records.filter_map(invocation).collect()
}

fn counts(answer: &Value) -> [u64; 5] {
    let count = |name: &str| answer[name].as_u64().unwrap_or_else(|| panic!("{name} in {answer}"));
    let counts = ["received", "indexed", "duplicate", "rejected", "ignored"].map(count);
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{answer}");
    counts
}

/// What `bedrock-audit` says, and its exit status.
fn ask(ledger: &[&str], cloud: &Cloud, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(binary("bedrock-audit"))
        .args(["--now", "2026-10-20T08:00:00Z", "--json"])
        .args(ledger)
        .args(arguments)
        .env("AWS_ENDPOINT_URL", &cloud.endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout);
    let answer = answer.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), answer)
}

const TABLES: [&str; 2] = ["--tables", "records,states,deliveries"];

#[tokio::test(flavor = "multi_thread")]
async fn log_events_become_the_invocations_that_a_log_object_would() {
    let (cloud, mut function) = world().await;
    let answer = function.invoke(event(&incident()), &cloud).await.unwrap();
    assert_eq!(counts(&answer), [9, 9, 0, 0, 0]);
    let other = Cloud::start().await;
    deliver_object(&mut of_objects(&other).await, &other, &incident()).await;
    let without_evidence = |items: Vec<String>| -> Vec<String> {
        items.into_iter().map(|item| item.split("\"evidence\"").next().unwrap().to_owned()).collect()
    };
    assert_eq!(without_evidence(cloud.dump("records").await), without_evidence(other.dump("records").await));
    assert_eq!(cloud.dump("states").await, other.dump("states").await);

    let [invocation] = invocations(&cloud, WRONG_ANSWER).await.try_into().unwrap();
    let evidence = invocation.evidence;
    assert_eq!(evidence.location.to_string(), format!("logs://{GROUP}/{STREAM}/8"));
    assert_eq!(evidence.sha256, Sha256::of(incident()[7].as_bytes()));
    let delivered = cloud.dump("deliveries").await;
    // and its line in the list of the day that its first event is of
    assert_eq!(delivered.len(), 2);
    let listed = delivered.iter().find(|item| item.contains("deliveries/1970-01-01")).expect("a line");
    let delivered = delivered.iter().filter(|item| *item != listed).collect::<Vec<_>>();
    assert!(delivered[0].contains(&format!("logs://{GROUP}/{STREAM}/1..9")), "{delivered:?}");

    // twice, late, and cut into other batches
    let before = (cloud.dump("records").await, cloud.dump("states").await);
    let again = function.invoke(event(&incident()), &cloud).await.unwrap();
    assert_eq!(counts(&again), [9, 0, 9, 0, 0]);
    let part = function.invoke(event(&incident()[3..6]), &cloud).await.unwrap();
    assert_eq!(counts(&part), [3, 0, 3, 0, 0]);
    assert_eq!((cloud.dump("records").await, cloud.dump("states").await), before);
    let later = cloud.dump("deliveries").await;
    assert!(later.contains(delivered[0]) && later.contains(listed), "the first whole reading stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_comes_by_both_ways_is_one_in_either_order() {
    let written_anew: Vec<_> = incident().iter().map(|line| rewritten(line)).collect();
    for object_first in [true, false] {
        let (cloud, mut function) = world().await;
        let mut of_objects = of_objects(&cloud).await;
        if object_first {
            deliver_object(&mut of_objects, &cloud, &incident()).await;
            let answer = function.invoke(event(&written_anew), &cloud).await.unwrap();
            assert_eq!(counts(&answer), [9, 0, 9, 0, 0]);
        } else {
            function.invoke(event(&written_anew), &cloud).await.unwrap();
            deliver_object(&mut of_objects, &cloud, &incident()).await;
            let delivered = cloud.dump("deliveries").await;
            assert!(
                delivered.iter().any(|item| item.contains(r#""duplicate": "N(\"9\")""#)),
                "{delivered:?}"
            );
        }
        assert_eq!(invocations(&cloud, WRONG_ANSWER).await.len(), 1, "object first: {object_first}");
        let (_, explained) = ask(&TABLES, &cloud, &["explain", WRONG_ANSWER]);
        assert_eq!(
            (&explained["conflict"], explained["sources"].as_array().unwrap().len()),
            (&json!(false), 3)
        );
        let (_, listed) = ask(&TABLES, &cloud, &["invocations", "--since", "2026-10-01"]);
        assert_eq!(listed.as_array().unwrap().len(), 9);
        // what is different is kept beside, and shown as a conflict
        let other = written_anew[7].replace("anthropic.claude", "anthropic.other");
        let other = function.invoke(event(&[other]), &cloud).await.unwrap();
        assert_eq!(counts(&other), [1, 1, 0, 0, 0]);
        let delivered = cloud.dump("deliveries").await;
        let in_conflict =
            |item: &&String| item.contains("listed_object") && item.contains(r#""conflicts": "N(\"1\")""#);
        assert_eq!(
            delivered.iter().filter(in_conflict).count(),
            1,
            "what came by both ways is none: {delivered:?}"
        );
        let (_, explained) = ask(&TABLES, &cloud, &["explain", WRONG_ANSWER]);
        let shown = explained["invocations"].as_array().unwrap().len();
        assert_eq!((&explained["conflict"], shown), (&json!(true), 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_is_kept_with_its_id_and_takes_nobody_down() {
    let (cloud, mut function) = world().await;
    let mut messages = incident();
    messages.insert(0, "Permissions are correctly set for Amazon Bedrock logs.".to_owned());
    messages.insert(3, r#"{"modelId": "m", "input": {"my secret": ["#.to_owned());
    messages.insert(6, "my secret".to_owned());
    messages.push(r#"{"modelId":"m","timestamp":"soon"}"#.to_owned());
    let answer = function.invoke(event(&messages), &cloud).await.unwrap();
    assert_eq!(counts(&answer), [13, 9, 0, 3, 1]);
    let kept = cloud.dump("deliveries").await;
    for (place, id) in [("-#reject#00000004", "(event 4)"), ("-#reject#00000007", "(event 7)")] {
        assert!(kept.iter().any(|item| item.contains(place) && item.contains(id)), "{place} in {kept:?}");
    }
    assert!(!kept.iter().any(|item| item.contains("secret")), "a reject holds no text");
    assert!(!function.log().contains("secret"), "nor does the log");
}

/// Lambda tries twice more, and then hands over what failed: sent again as it is, everything is there, once.
#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_sent_again_as_lambda_tells_it() {
    let (cloud, mut function) = world().await;
    cloud.faults.add("dynamodb:PutItem", 2, 3, Fault::Refuse(400, "ThrottlingException"));
    let answer = function.invoke(trigger("log-events"), &cloud).await.unwrap();
    assert_eq!(counts(&answer), [3, 2, 0, 0, 1], "fewer than the SDK's attempts: nobody notices");
    let whole = (cloud.dump("records").await, cloud.dump("states").await);

    let (cloud, mut function) = world().await;
    cloud.faults.add("dynamodb:PutItem", 2, usize::MAX, Fault::Refuse(400, "AccessDeniedException"));
    for _ in 0..3 {
        let answer = function.invoke(trigger("log-events"), &cloud).await.unwrap();
        assert_eq!(answer["errorType"], "LogEventsNotIndexed", "{answer}");
        assert!(answer["errorMessage"].as_str().unwrap().contains("AccessDenied"), "{answer}");
    }
    cloud.faults.clear();
    let failed = trigger("log-events-failed");
    assert_eq!(failed["requestPayload"], trigger("log-events"));
    // with what an invocation of the envelope itself would leave behind
    for envelope in [failed.clone(), json!({"requestPayload": failed})] {
        let answer = function.invoke(envelope, &cloud).await.unwrap();
        assert_eq!(counts(&answer)[0], 3);
        assert_eq!((cloud.dump("records").await, cloud.dump("states").await), whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_no_work_and_what_is_no_event_fails() {
    let (cloud, mut function) = world().await;
    assert_eq!(function.invoke(trigger("log-events-control"), &cloud).await.unwrap()["received"], 0);
    let mut cut = trigger("log-events");
    let data = cut["awslogs"]["data"].as_str().unwrap();
    cut["awslogs"]["data"] = json!(data[..data.len() / 8 * 4]);
    for event in [cut, json!({}), json!([]), json!({"awslogs": {"data": "?"}}), trigger("s3-notification")] {
        let answer = function.invoke(event, &cloud).await.unwrap();
        assert_eq!(answer["errorType"], "LogEventsNotIndexed", "{answer}");
    }
    assert_eq!((cloud.count("records").await, cloud.count("deliveries").await), (0, 0));
}

const FOLDER: &str = "large/AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/07/13";

fn offloaded(path: &str) -> Value {
    let mut record: Value = serde_json::from_str(&text("events/invocations/offloaded-input.json")).unwrap();
    record["input"]["inputBodyS3Path"] = json!(path);
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_events_and_their_bodies_are_indexed() {
    let record = offloaded(&format!("s3://{LOGS}/{FOLDER}/data/body_input.json.gz"));
    let request_id = record["requestId"].as_str().unwrap();
    let body = gzip(json!({"system": [{"text": "Be brief."}], "messages": []}).to_string().as_bytes());
    let events = event(&[incident()[7].clone(), record.to_string()]);

    let run = async |step: usize, fault: Option<Fault>| {
        let (cloud, mut function) = world().await;
        let mut follower = of_objects(&cloud).await;
        cloud.put_log(&format!("{FOLDER}/data/body_input.json.gz"), body.clone()).await;
        if let Some(fault) = fault {
            cloud.faults.add("", step, 1, fault);
        }
        while function.invoke(events.clone(), &cloud).await == Err(Died) {
            function = Function::start("index-log-events", &cloud).await;
        }
        let mut waiting = cloud.take_queued();
        assert!(!waiting.is_empty(), "{fault:?} at call {step}");
        while let Some(message) = waiting.pop() {
            match follower.invoke(messages(std::slice::from_ref(&message)), &cloud).await {
                Ok(answer) => assert_eq!(failed(&answer), [""; 0]),
                Err(Died) => {
                    follower = of_objects(&cloud).await;
                    waiting.push(message);
                }
            }
            waiting.extend(cloud.take_queued());
        }
        cloud
    };
    let undisturbed = run(0, None).await;
    let [invocation] = invocations(&undisturbed, request_id).await.try_into().unwrap();
    assert_eq!((invocation.input_body, invocation.completeness), (BodyState::Inline, 1));
    assert_eq!(invocation.evidence.location.to_string(), format!("logs://{GROUP}/{STREAM}/2"));
    let whole = undisturbed.dump("records").await;
    let calls = undisturbed.faults.seen().len();
    for step in 0..calls {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let cloud = run(step, Some(fault)).await;
            assert_eq!(cloud.dump("records").await, whole, "{fault:?} at call {step} of {calls}");
        }
    }
}

/// Invariant 12 holds for events as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_pointer_out_of_an_event_leads_only_where_it_may() {
    let (cloud, mut function) = world().await;
    for (nth, path) in ["s3://elsewhere/x", "s3://logs/AWSLogs/1/data/x"].iter().enumerate() {
        let mut record = offloaded(path);
        record["requestId"] = json!(format!("hostile-{nth}"));
        function.invoke(event(&[record.to_string()]), &cloud).await.unwrap();
        let [invocation] = invocations(&cloud, &format!("hostile-{nth}")).await.try_into().unwrap();
        assert_eq!((invocation.input_body, invocation.completeness), (BodyState::Refused, 1));
    }
    assert_eq!(cloud.take_queued(), [""; 0]);
    // too large for a message: everything else goes on
    cloud.faults.add("sqs:SendMessage", 0, usize::MAX, Fault::Refuse(400, "InvalidParameterValue"));
    let record = offloaded(&format!("s3://{LOGS}/{FOLDER}/data/body_input.json.gz"));
    let answer = function.invoke(event(&[record.to_string()]), &cloud).await.unwrap();
    assert_eq!(counts(&answer), [1, 1, 0, 0, 0]);
    let [invocation] = invocations(&cloud, record["requestId"].as_str().unwrap()).await.try_into().unwrap();
    assert_eq!((invocation.input_body, invocation.completeness), (BodyState::Offloaded, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_in_a_log_group_is_shown_and_read_again() {
    let (cloud, mut function) = world().await;
    function.invoke(event(&incident()), &cloud).await.unwrap();
    let (_, explained) = ask(&TABLES, &cloud, &["explain", WRONG_ANSWER]);
    let evidence = &explained["invocations"][0]["evidence"];
    let place = json!({"log_group": GROUP, "log_stream": STREAM, "log_event_id": "8", "log_timestamp": 8});
    for (name, value) in place.as_object().unwrap() {
        assert_eq!(&evidence[name], value, "{name}");
    }
    assert_eq!((&evidence["bucket"], &evidence["key"]), (&Value::Null, &Value::Null));

    let verdict = || {
        let (status, answer) = ask(&TABLES, &cloud, &["verify", WRONG_ANSWER]);
        (status, answer["records"][0]["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(verdict(), (2, "gone".to_owned()), "there is no such log group");
    cloud.log_groups.put(GROUP, STREAM, "7", 8, "another one of the same moment");
    assert_eq!(verdict(), (2, "gone".to_owned()));
    cloud.log_groups.put(GROUP, STREAM, "8", 8, &incident()[7]);
    assert_eq!(verdict(), (0, "equal".to_owned()));
    cloud.log_groups.put(GROUP, STREAM, "8", 8, &incident()[7].replace("water", "fire"));
    assert_eq!(verdict(), (2, "differs".to_owned()));
    cloud.faults.add("logs:FilterLogEvents", 0, usize::MAX, Fault::Refuse(400, "AccessDeniedException"));
    assert_eq!(verdict(), (2, "gone".to_owned()), "or it may not be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_events_that_were_kept() {
    let (cloud, folder) = (Cloud::start().await, tempfile::tempdir().unwrap());
    let ledger = folder.path().join("ledger.db");
    let ledger = ["--ledger", ledger.to_str().unwrap()];
    let index = |path: &Path| ask(&ledger, &cloud, &["index", path.to_str().unwrap()]);
    let trigger = |name: &str| super::project(&format!("events/triggers/{name}.json"));
    let (status, summary) = index(&trigger("log-events-failed"));
    assert_eq!((status, counts(&summary)), (0, [3, 2, 0, 0, 1]), "{summary}");
    assert_eq!(counts(&index(&trigger("log-events")).1), [3, 0, 2, 0, 1]);
    assert_eq!(counts(&index(&trigger("log-events-control")).1), [1, 0, 0, 0, 1]);
    // the object that Bedrock delivered as well, in other bytes, with an event among its records
    let lines: Vec<_> = incident().iter().map(|line| rewritten(line)).collect();
    let file = folder.path().join("log.ndjson");
    let events = text("events/triggers/log-events.json").replace('\n', "");
    std::fs::write(&file, [lines.join("\n"), events, "{\"neither\":1}".to_owned()].join("\n")).unwrap();
    let (_, summary) = index(&file);
    assert_eq!(counts(&summary), [13, 7, 4, 1, 1], "{summary}");
    let (_, explained) = ask(&ledger, &cloud, &["explain", WRONG_ANSWER]);
    assert_eq!(explained["invocations"].as_array().unwrap().len(), 1);
    assert_eq!(explained["invocations"][0]["evidence"]["log_group"], GROUP);
    // a batch that is broken is one reject
    std::fs::write(&file, r#"{"awslogs":{"data":"H4sIAAAA"}}"#).unwrap();
    assert_eq!(counts(&index(&file).1), [1, 0, 0, 1, 0]);
}
