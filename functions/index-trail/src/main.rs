//! index-trail: S3 CloudTrail files -> the changes that no event told of, and calls.
//!
//! Trigger: SQS, batch size 1: the S3 event of one delivered file (or, in other forms, of several).

use audit_app::{
    index_trail::TrailIndexer,
    record_change::{Recorder, Recording},
};
use audit_aws::{
    bedrock::BedrockResources,
    connect,
    dynamodb::{Ledger, TableNames},
    s3::{AuditBucket, LogObjects},
    sns::Topics,
};
use audit_lambda::{
    batch::{self, Failure},
    environment::{
        ALERT_TOPIC_ARN, AUDIT_BUCKET, CHANGES_TOPIC_ARN, DELIVERIES_TABLE, Environment, RECORDS_TABLE,
        STATES_TABLE,
    },
    run, s3_notification, telemetry,
};
use lambda_runtime::Error;

const FUNCTION: &str = "index-trail";

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
    let (alert_topic, changes_topic) =
        (environment.text(ALERT_TOPIC_ARN)?, environment.maybe(CHANGES_TOPIC_ARN));
    let (retention, alert_max_age) = (environment.retention()?, environment.alert_max_age()?);
    let keeps_calls = environment.record_calls()?;
    let (stack, watching) = (environment.stack_name(), environment.watching()?);
    let (account_id, _region) = environment.account_and_region()?;

    let config = connect::from_environment().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let objects = LogObjects::new(s3.clone());
    let audit = AuditBucket::new(s3, audit_bucket);
    let ledger = Ledger::new(aws_sdk_dynamodb::Client::new(&config), tables, audit, run::now());
    let alerts = Topics::new(aws_sdk_sns::Client::new(&config), alert_topic, changes_topic);
    // the trail of an organisation has the changes of all its accounts
    let resources = BedrockResources::connect(&config).of_account(account_id);

    run::on_messages(async |event| {
        let recording = Recording { retention, alert_max_age, now: run::now() };
        let stack = Some(stack.as_str());
        let recorder = Recorder { ledger: &ledger, resources: &resources, alerts: &alerts, recording, stack };
        let indexer =
            TrailIndexer { objects: &objects, recorder: &recorder, watching: &watching, keeps_calls };
        batch::each(event, async |body| index(body, &indexer, recording).await)
            .await
            .response(FUNCTION, run::now())
    })
    .await
}

type Indexer<'a> = TrailIndexer<'a, LogObjects, Ledger<AuditBucket>, BedrockResources, Topics>;

/// Reads every file that a message names. Where one of them fails the message comes again; what was recorded by then is
/// met as duplicates.
async fn index(body: &str, indexer: &Indexer<'_>, recording: Recording) -> Result<(), Failure> {
    let notification = s3_notification::read(body)?;
    telemetry::metrics(FUNCTION, recording.now, &[("IgnoredNotices", notification.ignored)]);
    let mut failed = None;
    for location in &notification.objects {
        match indexer.index(location).await {
            Ok((delivery, found)) => {
                telemetry::delivered(FUNCTION, &delivery, recording.now);
                let counts = [
                    ("ChangesFound", found.changes_found),
                    ("Alerted", found.alerted),
                    ("Summarised", found.summarised),
                    ("CallsRecorded", found.calls),
                ];
                telemetry::metrics(FUNCTION, recording.now, &counts);
            }
            Err(error) => {
                tracing::error!(object = %location, reason = %error, "file not indexed");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
