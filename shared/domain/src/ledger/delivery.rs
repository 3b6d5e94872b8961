//! What became of each log object, in numbers that add up.

mod listed;

use jiff::Timestamp;

#[cfg(test)]
pub(crate) use self::listed::line;
pub use self::listed::{DeliveryLine, Stream, list_of_day, moment_of_key, rejects_prefix};
use crate::{evidence::ObjectLocation, values::Reject};

/// How many rejects of one delivery are kept; the rest is counted.
pub const KEPT_REJECTS: usize = 1_000;

/// What became of the values of one object. `received = indexed + duplicate + rejected + ignored`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// JSON values that were met.
    pub received: u64,
    /// Records that are in the ledger now and were not before.
    pub indexed: u64,
    /// Records that were there already.
    pub duplicate: u64,
    /// Values that could not be read, or not be kept.
    pub rejected: u64,
    /// Values that are well-formed and not for us.
    pub ignored: u64,
    /// Of the records, those of which a body beside the log is still to come.
    pub bodies_outstanding: u64,
    /// Of the records, those that disagree with another one of their request id.
    pub conflicts: u64,
}

impl Counts {
    /// Adds another object's.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.indexed += other.indexed;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.ignored += other.ignored;
        self.bodies_outstanding += other.bodies_outstanding;
        self.conflicts += other.conflicts;
    }

    /// Whether nothing got lost in counting.
    pub fn add_up(&self) -> bool {
        self.received == self.indexed + self.duplicate + self.rejected + self.ignored
    }
}

/// Whether an object could be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It could.
    Done,
    /// It could not; why. What came before is indexed.
    Partial(String),
}

impl Completion {
    /// The name in the ledger and in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial(_) => "partial",
        }
    }
}

/// One object that arrived, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The object.
    pub location: ObjectLocation,
    /// What became of its values.
    pub counts: Counts,
    /// Whether it could be read to its end.
    pub completion: Completion,
    /// The first [`KEPT_REJECTS`] rejects.
    pub rejects: Vec<Reject>,
    /// How much of it could be read, in inflated bytes.
    pub bytes: u64,
    /// When it was read.
    pub indexed_at: Timestamp,
}

/// The sort key of a delivery: the object's version, `-` where the bucket keeps none.
pub fn version_key(location: &ObjectLocation) -> &str {
    location.version_id.as_deref().unwrap_or("-")
}

/// The sort key of a reject.
pub fn reject_key(location: &ObjectLocation, ordinal: u64) -> String {
    format!("{}{ordinal:08}", rejects_prefix(version_key(location)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_rejects_behind_their_delivery() {
        let mut location = ObjectLocation::object("b", "k");
        assert_eq!(version_key(&location), "-");
        assert_eq!(reject_key(&location, 42), "-#reject#00000042");
        location.version_id = Some("v1".into());
        assert!(reject_key(&location, 1).as_str() > version_key(&location));
    }
}
