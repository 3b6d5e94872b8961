//! What is kept of a resource from its creation to its deletion: a life. A stack may have one life after another, where its
//! parameter is switched off and on. Objects are put once and never overwritten:
//!
//! | object | is put | holds |
//! |---|---|---|
//! | `invocation-logging/<nth>/before.json` | before the first configuration of the life is put | what was there before |
//! | `invocation-logging/<nth>/replaced-<sha256 16>.json` | before somebody else's configuration is replaced later on | that one |
//! | `invocation-logging/<nth>/put-<sha256 16>.json` | before a configuration that logs to these places is put | the request |
//! | `invocation-logging/<nth>/deletion.json` | before anything is done for a deletion | the request that ended the life |
//! | `invocation-logging/requests/<sha256 16>.json` | when a request is done | how it was answered |

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Configuration, request::Request};
use crate::{digest::Sha256, time};

/// All keys begin with this.
pub const FOLDER: &str = "invocation-logging/";

/// What is kept of one life.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// Which one it is, from 1.
    pub nth: u32,
    /// The request that began it.
    pub begun_by: String,
    /// What was there before; `None` where logging was off.
    pub before: Option<Configuration>,
    /// Whether its deletion has begun.
    pub is_over: bool,
}

impl Life {
    /// One that begins with this request.
    pub fn begin(nth: u32, request: &Request, before: Option<Configuration>) -> Self {
        Self { nth, begun_by: request.id.clone(), before, is_over: false }
    }

    /// Where is kept what was there before.
    pub fn before_key(nth: u32) -> String {
        format!("{FOLDER}{nth}/before.json")
    }

    /// Where is kept that a configuration which logs to these places was put.
    pub fn put_key(nth: u32, configuration: &Configuration) -> String {
        let places = configuration.to_string();
        format!("{FOLDER}{nth}/put-{}.json", Sha256::of(places.as_bytes()).short())
    }

    /// Where its end is kept.
    pub fn deletion_key(nth: u32) -> String {
        format!("{FOLDER}{nth}/deletion.json")
    }

    /// Where is kept what is replaced after the first put.
    pub fn replaced_key(nth: u32, replaced: &Configuration) -> String {
        format!(
            "{FOLDER}{nth}/replaced-{}.json",
            Sha256::of(replaced.document().to_string().as_bytes()).short()
        )
    }

    /// What is kept before the first put.
    pub fn to_bytes(&self, now: Timestamp) -> Vec<u8> {
        configuration(&self.begun_by, self.before.as_ref(), now)
    }

    /// Out of what was kept.
    ///
    /// # Errors
    /// It is nothing that was kept here.
    pub fn read(nth: u32, kept: &[u8], is_over: bool) -> Result<Self, String> {
        let kept: Value = serde_json::from_slice(kept).map_err(|_| "it is no JSON".to_owned())?;
        let begun_by = kept.get("request_id").and_then(Value::as_str).ok_or("it names no request")?;
        let before = match kept.get("loggingConfig") {
            Some(Value::Null) => None,
            Some(document) => {
                Some(Configuration::of(document.clone()).ok_or("its loggingConfig logs nowhere")?)
            }
            None => return Err("it has no loggingConfig".to_owned()),
        };
        Ok(Self { nth, begun_by: begun_by.to_owned(), before, is_over })
    }
}

/// What is kept of what is replaced after the first put.
pub fn replaced(request: &Request, replaced: &Configuration, now: Timestamp) -> Vec<u8> {
    configuration(&request.id, Some(replaced), now)
}

fn configuration(request_id: &str, configuration: Option<&Configuration>, now: Timestamp) -> Vec<u8> {
    let kept = json!({
        "schema": 1,
        "kept_at": time::rfc3339(now),
        "request_id": request_id,
        // as `aws bedrock put-model-invocation-logging-configuration --logging-config` takes it
        "loggingConfig": configuration.map(Configuration::document),
    });
    kept.to_string().into_bytes()
}

/// What is kept of a put, and of a deletion: which request began it.
pub fn begun_by(request: &Request, now: Timestamp) -> Vec<u8> {
    let kept = json!({"schema": 1, "begun_at": time::rfc3339(now), "request_id": request.id});
    kept.to_string().into_bytes()
}

/// How a request was answered, kept so that another delivery of it changes nothing.
pub struct Answered;

impl Answered {
    /// Where it is kept.
    pub fn key(request: &Request) -> String {
        format!("{FOLDER}requests/{}.json", Sha256::of(request.id.as_bytes()).short())
    }

    /// What is kept.
    pub fn to_bytes(request: &Request, outcome: &Result<String, String>, now: Timestamp) -> Vec<u8> {
        let (is_done, text) = match outcome {
            Ok(done) => (true, done),
            Err(why) => (false, why),
        };
        let kept = json!({
            "schema": 1,
            "answered_at": time::rfc3339(now),
            "request_id": request.id,
            "request_type": request.kind.name(),
            "done": is_done,
            "text": text,
        });
        kept.to_string().into_bytes()
    }

    /// Out of what was kept.
    ///
    /// # Errors
    /// It is nothing that was kept here.
    pub fn read(kept: &[u8]) -> Result<Result<String, String>, String> {
        let kept: Value = serde_json::from_slice(kept).map_err(|_| "it is no JSON".to_owned())?;
        let text = kept.get("text").and_then(Value::as_str).ok_or("it has no text")?.to_owned();
        match kept.get("done").and_then(Value::as_bool) {
            Some(true) => Ok(Ok(text)),
            Some(false) => Ok(Err(text)),
            None => Err("it does not say whether it was done".to_owned()),
        }
    }
}
