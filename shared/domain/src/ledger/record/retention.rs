//! How long things are kept.

use jiff::Timestamp;

use crate::time;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    days: u32,
}

impl Retention {
    /// The least that regulators ask for, in days.
    pub const FLOOR: u32 = 183;
    /// The default, in days: a year and a month.
    pub const DEFAULT: Self = Self { days: 400 };

    /// So many days; fewer than [`Self::FLOOR`] are raised to it.
    pub fn of_days(days: u32) -> Self {
        Self { days: days.max(Self::FLOOR) }
    }

    /// When an item is over: its own time and the retention, but not before 90 days after it was indexed, so that a
    /// backfill of old logs is not swept at once. Seconds since 1970.
    pub fn expires_at(self, occurred_at: Timestamp, indexed_at: Timestamp) -> i64 {
        let by_age = occurred_at.checked_add(time::days(self.days)).unwrap_or(Timestamp::MAX);
        let by_index = indexed_at.checked_add(time::days(90)).unwrap_or(Timestamp::MAX);
        by_age.max(by_index).as_second()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn retention_has_a_floor_and_spares_a_backfill() {
        let week = Retention::of_days(7);
        let now = at("2026-11-01T00:00:00Z");
        assert_eq!(week.expires_at(now, now), at("2027-05-03T00:00:00Z").as_second());
        let old = at("2020-01-01T00:00:00Z");
        assert_eq!(week.expires_at(old, now), at("2027-01-30T00:00:00Z").as_second());
    }
}
