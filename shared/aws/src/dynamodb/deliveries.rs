//! Deliveries and rejects as items of the Deliveries table.

use audit_domain::{
    digest::bounded_key,
    ledger::{
        delivery::{Completion, Delivery, reject_key, version_key},
        record::SCHEMA,
    },
    values::Reject,
};

use super::item::{Attributes, Reader, Writer};

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
        .number("bodies_outstanding", counts.bodies_outstanding)
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

/// Whether the item says that the object with this entity tag was read to its end, with nothing outstanding.
pub(super) fn says_done(item: &Attributes, etag: Option<&str>) -> bool {
    let item = Reader::of(item);
    let outstanding: Option<u64> = item.number("bodies_outstanding");
    item.maybe("status").as_deref() == Some("done")
        && outstanding.unwrap_or_default() == 0
        && etag.is_some()
        && item.maybe("etag").as_deref() == etag
}

fn keyed(delivery: &Delivery, sort_key: &str, expires_at: i64) -> Writer {
    Writer::new()
        .text("object", bounded_key(&delivery.location.to_string()))
        .text("version_id", sort_key)
        .moment("indexed_at", delivery.indexed_at)
        .number("schema", SCHEMA)
        .number("expires_at", expires_at)
}
