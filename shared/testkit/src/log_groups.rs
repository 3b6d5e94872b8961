//! Log groups behind the gateway: `FilterLogEvents`, in pages of one event, with an empty one in front.

use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// The events of every log group.
#[derive(Default)]
pub struct LogGroups(Mutex<Vec<Event>>);

#[derive(Clone)]
struct Event {
    group: String,
    stream: String,
    id: String,
    timestamp: i64,
    message: String,
}

impl LogGroups {
    /// Logs an event; one with the same id is replaced, as no real log group would.
    pub fn put(&self, group: &str, stream: &str, id: &str, timestamp: i64, message: &str) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.retain(|event| event.id != id);
        let [group, stream, id, message] = [group, stream, id, message].map(str::to_owned);
        events.push(Event { group, stream, id, timestamp, message });
    }

    /// Deletes everything.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Answers a call; `None` where the log group is not there.
    pub(crate) fn answer(&self, call: &Value) -> Option<Response> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of_group = || events.iter().filter(|event| call["logGroupName"] == event.group.as_str());
        of_group().next()?;
        let streams = call["logStreamNames"].as_array().cloned().unwrap_or_default();
        let span = call["startTime"].as_i64()?..=call["endTime"].as_i64()?;
        let found: Vec<_> = of_group()
            .filter(|event| span.contains(&event.timestamp) && streams.contains(&json!(event.stream)))
            .collect();
        let page = call["nextToken"].as_str().and_then(|token| token.parse::<usize>().ok());
        let shown = page.and_then(|page| found.get(page)).map(|event| {
            json!({
                "logStreamName": event.stream,
                "timestamp": event.timestamp,
                "message": event.message,
                "ingestionTime": event.timestamp + 500,
                "eventId": event.id,
            })
        });
        let next = page.map_or(0, |page| page + 1);
        let mut answer = json!({"events": Vec::from_iter(shown), "searchedLogStreams": []});
        if next < found.len() {
            answer["nextToken"] = json!(next.to_string());
        }
        Some(([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response())
    }
}
