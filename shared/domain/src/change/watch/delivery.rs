//! The way of an event through the stack: rules, queues, functions, topics, log groups, and the alarms beside it.

use super::{
    super::{
        Severity::{Critical, High, Medium},
        operations::Kind,
    },
    Area, When, call, kind,
};

pub(super) const RULES: Area = Area {
    name: "EventBridge: rules",
    event_source: "events.amazonaws.com",
    concerns: "the rules of the stack",
    calls: &[
        call(
            "DeleteRule",
            RULE,
            Critical,
            RULES_OF_OURS,
            "events of this rule do not reach the audit any more",
        ),
        call(
            "DisableRule",
            RULE,
            Critical,
            RULES_OF_OURS,
            "events of this rule do not reach the audit any more",
        ),
        call("PutRule", RULE, Critical, RULES_OF_OURS, "the rule may be off, or pass fewer events"),
        call("PutTargets", RULE, Critical, RULES_OF_OURS, "events of this rule may go to another place"),
        call(
            "RemoveTargets",
            RULE,
            Critical,
            RULES_OF_OURS,
            "events of this rule do not reach the audit any more",
        ),
    ],
};

const RULES_OF_OURS: &[When] = &[When::Ours(&["request.name", "request.rule"])];
const RULE: Kind =
    Kind { arn: &["response.ruleArn"], ..kind("event-rule", &[&["request.name", "request.rule"]]) };

pub(super) const QUEUES: Area = Area {
    name: "SQS: queues",
    event_source: "sqs.amazonaws.com",
    concerns: "the queues of the stack",
    calls: &[
        call(
            "AddPermission",
            QUEUE,
            High,
            QUEUES_OF_OURS,
            "others may take events out of the queue, or put false ones in",
        ),
        call(
            "DeleteQueue",
            QUEUE,
            Critical,
            QUEUES_OF_OURS,
            "events that wait in it are lost, and new ones do not arrive",
        ),
        call("PurgeQueue", QUEUE, Critical, QUEUES_OF_OURS, "events that waited in it are lost"),
        call("RemovePermission", QUEUE, High, QUEUES_OF_OURS, "events may no longer reach the queue"),
        call(
            "SetQueueAttributes",
            QUEUE,
            Critical,
            QUEUES_OF_OURS,
            "events may no longer reach the queue, or be dropped from it too early",
        ),
        call(
            "StartMessageMoveTask",
            QUEUE,
            Medium,
            QUEUES_OF_OURS,
            "dead letters are moved: back into their queue, or away where nobody reads them",
        ),
    ],
};

const QUEUES_OF_OURS: &[When] = &[When::Ours(&["request.queueUrl", "request.sourceArn"])];
const QUEUE: Kind = kind("sqs-queue", &[&["request.queueUrl", "request.sourceArn"]]);

pub(super) const TOPICS: Area = Area {
    name: "SNS: topics",
    event_source: "sns.amazonaws.com",
    concerns: "the topics of the stack",
    calls: &[
        call("AddPermission", TOPIC, High, TOPICS_OF_OURS, "others may read alerts, or send false ones"),
        call("DeleteTopic", TOPIC, Critical, TOPICS_OF_OURS, "nobody is alerted over this topic any more"),
        call(
            "PutDataProtectionPolicy",
            TOPIC,
            Critical,
            TOPICS_OF_OURS,
            "alerts may be masked, or denied to whoever got them",
        ),
        call(
            "RemovePermission",
            TOPIC,
            High,
            TOPICS_OF_OURS,
            "alerts or alarms may no longer be sent over this topic",
        ),
        call(
            "SetSubscriptionAttributes",
            SUBSCRIPTION,
            Critical,
            TOPICS_OF_OURS,
            "a filter may keep alerts from whoever got them",
        ),
        call(
            "SetTopicAttributes",
            TOPIC,
            Critical,
            TOPICS_OF_OURS,
            "alerts may no longer be sent over this topic",
        ),
        call("Subscribe", TOPIC, Medium, TOPICS_OF_OURS, "somebody else gets the alerts"),
        call(
            "Unsubscribe",
            SUBSCRIPTION,
            Critical,
            TOPICS_OF_OURS,
            "somebody who was alerted is not any more",
        ),
    ],
};

const TOPICS_OF_OURS: &[When] =
    &[When::Ours(&["request.topicArn", "request.subscriptionArn", "request.resourceArn"])];
const TOPIC: Kind = Kind {
    arn: &["request.topicArn", "request.resourceArn"],
    ..kind("sns-topic", &[&["request.topicArn", "request.resourceArn"]])
};
const SUBSCRIPTION: Kind =
    Kind { arn: &["request.subscriptionArn"], ..kind("sns-subscription", &[&["request.subscriptionArn"]]) };

/// The source whose names have a date at their end.
pub(super) const LAMBDA: &str = "lambda.amazonaws.com";

