//! The queues in which functions leave messages for themselves.

use audit_app::{
    baseline::{BaselineRequest, Step},
    body_request::BodyRequest,
    ports::{AwaitBodies, ContinueBaseline, PortError},
};
use aws_sdk_sqs::Client;

use crate::error::port_error;

/// The delay queue: `sqs:SendMessage`. How long a message waits is the queue's own setting.
pub struct BodyQueue {
    client: Client,
    url: String,
}

impl BodyQueue {
    /// This queue, with this client.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }
}

impl AwaitBodies for BodyQueue {
    async fn await_bodies(&self, request: &BodyRequest) -> Result<(), PortError> {
        let action = format!("ask for the bodies beside {}", request.location);
        let Some(message) = request.to_message() else {
            return Err(PortError::permanent(action, "the records lie in a local file"));
        };
        let sent = self.client.send_message().queue_url(&self.url).message_body(message).send().await;
        sent.map(|_| ()).map_err(|error| port_error(&action, &error))
    }
}

/// A look that failed is asked for again after a minute: a service that throttles has rested by then.
const AGAIN: i32 = 60;
/// What was not seen is asked for a quarter of an hour later, the most that a queue takes: most pages of the run are done
/// by then, and what is on them needs no look of its own.
const AT_THE_END: i32 = 900;

/// The queue of the baseline: `sqs:SendMessage`.
pub struct BaselineQueue {
    client: Client,
    url: String,
}

impl BaselineQueue {
    /// This queue, with this client.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }
}

impl ContinueBaseline for BaselineQueue {
    async fn go_on(&self, request: &BaselineRequest) -> Result<(), PortError> {
        let delay = match &request.step {
            Step::List { .. } => 0,
            Step::Look { .. } => AGAIN,
            // further pages wait no longer
            Step::Missing { after, .. } => {
                if after.is_none() {
                    AT_THE_END
                } else {
                    0
                }
            }
        };
        let send = self.client.send_message().queue_url(&self.url).delay_seconds(delay);
        let sent = send.message_body(request.to_message()).send().await;
        sent.map(|_| ()).map_err(|error| port_error("go on with the baseline", &error))
    }
}
