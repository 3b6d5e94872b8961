//! index-invocations: S3 log delivery -> invocations, sources, system prompts.
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
    ports::{AwaitBodies, PortError},
};
use audit_aws::{
    connect,
    dynamodb::{Ledger, TableNames},
    s3::{AuditBucket, LogObjects},
    sqs::BodyQueue,
};
use audit_domain::{invocation::pointer::AllowedPlaces, ledger::record::Retention};
use audit_lambda::{
    batch::{self, Failure},
    environment::{AUDIT_BUCKET, BODY_QUEUE_URL, DELIVERIES_TABLE, Environment, RECORDS_TABLE, STATES_TABLE},
    run, s3_notification, telemetry,
};
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
    let (allowed, retention) = (environment.log_buckets()?, environment.retention()?);

    let config = connect::from_environment().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let sqs = aws_sdk_sqs::Client::new(&config);
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let function = Function {
        objects: LogObjects::new(s3.clone()),
        bodies: Bodies(body_queue.map(|url| BodyQueue::new(sqs, url))),
        allowed,
        ledger: Ledger::new(dynamodb, tables, AuditBucket::new(s3, audit_bucket), run::now()),
        retention,
    };
    run::on_messages(async |event| {
        let handled = batch::each(event, async |body| function.handle(body).await);
        handled.await.response()
    })
    .await
}

struct Function {
    objects: LogObjects,
    bodies: Bodies,
    allowed: Option<AllowedPlaces>,
    ledger: Ledger<AuditBucket>,
    retention: Retention,
}

impl Function {
    async fn handle(&self, body: &str) -> Result<(), Failure> {
        let indexing = Indexing { takes: Takes::Invocations, retention: self.retention, now: run::now() };
        match BodyRequest::of_message(body) {
            Some(request) => self.follow(&request, indexing).await,
            None => self.index(body, indexing).await,
        }
    }

    /// Indexes every object that a message names. Where one of them fails the message comes again; the others are then
    /// met as duplicates.
    async fn index(&self, body: &str, indexing: Indexing) -> Result<(), Failure> {
        let notification = s3_notification::read(body)?;
        telemetry::metrics(FUNCTION, indexing.now, &[("IgnoredNotices", notification.ignored)]);
        let bodies = Later { queue: &self.bodies, allowed: self.allowed.as_ref() };
        let mut failed = None;
        for location in &notification.objects {
            let indexed =
                index_object(&self.objects, &self.ledger, &bodies, location, indexing, &mut |_| {}).await;
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
        let followed =
            follow_request(request, objects, allowed, &self.bodies, &self.ledger, indexing).await?;
        telemetry::bodies_followed(FUNCTION, request, &followed, indexing.now);
        Ok(())
    }
}

/// The queue of bodies. Without one they stay outstanding, and are counted as such.
struct Bodies(Option<BodyQueue>);

impl AwaitBodies for Bodies {
    async fn await_bodies(&self, request: &BodyRequest) -> Result<(), PortError> {
        match &self.0 {
            Some(queue) => queue.await_bodies(request).await,
            None => {
                tracing::warn!(object = %request.location, "no {BODY_QUEUE_URL}: bodies stay outstanding");
                Ok(())
            }
        }
    }
}
