//! Hours and days of which something is known, and the gaps between them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

/// A span of time of which nothing is known: whole hours or days, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment that is no longer part of it.
    pub until: Timestamp,
}

/// Equal spans of time of which something is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans {
    seconds: i64,
    known: BTreeSet<i64>,
}

impl Spans {
    /// Hours of UTC.
    pub fn hours() -> Self {
        Self { seconds: 60 * 60, known: BTreeSet::new() }
    }

    /// Days of UTC.
    pub fn days() -> Self {
        Self { seconds: 24 * 60 * 60, known: BTreeSet::new() }
    }

    /// Something is known of this moment.
    pub fn note(&mut self, moment: Timestamp) {
        self.known.insert(moment.as_second().div_euclid(self.seconds));
    }

    /// The gaps from one moment to another, before what is known first and behind what is known last included, cut to them.
    pub fn gaps_within(&self, since: Timestamp, until: Timestamp) -> Vec<Gap> {
        let first = since.as_second().div_euclid(self.seconds);
        // the last one that the span touches
        let last = until.as_second().saturating_sub(1).div_euclid(self.seconds);
        let (mut gaps, mut open) = (Vec::new(), first);
        for known in self.known.range(first..=last.max(first)) {
            if *known > open {
                gaps.push(self.gap(open, *known));
            }
            open = known + 1;
        }
        if open <= last {
            gaps.push(self.gap(open, last + 1));
        }
        let cut = |gap: Gap| Gap { from: gap.from.max(since), until: gap.until.min(until) };
        gaps.into_iter().map(cut).collect()
    }

    fn gap(&self, from: i64, until: i64) -> Gap {
        let at = |nth: i64| Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_secs(nth * self.seconds));
        Gap { from: at(from).unwrap_or(Timestamp::MIN), until: at(until).unwrap_or(Timestamp::MAX) }
    }
}

impl Gap {
    /// How many hours it has.
    pub fn hours(&self) -> i64 {
        self.until.duration_since(self.from).as_hours()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn gap(from: &str, until: &str) -> Gap {
        Gap { from: at(from), until: at(until) }
    }

    #[test]
    fn a_gap_lies_before_between_and_behind_what_is_known() {
        let mut hours = Spans::hours();
        let (since, until) = (at("2026-10-15T09:30:00Z"), at("2026-10-15T14:00:00Z"));
        assert_eq!(hours.gaps_within(since, until), [Gap { from: since, until }]);
        for moment in ["2026-10-15T09:59:59Z", "2026-10-15T10:00:00Z", "2026-10-15T13:30:00Z"] {
            hours.note(at(moment));
        }
        let night = gap("2026-10-15T11:00:00Z", "2026-10-15T13:00:00Z");
        assert_eq!(hours.gaps_within(since, until), [night]);
        assert_eq!(night.hours(), 2);
        let later = at("2026-10-15T15:30:00Z");
        let last = gap("2026-10-15T14:00:00Z", "2026-10-15T15:30:00Z");
        assert_eq!(
            hours.gaps_within(at("2026-10-15T08:00:00Z"), later),
            [gap("2026-10-15T08:00:00Z", "2026-10-15T09:00:00Z"), night, last,]
        );
    }

    #[test]
    fn days_of_a_window_are_cut_to_it() {
        let mut days = Spans::days();
        let (since, until) = (at("2026-10-14T12:00:00Z"), at("2026-10-20T08:00:00Z"));
        assert_eq!(days.gaps_within(since, until), [gap("2026-10-14T12:00:00Z", "2026-10-20T08:00:00Z")]);
        for moment in
            ["2026-10-13T00:00:00Z", "2026-10-15T14:00:00Z", "2026-10-17T00:00:00Z", "2026-10-25T00:00:00Z"]
        {
            days.note(at(moment));
        }
        assert_eq!(
            days.gaps_within(since, until),
            [
                gap("2026-10-14T12:00:00Z", "2026-10-15T00:00:00Z"),
                gap("2026-10-16T00:00:00Z", "2026-10-17T00:00:00Z"),
                gap("2026-10-18T00:00:00Z", "2026-10-20T08:00:00Z"),
            ]
        );
        days.note(at("2026-10-14T13:00:00Z"));
        days.note(at("2026-10-20T07:00:00Z"));
        assert_eq!(days.gaps_within(since, until).len(), 2);
        // a window that ends at midnight has nothing of the next day
        assert_eq!(days.gaps_within(at("2026-10-15T00:00:00Z"), at("2026-10-16T00:00:00Z")), []);
    }
}
