//! Starts a function.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};

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
        Box::pin(async move { Ok::<_, std::convert::Infallible>(handle(event.payload).await) })
    }))
    .await
}
