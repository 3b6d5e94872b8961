//! The trail, which every event of a change comes from.

use super::{
    super::Severity::{Critical, High},
    super::operations::Kind,
    Area, When, call, kind,
};

/// Any trail counts: a record does not say which one feeds EventBridge.
pub(super) const TRAILS: Area = Area {
    name: "CloudTrail: trails",
    event_source: "cloudtrail.amazonaws.com",
    concerns: "any trail",
    calls: &[
        call("DeleteTrail", TRAIL, Critical, ALWAYS, "without a trail no change is reported any more"),
        call(
            "PutEventSelectors",
            TRAIL,
            Critical,
            ALWAYS,
            "what the trail no longer selects is not reported",
        ),
        call("StopLogging", TRAIL, Critical, ALWAYS, "the trail is off: no change is reported any more"),
        call(
            "UpdateTrail",
            TRAIL,
            High,
            ALWAYS,
            "the trail may leave out regions, or write to another place",
        ),
    ],
};

const ALWAYS: &[When] = &[When::Always];
const TRAIL: Kind = Kind {
    arn: &["response.trailARN", "request.name", "request.trailName"],
    ..kind("trail", &[&["request.name", "request.trailName", "response.name", "response.trailARN"]])
};
