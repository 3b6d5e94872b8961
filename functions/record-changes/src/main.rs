//! record-changes: EventBridge CloudTrail rule -> change, state, diff, alert.
//!
//! Trigger: SQS, batch size 10, with one EventBridge envelope in each message.

use std::collections::BTreeMap;

use audit_app::{
    ports::{PublishAlerts, ReadResources},
    record_change::{ChangeLedger, Recorded, Recorder, Recording},
};
use audit_aws::{
    bedrock::BedrockResources,
    connect,
    dynamodb::{Ledger, TableNames},
    s3::AuditBucket,
    sns::Topics,
};
use audit_domain::{
    change::{Change, Origin, TrailEvent, watch::Watching},
    evidence::ObjectLocation,
    values::Unread,
};
use audit_lambda::{
    batch::{self, Failure},
    environment::{
        ALERT_TOPIC_ARN, AUDIT_BUCKET, CHANGES_TOPIC_ARN, Environment, RECORDS_TABLE, STATES_TABLE,
    },
    run, telemetry,
};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::Error;

const FUNCTION: &str = "record-changes";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let environment = Environment::of_process();
    let records = environment.text(RECORDS_TABLE)?;
    let tables = TableNames { records, states: environment.text(STATES_TABLE)?, deliveries: String::new() };
    let audit_bucket = environment.text(AUDIT_BUCKET)?;
    let alert_topic = environment.text(ALERT_TOPIC_ARN)?;
    let (account_id, _region) = environment.account_and_region()?;
    let changes_topic = environment.maybe(CHANGES_TOPIC_ARN);
    let (stack, watching) = (environment.stack_name(), environment.watching()?);
    let (retention, alert_max_age) = (environment.retention()?, environment.alert_max_age()?);

    let config = connect::from_environment().await;
    let audit = AuditBucket::new(aws_sdk_s3::Client::new(&config), audit_bucket);
    let ledger = Ledger::new(aws_sdk_dynamodb::Client::new(&config), tables, audit, run::now());
    let alerts = Topics::new(aws_sdk_sns::Client::new(&config), alert_topic, changes_topic);
    let resources = BedrockResources::connect(&config).of_account(account_id);

    run::on_messages(async |event| {
        let recording = Recording { retention, alert_max_age, now: run::now() };
        let stack = Some(stack.as_str());
        let recorder = Recorder { ledger: &ledger, resources: &resources, alerts: &alerts, recording, stack };
        record_batch(event, &recorder, &watching).await
    })
    .await
}

/// Records the changes of a batch; those that are too old to be news share one message.
async fn record_batch<L: ChangeLedger, R: ReadResources, A: PublishAlerts>(
    event: SqsEvent,
    recorder: &Recorder<'_, L, R, A>,
    watching: &Watching,
) -> SqsBatchResponse {
    let mut handled = batch::each(event, async |body| record_message(body, recorder, watching).await).await;
    let old: Vec<(String, Change)> = handled
        .done
        .iter()
        .filter_map(|(id, outcome)| match outcome {
            (Some(Recorded::ForSummary(change)), _) => Some((id.clone(), (**change).clone())),
            _ => None,
        })
        .collect();
    // an event that came twice in one batch is one line of the summary
    let by_event: BTreeMap<(&str, &str), &Change> = old
        .iter()
        .map(|(_, change)| ((change.request_id.as_str(), change.event_id.as_str()), change))
        .collect();
    let changes: Vec<&Change> = by_event.into_values().collect();
    if let Err(error) = recorder.send_summary(&changes).await {
        let failure = Failure::from(error);
        old.iter().for_each(|(id, _)| handled.fail(id, &failure));
    }
    let again: Vec<(String, Failure)> =
        handled.done.iter_mut().filter_map(|(id, (_, again))| Some((id.clone(), again.take()?))).collect();
    again.iter().for_each(|(id, failure)| handled.fail(id, failure));
    count(&handled.done, recorder.recording);
    handled.response(FUNCTION, run::now())
}

/// What became of a message's change, and why the message has to come again although something did.
type Outcome = (Option<Recorded>, Option<Failure>);

/// Records the change of a message; `None` where it holds no change.
async fn record_message<L: ChangeLedger, R: ReadResources, A: PublishAlerts>(
    body: &str,
    recorder: &Recorder<'_, L, R, A>,
    watching: &Watching,
) -> Result<Outcome, Failure> {
    let bytes = body.as_bytes();
    // the evidence is moved to where the raw event is kept
    let in_queue = ObjectLocation::file("queue");
    match TrailEvent::read(bytes, 1, &in_queue, Origin::Eventbridge, watching) {
        Ok((TrailEvent::Change(change), _)) => {
            tracing::info!(event_name = change.event_name, event_id = change.event_id, "change");
            let (recorded, again) = recorder.record(*change, bytes).await?;
            Ok((Some(recorded), again.map(Failure::from)))
        }
        Ok((TrailEvent::Call(_), _)) => {
            tracing::info!(reason = "a runtime call", "no change");
            Ok((None, None))
        }
        Ok((TrailEvent::IfKnown(change, known), _)) => {
            tracing::info!(event_name = change.event_name, event_id = change.event_id, "perhaps a change");
            let (recorded, again) = recorder.record_if_known(*change, &known, bytes).await?;
            Ok((Some(recorded), again.map(Failure::from)))
        }
        Ok((TrailEvent::NoChange(reason), _)) => {
            tracing::info!(reason, "no change");
            Ok((None, None))
        }
        Err(Unread::Refused { reason, .. }) => Err(Failure::new(reason)),
        Err(Unread::Json(error)) => {
            Err(Failure::new(format!("its body is no json (column {})", error.column())))
        }
    }
}

fn count(done: &[(String, Outcome)], recording: Recording) {
    let how_many = |wanted: fn(&Option<Recorded>) -> bool| {
        done.iter().filter(|(_, (outcome, _))| wanted(outcome)).count() as u64
    };
    telemetry::metrics(
        FUNCTION,
        recording.now,
        &[
            ("Alerted", how_many(|o| matches!(o, Some(Recorded::Alerted)))),
            ("AlertedBefore", how_many(|o| matches!(o, Some(Recorded::AlertedBefore)))),
            ("AlertedWithOthers", how_many(|o| matches!(o, Some(Recorded::AlertedWithOthers)))),
            ("FollowedUp", how_many(|o| matches!(o, Some(Recorded::FollowedUp)))),
            ("Summarised", how_many(|o| matches!(o, Some(Recorded::ForSummary(_))))),
            ("NoChange", how_many(|o| matches!(o, None | Some(Recorded::NotKnown)))),
        ],
    );
}
