//! index-invocations: S3 log delivery -> invocations, sources, system prompts.
//!
//! Trigger: SQS, batch size 1, with the S3 event of one delivered log object (or, in other forms, of several).

use audit_app::{
    index::{Indexing, Takes, index_object},
    ports::ReadObjects,
};
use audit_aws::{
    connect,
    dynamodb::{Ledger, TableNames},
    s3::{AuditBucket, LogObjects},
};
use audit_domain::ledger::record::Retention;
use audit_lambda::{
    batch::{self, Failure},
    environment::{AUDIT_BUCKET, DELIVERIES_TABLE, Environment, RECORDS_TABLE, STATES_TABLE},
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
    let retention = environment.retention()?;

    let config = connect::from_environment().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let objects = LogObjects::new(s3.clone());
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let ledger = Ledger::new(dynamodb, tables, AuditBucket::new(s3, audit_bucket), run::now());

    run::on_messages(async |event| {
        let handled =
            batch::each(event, async |body| index_message(body, &objects, &ledger, retention).await);
        handled.await.response()
    })
    .await
}

/// Indexes every object that a message names. Where one of them fails the message comes again; the others are then met
/// as duplicates.
async fn index_message(
    body: &str,
    objects: &impl ReadObjects,
    ledger: &impl audit_app::index::Ledger,
    retention: Retention,
) -> Result<(), Failure> {
    let notification = s3_notification::read(body)?;
    let now = run::now();
    let indexing = Indexing { takes: Takes::Invocations, retention, now };
    telemetry::metrics(FUNCTION, now, &[("IgnoredNotices", notification.ignored)]);
    let mut failed = None;
    for location in &notification.objects {
        match index_object(objects, ledger, location, indexing, &mut |_| {}).await {
            Ok(delivery) => telemetry::delivered(FUNCTION, &delivery, now),
            Err(error) => {
                tracing::error!(object = %location, reason = %error, "object not indexed");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
