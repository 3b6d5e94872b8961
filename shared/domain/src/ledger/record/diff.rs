//! What a change changed, as far as the resource could be read.

use jiff::Timestamp;

use super::Common;
use crate::{
    change::{Change, Severity},
    digest::{Sha256, bounded_key},
    state::Verdict,
};

/// What a change changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// What every item has.
    pub common: Common,
    /// The change.
    pub event_id: String,
    /// Whether the resource could be read.
    pub read: DiffRead,
    /// Why not, in the words of the service.
    pub reason: Option<String>,
    /// When it was read.
    pub observed_at: Option<Timestamp>,
    /// When what was read says that it was changed last.
    pub updated_at: Option<Timestamp>,
    /// When the state before was read; where the difference has no date of its own, it came about since.
    pub before_at: Option<Timestamp>,
    /// The state before, by its digest.
    pub state_before: Option<Sha256>,
    /// The state after, by its digest.
    pub state_after: Option<Sha256>,
    /// Whether it protects less now; `None` where that is no question, or not known.
    pub verdict: Option<Verdict>,
    /// How much the change matters, now that this is known.
    pub severity: Option<Severity>,
    /// Field by field, at most 100.
    pub fields: Vec<FieldChange>,
    /// How many fields more there were.
    pub fields_left_out: u32,
}

/// What came of reading a resource after its change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffRead {
    /// It was read.
    Ok,
    /// Nobody may read it here.
    Denied,
    /// The service did not answer.
    Throttled,
    /// It was not there any more.
    Gone,
}

impl DiffRead {
    /// Every one, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 4] =
        [(Self::Ok, "ok"), (Self::Denied, "denied"), (Self::Throttled, "throttled"), (Self::Gone, "gone")];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(read, _)| *read == self).map_or("", |(_, name)| name)
    }

    /// The one of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(read, _)| *read)
    }
}

impl Diff {
    /// Of a change of which nothing else is known yet.
    pub fn of_change(change: &Change) -> Self {
        Self {
            common: Common::of_change(change),
            event_id: change.event_id.clone(),
            read: DiffRead::Ok,
            reason: None,
            observed_at: None,
            updated_at: None,
            before_at: None,
            state_before: None,
            state_after: None,
            verdict: None,
            severity: None,
            fields: Vec::new(),
            fields_left_out: 0,
        }
    }

    /// Whether another try can bring no more.
    pub fn is_final(&self) -> bool {
        matches!(self.read, DiffRead::Ok | DiffRead::Gone)
    }

    /// Whether the resource was changed again before it was read: then the diff is that of both changes.
    pub fn holds_later_changes(&self) -> bool {
        self.updated_at.is_some_and(|at| is_after(at, self.common.occurred_at))
    }
}

/// Whether a resource was changed after a call, and not by it.
pub fn is_after(changed_at: Timestamp, occurred_at: Timestamp) -> bool {
    // the service's own moment and CloudTrail's whole second are not the same clock
    const SLACK: i64 = 2;
    changed_at.as_second() > occurred_at.as_second() + SLACK
}

/// One field that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Which field.
    pub path: String,
    /// Its value before, as JSON text of at most 2 KB.
    pub before: Option<String>,
    /// Its value after, as JSON text of at most 2 KB.
    pub after: Option<String>,
    /// `weaker`, `stronger`, `neutral`, `mixed`; absent where no rule knows it.
    pub effect: Option<String>,
}

/// The sort key of a diff.
pub fn diff_key(event_id: &str) -> String {
    bounded_key(&format!("diff#{event_id}"))
}
