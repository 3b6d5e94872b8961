//! Lifts the handling of one message to a batch: a message that fails, or panics, is reported by its id and
//! comes again; its neighbours go on.

use std::{fmt, panic::AssertUnwindSafe};

use audit_app::ports::PortError;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::telemetry;

/// Why a message has to come again. Holds no content of the message.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self(error.to_string())
    }
}

/// A batch that was handled.
#[derive(Debug)]
pub struct Handled<T> {
    /// What came out of each message that went through, with the message's id.
    pub done: Vec<(String, T)>,
    failed: Vec<String>,
}

impl<T> Handled<T> {
    /// Says that a message has to come again after all.
    pub fn fail(&mut self, message_id: &str, failure: &Failure) {
        tracing::error!(message_id, reason = %failure, "message failed and will come again");
        self.failed.push(message_id.to_owned());
    }

    /// The answer to the queue: the ids of the messages that have to come again. They are counted: to Lambda an invocation that
    /// names them is none that failed.
    pub fn response(self, function: &str, now: Timestamp) -> SqsBatchResponse {
        if !self.failed.is_empty() {
            telemetry::metrics(function, now, &[("MessagesFailed", self.failed.len() as u64)]);
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = self
            .failed
            .into_iter()
            .map(|id| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failure
            })
            .collect();
        response
    }
}

/// Handles the messages of a batch one after the other.
pub async fn each<T>(event: SqsEvent, handle: impl AsyncFn(&str) -> Result<T, Failure>) -> Handled<T> {
    let mut handled = Handled { done: Vec::new(), failed: Vec::new() };
    for message in event.records {
        // a message without id cannot be named: an empty one makes the queue give the whole batch again
        let id = message.message_id.unwrap_or_default();
        let body = message.body.unwrap_or_default();
        // boxed, since the future of a whole message is large
        let outcome = AssertUnwindSafe(Box::pin(handle(&body))).catch_unwind().await;
        match outcome {
            Ok(Ok(value)) => handled.done.push((id, value)),
            Ok(Err(failure)) => handled.fail(&id, &failure),
            Err(_panic) => handled.fail(&id, &Failure::new("the function panicked on it")),
        }
    }
    handled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bodies: &[(&str, &str)]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .map(|(id, body)| serde_json::json!({"messageId": id, "body": body, "attributes": {}, "messageAttributes": {}}))
            .collect();
        serde_json::from_value(serde_json::json!({"Records": records})).unwrap()
    }

    #[tokio::test]
    async fn a_message_that_fails_or_panics_takes_nobody_down() {
        let handled =
            each(event(&[("1", "ok"), ("2", "bad"), ("3", "panic"), ("4", "ok")]), async |body| match body {
                "bad" => Err(Failure::new("bad")),
                "panic" => panic!("in a handler"),
                _ => Ok(body.len()),
            })
            .await;
        assert_eq!(handled.done, [("1".to_owned(), 2), ("4".to_owned(), 2)]);
        let failed: Vec<_> = handled
            .response("f", Timestamp::UNIX_EPOCH)
            .batch_item_failures
            .into_iter()
            .map(|f| f.item_identifier)
            .collect();
        assert_eq!(failed, ["2", "3"]);
    }
}
