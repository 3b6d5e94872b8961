//! The stack's own bus: it takes events of applications, and hands them on as EventBridge delivers them.

use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// The name of the bus.
pub const BUS: &str = "applications";
/// The largest call, in bytes.
const LARGEST: usize = 256 << 10;

/// The events that wait on the bus.
#[derive(Default)]
pub struct Bus(Mutex<Vec<Value>>);

impl Bus {
    /// The events so far, in their envelopes; the bus is empty afterwards.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `PutEvents`: an entry that cannot be taken is told in the answer; a call that is too large is `None`.
    pub(crate) fn answer(&self, request: &Value) -> Option<Response> {
        let entries = request["Entries"].as_array().cloned().unwrap_or_default();
        let parts = ["Source", "DetailType", "Detail"];
        let size =
            |entry: &Value| parts.iter().filter_map(|part| Some(entry[part].as_str()?.len())).sum::<usize>();
        if entries.iter().map(size).sum::<usize>() > LARGEST {
            return None;
        }
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let results: Vec<_> = entries
            .iter()
            .map(|entry| match envelope(entry, events.len()) {
                Some(event) => {
                    let id = event["id"].clone();
                    events.push(event);
                    json!({ "EventId": id })
                }
                None => json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}),
            })
            .collect();
        let failed = results.iter().filter(|result| result["EventId"].is_null()).count();
        let answer = json!({"FailedEntryCount": failed, "Entries": results});
        Some(([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response())
    }
}

fn envelope(entry: &Value, nth: usize) -> Option<Value> {
    let detail: Value = serde_json::from_str(entry["Detail"].as_str()?).ok()?;
    let is_ours = entry["EventBusName"] == BUS && detail.is_object();
    is_ours.then(|| {
        json!({
            "version": "0",
            "id": format!("event-{nth}"),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": "444455556666",
            "time": "2026-10-20T08:00:00Z",
            "region": "eu-central-1",
            "resources": [],
            "detail": detail,
        })
    })
}
