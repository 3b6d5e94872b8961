//! Topics, and who gets what is published to them.

use audit_app::ports::PortError;
use audit_domain::check::topic::{Subscription, TopicNow};
use aws_sdk_sns::Client;

use crate::error::there;

/// `sns:ListSubscriptionsByTopic`, all pages.
pub(super) async fn read(client: &Client, arn: &str) -> Result<Option<TopicNow>, PortError> {
    let mut topic = TopicNow { arn: arn.to_owned(), subscriptions: Vec::new() };
    let mut page = None;
    loop {
        let answer = client.list_subscriptions_by_topic().topic_arn(arn).set_next_token(page).send().await;
        let answer = there(&format!("list the subscriptions of topic {arn}"), answer, &["NotFound"])?;
        let Some(answer) = answer else { return Ok(None) };
        // one that was taken back is listed for some days
        let mut listed = answer.subscriptions.unwrap_or_default();
        listed.retain(|listed| listed.subscription_arn() != Some("Deleted"));
        topic.subscriptions.extend(listed.into_iter().map(|listed| {
            Subscription {
                protocol: listed.protocol.unwrap_or_default(),
                endpoint: listed.endpoint.unwrap_or_default(),
                // `PendingConfirmation` stands in the place of an ARN
                is_confirmed: listed.subscription_arn.is_some_and(|arn| arn.starts_with("arn:")),
            }
        }));
        page = answer.next_token;
        if page.is_none() {
            return Ok(Some(topic));
        }
    }
}
