//! Events of a log group, read again: whether what was logged is still what it was.

use audit_app::ports::{Chunks, PortError, ReadBodies, ReadObjects};
use audit_domain::evidence::{LogStream, ObjectLocation};
use aws_sdk_cloudwatchlogs::Client;
use bytes::Bytes;

use crate::error::unreadable;

/// Log groups: `logs:FilterLogEvents`.
pub struct LogGroups {
    client: Client,
}

impl LogGroups {
    /// With this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// With a client of this configuration.
    pub fn connect(config: &aws_config::SdkConfig) -> Self {
        Self::new(Client::new(config))
    }
}

impl ReadObjects for LogGroups {
    type Chunks = Message;

    async fn open(&self, location: &ObjectLocation) -> Result<Message, PortError> {
        let found = self.open_if_there(location).await?;
        found.ok_or_else(|| {
            PortError::retry(format!("read {location}"), "it is not there, or may not be read")
        })
    }
}

impl ReadBodies for LogGroups {
    /// An event is known by its id, and found by its time. In a log group that is gone, or whose retention it is over, none is.
    async fn open_if_there(&self, location: &ObjectLocation) -> Result<Option<Message>, PortError> {
        let action = format!("read {location}");
        let Some(LogStream { group, stream, timestamp: Some(timestamp) }) = &location.log else {
            return Err(PortError::permanent(action, "it is no event of a log group with a time"));
        };
        let events = self.client.filter_log_events().log_group_name(group).log_stream_names(stream);
        let mut pages = events
            .start_time(*timestamp)
            // what is later than its end is left out
            .end_time(timestamp.saturating_add(1))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => return unreadable(&action, &error).map(|_| None),
            };
            let found = page.events().iter().find(|event| event.event_id() == Some(&location.key));
            if let Some(message) = found.and_then(|event| event.message()) {
                return Ok(Some(Message(Some(Bytes::copy_from_slice(message.as_bytes())))));
            }
        }
        Ok(None)
    }
}

/// What was logged, in one piece.
pub struct Message(Option<Bytes>);

impl Chunks for Message {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, PortError> {
        Ok(self.0.take())
    }
}
