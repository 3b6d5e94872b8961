//! record-attributions: the response of a knowledge base or an agent, as an application sent it -> sources, and which
//! documents they are from.
//!
//! Triggers: SQS, batch size 10, with one event of the stack's own bus in each message; and direct invocation with such an event
//! or with its bare detail, which is answered with the request id and the number of sources.

use audit_app::record_attribution::{NotRecorded, Recorded, Recording, record_attribution};
use audit_aws::{
    connect,
    dynamodb::{Ledger, TableNames},
    s3::{AuditBucket, LogObjects},
};
use audit_domain::{
    attribution::{Surroundings, event::Route},
    ledger::record::Retention,
};
use audit_lambda::{
    batch::{self, Failure},
    environment::{AUDIT_BUCKET, Environment, RECORDS_TABLE, STATES_TABLE},
    run::{self, HandleBoth, Place},
    telemetry,
};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::Error;
use serde_json::{Value, json, value::RawValue};

const FUNCTION: &str = "record-attributions";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let environment = Environment::of_process();
    let records = environment.text(RECORDS_TABLE)?;
    let tables = TableNames { records, states: environment.text(STATES_TABLE)?, deliveries: String::new() };
    let audit_bucket = environment.text(AUDIT_BUCKET)?;
    let (retention, excerpt_characters) = (environment.retention()?, environment.excerpt_characters()?);

    let config = connect::from_environment().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let audit = AuditBucket::new(s3.clone(), &audit_bucket);
    let function = Function {
        responses: LogObjects::new(s3),
        ledger: Ledger::new(aws_sdk_dynamodb::Client::new(&config), tables, audit, run::now()),
        audit_bucket,
        retention,
        excerpt_characters,
    };
    run::on_both(function, "AttributionNotRecorded").await
}

struct Function {
    responses: LogObjects,
    ledger: Ledger<AuditBucket>,
    audit_bucket: String,
    retention: Retention,
    excerpt_characters: usize,
}

impl HandleBoth for Function {
    async fn on_batch(&self, event: SqsEvent, place: &Place) -> SqsBatchResponse {
        let handle = async |body: &str| {
            let event = serde_json::from_str::<&RawValue>(body)
                .map_err(|error| Failure::new(format!("its body is no json (column {})", error.column())))?;
            self.record(event, Route::Event, place).await
        };
        batch::each(event, handle).await.response(FUNCTION, run::now())
    }

    async fn on_event(&self, event: &RawValue, place: &Place) -> Result<Value, Failure> {
        let recorded = self.record(event, Route::Direct, place).await.inspect_err(|failure| {
            tracing::error!(reason = %failure, "not recorded");
        })?;
        Ok(json!({
            "request_id": recorded.request_id,
            "operation": recorded.operation,
            "sources": recorded.sources,
            "sources_left_out": recorded.sources_left_out,
            "duplicate": recorded.is_duplicate,
        }))
    }
}

impl Function {
    async fn record(&self, event: &RawValue, route: Route, place: &Place) -> Result<Recorded, Failure> {
        let now = run::now();
        let Place { account_id, region } = place;
        let recording = Recording {
            retention: self.retention,
            excerpt_characters: self.excerpt_characters,
            audit_bucket: &self.audit_bucket,
            here: Surroundings { account_id, region, now },
        };
        let (responses, ledger) = (&self.responses, &self.ledger);
        let outcome = record_attribution(event, route, responses, ledger, &recording).await;
        let recorded = outcome.map_err(|error| match error {
            NotRecorded::Refused(refusal) => {
                telemetry::metrics(FUNCTION, now, &[("Refused", 1)]);
                Failure::new(refusal.reason())
            }
            NotRecorded::Port(error) => error.into(),
        })?;
        let Recorded { operation, sources, sources_left_out, is_duplicate, .. } = &recorded;
        // ids are what an application sent: they stay out of the log
        tracing::info!(
            operation,
            sources,
            sources_left_out,
            is_duplicate,
            route = route.name(),
            "attribution"
        );
        let counts = [
            ("Attributions", u64::from(!is_duplicate)),
            ("Duplicate", u64::from(*is_duplicate)),
            ("Sources", u64::from(*sources)),
            ("SourcesLeftOut", u64::from(*sources_left_out)),
        ];
        telemetry::metrics(FUNCTION, now, &counts);
        Ok(recorded)
    }
}
