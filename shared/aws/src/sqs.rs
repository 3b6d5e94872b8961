//! The queue of bodies that are still to come.

use audit_app::{
    body_request::BodyRequest,
    ports::{AwaitBodies, PortError},
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
