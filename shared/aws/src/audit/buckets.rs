//! Whom a bucket tells of its objects.

use audit_app::ports::PortError;
use audit_domain::check::bucket::BucketNow;
use aws_sdk_s3::Client;

use crate::error::there;

/// `s3:GetBucketNotification`.
pub(super) async fn read(client: &Client, bucket: &str) -> Result<Option<BucketNow>, PortError> {
    let answer = client.get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = there(&format!("read the notifications of bucket {bucket}"), answer, &["NoSuchBucket"])?;
    Ok(answer.map(|answer| BucketNow { tells_event_bridge: answer.event_bridge_configuration().is_some() }))
}
