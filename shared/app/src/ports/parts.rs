//! What the audit itself is made of, for the hourly check.

use std::future::Future;

use audit_domain::check::{bucket::BucketNow, queue::QueueNow, rule::RuleNow, trail::Trail};

use super::PortError;

/// Reads the trails that serve the region: `cloudtrail:DescribeTrails`, `cloudtrail:GetTrailStatus`,
/// `cloudtrail:GetEventSelectors`.
pub trait ReadTrails: Sync {
    /// Every trail, those of other regions and of the organization included. What could not be read of one says why.
    fn trails(&self) -> impl Future<Output = Result<Vec<Trail>, PortError>> + Send;
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackPart {
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name: of a rule its name, with `<bus>|` before where that is not the default bus; of a queue its URL.
    pub physical_id: String,
    /// `AWS::Events::Rule`, `AWS::SQS::Queue`, ...
    pub kind: String,
}

/// Lists the resources of a stack: `cloudformation:ListStackResources`.
pub trait ListStackParts: Sync {
    /// Every resource that the stack has made and not deleted.
    fn stack_parts(&self, stack: &str) -> impl Future<Output = Result<Vec<StackPart>, PortError>> + Send;
}

/// Reads rules: `events:DescribeRule`, `events:ListTargetsByRule`.
pub trait ReadRules: Sync {
    /// A rule with its targets, by its name in a stack; `None` where it is gone.
    fn rule(&self, physical_id: &str) -> impl Future<Output = Result<Option<RuleNow>, PortError>> + Send;
}

/// Reads what queues hold: `sqs:GetQueueAttributes`.
pub trait ReadQueues: Sync {
    /// A queue by its URL; `None` where it is gone.
    fn queue(&self, url: &str) -> impl Future<Output = Result<Option<QueueNow>, PortError>> + Send;
}

/// Reads whom buckets tell of their objects: `s3:GetBucketNotification`.
pub trait ReadBuckets: Sync {
    /// A bucket by its name; `None` where it is gone.
    fn bucket(&self, name: &str) -> impl Future<Output = Result<Option<BucketNow>, PortError>> + Send;
}
