//! Deliveries and rejects as items of the Deliveries table.

use audit_domain::{
    digest::bounded_key,
    ledger::{
        delivery::{Completion, Delivery, reject_key, version_key},
        record::SCHEMA,
    },
    values::Reject,
};

use super::item::{Attributes, Writer};

pub(super) fn encode(delivery: &Delivery, expires_at: i64) -> Attributes {
    let counts = &delivery.counts;
    let reason = match &delivery.completion {
        Completion::Done => None,
        Completion::Partial(reason) => Some(reason.as_str()),
    };
    keyed(delivery, version_key(&delivery.location), expires_at)
        .text("etag", delivery.location.etag.as_deref().unwrap_or("-"))
        .text("status", delivery.completion.name())
        .maybe("reason", reason)
        .number("received", counts.received)
        .number("indexed", counts.indexed)
        .number("duplicate", counts.duplicate)
        .number("rejected", counts.rejected)
        .number("ignored", counts.ignored)
        .number("bytes", delivery.bytes)
        .finish()
}

pub(super) fn encode_reject(delivery: &Delivery, reject: &Reject, expires_at: i64) -> Attributes {
    keyed(delivery, &reject_key(&delivery.location, reject.ordinal), expires_at)
        .number("ordinal", reject.ordinal)
        .text("reason", &reject.reason)
        .text("sha256", reject.sha256.as_str())
        .number("bytes", reject.bytes)
        .finish()
}

fn keyed(delivery: &Delivery, sort_key: &str, expires_at: i64) -> Writer {
    Writer::new()
        .text("object", bounded_key(&delivery.location.to_string()))
        .text("version_id", sort_key)
        .moment("indexed_at", delivery.indexed_at)
        .number("schema", SCHEMA)
        .number("expires_at", expires_at)
}
