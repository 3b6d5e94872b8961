//! Starts a function.

use std::{convert::Infallible, sync::OnceLock};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::{Value, value::RawValue};

use crate::batch::Failure;

/// The clock of the functions: everything below gets its time as an argument.
#[expect(clippy::disallowed_methods, reason = "the outermost floor asks the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Runs a function on batches of messages until the runtime ends it.
///
/// # Errors
/// The runtime's endpoint is not there.
pub async fn on_messages(handle: impl AsyncFn(SqsEvent) -> SqsBatchResponse) -> Result<(), Error> {
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| {
        Box::pin(async move { Ok::<_, Infallible>(handle(event.payload).await) })
    }))
    .await
}

/// Runs a function on events, each as it is written, until the runtime ends it. What fails is an error of the function, of the
/// type `error_type`: whoever invoked it is told, and Lambda tries asynchronous invocations again.
///
/// # Errors
/// The runtime's endpoint is not there.
pub async fn on_events(
    handle: impl AsyncFn(&RawValue) -> Result<Value, Failure>,
    error_type: &'static str,
) -> Result<(), Error> {
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        Box::pin(
            async move { handle(&event.payload).await.map_err(|failure| diagnostic(error_type, &failure)) },
        )
    }))
    .await
}

fn diagnostic(error_type: &str, failure: &Failure) -> Diagnostic {
    Diagnostic { error_type: error_type.to_owned(), error_message: failure.to_string() }
}

/// Where a function runs, by its own ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
}

impl Place {
    /// Out of `arn:aws:lambda:<region>:<account>:function:<name>`.
    fn of_arn(arn: &str) -> Self {
        let part = |nth| arn.split(':').nth(nth).unwrap_or_default().to_owned();
        Self { account_id: part(4), region: part(3) }
    }
}

/// Handles what a function is invoked with: messages of a queue, or an event that somebody invokes it with.
pub trait HandleBoth {
    /// Handles a batch of messages.
    fn on_batch(&self, event: SqsEvent, place: &Place) -> impl Future<Output = SqsBatchResponse>;
    /// Handles an event by itself, as it is written, and answers it.
    fn on_event(&self, event: &RawValue, place: &Place) -> impl Future<Output = Result<Value, Failure>>;
}

/// Runs a function that is invoked by a queue and directly, until the runtime ends it. Who invoked it directly gets a failure
/// as an error of the function, of the type `error_type`.
///
/// # Errors
/// The runtime's endpoint is not there.
pub async fn on_both(function: impl HandleBoth, error_type: &'static str) -> Result<(), Error> {
    let function = &function;
    // the ARN of a function's invocations is the same every time
    let place = &OnceLock::new();
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        Box::pin(async move {
            let arn = &event.context.invoked_function_arn;
            let place = place.get_or_init(|| Place::of_arn(arn));
            let failed = |failure: Failure| diagnostic(error_type, &failure);
            match messages(&event.payload) {
                Some(batch) => serde_json::to_value(function.on_batch(batch, place).await)
                    .map_err(|_| failed(Failure::new("its answer is no JSON"))),
                None => function.on_event(&event.payload, place).await.map_err(failed),
            }
        })
    }))
    .await
}

/// The messages of a queue; `None` for any other event.
fn messages(event: &RawValue) -> Option<SqsEvent> {
    let batch: SqsEvent = serde_json::from_str(event.get()).ok()?;
    let of_queue = |source: Option<&str>| source == Some("aws:sqs");
    let all = !batch.records.is_empty()
        && batch.records.iter().all(|message| of_queue(message.event_source.as_deref()));
    all.then_some(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn a_batch_of_a_queue_is_told_from_everything_else() {
        let batch = r#"{"Records":[{"messageId":"1","body":"{}","eventSource":"aws:sqs","attributes":{},"messageAttributes":{}}]}"#;
        assert_eq!(messages(&raw(batch)).map(|batch| batch.records.len()), Some(1));
        let of_s3 = batch.replace("aws:sqs", "aws:s3");
        for event in ["{}", "[]", "7", r#"{"Records":[]}"#, r#"{"Records":"x"}"#, &of_s3, r#"{"detail":{}}"#]
        {
            assert!(messages(&raw(event)).is_none(), "{event}");
        }
    }

    #[test]
    fn the_own_arn_tells_account_and_region() {
        let place = Place::of_arn("arn:aws:lambda:eu-central-1:444455556666:function:f");
        assert_eq!(place, Place { account_id: "444455556666".into(), region: "eu-central-1".into() });
        assert_eq!(Place::of_arn(""), Place::default());
    }
}
