//! The real `bedrock-audit` binary on what was copied from a log bucket, and on the bucket itself.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use audit_testkit::{
    cloud::{Cloud, KEY, LOGS, gzip},
    function::{Function, binary, failed, messages},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::text;

const HOUR: &str = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/07/13";
const TRAIL: &str = "AWSLogs/444455556666/CloudTrail/eu-central-1/2026/10/07";
const DIGEST: &str = "AWSLogs/444455556666/CloudTrail-Digest/eu-central-1/2026/10/07";

fn cli(endpoint: &str) -> Command {
    let mut command = Command::new(binary("bedrock-audit"));
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", KEY);
    command
}

fn ask(ledger: &Path, endpoint: &str, arguments: &[&str]) -> (i32, Value, String) {
    let output = cli(endpoint)
        .args(["--now", "2026-10-20T08:00:00Z", "--json", "--ledger"])
        .arg(ledger)
        .args(arguments)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let answer = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}\n{stderr}"));
    (output.status.code().unwrap(), answer, stderr)
}

fn body(instructions: &str) -> Vec<u8> {
    json!({"system": [{"text": instructions}], "messages": []}).to_string().into_bytes()
}

/// Records whose input lies beside the log: in the same hour, in the hour before, nowhere, and where nobody follows.
fn offloaded() -> String {
    let paths = [
        format!("s3://{LOGS}/bedrock/{HOUR}/data/here_input.json.gz"),
        format!("s3://{LOGS}/bedrock/{}/data/before_input.json.gz", HOUR.replace("/13", "/12")),
        format!("s3://{LOGS}/bedrock/{HOUR}/data/late_input.json.gz"),
        "s3://elsewhere/secret".to_owned(),
    ];
    let mut record: Value = serde_json::from_str(&text("events/invocations/offloaded-input.json")).unwrap();
    let lines = ["here", "before", "late", "refused"].iter().zip(paths).map(|(id, path)| {
        record["requestId"] = json!(id);
        record["input"]["inputBodyS3Path"] = json!(path);
        record.to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a log bucket holds, by key.
fn log_bucket() -> Vec<(String, Vec<u8>)> {
    let trail: Vec<Value> = ["UpdateGuardrail", "CreatePrompt", "InvokeModel.miss"]
        .iter()
        .map(|name| serde_json::from_str::<Value>(&text(&format!("events/changes/{name}.json"))).unwrap())
        .map(|envelope| envelope["detail"].clone())
        .collect();
    let records = json!({"Records": trail}).to_string();
    vec![
        (
            format!("{HOUR}/20261007T130000Z_0a.json.gz"),
            gzip(text("events/incident/invocations.ndjson").as_bytes()),
        ),
        (format!("{HOUR}/20261007T130500Z_0b.json.gz"), gzip(offloaded().as_bytes())),
        (format!("{HOUR}/data/here_input.json.gz"), gzip(&body("Be kind."))),
        (format!("{}/data/before_input.json.gz", HOUR.replace("/13", "/12")), gzip(&body("Be brief."))),
        (format!("{HOUR}/data/5d0c_input_media_00.png"), vec![0x89, 0x50]),
        (format!("{HOUR}/../../../../amazon-bedrock-logs-permission-check"), Vec::new()),
        (
            format!("{TRAIL}/444455556666_CloudTrail_eu-central-1_20261007T1300Z_abc.json.gz"),
            gzip(records.as_bytes()),
        ),
        (format!("{DIGEST}/digest.json.gz"), gzip(b"{}")),
    ]
}

/// A folder copied from the bucket, below its prefix.
fn copied(folder: &Path) -> PathBuf {
    let root = folder.join("copy");
    for (key, bytes) in log_bucket() {
        let path = root.join("bedrock").join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    root
}

fn adds_up(summary: &Value) {
    let count = |name: &str| summary[name].as_u64().unwrap();
    let parts = ["indexed", "duplicate", "rejected", "ignored"].map(count).iter().sum::<u64>();
    assert_eq!(count("received"), parts, "{summary}");
}

fn prompt_status(ledger: &Path, request_id: &str) -> Value {
    let (_, answer, _) = ask(ledger, "", &["explain", request_id]);
    answer["invocations"][0]["system_prompt"]["status"].clone()
}

#[test]
fn a_folder_copied_from_a_log_bucket_is_indexed_in_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, root) = (folder.path().join("ledger.db"), copied(folder.path()));
    let (status, summary, _) = ask(&ledger, "", &["index", root.to_str().unwrap()]);
    assert_eq!(status, 0, "{summary}");
    adds_up(&summary);
    assert_eq!((&summary["indexed"], &summary["rejected"]), (&json!(9 + 4 + 2 + 1), &json!(0)), "{summary}");
    // two bodies, a picture, a permission check, a digest
    assert_eq!((&summary["ignored"], &summary["bodies_outstanding"]), (&json!(5), &json!(1)), "{summary}");
    let found = ["here", "before", "late", "refused"].map(|id| prompt_status(&ledger, id));
    assert_eq!(found, ["recorded", "recorded", "missing", "refused"]);

    // the folder is completed, and indexed again
    let late = root.join(format!("bedrock/{HOUR}/data/late_input.json.gz"));
    std::fs::write(late, gzip(&body("Be late."))).unwrap();
    let (_, again, _) = ask(&ledger, "", &["index", root.to_str().unwrap()]);
    adds_up(&again);
    assert_eq!((&again["indexed"], &again["duplicate"]), (&json!(1), &json!(15)), "{again}");
    assert_eq!(prompt_status(&ledger, "late"), "recorded");
    assert_eq!(ask(&ledger, "", &["prompts"]).1.as_array().unwrap().len(), 4 + 3);
}

#[test]
fn a_file_that_was_read_to_its_end_is_passed_over_until_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let file = folder.path().join("log.ndjson");
    std::fs::write(&file, text("events/incident/invocations.ndjson")).unwrap();
    let resume = || ask(&ledger, "", &["index", "--resume", file.to_str().unwrap()]).1;
    assert_eq!(resume()["indexed"], 9);
    assert_eq!(
        resume(),
        json!({"bodies_outstanding": 0, "conflicts": 0, "duplicate": 0, "failed": [], "ignored": 0, "indexed": 0,
        "objects": 0, "partial": [], "passed_over": 1, "received": 0, "rejected": 0, "rejects": []})
    );
    std::fs::write(&file, text("events/incident/invocations.ndjson") + &offloaded()).unwrap();
    assert_eq!(resume()["indexed"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_backfilled_after_a_dry_run_and_resumed() {
    let cloud = Cloud::start().await;
    for (key, bytes) in log_bucket().into_iter().filter(|(key, _)| !key.contains("..")) {
        cloud.put_log(&format!("bedrock/{key}"), bytes).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let place = format!("s3://{LOGS}/bedrock/");
    let run = |arguments: &[&str]| ask(&ledger, &cloud.endpoint, arguments);

    let (status, plan, _) = run(&["index", "--dry-run", &place]);
    assert_eq!(status, 0, "{plan}");
    assert_eq!(
        (&plan["objects"], &plan["bodies"], &plan["other_trail_files"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(cloud.faults.seen().len(), 1, "nothing but the list is read: {:?}", cloud.faults.seen());

    let (status, summary, _) = run(&["index", &place]);
    assert_eq!(status, 0, "{summary}");
    adds_up(&summary);
    assert_eq!((&summary["indexed"], &summary["bodies_outstanding"]), (&json!(16), &json!(1)), "{summary}");
    let (_, answer, _) = run(&["explain", "before"]);
    assert_eq!(answer["invocations"][0]["system_prompt"]["text"], "Be brief.");
    let evidence = &answer["invocations"][0]["evidence"];
    assert_eq!(evidence["bucket"], LOGS, "{evidence}");

    // the object of which a body is outstanding is read again, the others are not
    let (_, resumed, _) = run(&["index", "--resume", &place]);
    assert_eq!((&resumed["passed_over"], &resumed["duplicate"]), (&json!(2), &json!(4)), "{resumed}");
    assert_eq!(run(&["verify", "before"]).0, 0);

    for nowhere in ["s3://no-such-bucket/x", &format!("s3://{LOGS}/no/such/prefix")] {
        let (status, summary, _) = run(&["index", nowhere]);
        assert_eq!((status, summary["failed"].as_array().unwrap().len()), (2, 1), "{summary}");
    }
}

/// What a function and a backfill both read is there once, as whoever came first wrote it down.
#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_leaves_what_is_live_as_it_is_and_keeps_records_as_it_is_told() {
    let cloud = Cloud::start().await;
    let mut function = Function::start("index-invocations", &cloud).await;
    let [live, older] =
        ["20261007T130000Z_0a", "20261007T130500Z_0b"].map(|name| format!("{HOUR}/{name}.json.gz"));
    let incident = text("events/incident/invocations.ndjson");
    cloud.put_log(&live, gzip(incident.lines().last().unwrap().as_bytes())).await;
    let created = super::index_invocations::created(&live);
    let answer = function.invoke(messages(&[created]), &cloud).await.unwrap();
    assert!(failed(&answer).is_empty(), "{answer}");
    // deliveries, too, in .ci/emulator.py: the store here lists objects with other entity tags than it gives them
    let before = cloud.dump("records").await;
    assert!(!before.is_empty());
    cloud.put_log(&older, gzip(incident.as_bytes())).await;

    let output = cli(&cloud.endpoint)
        .args(["--now", "2026-10-20T08:00:00Z", "--json", "--tables", "records,states,deliveries", "index"])
        .args(["--excerpt-characters", "0", "--retention-days", "1000", "--rate", "5000"])
        .arg(format!("s3://{LOGS}/"))
        .output()
        .unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{summary} {}", String::from_utf8_lossy(&output.stderr));
    adds_up(&summary);
    assert_eq!((&summary["indexed"], &summary["duplicate"]), (&json!(8), &json!(2)), "{summary}");
    let after = cloud.dump("records").await;
    assert!(before.iter().all(|item| after.contains(item)), "{before:#?} {after:#?}");
    let records = cloud.dynamodb.scan().table_name("records").send().await.unwrap();
    let wrong_answer = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
    let items = records.items().iter();
    let of_backfill: Vec<_> =
        items.filter(|item| item["request_id"].as_s().unwrap() == wrong_answer).collect();
    assert_eq!(of_backfill.len(), 4, "an invocation and its three sources: {of_backfill:#?}");
    let until: Timestamp = "2029-07-11T15:31:02Z".parse().unwrap();
    for item in of_backfill {
        assert!(!item.contains_key("excerpt"), "{item:#?}");
        assert_eq!(item["expires_at"].as_n().unwrap(), &until.as_second().to_string(), "a thousand days");
    }
}

#[test]
fn a_raw_record_is_equal_different_or_gone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let file = folder.path().join("log.json.gz");
    let log = text("events/incident/invocations.ndjson");
    std::fs::write(&file, gzip(log.as_bytes())).unwrap();
    let change = super::project("events/incident/changes/04-UpdateGuardrail-weakened.json");
    ask(&ledger, "", &["index", file.to_str().unwrap(), change.to_str().unwrap()]);
    let request_id = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
    let verify = || ask(&ledger, "", &["verify", request_id]);
    let (status, answer, _) = verify();
    assert_eq!((status, &answer["records"][0]["verdict"]), (0, &json!("equal")), "{answer}");
    let event: Value = serde_json::from_str(&std::fs::read_to_string(&change).unwrap()).unwrap();
    let changed = event["detail"]["requestID"].as_str().unwrap();
    assert_eq!(ask(&ledger, "", &["verify", changed]).0, 0);

    std::fs::write(&file, gzip(log.replace("claims-web-7f9c", "somebody-else").as_bytes())).unwrap();
    let (status, answer, _) = verify();
    assert_eq!((status, &answer["records"][0]["verdict"]), (2, &json!("differs")));
    // cut behind the record, and before it
    let whole = gzip(log.as_bytes());
    std::fs::write(&file, &whole[..whole.len() - 4]).unwrap();
    assert_eq!(verify().0, 0);
    std::fs::write(&file, &whole[..200]).unwrap();
    assert_eq!(verify().0, 2);
    std::fs::remove_file(&file).unwrap();
    let (status, answer, _) = verify();
    assert_eq!((status, &answer["records"][0]["verdict"]), (2, &json!("gone")));
}
