//! The keys that the audit's buckets and parts are encrypted with: without them nothing can be written or read.

use serde_json::json;

use super::{
    Check,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of keys.
pub const KIND: &str = "kms-key";

/// A key that the audit rests on.
pub type Key = Part<KeyNow>;

/// A key as it is.
#[derive(Clone, Debug, Default)]
pub struct KeyNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable`, ...
    pub state: String,
    /// When it will be deleted, as far as that is decided.
    pub deletion_at: Option<String>,
}

impl Now for KeyNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
}

const PENDING: &str = "PendingDeletion";

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "KeyGone",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a key that the audit rests on is not there",
    breaks: "what was encrypted with it cannot be read any more, and nothing can be written where it is named",
    mend: "aws s3api get-bucket-encryption --bucket {used_by}   # then name a key that is there; what it encrypted is lost",
    look: |seen| {
        let gone = part::gone(&seen.keys).into_iter();
        gone.map(|fault| super::Fault { found: json!({"used_by": fault.found.get("logical_id")}), ..fault })
            .collect()
    },
};

/// It cannot be used now.
pub(super) const DISABLED: Check = Check {
    name: "KeyDisabled",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a key that the audit rests on cannot be used",
    breaks: "logs and evidence can be neither written nor read: what comes now fails, and ends in the dead-letter queues",
    mend: "aws kms enable-key --key-id {arn} --region {region}",
    look: |seen| {
        let unusable =
            present(&seen.keys).filter(|(_, now)| !["Enabled", PENDING].contains(&now.state.as_str()));
        unusable.map(|(key, now)| key.fault(json!({"state": now.state, "used_by": key.logical_id}))).collect()
    },
};

/// It will be gone soon.
pub(super) const PENDING_DELETION: Check = Check {
    name: "KeyPendingDeletion",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a key that the audit rests on is about to be deleted",
    breaks: "nothing can be written or read with it now; once it is deleted, everything that it encrypted is lost for ever",
    mend: "aws kms cancel-key-deletion --key-id {arn} --region {region} && aws kms enable-key --key-id {arn} --region {region}",
    look: |seen| {
        let pending = present(&seen.keys).filter(|(_, now)| now.state == PENDING);
        pending
            .map(|(key, now)| key.fault(json!({"deletion_at": now.deletion_at, "used_by": key.logical_id})))
            .collect()
    },
};
