//! Events of a log group, as a subscription filter hands them on (FORMATS 2, end):
//! `{"awslogs": {"data": base64(gzip({messageType, logGroup, logStream, logEvents: [{id, timestamp, message}]}))}}`.
//!
//! Bedrock writes one invocation record into each event. The gzip is taken off by who reads them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::{
    digest::{Sha256, from_base64},
    evidence::{LogStream, ObjectLocation},
    json::{Members, scalar},
};

/// An invocation that failed is handed on in an envelope, and one of an envelope in another one.
const ENVELOPES: usize = 8;

/// What the event has packed, as gzip; `None` for any other event.
///
/// Taken as well is what Lambda tells of such an event that failed (`{"requestContext": ..., "requestPayload": <the event>}`),
/// so that it can be sent again as it is.
///
/// # Errors
/// It is no base64.
pub fn packed(event: &RawValue) -> Option<Result<Vec<u8>, &'static str>> {
    let mut event = event;
    for _ in 0..ENVELOPES {
        let members = Members::of(event)?;
        if let Some(logs) = members.object("awslogs") {
            let data = logs.text("data")?;
            return Some(from_base64(&data).ok_or("its data is no base64"));
        }
        event = members.get("requestPayload")?;
    }
    None
}

/// What was packed.
#[derive(Debug)]
pub enum Handed<'a> {
    /// CloudWatch Logs looked whether somebody takes events (`CONTROL_MESSAGE`).
    Control,
    /// Events of one stream.
    Events(LogEvents<'a>),
}

/// Events of one stream that came together.
#[derive(Debug)]
pub struct LogEvents<'a> {
    group: String,
    stream: String,
    events: Vec<&'a RawValue>,
    sha256: Sha256,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct LogEvent<'a> {
    /// Where it lies.
    pub location: ObjectLocation,
    /// What was logged: as Bedrock writes it, one invocation record.
    pub message: Cow<'a, str>,
}

impl<'a> Handed<'a> {
    /// Out of the inflated JSON.
    ///
    /// # Errors
    /// Why it is none: without its text.
    pub fn read(json: &'a [u8]) -> Result<Self, &'static str> {
        let json: &RawValue = serde_json::from_slice(json).map_err(|_| "what it has packed is no JSON")?;
        let members = Members::of(json).ok_or("what it has packed is no object")?;
        if members.text("messageType").as_deref() == Some("CONTROL_MESSAGE") {
            return Ok(Self::Control);
        }
        let text = |name| members.text(name).map(Cow::into_owned);
        Ok(Self::Events(LogEvents {
            group: text("logGroup").ok_or("what it has packed names no log group")?,
            stream: text("logStream").ok_or("what it has packed names no log stream")?,
            events: members.array("logEvents").ok_or("what it has packed has no list of events")?,
            sha256: Sha256::of(json.get().as_bytes()),
        }))
    }
}

impl<'a> LogEvents<'a> {
    /// All of them: the first and the last one's id, and when the first one was logged. Its entity tag is the digest of what was
    /// handed on.
    pub fn location(&self) -> ObjectLocation {
        let ends = [self.events.first(), self.events.last()];
        let [first, last] = ends.map(|event| event.map(|event| id(event)).unwrap_or_default());
        let logged = self.events.first().and_then(|event| timestamp(&Members::of(event)?));
        let mut location = ObjectLocation::log_event(self.log(logged), format!("{first}..{last}"));
        location.etag = Some(self.sha256.short().to_owned());
        location
    }

    /// The events, in their order, as they are written.
    pub fn iter(&self) -> impl Iterator<Item = &'a RawValue> {
        self.events.iter().copied()
    }

