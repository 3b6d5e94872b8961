//! Deliveries by the time that their objects are of: a list of each day in the Deliveries table itself, so that no question
//! about a window needs a scan.

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{Completion, Counts, Delivery, version_key};
use crate::{digest::bounded_key, evidence::ObjectLocation, time};

/// A line of the list of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLine {
    /// The time that the object is of: as its key says it, else when it was read.
    pub moment: Timestamp,
    /// The object, as `s3://bucket/key` or `file:///path`.
    pub object: String,
    /// Its version; `-` where the bucket keeps none.
    pub version: String,
    /// The entity tag that it was read with.
    pub etag: Option<String>,
    /// What became of its values.
    pub counts: Counts,
    /// Whether it could be read to its end.
    pub completion: Completion,
    /// How much of it could be read, in inflated bytes.
    pub bytes: u64,
    /// When it was read.
    pub indexed_at: Timestamp,
}

impl DeliveryLine {
    /// The line of a delivery.
    pub fn of(delivery: &Delivery) -> Self {
        Self {
            moment: moment_of(&delivery.location).unwrap_or(delivery.indexed_at),
            object: delivery.location.to_string(),
            version: version_key(&delivery.location).to_owned(),
            etag: delivery.location.etag.clone(),
            counts: delivery.counts,
            completion: delivery.completion.clone(),
            bytes: delivery.bytes,
            indexed_at: delivery.indexed_at,
        }
    }

    /// The partition key of the day's list: no object is called like that.
    pub fn list(&self) -> String {
        list_of_day(&time::day(self.moment))
    }

    /// The sort key: in the order of time, and the same for every delivery of an object whose key says when it is of.
    pub fn sort_key(&self) -> String {
        bounded_key(&format!("{}#{}#{}", time::rfc3339(self.moment), self.object, self.version))
    }

    /// Whether the key says when the object is of, or the events of a log group do; else its moment is when it was read.
    pub fn is_dated(&self) -> bool {
        self.object.starts_with("logs://") || moment_of_key(&self.object).is_some()
    }

    /// Who wrote the object.
    pub fn stream(&self) -> Stream {
        Stream::of(&self.object)
    }
}

/// The partition key of the list of a day (`2026-10-15`).
pub fn list_of_day(day: &str) -> String {
    format!("deliveries/{day}")
}

/// How the sort keys of the rejects of an object's version begin.
pub fn rejects_prefix(version: &str) -> String {
    format!("{version}#reject#")
}

/// What an object is a part of, as its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Model invocation logs, as Bedrock writes them.
    InvocationLog,
    /// Files of a trail.
    Trail,
    /// Files that somebody named as they liked.
    Other,
}

impl Stream {
    /// Every one, with its name in JSON and in CSV.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::InvocationLog, "invocation-log"), (Self::Trail, "trail"), (Self::Other, "other")];

    fn of(object: &str) -> Self {
        if object.contains("/BedrockModelInvocationLogs/") || object.starts_with("logs://") {
            Self::InvocationLog
        } else if object.contains("/CloudTrail/") {
            Self::Trail
        } else {
            Self::Other
        }
    }

    /// The name in JSON and in CSV.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(stream, _)| *stream == self).map_or("", |(_, name)| name)
    }
}

/// The time that a delivery is of: that of the first event in a log group, else what the key says.
fn moment_of(location: &ObjectLocation) -> Option<Timestamp> {
    match &location.log {
        Some(log) => Timestamp::from_millisecond(log.timestamp?).ok(),
        None => moment_of_key(&location.key),
    }
}

/// The time that an object is of: `.../2026/10/07/07/20261007T075159Z_x.json.gz` (FORMATS 2) and
/// `.../2026/10/07/1_CloudTrail_eu-west-1_20261007T0755Z_x.json.gz` (FORMATS 6), to the second, the minute, the hour or the
/// day, as far as the key says it.
pub fn moment_of_key(key: &str) -> Option<Timestamp> {
    let (folders, name) = key.rsplit_once('/')?;
    let parts: Vec<&str> = folders.split('/').collect();
    let dated = parts.windows(3).rposition(|day| date(day).is_some())?;
    let date = date(parts.get(dated..dated + 3)?)?;
    let named = name.split('_').find_map(stamp).filter(|stamp| stamp.date() == date);
    let hour = parts.get(dated + 3).and_then(|hour| number(hour, 2)).filter(|hour| *hour < 24);
    let moment = named.unwrap_or(date.at(hour.unwrap_or(0), 0, 0, 0));
    TimeZone::UTC.to_timestamp(moment).ok()
}

