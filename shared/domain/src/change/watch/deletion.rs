//! Objects that were deleted from the buckets of the audit, as S3 reports them to EventBridge: no trail records these calls
//! unless it selects data events.

use super::{
    super::{Change, Origin, Outcome, Resource, Severity},
    Watching,
};
use crate::{digest::Sha256, evidence::Evidence, json::Members, principal::Principal, time};

/// The kind of resource of a deleted object; its id is `<bucket>/<key>`.
pub const LOG_OBJECT: &str = "log-object";

/// Whether a value is such an event at all.
pub(in crate::change) fn is_one(envelope: &Members<'_>) -> bool {
    let is = |name: &str, wanted: &str| envelope.text(name).is_some_and(|text| text == wanted);
    is("detail-type", "Object Deleted") && is("source", "aws.s3")
}

/// Out of EventBridge's envelope; `Ok(None)` for an object that is no evidence.
///
/// # Errors
/// What the event lacks.
pub(in crate::change) fn read(
    envelope: &Members<'_>,
    watching: &Watching,
    origin: Origin,
    evidence: Evidence,
) -> Result<Option<Change>, &'static str> {
    let detail = envelope.object("detail").ok_or("its detail is no object")?;
    let bucket = detail.object("bucket").and_then(|bucket| filled(&bucket, "name"));
    let bucket = bucket.ok_or("it names no bucket")?;
    let object = detail.object("object").ok_or("it names no object")?;
    let key = filled(&object, "key").ok_or("it names no object")?;
    if !watching.holds_object(&bucket, &key) {
        return Ok(None);
    }
    let is_lifecycle = detail.text("reason").is_some_and(|reason| reason.starts_with("Lifecycle"));
    let is_hidden = detail.text("deletion-type").is_some_and(|kind| kind == "Delete Marker Created");
    let (severity, breaks) = meaning(is_lifecycle, is_hidden);
    let or_unknown = |name: &str| filled(envelope, name).unwrap_or_else(|| "unknown".to_owned());
    let (account_id, region) = (or_unknown("account"), or_unknown("region"));
    let event_id = filled(envelope, "id").ok_or("it has no id")?;
    let occurred_at = envelope.text("time").and_then(|written| time::parse(&written));
    Ok(Some(Change {
        amended_by: Vec::new(),
        request_id: filled(&detail, "request-id").unwrap_or_else(|| event_id.clone()),
        event_id,
        occurred_at: occurred_at.ok_or("its time is missing or no time")?,
        event_name: "ObjectDeleted".to_owned(),
        event_source: "s3.amazonaws.com".to_owned(),
        resource: Resource {
            account_id: account_id.clone(),
            region: region.clone(),
            kind: LOG_OBJECT.to_owned(),
            id: format!("{bucket}/{key}"),
            version: filled(&object, "version-id"),
            arn: None,
        },
        account_id,
        region,
        outcome: Outcome::Succeeded,
        error_code: None,
        severity,
        origin,
        principal: requester(filled(&detail, "requester"), is_lifecycle),
        source_ip: filled(&detail, "source-ip-address"),
        user_agent: None,
        mfa: None,
        request_parameters: None,
        response_elements: None,
        spilled: None,
        omitted: false,
        breaks: Some(breaks.to_owned()),
        deployment: false,
        addendum: None,
        evidence,
    }))
}

impl Change {
    /// The changes that share one alert with this one: deletions of one bucket's objects by one requester, for one reason,
    /// within one hour. `None` where a change has an alert of its own.
    pub fn alert_group(&self) -> Option<String> {
        let (bucket, _) = self.resource.id.split_once('/').filter(|_| self.resource.kind == LOG_OBJECT)?;
        let hour = self.occurred_at.strftime("%Y-%m-%dT%H").to_string();
        let reason = self.breaks.as_deref().unwrap_or_default();
        let shared = [&self.account_id, bucket, self.principal.best(), reason, &hour].join("\n");
        Some(format!("deletions-{}", Sha256::of(shared.as_bytes()).short()))
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

fn filled(members: &Members<'_>, name: &str) -> Option<String> {
    members.text(name).filter(|text| !text.is_empty()).map(String::from)
}
