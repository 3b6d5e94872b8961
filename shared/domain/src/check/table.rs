//! The tables of the ledger.

use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::{change::Severity, ledger::schema::TIME_TO_LIVE};

/// The resource kind of tables.
pub const KIND: &str = "dynamodb-table";

/// A table of the stack.
pub type Table = Part<TableNow>;

/// A table as it is.
#[derive(Clone, Debug, Default)]
pub struct TableNow {
    /// The attribute by which items expire; `None` where none do.
    pub expires_by: Option<String>,
}

impl Now for TableNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        None
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "TableGone",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a table of the ledger is gone",
    breaks: "what was recorded there is lost, and nothing can be recorded",
    mend: "aws dynamodb list-backups --table-name {id} --backup-type SYSTEM --region {region}   # within 35 days of \
           its deletion: then restore-table-from-backup to the same name, and switch on its time to live, \
           point-in-time recovery and deletion protection again",
    look: |seen| part::gone(tables(seen)),
};

/// Nothing expires.
pub(super) const KEEPS_ALL: Check = Check {
    name: "TimeToLiveOff",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Medium,
    wrong: "a table does not let items expire",
    breaks: "records stay longer than RetentionDays says, and cost grows without end",
    mend: "aws dynamodb update-time-to-live --table-name {id} --time-to-live-specification \
           Enabled=true,AttributeName={expected} --region {region}",
    look: |seen| {
        let keeping =
            present(tables(seen)).filter(|(_, now)| now.expires_by.as_deref() != Some(TIME_TO_LIVE));
        keeping
            .map(|(table, now)| table.fault(json!({"expires_by": now.expires_by, "expected": TIME_TO_LIVE})))
            .collect()
    },
};

fn tables(seen: &Seen) -> &[Table] {
    seen.parts.as_ref().map(|parts| parts.tables.as_slice()).unwrap_or_default()
}
