//! One configuration for all clients: made once a process, never per event.

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig};

/// So often a call is made in all, with exponential backoff and jitter between.
const ATTEMPTS: u32 = 5;

/// The configuration of the environment: region, credentials, endpoints.
pub async fn from_environment() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .load()
        .await
}
