//! What was delivered lately: whether Bedrock could put its logs, and whether the newest one is in the ledger.

use serde_json::json;

use super::{Check, Fault, Reading, invocation_log};
use crate::{change::Severity, evidence::ObjectLocation};

/// The resource kind of log objects.
pub const KIND: &str = "log-object";

/// What was delivered lately.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// How many deliveries of logs Bedrock reported as failed within 24 hours, to buckets and to log groups; `None` where no
    /// metric has a figure.
    pub failures: Option<f64>,
    /// How often the function that takes a log group's events was invoked within 24 hours; `None` where the metric has no
    /// figure.
    pub log_events: Option<f64>,
    /// How often models were called in the 22 hours before the last two; `None` where the metric has no figure.
    pub calls: Option<f64>,
    /// A log object of the last 24 hours that has lain for an hour or more, as new as there is one; `None` where there is
    /// none.
    pub newest: Reading<Option<NewestLog>>,
}

/// A log object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestLog {
    /// Where it lies.
    pub location: ObjectLocation,
    /// Whether the ledger says that it was read to its end, with nothing outstanding.
    pub is_indexed: bool,
}

/// Bedrock cannot put its logs.
pub(super) const NOT_DELIVERED: Check = Check {
    name: "InvocationLogNotDelivered",
    kind: invocation_log::KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "Bedrock could not put invocation logs where they go within 24 hours",
    breaks: "the answers of that time cannot be explained: their logs are lost",
    mend: "aws s3api get-bucket-policy --bucket {bucket} --region {region}   # it has to let bedrock.amazonaws.com \
           put below AWSLogs/, its key, too",
    look: |seen| {
        let failures = seen.delivered.as_ref().and_then(|delivered| delivered.failures);
        let failed = failures.filter(|failures| *failures > 0.0);
        let bucket = seen.log.place().map_or("BUCKET", |(bucket, _)| bucket);
        let fault = |failures: f64| Fault {
            kind: invocation_log::KIND,
            id: invocation_log::ID.to_owned(),
            arn: None,
            found: json!({"failures": failures, "bucket": bucket}),
        };
        failed.map(fault).into_iter().collect()
    },
};

/// Nothing comes, and nobody says so.
pub(super) const NONE_ARRIVED: Check = Check {
    name: "NoLogArrived",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "models were called within 24 hours, and no log object arrived",
    breaks: "the answers of that time cannot be explained",
    mend: "aws s3api get-bucket-policy --bucket {bucket} --region {region}   # it has to let bedrock.amazonaws.com \
           put below AWSLogs/, its key, too",
    look: |seen| {
        let Some((bucket, prefix)) = seen.log.place().filter(|_| seen.log.is_put_into_bucket()) else {
            return Vec::new();
        };
        let none = seen.delivered.as_ref().filter(|delivered| delivered.newest == Ok(None));
        let calls = none.and_then(|delivered| delivered.calls).filter(|calls| *calls > 0.0);
        let fault = |calls: f64| Fault {
            kind: KIND,
            id: format!("s3://{bucket}/{prefix}"),
            arn: None,
            found: json!({"calls": calls, "bucket": bucket}),
        };
        calls.map(fault).into_iter().collect()
    },
};

/// Nothing comes out of the log group, and nobody says so: its subscription is gone, say.
pub(super) const NO_EVENT_ARRIVED: Check = Check {
    name: "NoLogEventArrived",
    kind: invocation_log::KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "models were called within 24 hours, and no event of the log group arrived",
    breaks: "the answers of that time cannot be explained, unless a bucket has their logs, too",
    mend: "aws logs describe-subscription-filters --log-group-name {group} --region {region}   # one has to hand \
           events to index-log-events",
    look: |seen| {
        let Some(group) = seen.log.group() else { return Vec::new() };
        let none =
            seen.delivered.as_ref().filter(|lately| lately.log_events.is_none_or(|count| count == 0.0));
        let calls = none.and_then(|delivered| delivered.calls).filter(|calls| *calls > 0.0);
        let fault = |calls: f64| Fault {
            kind: invocation_log::KIND,
            id: invocation_log::ID.to_owned(),
            arn: None,
            found: json!({"calls": calls, "group": group}),
        };
        calls.map(fault).into_iter().collect()
    },
};

/// The ledger is behind.
pub(super) const NOT_INDEXED: Check = Check {
    name: "LogNotIndexed",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "a log object has lain in the bucket for over an hour, and is not in the ledger",
    breaks: "the answers in it, and perhaps all that came since, cannot be explained yet",
    mend: "bedrock-audit index --stack {stack} {object}   # once what else is off here is mended; it may be run twice",
    look: |seen| {
        let newest = seen.delivered.as_ref().and_then(|delivered| delivered.newest.as_ref().ok()?.as_ref());
        let behind = newest.filter(|newest| !newest.is_indexed);
        let fault = |newest: &NewestLog| {
            let object = newest.location.to_string();
            Fault {
                kind: KIND,
                id: object.clone(),
                arn: None,
                found: json!({"object": object, "stack": seen.stack}),
            }
        };
        behind.map(fault).into_iter().collect()
    },
};
