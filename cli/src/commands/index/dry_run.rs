//! What `index` would read.

use audit_app::ports::ListedObject;
use audit_domain::evidence::ObjectRole;
use serde_json::{Value, json};

use super::summary::Summary;
use crate::output;

/// What would be read, and what not.
#[derive(Default)]
pub(super) struct Plan {
    objects: u64,
    bytes: u64,
    bodies: u64,
    permission_checks: u64,
    other_trail_files: u64,
    others: u64,
}

impl Plan {
    /// Adds objects, and how many others were passed over for their names.
    pub(super) fn add(&mut self, objects: &[ListedObject], passed_over: u64) {
        self.others += passed_over;
        for object in objects {
            match object.location.role() {
                ObjectRole::Log => {
                    self.objects += 1;
                    self.bytes += object.size;
                }
                ObjectRole::Body => self.bodies += 1,
                ObjectRole::PermissionCheck => self.permission_checks += 1,
                ObjectRole::OtherTrailFile => self.other_trail_files += 1,
            }
        }
    }

    pub(super) fn json(&self, summary: &Summary) -> Value {
        let failed: Vec<_> = summary
            .failed
            .iter()
            .map(|(object, reason)| json!({"object": object, "reason": reason}))
            .collect();
        json!({
            "dry_run": true,
            "objects": self.objects,
            "bytes": self.bytes,
            "passed_over": summary.resumed,
            "bodies": self.bodies,
            "permission_checks": self.permission_checks,
            "other_trail_files": self.other_trail_files,
            "no_logs": self.others,
            "failed": failed,
        })
    }

    pub(super) fn print(&self, summary: &Summary) {
        output::heading(&format!(
            "{} objects, {} bytes as they lie there, would be read",
            self.objects, self.bytes
        ));
        for (count, what) in [
            (summary.resumed, "were read to their end before"),
            (self.bodies, "bodies below data/, read through the records that point to them"),
            (self.permission_checks, "permission checks of bedrock"),
            (self.other_trail_files, "cloudtrail digest, insight and network activity files"),
            (self.others, "files whose names are not those of logs"),
        ] {
            if count > 0 {
                output::say(&format!("not read: {count} {what}"));
            }
        }
        for (object, reason) in &summary.failed {
            output::problem(&format!("{object}: {reason}"));
        }
    }
}
