//! What only `bedrock-audit doctor` reads of the audit's own parts, and mends. Behind the feature `doctor`, which no
//! function asks for: the SDK crates of it are in no function's binary.
//!
//! * [`stacks`], [`functions`], [`topics`], [`alarms`], [`metrics`], [`keys`]: one file for each service that is read.
//! * [`notifications`]: the notification configuration of a bucket, as it is written.

mod alarms;
mod functions;
mod keys;
mod metrics;
mod notifications;
mod stacks;
mod topics;

use std::{collections::BTreeMap, time::Duration};

use audit_app::ports::{
    ChangeNotifications, EnableMappings, EnableRules, ListStackParts, Metric, NotAnswered, PortError,
    ReadAlarms, ReadBuckets, ReadFunctions, ReadKeys, ReadMappings, ReadMetrics, ReadQueues, ReadRegions,
    ReadRules, ReadStacks, ReadTables, ReadTopics, ReadTrails, StackNow, StackPart,
};
use audit_domain::check::{
    alarm::AlarmNow, bucket::BucketNow, function::FunctionNow, key::KeyNow, mapping::MappingNow,
    queue::QueueNow, region::Elsewhere, rule::RuleNow, table::TableNow, topic::TopicNow, trail::Trail,
};
use aws_config::{Region, SdkConfig, retry::RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};

use crate::{
    audit::AuditParts,
    error::{port_error, there},
};

/// So long one attempt may take: somebody waits.
const ATTEMPT: Duration = Duration::from_secs(5);
/// So long a call may take with all its attempts.
const CALL: Duration = Duration::from_secs(15);

/// Everything of one account and region that `doctor` looks at.
pub struct StackParts {
    config: SdkConfig,
    audit: AuditParts,
    stacks: aws_sdk_cloudformation::Client,
    rules: aws_sdk_eventbridge::Client,
    functions: aws_sdk_lambda::Client,
    tables: aws_sdk_dynamodb::Client,
    topics: aws_sdk_sns::Client,
    figures: aws_sdk_cloudwatch::Client,
    keys: aws_sdk_kms::Client,
    buckets: aws_sdk_s3::Client,
}

impl StackParts {
    /// With clients of this configuration that give up in time.
    pub fn connect(config: &SdkConfig) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build();
        let config = config.to_builder().timeout_config(timeouts).build();
        Self {
            audit: AuditParts::connect(&config),
            stacks: aws_sdk_cloudformation::Client::new(&config),
            rules: aws_sdk_eventbridge::Client::new(&config),
            functions: aws_sdk_lambda::Client::new(&config),
            tables: aws_sdk_dynamodb::Client::new(&config),
            topics: aws_sdk_sns::Client::new(&config),
            figures: aws_sdk_cloudwatch::Client::new(&config),
            keys: aws_sdk_kms::Client::new(&config),
            buckets: aws_sdk_s3::Client::new(&config),
            config,
        }
    }
}

impl ReadStacks for StackParts {
    async fn stack(&self, name: &str) -> Result<Option<StackNow>, NotAnswered> {
        stacks::read(&self.stacks, name).await
    }
}

impl ReadRegions for StackParts {
    async fn in_region(&self, region: &str, stack: &str) -> Elsewhere {
        // one attempt: a region that does not answer is said to be unknown
        let config = self.config.to_builder().region(Region::new(region.to_owned()));
        let config = config.retry_config(RetryConfig::standard().with_max_attempts(2)).build();
        stacks::elsewhere(&config, region, stack).await
    }
}

impl ReadFunctions for StackParts {
    async fn function(&self, name: &str) -> Result<Option<FunctionNow>, PortError> {
        functions::read(&self.functions, name).await
    }
}

impl ReadMappings for StackParts {
    async fn mapping(&self, id: &str) -> Result<Option<MappingNow>, PortError> {
        functions::mapping(&self.functions, id).await
    }
}

impl ReadTables for StackParts {
    async fn table(&self, name: &str) -> Result<Option<TableNow>, PortError> {
        let answer = self.tables.describe_time_to_live().table_name(name).send().await;
        let action = format!("read how long table {name} keeps items");
        let Some(answer) = there(&action, answer, &["ResourceNotFoundException"])? else { return Ok(None) };
        let on = answer.time_to_live_description.filter(|described| {
            let status = described.time_to_live_status().map(|status| status.as_str());
            matches!(status, Some("ENABLED" | "ENABLING"))
        });
        Ok(Some(TableNow { expires_by: on.and_then(|on| on.attribute_name) }))
    }
}

impl ReadTopics for StackParts {
    async fn topic(&self, arn: &str) -> Result<Option<TopicNow>, PortError> {
        topics::read(&self.topics, arn).await
    }
}

impl ReadAlarms for StackParts {
    async fn alarms(&self, names: &[&str]) -> Result<BTreeMap<String, AlarmNow>, PortError> {
        alarms::read(&self.figures, names).await
    }
}

impl ReadKeys for StackParts {
    async fn key(&self, id: &str) -> Result<Option<KeyNow>, PortError> {
        keys::read(&self.keys, id).await
    }

    async fn key_policy(&self, arn: &str) -> Result<Option<String>, PortError> {
        keys::policy(&self.keys, arn).await
    }

    async fn key_of_bucket(&self, bucket: &str) -> Result<Option<String>, PortError> {
        keys::of_bucket(&self.buckets, bucket).await
    }
}

impl ReadMetrics for StackParts {
    async fn metrics(
        &self,
        asked: &[Metric],
        over: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Option<f64>>, PortError> {
        metrics::read(&self.figures, asked, over, now).await
    }
}

impl ChangeNotifications for StackParts {
    async fn notifications(&self, bucket: &str) -> Result<String, PortError> {
        notifications::read(&self.buckets, bucket).await
    }

    async fn put_notifications(&self, bucket: &str, document: &str) -> Result<(), PortError> {
        notifications::put(&self.buckets, bucket, document).await
    }
}

impl EnableRules for StackParts {
    async fn enable_rule(&self, rule: &str, bus: &str) -> Result<(), PortError> {
        let answer = self.rules.enable_rule().name(rule).event_bus_name(bus).send().await;
        answer.map(|_| ()).map_err(|error| port_error(&format!("enable rule {rule}"), &error))
    }
}

impl EnableMappings for StackParts {
    async fn enable_mapping(&self, id: &str) -> Result<(), PortError> {
        let answer = self.functions.update_event_source_mapping().uuid(id).enabled(true).send().await;
        answer.map(|_| ()).map_err(|error| port_error(&format!("enable event source mapping {id}"), &error))
    }
}

// what the hourly check reads, too

impl ReadTrails for StackParts {
    async fn trails(&self) -> Result<Vec<Trail>, PortError> {
        self.audit.trails().await
    }
}

impl ListStackParts for StackParts {
    async fn stack_parts(&self, stack: &str) -> Result<Vec<StackPart>, PortError> {
        self.audit.stack_parts(stack).await
    }
}

impl ReadRules for StackParts {
    async fn rule(&self, physical_id: &str) -> Result<Option<RuleNow>, PortError> {
        self.audit.rule(physical_id).await
    }
}

impl ReadQueues for StackParts {
    async fn queue(&self, url: &str) -> Result<Option<QueueNow>, PortError> {
        self.audit.queue(url).await
    }
}

impl ReadBuckets for StackParts {
    async fn bucket(&self, name: &str) -> Result<Option<BucketNow>, PortError> {
        self.audit.bucket(name).await
    }
}
