//! A request to look for bodies later, as the queue carries it.

use std::io::Write as _;

use audit_domain::{
    digest::{from_base64, to_base64},
    evidence::{Evidence, LogStream, ObjectLocation},
};
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};

use crate::index::log_events::inflated;

/// A record is no larger than a log event may be; with room for one that is read leniently.
const LARGEST_RECORD: usize = 4 << 20;

/// Records whose bodies are still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyRequest {
    /// The object that holds the records, or the event of a log group.
    pub location: ObjectLocation,
    /// Their places in it.
    pub ordinals: Vec<u64>,
    /// Which try this asks for, from 1.
    pub attempt: u32,
    /// The record itself, where it came in an event: CloudWatch Logs gives out events only a few times a second.
    pub record: Option<Vec<u8>>,
}

/// `{"object": "s3://bucket/key", "version": null, "ordinals": [3, 17], "attempt": 1}`, or with `event` in place of `object`
#[derive(Serialize, Deserialize)]
struct Message {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    #[serde(default)]
    version: Option<String>,
    ordinals: Vec<u64>,
    #[serde(default = "first")]
    attempt: u32,
}

/// An event of a log group, with what was logged: gzip in base64, since queues take no text with certain characters.
#[derive(Serialize, Deserialize)]
struct Event {
    log_group: String,
    log_stream: String,
    id: String,
    #[serde(default)]
    timestamp: Option<i64>,
    record: String,
}

fn first() -> u32 {
    1
}

impl BodyRequest {
    /// For the bodies of a record that came in an event of a log group; `None` for every other record.
    pub fn of_log_event(evidence: &Evidence, raw: Option<&[u8]>) -> Option<Self> {
        evidence.location.log.as_ref()?;
        let (location, ordinals) = (evidence.location.clone(), vec![evidence.ordinal]);
        Some(Self { location, ordinals, attempt: 1, record: Some(raw?.to_vec()) })
    }

    /// The text of the message; `None` for records in a local file, which no function can read.
    pub fn to_message(&self) -> Option<String> {
        let Self { location, ordinals, attempt, record } = self;
        let object = location.bucket.as_ref().map(|bucket| format!("s3://{bucket}/{}", location.key));
        let event = location.log.as_ref().zip(record.as_ref());
        let event = event.map(|(log, record)| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            gzip.write_all(record).ok()?;
            Some(Event {
                log_group: log.group.clone(),
                log_stream: log.stream.clone(),
                id: location.key.clone(),
                timestamp: log.timestamp,
                record: to_base64(&gzip.finish().ok()?),
            })
        });
        let event = event.flatten();
        if object.is_none() && event.is_none() {
            return None;
        }
        let (version, ordinals) = (location.version_id.clone(), ordinals.clone());
        serde_json::to_string(&Message { object, event, version, ordinals, attempt: *attempt }).ok()
    }

    /// From the text of a message; `None` for every other message.
    pub fn of_message(text: &str) -> Option<Self> {
        let Message { object, event, version, ordinals, attempt } = serde_json::from_str(text).ok()?;
        let (mut location, record) = match (object, event) {
            (Some(object), _) => {
                let (bucket, key) = object.strip_prefix("s3://")?.split_once('/')?;
                (ObjectLocation::object(bucket, key), None)
            }
            (None, Some(Event { log_group: group, log_stream: stream, id, timestamp, record })) => {
                let location = ObjectLocation::log_event(LogStream { group, stream, timestamp }, id);
                (location, Some(inflated(&from_base64(&record)?, LARGEST_RECORD).ok()?))
            }
            (None, None) => return None,
        };
        location.version_id = version;
        Some(Self { location, ordinals, attempt, record })
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_as_it_was_sent() {
        let mut location = ObjectLocation::object("logs", "a/b c%20.json.gz");
        location.version_id = Some("v1".to_owned());
        let request = BodyRequest { location, ordinals: vec![1, 99], attempt: 3, record: None };
        assert_eq!(BodyRequest::of_message(&request.to_message().unwrap()), Some(request));
        let short = r#"{"object":"s3://logs/k","ordinals":[2]}"#;
        assert_eq!(BodyRequest::of_message(short).map(|request| request.attempt), Some(1));
        for other in ["{}", "", r#"{"Records":[]}"#, r#"{"object":"k","ordinals":[1]}"#] {
            assert_eq!(BodyRequest::of_message(other), None, "{other}");
        }
        let location = ObjectLocation::file("/x");
        let local = BodyRequest { location, ordinals: vec![1], attempt: 1, record: None };
        assert_eq!(local.to_message(), None);
    }
}
