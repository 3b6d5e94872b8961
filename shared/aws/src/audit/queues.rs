//! What a queue holds.

use audit_app::ports::PortError;
use audit_domain::check::queue::QueueNow;
use aws_sdk_sqs::{Client, types::QueueAttributeName};

use crate::error::present;

/// `sqs:GetQueueAttributes`.
pub(super) async fn read(client: &Client, url: &str) -> Result<Option<QueueNow>, PortError> {
    let get = client.get_queue_attributes().queue_url(url);
    let get = get.attribute_names(QueueAttributeName::QueueArn);
    let answer = get.attribute_names(QueueAttributeName::ApproximateNumberOfMessages).send().await;
    let action = format!("read what queue {url} holds");
    let Some(answer) = present(&action, answer)? else { return Ok(None) };
    let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
    let waiting = attribute(QueueAttributeName::ApproximateNumberOfMessages);
    let waiting = waiting.and_then(|count| count.parse().ok());
    let waiting = waiting.ok_or_else(|| PortError::retry(action, "the answer has no number of messages"))?;
    Ok(Some(QueueNow {
        arn: attribute(QueueAttributeName::QueueArn).cloned(),
        waiting,
        oldest_seconds: None,
    }))
}
