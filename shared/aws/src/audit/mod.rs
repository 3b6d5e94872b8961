//! The audit's own parts as they are now: what sends nothing when it is off.
//!
//! * [`trails`], [`stack`], [`rules`], [`queues`], [`buckets`]: one file for each port.

mod buckets;
mod queues;
mod rules;
mod stack;
mod trails;

use std::time::Duration;

use audit_app::ports::{
    ListStackParts, PortError, ReadBuckets, ReadQueues, ReadRules, ReadTrails, StackPart,
};
use audit_domain::check::{bucket::BucketNow, queue::QueueNow, rule::RuleNow, trail::Trail};
use aws_config::SdkConfig;
use aws_smithy_types::timeout::TimeoutConfig;

/// So long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// So long a call may take with all its attempts: some thirty of them have to fit into the function's five minutes.
const CALL: Duration = Duration::from_secs(10);

/// The parts of one account and region.
pub struct AuditParts {
    trails: aws_sdk_cloudtrail::Client,
    stacks: aws_sdk_cloudformation::Client,
    rules: aws_sdk_eventbridge::Client,
    queues: aws_sdk_sqs::Client,
    buckets: aws_sdk_s3::Client,
}

impl AuditParts {
    /// With clients of this configuration that give up in time.
    pub fn connect(config: &SdkConfig) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build();
        let config = config.to_builder().timeout_config(timeouts).build();
        Self {
            trails: aws_sdk_cloudtrail::Client::new(&config),
            stacks: aws_sdk_cloudformation::Client::new(&config),
            rules: aws_sdk_eventbridge::Client::new(&config),
            queues: aws_sdk_sqs::Client::new(&config),
            buckets: aws_sdk_s3::Client::new(&config),
        }
    }
}

impl ReadTrails for AuditParts {
    async fn trails(&self) -> Result<Vec<Trail>, PortError> {
        trails::read(&self.trails).await
    }
}

impl ListStackParts for AuditParts {
    async fn stack_parts(&self, stack: &str) -> Result<Vec<StackPart>, PortError> {
        stack::parts(&self.stacks, stack).await
    }
}

impl ReadRules for AuditParts {
    async fn rule(&self, physical_id: &str) -> Result<Option<RuleNow>, PortError> {
        rules::read(&self.rules, physical_id).await
    }
}

impl ReadQueues for AuditParts {
    async fn queue(&self, url: &str) -> Result<Option<QueueNow>, PortError> {
        queues::read(&self.queues, url).await
    }
}

impl ReadBuckets for AuditParts {
    async fn bucket(&self, name: &str) -> Result<Option<BucketNow>, PortError> {
        buckets::read(&self.buckets, name).await
    }
}
