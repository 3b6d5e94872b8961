//! What became of the objects of a window.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::top::Top;
use crate::{
    ledger::delivery::{Completion, Counts, DeliveryLine, Stream},
    time,
    values::Reject,
};

/// So many partial objects and rejects are listed; the rest is counted.
const LISTED: usize = 200;

/// Numbers of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryTally {
    /// Objects that were read.
    pub objects: u64,
    /// Of them, those that could not be read to their end.
    pub partial: u64,
    /// What became of their values.
    pub counts: Counts,
    /// Inflated bytes.
    pub bytes: u64,
}

/// A number of a [`DeliveryTally`].
type Number = fn(&DeliveryTally) -> u64;

impl DeliveryTally {
    /// Every number, with its name in JSON and CSV.
    pub const NUMBERS: [(&'static str, Number); 10] = [
        ("objects", |t| t.objects),
        ("partial", |t| t.partial),
        ("received", |t| t.counts.received),
        ("indexed", |t| t.counts.indexed),
        ("duplicate", |t| t.counts.duplicate),
        ("rejected", |t| t.counts.rejected),
        ("ignored", |t| t.counts.ignored),
        ("bodies_outstanding_then", |t| t.counts.bodies_outstanding),
        ("conflicts", |t| t.counts.conflicts),
        ("bytes", |t| t.bytes),
    ];

    fn add(&mut self, line: &DeliveryLine) {
        self.objects += 1;
        self.partial += u64::from(line.completion != Completion::Done);
        self.counts.add(&line.counts);
        self.bytes = self.bytes.saturating_add(line.bytes);
    }
}

/// A value of an object that could not be read or kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectLine {
    /// The time that the object is of.
    pub moment: Timestamp,
    /// The object.
    pub object: String,
    /// Its version; `-` where the bucket keeps none.
    pub version: String,
    /// Which value, and why.
    pub reject: Reject,
}

/// The objects of a window.
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// All of them.
    pub total: DeliveryTally,
    /// By who wrote them.
    pub by_stream: BTreeMap<Stream, DeliveryTally>,
    /// By the day that they are of, in UTC.
    pub by_day: BTreeMap<String, DeliveryTally>,
    /// Those that could not be read to their end, the newest first.
    pub partial: Top<DeliveryLine>,
    /// Values that could not be read or kept, the newest objects' first.
    pub rejects: Top<RejectLine>,
    /// The times that the first and the last of them are of.
    pub first_and_last: Option<(Timestamp, Timestamp)>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            total: DeliveryTally::default(),
            by_stream: BTreeMap::new(),
            by_day: BTreeMap::new(),
            partial: Top::new(LISTED, |a, b| (b.moment, &a.object).cmp(&(a.moment, &b.object))),
            rejects: Top::new(LISTED, |a, b| {
                (b.moment, &a.object, a.reject.ordinal).cmp(&(a.moment, &b.object, b.reject.ordinal))
            }),
            first_and_last: None,
        }
    }
}

impl Deliveries {
    /// Counts one.
    pub fn add(&mut self, line: &DeliveryLine) {
        self.total.add(line);
        self.by_stream.entry(line.stream()).or_default().add(line);
        self.by_day.entry(time::day(line.moment)).or_default().add(line);
        if line.completion != Completion::Done {
            self.partial.add(line.clone());
        }
        let (first, last) = self.first_and_last.unwrap_or((line.moment, line.moment));
        self.first_and_last = Some((first.min(line.moment), last.max(line.moment)));
    }

    /// How many rejects are not listed: more than fit, or more than were kept of one object.
    pub fn rejects_left_out(&self) -> u64 {
        self.total.counts.rejected.saturating_sub(self.rejects.kept().len() as u64)
    }
}
