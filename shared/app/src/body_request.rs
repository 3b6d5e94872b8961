//! A request to look for bodies later, as the queue carries it.

use audit_domain::evidence::ObjectLocation;
use serde::{Deserialize, Serialize};

/// Records whose bodies are still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyRequest {
    /// The object that holds the records.
    pub location: ObjectLocation,
    /// Their places in it.
    pub ordinals: Vec<u64>,
    /// Which try this asks for, from 1.
    pub attempt: u32,
}

/// `{"object": "s3://bucket/key", "version": null, "ordinals": [3, 17], "attempt": 1}`
#[derive(Serialize, Deserialize)]
struct Message {
    object: String,
    #[serde(default)]
    version: Option<String>,
    ordinals: Vec<u64>,
    #[serde(default = "first")]
    attempt: u32,
}

fn first() -> u32 {
    1
}

impl BodyRequest {
    /// The text of the message; `None` for records in a local file, which no function can read.
    pub fn to_message(&self) -> Option<String> {
        let bucket = self.location.bucket.as_ref()?;
        let message = Message {
            object: format!("s3://{bucket}/{}", self.location.key),
            version: self.location.version_id.clone(),
            ordinals: self.ordinals.clone(),
            attempt: self.attempt,
        };
        serde_json::to_string(&message).ok()
    }

    /// From the text of a message; `None` for every other message.
    pub fn of_message(text: &str) -> Option<Self> {
        let message: Message = serde_json::from_str(text).ok()?;
        let (bucket, key) = message.object.strip_prefix("s3://")?.split_once('/')?;
        let mut location = ObjectLocation::object(bucket, key);
        location.version_id = message.version;
        Some(Self { location, ordinals: message.ordinals, attempt: message.attempt })
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
        let request = BodyRequest { location, ordinals: vec![1, 99], attempt: 3 };
        assert_eq!(BodyRequest::of_message(&request.to_message().unwrap()), Some(request));
        let short = r#"{"object":"s3://logs/k","ordinals":[2]}"#;
        assert_eq!(BodyRequest::of_message(short).map(|request| request.attempt), Some(1));
        for other in ["{}", "", r#"{"Records":[]}"#, r#"{"object":"k","ordinals":[1]}"#] {
            assert_eq!(BodyRequest::of_message(other), None, "{other}");
        }
        let local = BodyRequest { location: ObjectLocation::file("/x"), ordinals: vec![1], attempt: 1 };
        assert_eq!(local.to_message(), None);
    }
}
