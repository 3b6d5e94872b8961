//! What `bedrock-audit doctor` reads of the audit's own parts besides what the hourly check reads, and what it mends.

use std::{collections::BTreeMap, future::Future};

use audit_domain::check::{
    alarm::AlarmNow, function::FunctionNow, key::KeyNow, mapping::MappingNow, region::Elsewhere,
    table::TableNow, topic::TopicNow,
};
use jiff::{SignedDuration, Timestamp};

use super::{NotAnswered, PortError};

/// A stack as it is.
#[derive(Clone, Debug, Default)]
pub struct StackNow {
    /// Its account.
    pub account_id: String,
    /// Its outputs, by name.
    pub outputs: BTreeMap<String, String>,
    /// What it was deployed with, by name.
    pub parameters: BTreeMap<String, String>,
}

/// Reads stacks: `cloudformation:DescribeStacks`.
pub trait ReadStacks: Sync {
    /// A stack by its name; `None` where there is none in this region.
    fn stack(&self, name: &str) -> impl Future<Output = Result<Option<StackNow>, NotAnswered>> + Send;
}

/// Looks into other regions: `cloudformation:DescribeStacks`, `bedrock:GetModelInvocationLoggingConfiguration`.
pub trait ReadRegions: Sync {
    /// What there is in a region.
    fn in_region(&self, region: &str, stack: &str) -> impl Future<Output = Elsewhere> + Send;
}

/// Reads functions: `lambda:GetFunctionConfiguration`.
pub trait ReadFunctions: Sync {
    /// A function by its name; `None` where it is gone. The figures of CloudWatch are not in it.
    fn function(&self, name: &str) -> impl Future<Output = Result<Option<FunctionNow>, PortError>> + Send;
}

/// Reads event source mappings: `lambda:GetEventSourceMapping`.
pub trait ReadMappings: Sync {
    /// A mapping by its id; `None` where it is gone.
    fn mapping(&self, id: &str) -> impl Future<Output = Result<Option<MappingNow>, PortError>> + Send;
}

/// Reads tables: `dynamodb:DescribeTimeToLive`.
pub trait ReadTables: Sync {
    /// A table by its name; `None` where it is gone.
    fn table(&self, name: &str) -> impl Future<Output = Result<Option<TableNow>, PortError>> + Send;
}

/// Reads topics: `sns:ListSubscriptionsByTopic`.
pub trait ReadTopics: Sync {
    /// A topic by its ARN; `None` where it is gone.
    fn topic(&self, arn: &str) -> impl Future<Output = Result<Option<TopicNow>, PortError>> + Send;
}

/// Reads alarms: `cloudwatch:DescribeAlarms`.
pub trait ReadAlarms: Sync {
    /// Those of these names that are there, by name.
    fn alarms(
        &self,
        names: &[&str],
    ) -> impl Future<Output = Result<BTreeMap<String, AlarmNow>, PortError>> + Send;
}

/// Reads keys: `kms:DescribeKey`, `kms:GetKeyPolicy`, and which key a bucket is encrypted with: `s3:GetEncryptionConfiguration`.
pub trait ReadKeys: Sync {
    /// A key by its id, ARN or alias; `None` where it is not there.
    fn key(&self, id: &str) -> impl Future<Output = Result<Option<KeyNow>, PortError>> + Send;
    /// The policy of a key, as JSON.
    fn key_policy(&self, arn: &str) -> impl Future<Output = Result<Option<String>, PortError>> + Send;
    /// The key that a bucket is encrypted with, as it names it; `None` where S3 does that with its own.
    fn key_of_bucket(&self, bucket: &str) -> impl Future<Output = Result<Option<String>, PortError>> + Send;
}

/// How figures of a span become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Added up.
    Sum,
    /// The largest.
    Maximum,
}

/// A figure of CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// `AWS/SQS`, `AWS/Lambda`, ...
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is about; `None` for everything of that name.
    pub dimension: Option<(&'static str, String)>,
    /// How figures become one.
    pub statistic: Statistic,
}

/// Reads figures: `cloudwatch:GetMetricData`.
pub trait ReadMetrics: Sync {
    /// One figure for each metric, over a span of whole hours or of 15 minutes that ends now; `None` where there is no figure.
    fn metrics(
        &self,
        asked: &[Metric],
        over: SignedDuration,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Option<f64>>, PortError>> + Send;
}

/// Changes whom a bucket tells of its objects: `s3:GetBucketNotification`, `s3:PutBucketNotification`.
pub trait ChangeNotifications: Sync {
    /// The configuration as S3 writes it, XML, with what this program does not know as well.
    fn notifications(&self, bucket: &str) -> impl Future<Output = Result<String, PortError>> + Send;
    /// Puts a configuration in the place of all that is there.
    fn put_notifications(
        &self,
        bucket: &str,
        document: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Enables rules: `events:EnableRule`.
pub trait EnableRules: Sync {
    /// Enables a rule of a bus.
    fn enable_rule(&self, rule: &str, bus: &str) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Enables event source mappings: `lambda:UpdateEventSourceMapping`.
pub trait EnableMappings: Sync {
    /// Enables a mapping; everything else of it stays.
    fn enable_mapping(&self, id: &str) -> impl Future<Output = Result<(), PortError>> + Send;
}
