//! The buckets that the audit lives on: a bucket that does not tell EventBridge of its objects is read by nobody, and
//! nothing says so.

use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of buckets.
pub const KIND: &str = "s3-bucket";

/// A bucket that the audit lives on; it may be none of the stack's.
pub type Bucket = Part<BucketNow>;

/// A bucket as it is.
#[derive(Clone, Debug, Default)]
pub struct BucketNow {
    /// Whether it tells EventBridge of its objects.
    pub tells_event_bridge: bool,
}

impl Now for BucketNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        None
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "BucketGone",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "a bucket that the audit lives on is gone",
    breaks: "logs, files of the trail or evidence have no place to go to, and what was there is lost",
    mend: "aws s3 mb s3://{id} --region {region}   # then set its policy, versioning and notifications, as in template.yaml",
    look: |seen| part::gone(&seen.buckets),
};

/// Nobody is told of its objects.
pub(super) const WITHOUT_EVENT_BRIDGE: Check = Check {
    name: "BucketWithoutEventBridge",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "a bucket does not tell EventBridge of its objects",
    breaks: "what is delivered there is never indexed, what is deleted there is never alerted, and no queue or alarm shows it",
    mend: "bedrock-audit doctor --stack {stack} --fix   # adds EventBridge, keeps every notification that is there",
    look: |seen| silent(seen).map(|bucket| bucket.fault(json!({"stack": seen.stack}))).collect(),
};

/// The buckets that tell EventBridge nothing.
pub(super) fn silent(seen: &Seen) -> impl Iterator<Item = &Bucket> {
    present(&seen.buckets).filter(|(_, now)| !now.tells_event_bridge).map(|(bucket, _)| bucket)
}
