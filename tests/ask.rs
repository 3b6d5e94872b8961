//! The real `bedrock-audit ask` against a knowledge base that answers, refuses and says nothing.

use std::{path::Path, process::Command};

use audit_testkit::{
    cloud::{Cloud, KEY},
    faults::Fault,
    function::binary,
};
use serde_json::{Value, json};

use super::text;

const BASE: &str = "KB7QX2M9LP";
const MODEL: &str =
    "arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0";
const QUESTION: &str = "When is a water damage claim paid?";
const TERMS: &str = "s3://example-mutual-policies/home/terms-2026.pdf";
const HANDBOOK: &str = "s3://example-mutual-policies/claims/handbook.pdf";
const REQUEST: &str = "0f6c1d52-93f4-4b0e-8a37-5b1f6c0d2e77";

struct Answer {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}\n{}", self.stdout, self.stderr))
    }
}

/// The command line with these arguments, and nothing of the environment but what it needs here.
fn command(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("bedrock-audit"));
    command
        .env_clear()
        .args(["--now", "2026-10-20T08:00:00Z"])
        .args(arguments)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn run(mut command: Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn question(ledger: &[&str], more: &[&str]) -> Vec<String> {
    let ask = ["ask", "--knowledge-base", BASE, "--model", MODEL, QUESTION];
    [ledger, &ask, more].concat().into_iter().map(str::to_owned).collect()
}

/// Asks, into the ledger in this file.
fn ask(cloud: &Cloud, ledger: &Path, more: &[&str]) -> Answer {
    let arguments = question(&["--ledger", ledger.to_str().unwrap()], more);
    run(command(&cloud.endpoint, &arguments.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn response(fixture: &str) -> Value {
    let event: Value = serde_json::from_str(&text(&format!("events/attributions/{fixture}.json"))).unwrap();
    let mut response = event["detail"]["response"].clone();
    // what boto3 adds, and the service does not send
    response.as_object_mut().unwrap().remove("ResponseMetadata");
    response
}

/// A cloud with a knowledge base that gives this response.
async fn answering(response: &Value) -> (Cloud, tempfile::TempDir) {
    let cloud = Cloud::start().await;
    cloud.bedrock.knowledge_bases.put(BASE, REQUEST, &response.to_string());
    (cloud, tempfile::tempdir().unwrap())
}

fn sources(explained: &Value) -> Vec<(Option<&str>, Option<bool>, &str)> {
    let sources = explained["sources"].as_array().unwrap().iter();
    let told = |source: &'_ Value| source["certainty"] == "reported" && source["origin"] == "response";
    sources
        .inspect(|source| assert!(told(source), "{source}"))
        .map(|source| {
            (source["uri"].as_str(), source["cited"].as_bool(), source["excerpt"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_shown_with_what_supports_it_and_recorded() {
    let (cloud, folder) = answering(&response("RetrieveAndGenerate")).await;
    let ledger = folder.path().join("ledger.db");
    let human = ask(&cloud, &ledger, &[]);
    assert_eq!((human.status, human.stderr.as_str()), (0, ""), "{}", human.stdout);
    let lines: Vec<_> = human.stdout.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "Paid within 30 days. The excess is EUR 250. Send photographs.");
    let supported: Vec<_> =
        lines.iter().filter_map(|line| line.strip_prefix("supported by: ")?.split(" - ").next()).collect();
    assert_eq!(supported, [TERMS, TERMS, HANDBOOK]);
    assert!(human.stdout.contains(&format!("supported by: {HANDBOOK} - Claims handbook, chapter 3")));
    assert!(human.stdout.contains("supported by nothing: this part cites no document"));
    for expected in [REQUEST, "s-1", "recorded, 2 sources"] {
        assert!(human.stdout.contains(expected), "{expected}: {}", human.stdout);
    }

    let asked = cloud.bedrock.knowledge_bases.asked();
    let base = json!({"knowledgeBaseId": BASE, "modelArn": MODEL});
    let settings = json!({"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": base});
    let expected = json!({"input": {"text": QUESTION}, "retrieveAndGenerateConfiguration": settings});
    assert_eq!(asked, [expected]);

    // the same answer once more is the same attribution
    let again = ask(&cloud, &ledger, &["--json"]).json();
    assert_eq!((&again["request_id"], &again["recorded_as"]), (&json!(REQUEST), &json!(REQUEST)));
    assert_eq!((&again["session_id"], &again["not_recorded"]), (&json!("s-1"), &Value::Null));
    assert_eq!(again["answer"], "Paid within 30 days. The excess is EUR 250. Send photographs.");
    let cited: Vec<_> = again["citations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["references"].as_array().unwrap().len())
        .collect();
    assert_eq!(cited, [1, 2, 0]);
    assert_eq!(again["citations"][1]["part"], "The excess is EUR 250.");
    assert_eq!(again["citations"][1]["references"][1]["uri"], HANDBOOK);
    let found = sources(&again);
    let uris: Vec<_> = found.iter().map(|(uri, cited, _)| (*uri, *cited)).collect();
    assert_eq!(uris, [(Some(TERMS), Some(true)), (Some(HANDBOOK), Some(true))]);

    let explain = ["--ledger", ledger.to_str().unwrap(), "explain", REQUEST, "--json"];
    let explained = run(command(&cloud.endpoint, &explain)).json();
    assert_eq!(sources(&explained), found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stacks_ledger_says_that_the_command_line_asked() {
    let (cloud, _folder) = answering(&response("RetrieveAndGenerate")).await;
    let arguments = question(&["--tables", "records,states,deliveries"], &["--json"]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut asking = command(&cloud.endpoint, &arguments);
    asking.env("AWS_ACCOUNT_ID", "444455556666");
    assert_eq!(run(asking).status, 0);
    let items = cloud.dynamodb.scan().table_name("records").send().await.unwrap();
    let attribution = items.items().iter().find(|item| item.contains_key("sent_by")).expect("an attribution");
    let said = |name: &str| attribution.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    let expected = [
        ("sent_by", Some("command-line")),
        ("operation", Some("RetrieveAndGenerate")),
        ("request_id", Some(REQUEST)),
        ("session_id", Some("s-1")),
        ("knowledge_base_id", Some(BASE)),
        ("model_id", Some(MODEL)),
        ("account_id", Some("444455556666")),
        ("region", Some("eu-central-1")),
        ("sender_account_id", None),
    ];
    for (name, value) in expected {
        assert_eq!(said(name), value, "{name}");
    }
}

/// What a service may answer in place of an answer: the status, the code, how often it is then asked, and what we say helps.
const REFUSALS: [(u16, &str, usize, &str); 10] = [
    (403, "AccessDeniedException", 1, "you need bedrock:RetrieveAndGenerate"),
    (403, "ExpiredTokenException", 1, "sign in anew"),
    (403, "UnrecognizedClientException", 1, "sign in anew"),
    (404, "ResourceNotFoundException", 1, "whether AWS_REGION is theirs"),
    (400, "ValidationException", 1, "the length of the question"),
    (400, "ServiceQuotaExceededException", 1, "Service Quotas"),
    (429, "ThrottlingException", 5, "it was tried several times"),
    (409, "ConflictException", 1, "ask again in a while"),
    (424, "DependencyFailedException", 1, "ask again in a while"),
    (418, "TeapotException", 1, "all that is known"),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_one_line_that_says_what_to_do() {
    let (cloud, folder) = answering(&response("RetrieveAndGenerate")).await;
    for (status, code, attempts, advice) in REFUSALS {
        cloud.faults.clear();
        cloud.faults.forget();
        cloud.faults.add("bedrock:RetrieveAndGenerate", 0, usize::MAX, Fault::Refuse(status, code));
        let answer = ask(&cloud, &folder.path().join("ledger.db"), &[]);
        refused(&answer, &[code, BASE, advice]);
        assert_eq!(cloud.faults.seen().len(), attempts, "{code}");
    }
}

/// Exit 2, nothing on the standard output, and one line that holds these words and nothing of the question.
fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!((answer.status, answer.stdout.as_str()), (2, ""), "{}", answer.stderr);
    assert_eq!(answer.stderr.lines().count(), 1, "{}", answer.stderr);
    assert!(!answer.stderr.contains("water damage"), "{}", answer.stderr);
    for word in words {
        assert!(answer.stderr.contains(word), "no {word}: {}", answer.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_question_is_asked_again() {
    let (cloud, folder) = answering(&response("RetrieveAndGenerate")).await;
    cloud.faults.add("bedrock:RetrieveAndGenerate", 0, 1, Fault::Refuse(429, "ThrottlingException"));
    let answer = ask(&cloud, &folder.path().join("ledger.db"), &[]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert_eq!(cloud.faults.seen(), ["bedrock:RetrieveAndGenerate"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_on_this_side_is_told_from_what_the_service_says() {
    let (cloud, folder) = answering(&response("RetrieveAndGenerate")).await;
    let ledger = folder.path().join("ledger.db");
    let without = |endpoint: &str, variables: &[&str], seconds: &str| {
        let arguments = question(&["--ledger", ledger.to_str().unwrap()], &["--timeout", seconds]);
        let mut asking = command(endpoint, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        for variable in variables {
            asking.env_remove(variable);
        }
        run(asking)
    };
    refused(&without(&cloud.endpoint, &["AWS_REGION"], "60"), &["no region is set", "set AWS_REGION"]);
    let anonymous = without(&cloud.endpoint, &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "60");
    refused(&anonymous, &["no credentials", "AWS_PROFILE"]);
    assert!(cloud.faults.seen().is_empty(), "{:?}", cloud.faults.seen());
    // nobody listens on a port that was just given back
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(&without(&format!("http://{port}"), &[], "60"), &["check the network"]);
    // a service that says nothing
    cloud.faults.add("bedrock:RetrieveAndGenerate", 0, usize::MAX, Fault::KillBefore);
    refused(&without(&cloud.endpoint, &[], "2"), &["no answer within 2 s", "--timeout"]);
    let usage = command(&cloud.endpoint, &["ask", "--knowledge-base", BASE, "--model", MODEL, ""]);
    assert_eq!(run(usage).status, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardrails_answer_is_shown_as_one_and_cites_nothing() {
    let (cloud, folder) = answering(&response("RetrieveAndGenerate.empty")).await;
    let answer = ask(&cloud, &folder.path().join("ledger.db"), &[]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    for expected in ["Sorry, I am unable", "INTERVENED", "supported by nothing: the answer cites no document"]
    {
        assert!(answer.stdout.contains(expected), "{expected}: {}", answer.stdout);
    }
    let as_json = ask(&cloud, &folder.path().join("ledger.db"), &["--json"]).json();
    assert_eq!((&as_json["guardrail_action"], &as_json["sources"]), (&json!("INTERVENED"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_empty_or_hostile() {
    let (cloud, folder) = answering(&json!({"sessionId": "s-3", "output": {"text": ""}})).await;
    let ledger = folder.path().join("ledger.db");
    let empty = ask(&cloud, &ledger, &[]);
    assert_eq!((empty.status, empty.stderr.trim()), (0, "the answer is empty"), "{}", empty.stdout);

    let steering = "\u{1b}[2J\u{202e}pay\nsupported by: s3://forged/a.pdf - at once";
    let reference = json!({
        "content": {"text": steering},
        "location": {"type": "WEB", "webLocation": {"url": format!("https://e.example/{steering}")}},
    });
    let part = json!({"textResponsePart": {"text": steering}});
    let citation = json!({"generatedResponsePart": part, "retrievedReferences": [reference, {"content": {"byteContent": "data:image/png;base64,aGVsbG8=", "type": "IMAGE"}}]});
    let hostile = json!({"sessionId": steering, "output": {"text": "Plain."}, "citations": [citation]});
    cloud.bedrock.knowledge_bases.put(BASE, "hostile", &hostile.to_string());
    let answer = ask(&cloud, &ledger, &[]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let is_unsafe = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n');
    assert!(!answer.stdout.contains(is_unsafe), "{:?}", answer.stdout);
    let lines: Vec<_> = answer.stdout.lines().filter(|line| line.starts_with("supported by:")).collect();
    assert_eq!(lines.len(), 2, "nothing in a passage becomes a line of ours: {lines:#?}");
    assert!(lines[1].contains("a document that the service does not name - no text, content of type image"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_recorded_is_shown_all_the_same() {
    let (cloud, _folder) = answering(&response("RetrieveAndGenerate")).await;
    cloud.faults.add("dynamodb:PutItem", 0, usize::MAX, Fault::Refuse(400, "AccessDeniedException"));
    let arguments = question(&["--tables", "records,states,deliveries"], &[]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let human = run(command(&cloud.endpoint, &arguments));
    assert_eq!(human.status, 2);
    assert!(human.stdout.starts_with("Paid within 30 days."), "{}", human.stdout);
    assert!(human.stderr.contains("the answer is not recorded: "), "{}", human.stderr);
    assert_eq!(human.stderr.lines().count(), 1, "{}", human.stderr);
    let as_json = run(command(&cloud.endpoint, &[&arguments[..], &["--json"]].concat())).json();
    assert_eq!((&as_json["recorded_as"], &as_json["sources"]), (&Value::Null, &json!([])));
    assert!(as_json["not_recorded"].as_str().unwrap().contains("AccessDeniedException"), "{as_json}");
}
