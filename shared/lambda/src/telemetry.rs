//! Structured log lines and metrics. Neither holds the content of a record.

use std::io::Write as _;

use audit_app::{body_request::BodyRequest, index::bodies::BodiesFollowed};
use audit_domain::ledger::delivery::{Completion, Delivery};
use jiff::Timestamp;
use serde_json::json;
use tracing_subscriber::{EnvFilter, fmt};

use crate::environment::{AWS_LAMBDA_FUNCTION_NAME, Environment};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "BedrockAudit";

/// Starts logging: JSON lines, `RUST_LOG` or `info`. A panic says where it was and not what with.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    fmt().json().with_env_filter(filter).with_target(false).without_time().init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}

/// Logs what became of an object, and counts it. The counts add up: received = indexed + duplicate + rejected + ignored.
pub fn delivered(function: &str, delivery: &Delivery, now: Timestamp) {
    let counts = &delivery.counts;
    let partial = match &delivery.completion {
        Completion::Done => 0,
        Completion::Partial(reason) => {
            tracing::error!(object = %delivery.location, reason, "object broke off: indexed as far as it could be read");
            1
        }
    };
    for reject in delivery.rejects.iter().take(10) {
        tracing::warn!(object = %delivery.location, ordinal = reject.ordinal, reason = reject.reason, "value rejected");
    }
    tracing::info!(
        object = %delivery.location,
        status = delivery.completion.name(),
        received = counts.received,
        indexed = counts.indexed,
        duplicate = counts.duplicate,
        rejected = counts.rejected,
        ignored = counts.ignored,
        bodies_outstanding = counts.bodies_outstanding,
        conflicts = counts.conflicts,
        bytes = delivery.bytes,
        "object indexed"
    );
    metrics(
        function,
        now,
        &[
            ("Received", counts.received),
            ("Indexed", counts.indexed),
            ("Duplicate", counts.duplicate),
            ("Rejected", counts.rejected),
            ("Ignored", counts.ignored),
            ("BodiesOutstanding", counts.bodies_outstanding),
            ("Conflicts", counts.conflicts),
            ("PartialDeliveries", partial),
        ],
    );
}

/// What became of a request for bodies beside the log.
pub fn bodies_followed(function: &str, request: &BodyRequest, followed: &BodiesFollowed, now: Timestamp) {
    let BodiesFollowed { completed, duplicate, outstanding, missing, rejected, conflicts } = *followed;
    tracing::info!(
        object = %request.location,
        attempt = request.attempt,
        completed,
        duplicate,
        outstanding,
        missing,
        rejected,
        conflicts,
        "bodies followed"
    );
    let counts = [
        ("BodiesFollowed", completed),
        ("BodiesMissing", missing),
        ("BodiesRejected", rejected),
        ("Conflicts", conflicts),
    ];
    metrics(function, now, &counts);
}

/// Emits counts in CloudWatch's embedded metric format: by the name that Lambda knows the function by, as its own metrics are,
/// so that two stacks in an account do not add up.
pub fn metrics(function: &str, now: Timestamp, counts: &[(&'static str, u64)]) {
    let name = Environment::of_process().maybe(AWS_LAMBDA_FUNCTION_NAME);
    let definitions: Vec<_> = counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName"]],
                "Metrics": definitions,
            }],
        },
        "FunctionName": name.as_deref().unwrap_or(function),
        "Function": function,
    });
    if let Some(members) = line.as_object_mut() {
        members.extend(counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))));
    }
    // a metric that cannot be written is no reason to fail the delivery
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        tracing::warn!("a metric could not be written");
    }
}
