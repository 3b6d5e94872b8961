//! Keys, and which of them a bucket is encrypted with.

use audit_app::ports::PortError;
use audit_domain::{check::key::KeyNow, time};
use aws_sdk_kms::Client;
use jiff::Timestamp;

use crate::error::there;

/// `kms:DescribeKey`.
pub(super) async fn read(client: &Client, id: &str) -> Result<Option<KeyNow>, PortError> {
    let answer = client.describe_key().key_id(id).send().await;
    let answer = there(&format!("read key {id}"), answer, &["NotFoundException"])?;
    Ok(answer.and_then(|answer| answer.key_metadata).map(|key| KeyNow {
        state: key.key_state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        deletion_at: key
            .deletion_date()
            .and_then(|at| Timestamp::from_second(at.secs()).ok())
            .map(time::rfc3339),
        arn: key.arn,
        policy: None,
    }))
}

/// `kms:GetKeyPolicy`.
pub(super) async fn policy(client: &Client, arn: &str) -> Result<Option<String>, PortError> {
    let answer = client.get_key_policy().key_id(arn).send().await;
    let answer = there(&format!("read the policy of key {arn}"), answer, &["NotFoundException"])?;
    Ok(answer.and_then(|answer| answer.policy))
}

/// `s3:GetEncryptionConfiguration`.
pub(super) async fn of_bucket(
    client: &aws_sdk_s3::Client,
    bucket: &str,
) -> Result<Option<String>, PortError> {
    let answer = client.get_bucket_encryption().bucket(bucket).send().await;
    // a bucket that is not there is said by another check
    let none = ["ServerSideEncryptionConfigurationNotFoundError", "NoSuchBucket"];
    let answer = there(&format!("read how bucket {bucket} is encrypted"), answer, &none)?;
    let configuration = answer.and_then(|answer| answer.server_side_encryption_configuration);
    let rules = configuration.map(|configuration| configuration.rules).unwrap_or_default();
    let mut defaults = rules.into_iter().filter_map(|rule| rule.apply_server_side_encryption_by_default);
    Ok(defaults.find_map(|default| default.kms_master_key_id))
}
