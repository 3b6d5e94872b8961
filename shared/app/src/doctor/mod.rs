//! `doctor`: looks at everything that the audit rests on, and mends what may be mended without asking.
//!
//! * [`fix`]: the mending.

pub mod fix;

use audit_domain::{
    check::{
        Parts, Reading, Seen,
        alarm::Alarm,
        delivery::{Delivered, NewestLog},
        function::Function,
        key::{Key, KeyNow},
        mapping::Mapping,
        region::REGIONS,
        table::Table,
        topic::Topic,
    },
    evidence::ObjectRole,
    invocation::pointer::AllowedPlaces,
};
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use crate::{
    check_audit::{self, Audit, ReadAudit, last, why},
    ports::{
        FindDeliveries, ListObjects, Metric, PortError, ReadAlarms, ReadFunctions, ReadKeys, ReadMappings,
        ReadMetrics, ReadRegions, ReadResources, ReadTables, ReadTopics, StackNow, StackPart, Statistic,
    },
};

/// So many regions are looked into at the same time.
const AT_ONCE: usize = 8;
/// Failures are counted over a day.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Logs of calls that are older than this have arrived.
const ARRIVED: SignedDuration = SignedDuration::from_hours(2);
/// The age of a message is that of a quarter of an hour, in which every queue has a figure.
const LATELY: SignedDuration = SignedDuration::from_mins(15);

/// Everything that `doctor` reads.
pub trait ReadStack:
    ReadAudit
    + ReadFunctions
    + ReadMappings
    + ReadTables
    + ReadTopics
    + ReadAlarms
    + ReadKeys
    + ReadMetrics
    + ReadRegions
{
}
impl<T> ReadStack for T where
    T: ReadAudit
        + ReadFunctions
        + ReadMappings
        + ReadTables
        + ReadTopics
        + ReadAlarms
        + ReadKeys
        + ReadMetrics
        + ReadRegions
{
}

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The name of the stack.
    pub name: String,
    /// The stack; `None` where it is not in this region.
    pub stack: Reading<Option<StackNow>>,
    /// The region.
    pub region: String,
    /// The present.
    pub now: Timestamp,
}

impl Asked {
    fn is_here(&self) -> Reading<bool> {
        self.stack.as_ref().map(Option::is_some).map_err(String::clone)
    }

    fn found(&self) -> Option<&StackNow> {
        self.stack.as_ref().ok()?.as_ref()
    }