pub(super) const FUNCTIONS: Area = Area {
    name: "Lambda: functions and their event sources",
    event_source: LAMBDA,
    concerns: "the functions and the queues of the stack",
    calls: &[
        call(
            "AddPermission",
            FUNCTION,
            High,
            FUNCTIONS_OF_OURS,
            "others may call the function with false events",
        ),
        call(
            "CreateEventSourceMapping",
            MAPPING,
            High,
            MAPPINGS_OF_OURS,
            "another function may take events out of the queue",
        ),
        call(
            "DeleteEventSourceMapping",
            MAPPING,
            Critical,
            MAPPINGS_OF_OURS,
            "events wait in the queue until they are lost",
        ),
        call(
            "DeleteFunction",
            FUNCTION,
            Critical,
            FUNCTIONS_OF_OURS,
            "events wait in the queue until they are lost",
        ),
        call(
            "DeleteFunctionEventInvokeConfig",
            FUNCTION,
            Critical,
            FUNCTIONS_OF_OURS,
            "what fails of the log group goes nowhere, and is lost",
        ),
        call(
            "PutFunctionConcurrency",
            FUNCTION,
            Critical,
            FUNCTIONS_OF_OURS,
            "with no concurrency, events wait in the queue until they are lost",
        ),
        call(
            "PutFunctionEventInvokeConfig",
            FUNCTION,
            High,
            FUNCTIONS_OF_OURS,
            "what fails of the log group may go nowhere",
        ),
        call(
            "PutFunctionRecursionConfig",
            FUNCTION,
            High,
            FUNCTIONS_OF_OURS,
            "Lambda may stop a function that goes on with its work through its own queue",
        ),
        call(
            "RemovePermission",
            FUNCTION,
            Medium,
            FUNCTIONS_OF_OURS,
            "somebody may no longer call the function",
        ),
        call(
            "UpdateEventSourceMapping",
            MAPPING,
            Critical,
            MAPPINGS_OF_OURS,
            "events may wait in the queue until they are lost",
        ),
        call(
            "UpdateFunctionCode",
            FUNCTION,
            Critical,
            FUNCTIONS_OF_OURS,
            "other code than the audit's may run, and record what it likes",
        ),
        call(
            "UpdateFunctionConfiguration",
            FUNCTION,
            Critical,
            FUNCTIONS_OF_OURS,
            "the function may write and alert to another place",
        ),
        call(
            "UpdateFunctionEventInvokeConfig",
            FUNCTION,
            High,
            FUNCTIONS_OF_OURS,
            "what fails of the log group may go nowhere",
        ),
    ],
};

const FUNCTIONS_OF_OURS: &[When] = &[When::Ours(&["request.functionName", "response.functionName"])];
const FUNCTION: Kind = Kind {
    arn: &["response.functionArn", "request.functionName"],
    ..kind("lambda-function", &[&["request.functionName", "response.functionName"]])
};
/// A mapping has no name: it is ours where its function or its queue is.
const MAPPINGS_OF_OURS: &[When] = &[When::Ours(&[
    "request.functionName",
    "request.eventSourceArn",
    "response.functionArn",
    "response.eventSourceArn",
])];
const MAPPING: Kind = kind(
    "event-source-mapping",
    &[&["response.uUID", "request.uUID", "response.uuid", "request.uuid", "response.UUID", "request.UUID"]],
);

pub(super) const LOG_GROUPS: Area = Area {
    name: "CloudWatch Logs: log groups",
    event_source: "logs.amazonaws.com",
    concerns: "the log groups of the stack, that of the invocation log, and those with `bedrock` in their names",
    calls: &[
        call("DeleteLogGroup", LOG_GROUP, Critical, LOG_GROUPS_OF_OURS, "what was logged in it is gone"),
        call("DeleteLogStream", LOG_GROUP, High, LOG_GROUPS_OF_OURS, "a part of what was logged is gone"),
        call(
            "DeleteSubscriptionFilter",
            FILTER,
            Critical,
            LOG_GROUPS_OF_OURS,
            "new log events are not passed on any more",
        ),
        call(
            "PutRetentionPolicy",
            LOG_GROUP,
            High,
            LOG_GROUPS_OF_OURS,
            "what was logged may be deleted earlier",
        ),
        call(
            "PutSubscriptionFilter",
            FILTER,
            Critical,
            LOG_GROUPS_OF_OURS,
            "log events may be passed on to another place, or fewer of them",
        ),
    ],
};

const LOG_GROUPS_OF_OURS: &[When] =
    &[When::Ours(&["request.logGroupName"]), When::SaysBedrock(&["request.logGroupName"])];
const LOG_GROUP: Kind = kind("log-group", &[&["request.logGroupName"]]);
const FILTER: Kind = kind("log-subscription-filter", &[&["request.logGroupName"], &["request.filterName"]]);

pub(super) const ALARMS: Area = Area {
    name: "CloudWatch: alarms",
    event_source: "monitoring.amazonaws.com",
    concerns: "the alarms of the stack",
    calls: &[
        call("DeleteAlarms", ALARM, High, ALARMS_OF_OURS, "nobody is told when events pile up"),
        call("DisableAlarmActions", ALARM, High, ALARMS_OF_OURS, "nobody is told when events pile up"),
        call("PutMetricAlarm", ALARM, High, ALARMS_OF_OURS, "the alarm may no longer go off, or tell nobody"),
        call(
            "SetAlarmState",
            ALARM,
            Medium,
            ALARMS_OF_OURS,
            "the alarm shows another state than it has found",
        ),
    ],
};

const ALARMS_OF_OURS: &[When] = &[When::Ours(&["request.alarmName", "request.alarmNames"])];
const ALARM: Kind = kind("alarm", &[&["request.alarmName", "request.alarmNames"]]);
