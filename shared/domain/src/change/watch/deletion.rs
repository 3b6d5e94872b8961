//! Objects that were deleted from the buckets of the audit, as S3 reports them to EventBridge: no trail records these calls
//! unless it selects data events.

use jiff::Timestamp;

use super::{super::Severity, Watching};
use crate::{json::Members, principal::Principal, time};

/// The kind of resource of a deleted object; its id is `<bucket>/<key>`.
pub const LOG_OBJECT: &str = "log-object";

/// One deleted object.
pub(in crate::change) struct Deletion {
    pub(in crate::change) event_id: String,
    pub(in crate::change) request_id: Option<String>,
    pub(in crate::change) occurred_at: Timestamp,
    pub(in crate::change) account_id: String,
    pub(in crate::change) region: String,
    pub(in crate::change) bucket: String,
    pub(in crate::change) key: String,
    pub(in crate::change) version: Option<String>,
    pub(in crate::change) principal: Principal,
    pub(in crate::change) source_ip: Option<String>,
    pub(in crate::change) severity: Severity,
    pub(in crate::change) breaks: &'static str,
}

impl Deletion {
    /// Whether a value is such an event at all.
    pub(in crate::change) fn is_one(envelope: &Members<'_>) -> bool {
        let is = |name: &str, wanted: &str| envelope.text(name).is_some_and(|text| text == wanted);
        is("detail-type", "Object Deleted") && is("source", "aws.s3")
    }

    /// Out of EventBridge's envelope; `Ok(None)` for an object that is no evidence.
    ///
    /// # Errors
    /// What the event lacks.
    pub(in crate::change) fn of(
        envelope: &Members<'_>,
        watching: &Watching,
    ) -> Result<Option<Self>, &'static str> {
        let filled = |members: &Members<'_>, name: &str| {
            members.text(name).filter(|text| !text.is_empty()).map(String::from)
        };
        let detail = envelope.object("detail").ok_or("its detail is no object")?;
        let (bucket, object) = (detail.object("bucket"), detail.object("object"));
        let bucket = bucket.and_then(|bucket| filled(&bucket, "name")).ok_or("it names no bucket")?;
        let object = object.ok_or("it names no object")?;
        let key = filled(&object, "key").ok_or("it names no object")?;
        if !watching.holds_object(&bucket, &key) {
            return Ok(None);
        }
        let is_lifecycle = detail.text("reason").is_some_and(|reason| reason.starts_with("Lifecycle"));
        let is_hidden = detail.text("deletion-type").is_some_and(|kind| kind == "Delete Marker Created");
        let (severity, breaks) = meaning(is_lifecycle, is_hidden);
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
        Ok(Some(Self {
            event_id: filled(envelope, "id").ok_or("it has no id")?,
            request_id: filled(&detail, "request-id"),
            occurred_at: envelope
                .text("time")
                .and_then(|written| time::parse(&written))
                .ok_or("its time is missing or no time")?,
            account_id: or_unknown(filled(envelope, "account")),
            region: or_unknown(filled(envelope, "region")),
            version: filled(&object, "version-id"),
            principal: requester(filled(&detail, "requester"), is_lifecycle),
            source_ip: filled(&detail, "source-ip-address"),
            bucket,
            key,
            severity,
            breaks,
        }))
    }
}

/// How much a deletion matters. A delete marker hides an object that is still there; what a lifecycle rule does was decided
/// when the rule was put, which was a change of its own.
fn meaning(is_lifecycle: bool, is_hidden: bool) -> (Severity, &'static str) {
    match (is_lifecycle, is_hidden) {
        (false, false) => (Severity::Critical, "somebody deleted evidence for good"),
        (false, true) => {
            (Severity::High, "somebody hid evidence under a delete marker; its versions are still there")
        }
        (true, false) => (Severity::Medium, "a lifecycle rule of the bucket deleted evidence for good"),
        (true, true) => (Severity::Low, "a lifecycle rule of the bucket hid evidence under a delete marker"),
    }
}

/// S3 says the account of whoever asked, or the service: nobody's name.
fn requester(requester: Option<String>, is_lifecycle: bool) -> Principal {
    let is_service = is_lifecycle || requester.as_ref().is_some_and(|name| name.ends_with(".amazonaws.com"));
    let kind = if is_service { "AWSService" } else { "AWSAccount" };
    Principal { kind: Some(kind.to_owned()), name: requester, ..Principal::default() }
}