    /// An output, or else the parameter of that name.
    fn named(&self, name: &str) -> Option<&str> {
        let stack = self.found()?;
        let value = stack.outputs.get(name).or_else(|| stack.parameters.get(name))?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    fn audit(&self) -> Audit {
        let place = |bucket: &str| match self.named("LogPrefix") {
            Some(prefix) => format!("{bucket}/{prefix}"),
            None => bucket.to_owned(),
        };
        Audit {
            stack: self.name.clone(),
            account_id: self.found().map_or_else(|| "unknown".to_owned(), |stack| stack.account_id.clone()),
            region: self.region.clone(),
            indexed: self.named("LogBucket").and_then(|bucket| AllowedPlaces::parse(&place(bucket))),
            log_group: self.named("InvocationLogGroup").map(str::to_owned),
            trail_bucket: self.named("TrailBucket").map(str::to_owned),
            audit_bucket: self.named("AuditBucket").map(str::to_owned),
        }
    }
}

/// Reads everything that the checks look at. What cannot be read is a part of what is seen.
pub async fn look<R: ReadResources, L: ListObjects, D: FindDeliveries>(
    asked: &Asked,
    parts: &impl ReadStack,
    resources: &R,
    objects: &L,
    deliveries: Option<&D>,
) -> Seen {
    let audit = asked.audit();
    let listed = match asked.is_here() {
        Ok(false) => Ok(Vec::new()),
        _ => parts.stack_parts(&asked.name).await.map_err(why),
    };
    let known = listed.as_deref().map_err(String::clone);
    let mut seen = check_audit::look_at(&audit, known, parts, resources, asked.now).await;
    seen.is_stack_here = asked.is_here();
    if let (Ok(into), Ok(listed)) = (&mut seen.parts, &listed) {
        read_more(into, listed, parts).await;
    }
    seen.keys = keys(asked, &audit, listed.as_deref().unwrap_or_default(), parts).await;
    let measured = match measure(&mut seen, parts).await {
        Ok(lately) => calls(asked.now, parts).await.map(|calls| (lately, calls)),
        Err(error) => Err(error),
    };
    let (Lately { failures, log_events }, calls) = measured.unwrap_or_else(|error| {
        seen.metrics = Err(why(error));
        (Lately::default(), None)
    });
    let newest = match deliveries {
        Some(deliveries) => newest(&audit, objects, deliveries, asked.now).await.map_err(why),
        None => Ok(None),
    };
    seen.delivered = Some(Delivered { failures, log_events, calls, newest });
    if seen.is_stack_here == Ok(false) || matches!(seen.log.configuration, Ok(None)) {
        let others = REGIONS.iter().filter(|region| **region != asked.region);
        let looks: Vec<_> = others.map(|region| parts.in_region(region, &asked.name)).collect();
        seen.elsewhere = stream::iter(looks).buffered(AT_ONCE).collect().await;
    }
    seen
}

/// What the hourly check leaves out.
async fn read_more(into: &mut Parts, listed: &[StackPart], parts: &impl ReadStack) {
    let mut alarms = Vec::new();
    for StackPart { logical_id, physical_id, kind } in listed {
        let (logical_id, name) = (logical_id.clone(), physical_id.clone());
        match kind.as_str() {
            "AWS::Lambda::Function" => {
                let now = parts.function(physical_id).await.map_err(why);
                into.functions.push(Function { logical_id, name, now });
            }
            "AWS::Lambda::EventSourceMapping" => {
                let now = parts.mapping(physical_id).await.map_err(why);
                into.mappings.push(Mapping { logical_id, name, now });
            }
            "AWS::DynamoDB::Table" => {
                let now = parts.table(physical_id).await.map_err(why);
                into.tables.push(Table { logical_id, name, now });
            }
            "AWS::SNS::Topic" => {
                let now = parts.topic(physical_id).await.map_err(why);
                into.topics.push(Topic { logical_id, name: last(physical_id, ':'), now });
            }
            "AWS::CloudWatch::Alarm" => alarms.push((logical_id, name)),
            _ => {}
        }
    }
    let names: Vec<_> = alarms.iter().map(|(_, name)| name.as_str()).collect();
    let read = parts.alarms(&names).await.map_err(why);
    into.alarms.extend(alarms.iter().map(|(logical_id, name)| Alarm {
        logical_id: logical_id.clone(),
        name: name.clone(),
        now: read.as_ref().map(|all| all.get(name).cloned()).map_err(String::clone),
    }));
}

/// The keys of the stack, those of the buckets, and those that it was told of: each once.
async fn keys(asked: &Asked, audit: &Audit, listed: &[StackPart], parts: &impl ReadStack) -> Vec<Key> {
    let mut named: Vec<(String, String)> = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    for part in listed.iter().filter(|part| part.kind == "AWS::KMS::Key") {
        named.push((part.logical_id.clone(), part.physical_id.clone()));
    }
    for (_, bucket) in audit.buckets() {
        match parts.key_of_bucket(bucket).await {
            Ok(key) => named.extend(key.map(|key| (bucket.to_owned(), key))),
            Err(error) => {
                let (logical_id, name) = (bucket.to_owned(), format!("of bucket {bucket}"));
                keys.push(Key { logical_id, name, now: Err(why(error)) });
            }
        }
    }
    for parameter in ["ResourceKeyArns", "WatchedResources"] {
        let given = asked.named(parameter).unwrap_or_default().split(',').map(str::trim);
        let given = given.filter(|name| name.contains(":kms:") && name.contains(":key/"));
        named.extend(given.map(|key| (parameter.to_owned(), key.to_owned())));
    }
    for (used_by, name) in named {
        if keys.iter().any(|key| key.name == name) {
            continue;
        }
        let now = key(&name, asked.named("KeyArn"), parts).await.map_err(why);
        let arn = |now: &Reading<Option<KeyNow>>| now.as_ref().ok()?.as_ref()?.arn.clone();
        let is_known = arn(&now).is_some_and(|is| keys.iter().any(|key| arn(&key.now).as_ref() == Some(&is)));
        if !is_known {
            keys.push(Key { logical_id: used_by, name, now });
        }
    }
    keys
}

/// A key; the one that the stack encrypts with has to let services use it, so its policy is read as well.
async fn key(
    name: &str,
    of_stack: Option<&str>,
    parts: &impl ReadStack,
) -> Result<Option<KeyNow>, PortError> {
    let Some(mut now) = parts.key(name).await? else { return Ok(None) };
    if let Some(arn) = now.arn.as_deref().filter(|arn| of_stack == Some(*arn)) {
        now.policy = parts.key_policy(arn).await?;
    }
    Ok(Some(now))
}

/// How often models were called, when their logs should have arrived by now.
async fn calls(now: Timestamp, parts: &impl ReadMetrics) -> Result<Option<f64>, PortError> {
    let calls =
        Metric { namespace: "AWS/Bedrock", name: "Invocations", dimension: None, statistic: Statistic::Sum };
    let until = now.checked_sub(ARRIVED).unwrap_or(now);
    Ok(parts.metrics(&[calls], DAY - ARRIVED, until).await?.into_iter().next().flatten())
}

/// What Bedrock says of its deliveries.
const DELIVERY_FAILURES: [&str; 3] = [
    "ModelInvocationLogsS3DeliveryFailure",
    "ModelInvocationLogsCloudWatchDeliveryFailure",
    "ModelInvocationLargeDataS3DeliveryFailure",
];
/// The function that takes the events of a log group.
const OF_LOG_GROUP: &str = "IndexLogEvents";

/// What was delivered within a day, in figures.
#[derive(Default)]
struct Lately {
    failures: Option<f64>,
    log_events: Option<f64>,
}

/// Puts the figures of CloudWatch into what was seen; those of deliveries are handed back.
async fn measure(seen: &mut Seen, parts: &impl ReadMetrics) -> Result<Lately, PortError> {
    let now = seen.at;
    let metric = |namespace, name, dimension, statistic| Metric { namespace, name, dimension, statistic };
    let failures = DELIVERY_FAILURES.map(|name| metric("AWS/Bedrock", name, None, Statistic::Sum));
    let mut of_day = failures.to_vec();
    let mut ages = Vec::new();
    if let Ok(read) = &seen.parts {
        for function in &read.functions {
            let sum = |name| {
                metric("AWS/Lambda", name, Some(("FunctionName", function.name.clone())), Statistic::Sum)
            };
            let name = Some(("FunctionName", function.name.clone()));
            let failed = metric("BedrockAudit", "MessagesFailed", name, Statistic::Sum);
            of_day.extend([sum("Errors"), sum("Throttles"), sum("Invocations"), failed]);
        }
        ages.extend(read.queues.iter().map(|queue| {
            let dimension = Some(("QueueName", queue.name.clone()));
            metric("AWS/SQS", "ApproximateAgeOfOldestMessage", dimension, Statistic::Maximum)
        }));
    }
    let mut day = parts.metrics(&of_day, DAY, now).await?.into_iter();
    let failures: Vec<f64> = day.by_ref().take(DELIVERY_FAILURES.len()).flatten().collect();
    let mut lately =
        Lately { failures: (!failures.is_empty()).then(|| failures.iter().sum()), log_events: None };
    let ages = match ages.as_slice() {
        [] => Vec::new(),
        ages => parts.metrics(ages, LATELY, now).await?,
    };
    if let Ok(read) = &mut seen.parts {
        for function in &mut read.functions {
            let (errors, throttles) = (day.next().flatten(), day.next().flatten());
            let (invocations, messages_failed) = (day.next().flatten(), day.next().flatten());
            if function.logical_id == OF_LOG_GROUP {
                lately.log_events = invocations;
            }
            if let Ok(Some(now)) = &mut function.now {
                (now.errors, now.throttles, now.messages_failed) = (errors, throttles, messages_failed);
            }
        }
        for (queue, age) in read.queues.iter_mut().zip(ages) {
            if let Ok(Some(now)) = &mut queue.now {
                now.oldest_seconds = age;
            }
        }
    }
    Ok(lately)
}

/// A log object of the last day that has lain for over an hour, as new as there is one: the folders of whole hours are asked
/// for, newest first (FORMATS 1), and of each one page is enough.
async fn newest(
    audit: &Audit,
    objects: &impl ListObjects,
    deliveries: &impl FindDeliveries,
    now: Timestamp,
) -> Result<Option<NewestLog>, PortError> {
    let Some((bucket, prefix)) = audit.indexed.as_ref().and_then(AllowedPlaces::first) else {
        return Ok(None);
    };
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    for hours in 2..=24 {
        let Ok(hour) = now.checked_sub(SignedDuration::from_hours(hours)) else { break };
        let folder = format!(
            "{prefix}AWSLogs/{}/BedrockModelInvocationLogs/{}/{}/",
            audit.account_id,
            audit.region,
            hour.strftime("%Y/%m/%d/%H")
        );
        let page = objects.list(bucket, &folder, None).await?;
        let mut logs = page.objects.into_iter().map(|object| object.location);
        if let Some(location) = logs.rfind(|location| location.role() == ObjectRole::Log) {
            let is_indexed = deliveries.was_delivered(&location).await?;
            return Ok(Some(NewestLog { location, is_indexed }));
        }
    }
    Ok(None)
}