fn date(parts: &[&str]) -> Option<civil::Date> {
    let [year, month, day] = parts else { return None };
    let year = number(year, 4).filter(|year| (2000..10_000).contains(year))?;
    civil::Date::new(year, number(month, 2)?, number(day, 2)?).ok()
}

/// `20261007T075159Z`, `20261007T075159123Z`, `20261007T0755Z`.
fn stamp(text: &str) -> Option<civil::DateTime> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).and_then(|part| number::<i8>(part, 2));
    let year = number::<i16>(day.get(..4)?, 4)?;
    let (month, date) = (part(day, 4, 6)?, part(day, 6, 8).filter(|_| day.len() == 8)?);
    let second = if time.len() == 4 { 0 } else { part(time, 4, 6)? };
    civil::DateTime::new(year, month, date, part(time, 0, 2)?, part(time, 2, 4)?, second, 0).ok()
}

/// A number of so many digits.
fn number<T: std::str::FromStr>(text: &str, digits: usize) -> Option<T> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The line of a file or an object under this name.
#[cfg(test)]
pub(crate) fn line(location: ObjectLocation, counts: Counts, indexed_at: &str) -> DeliveryLine {
    let indexed_at = indexed_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    DeliveryLine::of(&Delivery {
        location,
        counts,
        completion: Completion::Done,
        rejects: vec![],
        bytes: 0,
        indexed_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_of_the_time_that_its_key_says() {
        let log = "AWSLogs/1/BedrockModelInvocationLogs/eu-west-1";
        let cases = [
            (format!("{log}/2026/10/07/07/20261007T075159Z_ab12.json.gz"), Some("2026-10-07T07:51:59Z")),
            (format!("p/{log}/2026/10/07/07/20261007T075159123Z_ab12.json.gz"), Some("2026-10-07T07:51:59Z")),
            (format!("{log}/2026/10/07/07/other.json.gz"), Some("2026-10-07T07:00:00Z")),
            // what stands there is no time of that day
            (format!("{log}/2026/10/07/07/20261008T075159Z_x.json.gz"), Some("2026-10-07T07:00:00Z")),
            (format!("{log}/2026/10/07/99/20261007T999999Z_x.json.gz"), Some("2026-10-07T00:00:00Z")),
            (
                "AWSLogs/1/CloudTrail/eu-west-1/2026/10/07/1_CloudTrail_eu-west-1_20261007T0755Z_Ab.json.gz"
                    .into(),
                Some("2026-10-07T07:55:00Z"),
            ),
            ("2026/10/07/x.json".into(), Some("2026-10-07T00:00:00Z")),
            ("2020/01/01/2026/10/07/x.json".into(), Some("2026-10-07T00:00:00Z")),
            (format!("{log}/2026/13/07/07/x.json.gz"), None),
            (format!("{log}/9999/99/99/x.json.gz"), None),
            ("x.json.gz".into(), None),
            ("+026/10/07/x.json.gz".into(), None),
            ("𝟚𝟘/10/07/T_ÄÖZ.json".into(), None),
        ];
        for (key, moment) in cases {
            assert_eq!(moment_of_key(&key), moment.map(|at| at.parse().unwrap()), "{key}");
        }
    }

    #[test]
    fn every_delivery_of_an_object_has_one_place_in_the_list() {
        let key = "AWSLogs/1/BedrockModelInvocationLogs/eu-west-1/2026/10/07/23/20261007T235959Z_a.json.gz";
        let line = |location, at| line(location, Counts::default(), at);
        let object = || ObjectLocation::object("b", key);
        let (first, again) = (line(object(), "2026-10-08T00:00:05Z"), line(object(), "2026-10-09T00:00:05Z"));
        assert_eq!((first.list(), first.sort_key()), (again.list(), again.sort_key()));
        assert_eq!(first.list(), "deliveries/2026-10-07");
        assert_eq!(first.sort_key(), format!("2026-10-07T23:59:59.000Z#s3://b/{key}#-"));
        assert_eq!((first.stream(), first.is_dated()), (Stream::InvocationLog, true));
        let file = line(ObjectLocation::file("/logs/a.json"), "2026-10-09T00:00:05Z");
        assert_eq!((file.list().as_str(), file.stream()), ("deliveries/2026-10-09", Stream::Other));
        assert!(!file.is_dated());
        let long = line(ObjectLocation::object("b", "k".repeat(2_000)), "2026-10-09T00:00:05Z");
        assert!(long.sort_key().len() <= 1_000 && long.sort_key().starts_with("2026-10-09T"));
    }
}
