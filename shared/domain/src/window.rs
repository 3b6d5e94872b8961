//! The times that people type: `2026-10-15`, `3d`, `last thursday`, RFC 3339.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::Offset};

/// Which time a text means.
///
/// # Errors
/// A sentence that says what was typed and what can be.
pub fn moment(text: &str, now: Timestamp, offset: Offset) -> Result<Timestamp, String> {
    let typed = text.trim().to_lowercase();
    absolute(text.trim(), offset)
        .or_else(|| relative(&typed, now))
        .or_else(|| named(&typed, now, offset))
        .ok_or_else(|| {
            format!(
                "{text:?} is no time: use RFC 3339 (2026-10-15T14:00:00Z), a date (2026-10-15), an age (90m, 12h, 3d, \
                 2w), today, yesterday or a weekday (last thursday)"
            )
        })
}

/// `+02:00`, `-5`, `Z`: the offset that a text means.
///
/// # Errors
/// A sentence that says what was typed and what can be.
pub fn utc_offset(text: &str) -> Result<Offset, String> {
    let wrong = || format!("{text:?} is no UTC offset: use +02:00, -05:00 or Z");
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Ok(Offset::UTC);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let number = |digits: &str| digits.parse::<i32>().ok().filter(|n| (0..60).contains(n));
    let (hours, minutes) = number(hours).zip(number(minutes)).ok_or_else(wrong)?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| wrong())
}

fn absolute(text: &str, offset: Offset) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let midnight_or_time: civil::DateTime = text.parse().ok()?;
    offset.to_timestamp(midnight_or_time).ok()
}

fn relative(typed: &str, now: Timestamp) -> Option<Timestamp> {
    let (digits, unit) = typed.split_at_checked(typed.len().checked_sub(1)?)?;
    let count: i64 = digits.trim().parse().ok().filter(|n| *n >= 0)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    let seconds = count.checked_mul(60 * minutes)?;
    now.checked_sub(SignedDuration::from_secs(seconds)).ok()
}

/// `today`, `yesterday`, `last thursday`: the latest such day before today; each from 00:00.
fn named(typed: &str, now: Timestamp, offset: Offset) -> Option<Timestamp> {
    let today = offset.to_datetime(now).date();
    let date = match typed {
        "now" => return Some(now),
        "today" => today,
        "yesterday" => today.checked_sub(1.day()).ok()?,
        _ => {
            let name = typed.strip_prefix("last ").unwrap_or(typed).trim();
            let weekday = WEEKDAYS.iter().find(|(known, _)| *known == name)?.1;
            today.nth_weekday(-1, weekday).ok()?
        }
    };
    offset.to_timestamp(date.to_datetime(civil::Time::midnight())).ok()
}

const WEEKDAYS: [(&str, civil::Weekday); 7] = [
    ("monday", civil::Weekday::Monday),
    ("tuesday", civil::Weekday::Tuesday),
    ("wednesday", civil::Weekday::Wednesday),
    ("thursday", civil::Weekday::Thursday),
    ("friday", civil::Weekday::Friday),
    ("saturday", civil::Weekday::Saturday),
    ("sunday", civil::Weekday::Sunday),
];

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_understood() {
        // a Tuesday
        let now: Timestamp = "2026-11-24T04:05:06Z".parse().unwrap();
        let berlin = utc_offset("+01:00").unwrap();
        let cases = [
            ("2026-10-15T14:00:00Z", Offset::UTC, "2026-10-15T14:00:00Z"),
            ("2026-10-15", Offset::UTC, "2026-10-15T00:00:00Z"),
            ("2026-10-15", berlin, "2026-10-14T23:00:00Z"),
            ("2026-10-15T09:30", berlin, "2026-10-15T08:30:00Z"),
            ("3d", Offset::UTC, "2026-11-21T04:05:06Z"),
            ("90m", Offset::UTC, "2026-11-24T02:35:06Z"),
            ("last thursday", Offset::UTC, "2026-11-19T00:00:00Z"),
            ("Last Tuesday", Offset::UTC, "2026-11-17T00:00:00Z"),
            ("last monday", berlin, "2026-11-22T23:00:00Z"),
            ("yesterday", Offset::UTC, "2026-11-23T00:00:00Z"),
            ("today", Offset::UTC, "2026-11-24T00:00:00Z"),
        ];
        for (typed, offset, expected) in cases {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(moment(typed, now, offset), Ok(expected), "{typed}");
        }
        for typed in [
            "",
            "d",
            "-3d",
            "last week",
            "15.10.2026",
            "99999999999999d",
            "999999999999999d",
            "9223372036854775807m",
            "ü",
        ] {
            assert!(moment(typed, now, Offset::UTC).is_err(), "{typed}");
        }
        assert!(utc_offset("+99:00").is_err() && utc_offset("2").is_err() && utc_offset("").is_err());
        assert_eq!(utc_offset("-05:30").map(Offset::seconds), Ok(-19_800));
    }
}
