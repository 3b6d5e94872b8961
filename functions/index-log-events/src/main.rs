//! index-log-events: the log group that Bedrock logs to -> invocations, sources, system prompts; alerts of prompts that nobody
//! used before. The same as `index-invocations` makes of log objects, by another way.
//!
//! Triggers: the subscription of the log group, which invokes it asynchronously, with events of one stream; and direct
//! invocation with such an event, or with what Lambda says of one that failed three times (`requestPayload`), which is answered
//! with the counts. Bodies beside the log are asked for in the queue of `index-invocations`.

use audit_app::{
    index::{
        Indexing, Takes,
        bodies::Later,
        log_events::{NotIndexed, index_log_events},
    },
    prompt_drift::{Met, PromptDrift},
};
use audit_aws::{
    connect,
    dynamodb::{Ledger, TableNames},
    s3::AuditBucket,
    sns::Topics,
    sqs::BodyQueue,
};
use audit_domain::{invocation::pointer::AllowedPlaces, ledger::record::Retention};
use audit_lambda::{
    batch::Failure,
    bodies::MaybeAwaited,
    environment::{
        ALERT_TOPIC_ARN, AUDIT_BUCKET, BODY_QUEUE_URL, CHANGES_TOPIC_ARN, DELIVERIES_TABLE, Environment,
        RECORDS_TABLE, STATES_TABLE,
    },
    run, telemetry,
};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use serde_json::{Value, json, value::RawValue};

const FUNCTION: &str = "index-log-events";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let environment = Environment::of_process();
    let tables = TableNames {
        records: environment.text(RECORDS_TABLE)?,
        states: environment.text(STATES_TABLE)?,
        deliveries: environment.text(DELIVERIES_TABLE)?,
    };
    let audit_bucket = environment.text(AUDIT_BUCKET)?;
    let body_queue = environment.maybe(BODY_QUEUE_URL);
    let (alert_topic, changes_topic) =
        (environment.maybe(ALERT_TOPIC_ARN), environment.maybe(CHANGES_TOPIC_ARN));
    let (allowed, retention) = (environment.log_buckets()?, environment.retention()?);
    let (alert_max_age, excerpt_characters) =
        (environment.alert_max_age()?, environment.excerpt_characters()?);

    let config = connect::from_environment().await;
    let audit_bucket = AuditBucket::new(aws_sdk_s3::Client::new(&config), audit_bucket);
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let sqs = aws_sdk_sqs::Client::new(&config);
    let sns = aws_sdk_sns::Client::new(&config);
    let function = Function {
        bodies: MaybeAwaited(body_queue.map(|url| BodyQueue::new(sqs, url))),
        allowed,
        ledger: Ledger::new(dynamodb, tables, audit_bucket, run::now()),
        alerts: alert_topic.map(|topic| Topics::new(sns, topic, changes_topic)),
        met: Met::default(),
        stack: environment.stack_name(),
        alert_max_age,
        retention,
        excerpt_characters,
    };
    run::on_events(async |event| function.handle(event).await, "LogEventsNotIndexed").await
}

struct Function {
    bodies: MaybeAwaited<BodyQueue>,
    /// Where pointers to bodies may lead; without a list, nowhere: the record lies in no bucket.
    allowed: Option<AllowedPlaces>,
    ledger: Ledger<AuditBucket>,
    /// Who is told of new system prompts; without a topic, nobody.
    alerts: Option<Topics>,
    met: Met,
    stack: String,
    alert_max_age: SignedDuration,
    retention: Retention,
    excerpt_characters: usize,
}

impl Function {
    /// Fails as a whole, so that the events come again, and are met as duplicates.
    async fn handle(&self, event: &RawValue) -> Result<Value, Failure> {
        let Self { retention, excerpt_characters, .. } = *self;
        let (takes, now) = (Takes::Invocations, run::now());
        // the same record may come as an object, too
        let indexing = Indexing { takes, retention, excerpt_characters, by_content: true, now };
        let bodies = Later { queue: &self.bodies, allowed: self.allowed.as_ref() };
        let telling = self.telling(now);
        let indexed = index_log_events(event, &self.ledger, &bodies, &telling, indexing).await;
        let (alerted, left_out) = self.met.take_counts();
        let counts = [("NewPromptsAlerted", alerted), ("NewPromptsLeftOut", left_out)];
        telemetry::metrics(FUNCTION, now, &counts);
        match indexed {
            Ok(Some(delivery)) => {
                telemetry::delivered(FUNCTION, &delivery, now);
                Ok(json!({
                    "delivery": delivery.location.to_string(),
                    "received": delivery.counts.received,
                    "indexed": delivery.counts.indexed,
                    "duplicate": delivery.counts.duplicate,
                    "rejected": delivery.counts.rejected,
                    "ignored": delivery.counts.ignored,
                }))
            }
            Ok(None) => {
                telemetry::metrics(FUNCTION, now, &[("IgnoredNotices", 1)]);
                Ok(json!({"received": 0}))
            }
            Err(error) => {
                tracing::error!(reason = %error, "log events not indexed");
                if matches!(error, NotIndexed::Refused(_)) {
                    telemetry::metrics(FUNCTION, now, &[("Refused", 1)]);
                }
                Err(Failure::new(error.to_string()))
            }
        }
    }

    fn telling(&self, now: Timestamp) -> Option<PromptDrift<'_, Ledger<AuditBucket>, Topics>> {
        let Self { ledger, met, alert_max_age: max_age, retention, stack, .. } = self;
        self.alerts.as_ref().map(|alerts| PromptDrift {
            ledger,
            alerts,
            met,
            max_age: *max_age,
            retention: *retention,
            now,
            stack: Some(stack),
        })
    }
}
