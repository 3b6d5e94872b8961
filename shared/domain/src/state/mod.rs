//! What a configuration resource looked like at a moment, as read from the API: CloudTrail hides it (FORMATS 11.28).
//!
//! * [`subject`]: which resource is read when something changes.
//! * [`document`]: what was read, in a form that can be compared; [`canonical`] is its text.
//! * [`diff`], [`text`]: what is different, and what of it may stand in an alert.
//! * [`parts`]: what is read in calls of its own, and may stay unread.
//! * [`verdict`]: whether that is weaker or stronger; its room [`verdict::rules`] is a table with one line per rule.
//! * [`compare()`]: all of that for one change; [`severity`]: how much it matters then.
//! * [`drift`]: what is different although no recorded change explains it.

pub mod canonical;
mod compare;
pub mod diff;
pub mod document;
pub mod drift;
pub mod parts;
mod path;
pub mod severity;
mod shape;
pub mod subject;
pub mod text;
pub mod verdict;

use jiff::Timestamp;
use serde_json::Value;

use crate::{change::Change, digest::Sha256, ledger::state::StateKey};
pub use compare::{Comparison, Known, compare};
pub use document::Document;
pub use subject::{Subject, SubjectKind};
pub use verdict::Verdict;

/// A configuration resource at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The resource.
    pub subject: Subject,
    /// The document as the API gave it; of a deleted resource the last that is known, `null` where none is.
    pub document: Value,
    /// The digest of what matters in the document: RFC 8785, without volatile members.
    pub sha256: Sha256,
    /// Whether the resource is gone: then `document` is what it was before.
    pub is_tombstone: bool,
    /// When it was read.
    pub observed_at: Timestamp,
    /// When the document says that it was changed last.
    pub updated_at: Option<Timestamp>,
    /// When the change happened that it was read for; orders states whose documents do not say.
    pub caused_at: Timestamp,
    /// The event id of that change.
    pub cause: String,
}

impl State {
    /// That a resource was deleted: what it was, as far as that is known.
    pub fn tombstone(
        change: &Change,
        subject: &Subject,
        last: Option<&Self>,
        observed_at: Timestamp,
    ) -> Self {
        let document = last.map_or(Value::Null, |state| state.document.clone());
        let what = last.map_or("nothing known", |state| state.sha256.as_str());
        Self {
            subject: subject.clone(),
            sha256: Sha256::of(format!("deleted: {what}").as_bytes()),
            updated_at: last.and_then(|state| state.updated_at),
            document,
            is_tombstone: true,
            observed_at,
            caused_at: change.occurred_at,
            cause: change.event_id.clone(),
        }
    }

    /// From when on it looked like this: the document's own `updatedAt`, else when its cause happened.
    pub fn moment(&self) -> Timestamp {
        self.updated_at.filter(|_| !self.is_tombstone).unwrap_or(self.caused_at)
    }

    /// Where it is kept: in the order of its moment.
    pub fn key(&self) -> StateKey {
        StateKey::resource(&self.subject.resource, self.moment(), &self.sha256)
    }
}
