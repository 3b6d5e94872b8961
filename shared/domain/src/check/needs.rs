//! What has to be allowed so that it can be read: for the message that says why something was not checked, and for who
//! runs `doctor`. A test holds it against the calls that are made.

use super::{
    alarm, bucket, delivery, function, invocation_log, key, mapping, queue, region, rule, table, topic, trail,
};

/// What stands for the figures of CloudWatch, where these could not be read.
pub const METRICS: &str = "metric";
/// The checks that are made of figures of CloudWatch.
pub const METERED: [&str; 5] =
    ["QueueLate", "FunctionFailing", "InvocationLogNotDelivered", "NoLogArrived", "NoLogEventArrived"];

/// The kinds of what is listed in a stack: without the list none of it is known.
pub const OF_STACK: [&str; 7] =
    [rule::KIND, queue::KIND, mapping::KIND, function::KIND, table::KIND, topic::KIND, alarm::KIND];

/// The actions that read each kind, all of them without any effect.
pub const READS: &[(&str, &[&str])] = &[
    (region::KIND, &["cloudformation:DescribeStacks", "cloudformation:ListStackResources"]),
    (
        trail::KIND,
        &["cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
    ),
    (invocation_log::KIND, &["bedrock:GetModelInvocationLoggingConfiguration"]),
    (rule::KIND, &["events:DescribeRule", "events:ListTargetsByRule"]),
    (queue::KIND, &["sqs:GetQueueAttributes"]),
    (mapping::KIND, &["lambda:GetEventSourceMapping"]),
    (function::KIND, &["lambda:GetFunctionConfiguration"]),
    (table::KIND, &["dynamodb:DescribeTimeToLive"]),
    (topic::KIND, &["sns:ListSubscriptionsByTopic"]),
    (alarm::KIND, &["cloudwatch:DescribeAlarms"]),
    (METRICS, &["cloudwatch:GetMetricData"]),
    (bucket::KIND, &["s3:GetBucketNotification"]),
    (key::KIND, &["s3:GetEncryptionConfiguration", "kms:DescribeKey", "kms:GetKeyPolicy"]),
    (delivery::KIND, &["s3:ListBucket", "dynamodb:Query"]),
];

/// The actions that `--fix` needs besides.
pub const FIXES: [&str; 3] =
    ["s3:PutBucketNotification", "events:EnableRule", "lambda:UpdateEventSourceMapping"];

/// The actions that read a kind.
pub fn reads(kind: &str) -> &'static [&'static str] {
    READS.iter().find(|(of, _)| *of == kind).map(|(_, actions)| *actions).unwrap_or_default()
}
