//! read-baseline: schedule, deployment -> state of every resource, drift, alert.
//!
//! Trigger: SQS with batch size 1: the event that begins a run, and the requests that this function itself puts into the
//! queue to go on with it.

mod trigger;

use std::time::Duration;

use audit_app::{
    baseline::{Baseline, BaselineRequest, Look, Place, Report},
    ports::{ContinueBaseline, Pause, PortError},
    record_change::{Recorder, Recording},
};
use audit_aws::{
    bedrock::BedrockResources,
    connect,
    dynamodb::{Ledger, TableNames},
    s3::AuditBucket,
    sns::Topics,
    sqs::BaselineQueue,
};
use audit_domain::ledger::record::Retention;
use audit_lambda::{
    batch::{self, Failure},
    environment::{
        ALERT_TOPIC_ARN, AUDIT_BUCKET, BASELINE_QUEUE_URL, CHANGES_TOPIC_ARN, Environment, RECORDS_TABLE,
        STATES_TABLE,
    },
    run, telemetry,
};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;

const FUNCTION: &str = "read-baseline";

/// Between two reads: with the two messages that the template lets run at a time four resources a second, where the quotas
/// of most reading operations begin at ten calls a second, which others in the account need, too.
const PAUSE: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let environment = Environment::of_process();
    let records = environment.text(RECORDS_TABLE)?;
    let tables = TableNames { records, states: environment.text(STATES_TABLE)?, deliveries: String::new() };
    let audit_bucket = environment.text(AUDIT_BUCKET)?;
    let alert_topic = environment.text(ALERT_TOPIC_ARN)?;
    let changes_topic = environment.maybe(CHANGES_TOPIC_ARN);
    let queue = environment.text(BASELINE_QUEUE_URL)?;
    let (account_id, region) = environment.account_and_region()?;
    let retention = environment.retention()?;

    let config = connect::from_environment().await;
    let audit = AuditBucket::new(aws_sdk_s3::Client::new(&config), audit_bucket);
    let function = Function {
        ledger: Ledger::new(aws_sdk_dynamodb::Client::new(&config), tables, audit, run::now()),
        alerts: Topics::new(aws_sdk_sns::Client::new(&config), alert_topic, changes_topic),
        resources: BedrockResources::connect(&config).of_account(account_id.as_str()),
        queue: Later(BaselineQueue::new(aws_sdk_sqs::Client::new(&config), queue)),
        place: Place { account_id, region },
        retention,
        stack: environment.stack_name(),
    };
    run::on_messages(async |event| {
        let handled = batch::each(event, async |body| function.handle(body).await);
        handled.await.response(FUNCTION, run::now())
    })
    .await
}

struct Function {
    ledger: Ledger<AuditBucket>,
    alerts: Topics,
    resources: BedrockResources,
    queue: Later,
    place: Place,
    retention: Retention,
    stack: String,
}

impl Function {
    async fn handle(&self, body: &str) -> Result<(), Failure> {
        let now = run::now();
        let recorder = Recorder {
            ledger: &self.ledger,
            resources: &self.resources,
            alerts: &self.alerts,
            // what is noticed now is news, whenever it happened
            recording: Recording { retention: self.retention, alert_max_age: SignedDuration::MAX, now },
            stack: Some(&self.stack),
        };
        let baseline = Baseline { recorder, queue: &self.queue, place: &self.place };
        if let Some(request) = BaselineRequest::of_message(body, &self.place) {
            let report = baseline.handle(request).await?;
            tell(&report, now);
            return Ok(());
        }
        let run = trigger::run_of(body);
        let run = run.ok_or_else(|| Failure::new("it begins no run, and is no request of one"))?;
        tracing::info!(%run, "baseline begins");
        Ok(baseline.begin(run).await?)
    }
}

/// Logs what could not be read, and counts what came of the looks: `Looked` is the sum of the others, but for `Failed`.
fn tell(report: &Report, now: Timestamp) {
    for (resource, reason) in &report.failed {
        tracing::warn!(resource, reason, "not read");
    }
    for (subject, look) in &report.looks {
        match look {
            Look::Unreadable(reason) => tracing::warn!(resource = %subject, reason, "not readable"),
            Look::Drift => tracing::warn!(resource = %subject, "drift"),
            _ => {}
        }
    }
    let how_many =
        |wanted: fn(&Look) -> bool| report.looks.iter().filter(|(_, look)| wanted(look)).count() as u64;
    telemetry::metrics(
        FUNCTION,
        now,
        &[
            ("Looked", how_many(|_| true)),
            ("First", how_many(|look| *look == Look::First)),
            ("Same", how_many(|look| *look == Look::Same)),
            ("Young", how_many(|look| *look == Look::Young)),
            ("Explained", how_many(|look| *look == Look::Explained)),
            ("Drift", how_many(|look| *look == Look::Drift)),
            ("Unreadable", how_many(|look| matches!(look, Look::Unreadable(_)))),
            ("Failed", report.failed.len() as u64),
        ],
    );
}

/// The function's own queue, and the pace of its reads.
struct Later(BaselineQueue);

impl ContinueBaseline for Later {
    async fn go_on(&self, request: &BaselineRequest) -> Result<(), PortError> {
        self.0.go_on(request).await
    }
}

impl Pause for Later {
    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }
}
