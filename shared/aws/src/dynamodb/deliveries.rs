//! Deliveries and rejects as items of the Deliveries table.

use audit_domain::{
    digest::bounded_key,
    ledger::{
        delivery::{Completion, Counts, Delivery, DeliveryLine, reject_key, version_key},
        record::SCHEMA,
    },
    values::Reject,
};

use super::item::{Attributes, Reader, Unreadable, Writer};

pub(super) fn encode(delivery: &Delivery, expires_at: i64) -> Attributes {
    counted(keyed(delivery, version_key(&delivery.location), expires_at), delivery).finish()
}

/// The same numbers under the day that the object is of.
pub(super) fn encode_line(delivery: &Delivery, expires_at: i64) -> Attributes {
    let line = DeliveryLine::of(delivery);
    let item = described(
        Writer::new().text("object", line.list()).text("version_id", line.sort_key()),
        delivery,
        expires_at,
    );
    counted(item, delivery)
        .moment("moment", line.moment)
        .text("listed_object", &line.object)
        .text("listed_version", &line.version)
        .finish()
}

pub(super) fn decode_line(item: &Attributes) -> Result<DeliveryLine, Unreadable> {
    let item = Reader::of(item);
    let number = |name: &str| item.number(name).unwrap_or_default();
    Ok(DeliveryLine {
        moment: item.moment("moment")?,
        object: item.text("listed_object")?,
        version: item.text("listed_version")?,
        etag: item.maybe("etag").filter(|etag| etag != "-"),
        counts: Counts {
            received: number("received"),
            indexed: number("indexed"),
            duplicate: number("duplicate"),
            rejected: number("rejected"),
            ignored: number("ignored"),
            bodies_outstanding: number("bodies_outstanding"),
            conflicts: number("conflicts"),
        },
        completion: match item.text("status")?.as_str() {
            "done" => Completion::Done,
            _ => Completion::Partial(item.maybe("reason").unwrap_or_default()),
        },
        bytes: number("bytes"),
        indexed_at: item.moment("indexed_at")?,
    })
}

pub(super) fn decode_reject(item: &Attributes) -> Result<Reject, Unreadable> {
    let item = Reader::of(item);
    Ok(Reject {
        ordinal: item.number("ordinal").unwrap_or_default(),
        reason: item.text("reason")?,
        sha256: item.digest("sha256")?,
        bytes: item.number("bytes").unwrap_or_default(),
    })
}

fn counted(item: Writer, delivery: &Delivery) -> Writer {
    let counts = &delivery.counts;
    let reason = match &delivery.completion {
        Completion::Done => None,
        Completion::Partial(reason) => Some(reason.as_str()),
    };
    item.text("etag", delivery.location.etag.as_deref().unwrap_or("-"))
        .text("status", delivery.completion.name())
        .maybe("reason", reason)
        .number("received", counts.received)
        .number("indexed", counts.indexed)
        .number("duplicate", counts.duplicate)
        .number("rejected", counts.rejected)
        .number("ignored", counts.ignored)
        .number("bodies_outstanding", counts.bodies_outstanding)
        .number("conflicts", counts.conflicts)
        .number("bytes", delivery.bytes)
}

pub(super) fn encode_reject(delivery: &Delivery, reject: &Reject, expires_at: i64) -> Attributes {
    keyed(delivery, &reject_key(&delivery.location, reject.ordinal), expires_at)
        .number("ordinal", reject.ordinal)
        .text("reason", &reject.reason)
        .text("sha256", reject.sha256.as_str())
        .number("bytes", reject.bytes)
        .text("etag", delivery.location.etag.as_deref().unwrap_or("-"))
        .finish()
}

/// Whether a reject is of the object with this entity tag, and not of one that it replaced. Those that were written by earlier
/// versions do not say.
pub(super) fn is_reject_of(item: &Attributes, etag: Option<&str>) -> bool {
    Reader::of(item).maybe("etag").is_none_or(|of| of == etag.unwrap_or("-"))
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
    let key = Writer::new()
        .text("object", bounded_key(&delivery.location.to_string()))
        .text("version_id", sort_key);
    described(key, delivery, expires_at)
}

fn described(key: Writer, delivery: &Delivery, expires_at: i64) -> Writer {
    key.moment("indexed_at", delivery.indexed_at).number("schema", SCHEMA).number("expires_at", expires_at)
}
