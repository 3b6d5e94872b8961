//! Messages to people and machines.

use std::future::Future;

use super::PortError;

/// One message to people and machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The subject of an e-mail.
    pub subject: String,
    /// The text for people.
    pub text: String,
    /// The same facts for machines.
    pub json: String,
    /// What subscriptions filter by; none is empty.
    pub attributes: Vec<(&'static str, String)>,
}

/// Publishes alerts: `sns:Publish` on the topics.
pub trait PublishAlerts: Sync {
    /// Publishes to the topic for people, and to the one for machines where there is one: the id of the first message.
    fn publish(&self, message: &Message) -> impl Future<Output = Result<String, PortError>> + Send;
}
