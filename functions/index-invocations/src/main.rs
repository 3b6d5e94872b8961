//! index-invocations: S3 log delivery -> invocations, sources, system prompts; alerts of prompts that nobody used before.
//!
//! Triggers, both SQS with batch size 1: the S3 event of one delivered log object (or, in other forms, of several), and the
//! requests for bodies beside the log, which this function itself puts into the delay queue.

use audit_app::{
    body_request::BodyRequest,
    index::{
        Indexing, Takes,
        bodies::{Later, follow_request},
        index_object,
    },
    prompt_drift::{Met, PromptDrift},
};
use audit_aws::{
    connect,
    dynamodb::{Ledger, TableNames},
    s3::{AuditBucket, LogObjects},
    sns::Topics,
    sqs::BodyQueue,
};
use audit_domain::{invocation::pointer::AllowedPlaces, ledger::record::Retention};
use audit_lambda::{
    batch::{self, Failure},
    bodies::MaybeAwaited,
    environment::{
        ALERT_TOPIC_ARN, AUDIT_BUCKET, BODY_QUEUE_URL, CHANGES_TOPIC_ARN, DELIVERIES_TABLE, Environment,
        INVOCATION_LOG_GROUP, RECORDS_TABLE, STATES_TABLE,
    },
    run, s3_notification, telemetry,
};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;

const FUNCTION: &str = "index-invocations";

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
    let alert_max_age = environment.alert_max_age()?;

    let config = connect::from_environment().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let sqs = aws_sdk_sqs::Client::new(&config);
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let sns = aws_sdk_sns::Client::new(&config);
    let function = Function {
        objects: LogObjects::new(s3.clone()),
        bodies: MaybeAwaited(body_queue.map(|url| BodyQueue::new(sqs, url))),
        allowed,
        ledger: Ledger::new(dynamodb, tables, AuditBucket::new(s3, audit_bucket), run::now()),
        alerts: alert_topic.map(|topic| Topics::new(sns, topic, changes_topic)),
        met: Met::default(),
        stack: environment.stack_name(),
        alert_max_age,
        retention,
        excerpt_characters: environment.excerpt_characters()?,
        by_content: environment.maybe(INVOCATION_LOG_GROUP).is_some(),
    };
    run::on_messages(async |event| {
        let handled = batch::each(event, async |body| function.handle(body).await);
        handled.await.response(FUNCTION, run::now())
    })
    .await
}

struct Function {
    objects: LogObjects,
    bodies: MaybeAwaited<BodyQueue>,
    allowed: Option<AllowedPlaces>,
    ledger: Ledger<AuditBucket>,
    /// Who is told of new system prompts; without a topic, nobody.
    alerts: Option<Topics>,
    met: Met,
    stack: String,
    alert_max_age: SignedDuration,
    retention: Retention,
    excerpt_characters: usize,
    /// Whether Bedrock logs to a log group as well: the same records come that way, too.
    by_content: bool,
}

impl Function {
    async fn handle(&self, body: &str) -> Result<(), Failure> {
        let Self { retention, excerpt_characters, by_content, .. } = *self;
        let (takes, now) = (Takes::Invocations, run::now());
        let indexing = Indexing { takes, retention, excerpt_characters, by_content, now };
        let handled = match BodyRequest::of_message(body) {
            Some(request) => self.follow(&request, indexing).await,
            None => self.index(body, indexing).await,
        };
        let (alerted, left_out) = self.met.take_counts();
        let counts = [("NewPromptsAlerted", alerted), ("NewPromptsLeftOut", left_out)];
        telemetry::metrics(FUNCTION, indexing.now, &counts);
        handled
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

    /// Indexes every object that a message names. Where one of them fails the message comes again; the others are then
    /// met as duplicates.
    async fn index(&self, body: &str, indexing: Indexing) -> Result<(), Failure> {
        let notification = s3_notification::read(body)?;
        telemetry::metrics(FUNCTION, indexing.now, &[("IgnoredNotices", notification.ignored)]);
        let bodies = Later { queue: &self.bodies, allowed: self.allowed.as_ref() };
        let telling = self.telling(indexing.now);
        let mut failed = None;
        for location in &notification.objects {
            let (objects, ledger) = (&self.objects, &self.ledger);
            let indexed =
                index_object(objects, ledger, &bodies, &telling, location, indexing, &mut |_| {}).await;
            match indexed {
                Ok(delivery) => telemetry::delivered(FUNCTION, &delivery, indexing.now),
                Err(error) => {
                    tracing::error!(object = %location, reason = %error, "object not indexed");
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Looks for the bodies that were asked for.
    async fn follow(&self, request: &BodyRequest, indexing: Indexing) -> Result<(), Failure> {
        let (objects, allowed) = (&self.objects, self.allowed.as_ref());
        let (bodies, ledger, telling) = (&self.bodies, &self.ledger, self.telling(indexing.now));
        let followed = follow_request(request, objects, allowed, bodies, ledger, &telling, indexing).await?;
        telemetry::bodies_followed(FUNCTION, request, &followed, indexing.now);
        Ok(())
    }
}
