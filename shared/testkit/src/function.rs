//! Runs a real function binary against a Lambda Runtime API endpoint.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc, oneshot},
};

use crate::cloud::{ALERTS, AUDIT, BASELINE, BODIES, CHANGES, Cloud, KEY, LOGS};

/// The key that the audit rests on.
pub const WATCHED_KEY: &str =
    "arn:aws:kms:eu-central-1:444455556666:key/7c0b1e54-3d2f-4a68-9b1c-5e6f7a8b9c0d";
/// So long a function may take for an event.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function's process, waiting for events.
pub struct Function {
    child: Child,
    log: tempfile::NamedTempFile,
    events: mpsc::UnboundedSender<Invocation>,
    time: Duration,
}

struct Invocation {
    event: Value,
    /// How long the function may take, as it is told.
    time: Duration,
    answer: oneshot::Sender<Value>,
}

struct Runtime {
    events: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Value>>>,
}

/// The process ended while it had an event.
#[derive(Debug, PartialEq, Eq)]
pub struct Died;

impl Function {
    /// Starts the function of that name in this cloud, with the environment that the template gives it.
    pub async fn start(name: &str, cloud: &Cloud) -> Self {
        Self::start_without(name, cloud, &[]).await
    }

    /// The same, without these variables.
    pub async fn start_without(name: &str, cloud: &Cloud, variables: &[&str]) -> Self {
        let variables: Vec<_> = variables.iter().map(|variable| (*variable, "")).collect();
        Self::start_with(name, cloud, &variables).await
    }

    /// The same, with these variables in place of its own.
    pub async fn start_with(name: &str, cloud: &Cloud, variables: &[(&str, &str)]) -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let runtime = Arc::new(Runtime { events: Mutex::new(receiver), waiting: Mutex::new(HashMap::new()) });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(response))
            .with_state(runtime);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { axum::serve(listener, app).await.expect("the runtime serves") });
        let log = tempfile::NamedTempFile::new().expect("a file for the log");
        let end = || Stdio::from(log.reopen().expect("the log is opened"));
        let child = Command::new(binary(name))
            .env_clear()
            .envs(environment(name, &address, cloud))
            .envs(variables.iter().copied())
            .stdout(end())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the function starts");
        Self { child, log, events, time: PATIENCE }
    }

    /// Everything that it logged so far: its standard output.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).expect("the log is read")
    }

    /// From now on it is told that it has this much time for an event.
    pub fn set_time(&mut self, time: Duration) {
        self.time = time;
    }

    /// Gives it an event and waits for its answer.
    ///
    /// # Errors
    /// It died first, by itself or by a fault of the gateway.
    pub async fn invoke(&mut self, event: Value, cloud: &Cloud) -> Result<Value, Died> {
        let (answer, answered) = oneshot::channel();
        self.events.send(Invocation { event, time: self.time, answer }).expect("the runtime lives");
        tokio::select! {
            answer = answered => answer.map_err(|_| Died),
            () = cloud.faults.killed() => {
                self.child.kill().await.expect("the function is killed");
                Err(Died)
            }
            _ = self.child.wait() => Err(Died),
            () = tokio::time::sleep(PATIENCE) => panic!("the function did not answer in {PATIENCE:?}"),
        }
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    let Some(Invocation { event, time, answer }) = runtime.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let mut waiting = runtime.waiting.lock().await;
    let id = format!("invocation-{}", waiting.len() + 1);
    waiting.retain(|_, sender| !sender.is_closed());
    waiting.insert(id.clone(), answer);
    let deadline = std::time::UNIX_EPOCH.elapsed().expect("a clock") + time;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:444455556666:function:f".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-0-0".to_owned()),
    ];
    (headers, Json(event)).into_response()
}

async fn response(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, body: String) -> Response {
    let answer = serde_json::from_str(&body).unwrap_or(Value::String(body));
    if let Some(sender) = runtime.waiting.lock().await.remove(&id) {
        // whoever asked may have given up
        sender.send(answer).ok();
    }
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn environment(name: &str, runtime: &str, cloud: &Cloud) -> HashMap<String, String> {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_ENDPOINT_URL", &cloud.endpoint),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("RECORDS_TABLE", "records"),
        ("STATES_TABLE", "states"),
        ("DELIVERIES_TABLE", "deliveries"),
        ("AUDIT_BUCKET", AUDIT),
        ("LOG_BUCKETS", LOGS),
        ("BODY_QUEUE_URL", BODIES),
        ("BASELINE_QUEUE_URL", BASELINE),
        ("ALERT_TOPIC_ARN", ALERTS),
        ("CHANGES_TOPIC_ARN", CHANGES),
        ("STACK_NAME", "bedrock-audit"),
        ("TRAIL_BUCKET", "example-mutual-trail"),
        ("WATCHED_RESOURCES", WATCHED_KEY),
        ("RETENTION_DAYS", "400"),
        ("ALERT_MAX_AGE_HOURS", "24"),
        ("STACK_NAME", "bedrock-audit"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The binary of a function or of the command line (`bedrock-audit`), built with this test's profile.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).join(name)
}

/// `cargo test` builds no plain binaries of other packages: so this does, once, into the same target directory.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its binary");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps").to_owned();
    let target = profile.parent().expect("target").to_owned();
    let mut cargo = std::process::Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args(["build", "--locked", "--quiet", "--target-dir"]).arg(target);
    cargo.args(["--bins", "-p", "audit-aws", "--example", "send_response"]);
    for package in [
        "check-audit",
        "configure-logging",
        "index-invocations",
        "index-log-events",
        "index-trail",
        "read-baseline",
        "record-attributions",
        "record-changes",
        "bedrock-audit",
    ] {
        cargo.args(["-p", package]);
    }
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
    assert!(status.success(), "the binaries could not be built");
    profile
}

/// An event with these messages, as the queue gives it; the ids are `1`, `2`, ...
pub fn messages(bodies: &[String]) -> Value {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(nth, body)| {
            json!({
                "messageId": (nth + 1).to_string(),
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:444455556666:queue",
                "awsRegion": "eu-central-1",
            })
        })
        .collect();
    json!({ "Records": records })
}

/// The ids of the messages that have to come again.
pub fn failed(response: &Value) -> Vec<String> {
    let failures = response["batchItemFailures"].as_array().cloned().unwrap_or_default();
    failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str()).map(str::to_owned).collect()
}
