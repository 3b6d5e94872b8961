//! check-audit: schedule -> what sends nothing when it is off -> change, alert.
//!
//! Trigger: SQS, batch size 1, with one event of the hourly schedule in each message.

use audit_app::{
    check_audit::{self, Audit, Checked},
    record_change::{Recorder, Recording},
};
use audit_aws::{
    audit::AuditParts,
    bedrock::BedrockResources,
    connect,
    dynamodb::{Ledger, TableNames},
    s3::AuditBucket,
    sns::Topics,
};
use audit_domain::{
    check::{CHECKS, NOT_CHECKED, Seen},
    time,
};
use audit_lambda::{
    batch,
    environment::{
        ALERT_TOPIC_ARN, AUDIT_BUCKET, CHANGES_TOPIC_ARN, Environment, INVOCATION_LOG_GROUP, RECORDS_TABLE,
        TRAIL_BUCKET,
    },
    run, schedule, telemetry,
};
use lambda_runtime::Error;

const FUNCTION: &str = "check-audit";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let environment = Environment::of_process();
    let records = environment.text(RECORDS_TABLE)?;
    // it keeps no states and no deliveries
    let tables = TableNames { records, states: String::new(), deliveries: String::new() };
    let audit_bucket = environment.text(AUDIT_BUCKET)?;
    let alert_topic = environment.text(ALERT_TOPIC_ARN)?;
    let changes_topic = environment.maybe(CHANGES_TOPIC_ARN);
    let (retention, stack) = (environment.retention()?, environment.stack_name());
    let (indexed, log_group) = (environment.log_buckets()?, environment.maybe(INVOCATION_LOG_GROUP));
    let trail_bucket = environment.maybe(TRAIL_BUCKET);

    let config = connect::from_environment().await;
    let evidence = AuditBucket::new(aws_sdk_s3::Client::new(&config), audit_bucket.clone());
    let ledger = Ledger::new(aws_sdk_dynamodb::Client::new(&config), tables, evidence, run::now());
    let alerts = Topics::new(aws_sdk_sns::Client::new(&config), alert_topic, changes_topic);
    let resources = BedrockResources::connect(&config);
    let parts = AuditParts::connect(&config);

    run::on_messages(async |event| {
        let handled = batch::each(event, async |body| {
            let tick = schedule::read(body)?;
            let audit = Audit {
                stack: stack.clone(),
                account_id: tick.account_id,
                region: tick.region,
                indexed: indexed.clone(),
                log_group: log_group.clone(),
                trail_bucket: trail_bucket.clone(),
                audit_bucket: Some(audit_bucket.clone()),
            };
            let now = run::now();
            let seen = check_audit::look(&audit, &parts, &resources, now).await;
            log(&seen);
            let recording = Recording::of_notices(retention, now);
            let stack = Some(stack.as_str());
            let recorder =
                Recorder { ledger: &ledger, resources: &resources, alerts: &alerts, recording, stack };
            Ok(check_audit::record_faults(&seen, &time::day(tick.at), &recorder).await?)
        })
        .await;
        handled.done.iter().for_each(|(_, checked)| count(checked));
        handled.response(FUNCTION, run::now())
    })
    .await
}

fn log(seen: &Seen) {
    for check in CHECKS {
        for fault in check.faults(seen) {
            let (resource, found) = (format!("{}/{}", fault.kind, fault.id), fault.found.to_string());
            if check.name == NOT_CHECKED {
                tracing::error!(resource, found, "not checked");
            } else {
                tracing::error!(check = check.name, resource, found, "not in order");
            }
        }
    }
}

fn count(checked: &Checked) {
    let Checked { faults, not_checked, alerted } = *checked;
    tracing::info!(faults, not_checked, alerted, "audit checked");
    let counts = [("Faults", faults), ("NotChecked", not_checked), ("Alerted", alerted)];
    telemetry::metrics(FUNCTION, run::now(), &counts);
}
