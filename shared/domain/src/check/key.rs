//! The keys that the audit's buckets and parts are encrypted with: without them nothing can be written or read.

use serde_json::json;

use super::{
    Check,
    key_policy::NEEDED,
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
    /// Its policy, of the key that the stack encrypts with.
    pub policy: Option<String>,
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
    mend: "aws s3api get-bucket-encryption --bucket {used_by} --region {region}   # then name a key that is there; \
           what it encrypted is lost",
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
    mend: "aws kms cancel-key-deletion --key-id {arn} --region {region} && aws kms enable-key --key-id {arn} --region \
           {region}",
    look: |seen| {
        let pending = present(&seen.keys).filter(|(_, now)| now.state == PENDING);
        pending
            .map(|(key, now)| key.fault(json!({"deletion_at": now.deletion_at, "used_by": key.logical_id})))
            .collect()
    },
};

/// A service that has to write to a queue or a topic of the stack may not use the key of it: CloudFormation does not look.
pub(super) const DENIES_SERVICE: Check = Check {
    name: "KeyDeniesService",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "the stack's key does not let a service of AWS use it",
    breaks: "without events.amazonaws.com no event reaches a queue, nor its dead-letter queue; without cloudwatch.amazonaws.com no alarm reaches anybody",
    mend: "aws kms get-key-policy --key-id {arn} --policy-name default --region {region} --query Policy --output text   \
           # put a statement for {services} into it, without a condition for events.amazonaws.com: README.md, \
           Protection",
    look: |seen| {
        let with_policy = present(&seen.keys).filter_map(|(key, now)| Some((key, now.policy.as_deref()?)));
        let denied = with_policy.filter_map(|(key, policy)| {
            // what is no JSON lets nobody do anything
            let policy = serde_json::from_str(policy).unwrap_or_default();
            let denied: Vec<_> = NEEDED.iter().filter(|needed| !needed.is_met_by(&policy)).collect();
            let services: Vec<_> = denied.iter().map(|needed| needed.service).collect();
            (!services.is_empty())
                .then(|| key.fault(json!({"services": services.join(" and "), "used_by": key.logical_id})))
        });
        denied.collect()
    },
};
