//! The alert topics.

use audit_app::ports::{Message, PortError, PublishAlerts, Remedy};
use aws_sdk_sns::{Client, types::MessageAttributeValue};

use crate::error::port_error;

/// The topic for people, and the one for machines where there is one: `sns:Publish`.
pub struct Topics {
    client: Client,
    alerts: String,
    changes: Option<String>,
}

impl Topics {
    /// These topics, by ARN, with this client.
    pub fn new(client: Client, alerts: impl Into<String>, changes: Option<String>) -> Self {
        Self { client, alerts: alerts.into(), changes }
    }

    async fn send(
        &self,
        topic: &str,
        body: &str,
        subject: Option<&str>,
        message: &Message,
    ) -> Result<String, PortError> {
        let mut publish = self.client.publish().topic_arn(topic).message(body);
        publish = publish.set_subject(subject.map(str::to_owned));
        for (name, value) in &message.attributes {
            let attribute = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let attribute =
                attribute.map_err(|error| PortError::permanent("publish an alert", error.to_string()))?;
            publish = publish.message_attributes(*name, attribute);
        }
        let answer = publish.send().await;
        let answer = answer.map_err(|error| port_error(&format!("publish to {topic}"), &error))?;
        Ok(answer.message_id().unwrap_or("unknown").to_owned())
    }
}

impl PublishAlerts for Topics {
    async fn publish(&self, message: &Message) -> Result<String, PortError> {
        let sent = self.send(&self.alerts, &message.text, Some(&message.subject), message).await;
        let id = match sent {
            // a subject that the topic refuses is no reason to lose the alert
            Err(error) if error.remedy == Remedy::Permanent => {
                self.send(&self.alerts, &message.text, None, message).await?
            }
            sent => sent?,
        };
        if let Some(changes) = &self.changes {
            self.send(changes, &message.json, None, message).await?;
        }
        Ok(id)
    }
}
