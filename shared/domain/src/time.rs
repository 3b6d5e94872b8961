//! Moments as records write them and as the ledger writes them.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Reads the moment of a record, to the millisecond: as the ledger writes it, so that a moment that was stored is equal to
/// the one that was read. RFC 3339 ends with the year 9999 and starts with 0000; others have no place in the ledger's
/// order.
///
/// Raw records write RFC 3339 (`2026-10-07T07:51:59Z`); copies that went through other tools write
/// `2025-05-15 14:17:22.000000000` and mean UTC (FORMATS 9, 11.41).
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let moment = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: civil::DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })?;
    let milliseconds = moment.as_nanosecond().div_euclid(1_000_000);
    let moment = Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()?;
    (TimeZone::UTC.to_datetime(moment).year() >= 0).then_some(moment)
}

/// RFC 3339 in UTC with milliseconds: how the ledger writes every moment, so that text order is time order.
pub fn rfc3339(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2026-10-15`, in UTC.
pub fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

/// `2026-10`, in UTC.
pub fn month(moment: Timestamp) -> String {
    moment.strftime("%Y-%m").to_string()
}

/// Days as a span of seconds, for arithmetic on [`Timestamp`]s.
pub fn days(count: u32) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * i64::from(count))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_are_read_and_one_is_written() {
        let cases = [
            ("2026-10-07T07:51:59Z", "2026-10-07T07:51:59.000Z"),
            ("2025-01-21T17:39:10.379877250Z", "2025-01-21T17:39:10.379Z"),
            ("2025-05-15 14:17:22.000000000", "2025-05-15T14:17:22.000Z"),
            ("2025-05-15T14:17:22", "2025-05-15T14:17:22.000Z"),
            ("2025-05-15T16:17:22+02:00", "2025-05-15T14:17:22.000Z"),
        ];
        for (given, expected) in cases {
            assert_eq!(parse(given).map(rfc3339).as_deref(), Some(expected), "{given}");
        }
        let moment = parse("1969-12-31T23:59:59.9999Z");
        assert_eq!(moment.map(rfc3339).as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(moment, parse("1969-12-31T23:59:59.999Z"));
        for given in ["-000001-12-31T23:59:59Z", "", "<timestamp>", "yesterday", "2025-13-01T00:00:00Z"] {
            assert_eq!(parse(given), None, "{given}");
        }
    }
}