    /// One of them; `None` for one without a message. Its id and its time may be missing: the record counts.
    pub fn event(&self, raw: &'a RawValue) -> Option<LogEvent<'a>> {
        let members = Members::of(raw)?;
        Some(LogEvent {
            location: ObjectLocation::log_event(self.log(timestamp(&members)), id(raw)),
            message: members.text("message")?,
        })
    }

    fn log(&self, timestamp: Option<i64>) -> LogStream {
        LogStream { group: self.group.clone(), stream: self.stream.clone(), timestamp }
    }
}

/// When an event was logged, in milliseconds since 1970.
fn timestamp(event: &Members<'_>) -> Option<i64> {
    event.get("timestamp").and_then(scalar).and_then(|digits| digits.parse().ok())
}

impl LogEvent<'_> {
    /// Whether Bedrock says with it that it may log: it does whenever logging is configured.
    pub fn is_notice(&self) -> bool {
        self.message.trim_start().starts_with("Permissions are correctly set for Amazon Bedrock logs")
    }
}

/// The id of an event; one without is known by its digest.
fn id(event: &RawValue) -> String {
    let id = Members::of(event).and_then(|members| members.text("id").map(Cow::into_owned));
    let id = id.filter(|id| !id.is_empty() && id.len() <= 256);
    id.unwrap_or_else(|| format!("sha256-{}", Sha256::of(event.get().as_bytes()).short()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = r#"{"messageType":"DATA_MESSAGE","owner":"444455556666","logGroup":"/bedrock","logStream":"s",
        "subscriptionFilters":["f"],"logEvents":[{"id":"37","timestamp":1792072500123,"message":"{\"a\":\"\\u00e4\"}"},7,
        {"timestamp":"x","message":"Permissions are correctly set for Amazon Bedrock logs."}]}"#;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn the_data_of_an_event_and_of_one_that_failed() {
        let event = r#"{"awslogs":{"data":"aGVsbG8="}}"#;
        let failed = format!(r#"{{"version":"1.0","requestContext":{{}},"requestPayload":{event}}}"#);
        let failed_again = format!(r#"{{"requestPayload":{failed},"responsePayload":null}}"#);
        for event in [event, &failed, &failed_again] {
            assert_eq!(packed(&raw(event)), Some(Ok(b"hello".to_vec())), "{event}");
        }
        assert!(packed(&raw(r#"{"awslogs":{"data":"?"}}"#)).unwrap().is_err());
        let endless = (0..20).fold(event.to_owned(), |inner, _| format!(r#"{{"requestPayload":{inner}}}"#));
        for other in
            ["{}", "7", r#"{"awslogs":{}}"#, r#"{"awslogs":"x"}"#, r#"{"requestPayload":[]}"#, &endless]
        {
            assert_eq!(packed(&raw(other)), None, "{other}");
        }
    }

    #[test]
    fn an_event_is_known_by_group_stream_id_and_time() {
        let Ok(Handed::Events(events)) = Handed::read(EVENTS.as_bytes()) else { panic!("no events") };
        let read: Vec<_> = events.iter().map(|raw| events.event(raw)).collect();
        let [Some(first), None, Some(notice)] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!(first.message, r#"{"a":"\u00e4"}"#);
        assert_eq!(first.location.to_string(), "logs:///bedrock/s/37");
        assert_eq!(first.location.log.as_ref().unwrap().timestamp, Some(1_792_072_500_123));
        assert!(!first.is_notice() && notice.is_notice());
        assert!(notice.location.key.starts_with("sha256-"));
        assert_eq!(notice.location.log.as_ref().unwrap().timestamp, None);
        let all = events.location();
        assert_eq!(all.to_string(), format!("logs:///bedrock/s/37..{}", notice.location.key));
        assert!(all.etag.is_some());
    }

    #[test]
    fn what_is_no_batch_is_told_without_its_text() {
        assert!(matches!(Handed::read(br#"{"messageType":"CONTROL_MESSAGE"}"#), Ok(Handed::Control)));
        let no_list = EVENTS.replace("logEvents", "others");
        let no_group = EVENTS.replace("logGroup", "others");
        let cut = &EVENTS[..EVENTS.len() / 2];
        for other in ["", "[]", "{}", cut, &no_list, &no_group] {
            let reason = Handed::read(other.as_bytes()).unwrap_err();
            assert!(reason.starts_with("what it has packed"), "{reason}");
        }
    }
}

#[cfg(test)]
mod properties;
