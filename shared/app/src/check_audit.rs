//! Whether the audit sees anything: looks at what sends nothing when it is off, and records and alerts what is not in order.

use audit_domain::{
    change::Resource,
    check::{
        self, CHECKS, NOT_CHECKED, Parts, Reading, Seen, bucket::Bucket, invocation_log,
        invocation_log::InvocationLog, queue::Queue, rule::Rule,
    },
    invocation::pointer::AllowedPlaces,
    state::Subject,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    ports::{
        ListStackParts, PortError, PublishAlerts, ReadBuckets, ReadQueues, ReadResources, ReadRules,
        ReadTrails, ResourceRead, StackPart,
    },
    record_change::{ChangeLedger, Recorded, Recorder},
};

/// Everything that is read of the audit's own parts.
pub trait ReadAudit: ReadTrails + ListStackParts + ReadRules + ReadQueues + ReadBuckets {}
impl<T: ReadTrails + ListStackParts + ReadRules + ReadQueues + ReadBuckets> ReadAudit for T {}

/// What is looked at, and where.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The name of the stack.
    pub stack: String,
    /// Its account.
    pub account_id: String,
    /// Its region.
    pub region: String,
    /// The buckets and prefixes that are indexed, where that is known.
    pub indexed: Option<AllowedPlaces>,
    /// The log group that is indexed, if one is.
    pub log_group: Option<String>,
    /// The bucket that the files of a trail are indexed from, where there is one.
    pub trail_bucket: Option<String>,
    /// The bucket for evidence, where it is known.
    pub audit_bucket: Option<String>,
}

impl Audit {
    /// The buckets that the audit lives on, with what they are for.
    pub(crate) fn buckets(&self) -> Vec<(&'static str, &str)> {
        let logs = self.indexed.iter().flat_map(AllowedPlaces::buckets).map(|name| ("logs", name));
        let named = [("trail", &self.trail_bucket), ("evidence", &self.audit_bucket)];
        let mut buckets: Vec<_> = logs.collect();
        buckets.extend(named.into_iter().filter_map(|(what, name)| Some((what, name.as_deref()?))));
        let mut known = std::collections::BTreeSet::new();
        buckets.retain(|(_, name)| known.insert(*name));
        buckets
    }
}

/// How many faults there were, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many were found, those of parts that could not be checked included.
    pub faults: u64,
    /// How many parts could not be checked.
    pub not_checked: u64,
    /// How many were alerted now.
    pub alerted: u64,
}

/// Reads everything that the hourly checks look at. What cannot be read is a part of what is seen.
pub async fn look(
    audit: &Audit,
    parts: &impl ReadAudit,
    resources: &impl ReadResources,
    now: Timestamp,
) -> Seen {
    let listed = parts.stack_parts(&audit.stack).await.map_err(why);
    look_at(audit, listed.as_deref().map_err(String::clone), parts, resources, now).await
}

/// The same, where the parts of the stack are known.
pub(crate) async fn look_at(
    audit: &Audit,
    listed: Reading<&[StackPart]>,
    parts: &impl ReadAudit,
    resources: &impl ReadResources,
    now: Timestamp,
) -> Seen {
    let mut buckets = Vec::new();
    for (what, name) in audit.buckets() {
        let now = parts.bucket(name).await.map_err(why);
        buckets.push(Bucket { logical_id: what.to_owned(), name: name.to_owned(), now });
    }
    Seen {
        at: now,
        account_id: audit.account_id.clone(),
        region: audit.region.clone(),
        stack: audit.stack.clone(),
        trails: parts.trails().await.map_err(why),
        trail_bucket: audit.trail_bucket.clone(),
        parts: match listed {
            Ok(listed) => Ok(read_parts(listed, parts).await),
            Err(why) => Err(why),
        },
        log: InvocationLog {
            configuration: read_log(audit, resources).await,
            indexed: audit.indexed.clone(),
            log_group: audit.log_group.clone(),
        },
        buckets,
        is_stack_here: Ok(true),
        elsewhere: Vec::new(),
        keys: Vec::new(),
        delivered: None,
        metrics: Ok(()),
    }
}

async fn read_parts(listed: &[StackPart], parts: &impl ReadAudit) -> Parts {
    let mut read = Parts::default();
    for StackPart { logical_id, physical_id, kind } in listed {
        let logical_id = logical_id.clone();
        match kind.as_str() {
            "AWS::Events::Rule" => {
                let now = parts.rule(physical_id).await.map_err(why);
                let name = last(physical_id, '|');
                read.rules.push(Rule { logical_id, name, now });
            }
            "AWS::SQS::Queue" => {
                let now = parts.queue(physical_id).await.map_err(why);
                let name = last(physical_id, '/');
                read.queues.push(Queue { logical_id, name, now });
            }
            _ => {}
        }
    }
    read
}

async fn read_log(audit: &Audit, resources: &impl ReadResources) -> Reading<Option<Value>> {
    let configuration = Resource {
        account_id: audit.account_id.clone(),
        region: audit.region.clone(),
        kind: invocation_log::KIND.to_owned(),
        id: invocation_log::ID.to_owned(),
        version: None,
        arn: None,
    };
    let subject = Subject::of_resource(&configuration).ok_or("it is not read")?;
    match resources.read_resource(&subject).await.map_err(why)? {
        ResourceRead::Document(mut document) => {
            Ok(document.get_mut("loggingConfig").map(Value::take).filter(Value::is_object))
        }
        ResourceRead::Gone => Ok(None),
        ResourceRead::Denied(why) | ResourceRead::Elsewhere(why) => Err(why),
    }
}

/// Records what is not in order, and alerts it, once a day (`2026-10-15`). Each fault is told whatever becomes of others.
///
/// # Errors
/// The first one of the ports: the check is to be made again.
pub async fn record_faults<L: ChangeLedger, R: ReadResources, A: PublishAlerts>(
    seen: &Seen,
    day: &str,
    recorder: &Recorder<'_, L, R, A>,
) -> Result<Checked, PortError> {
    let mut checked = Checked::default();
    let mut failed = None;
    for check in CHECKS {
        for fault in check.faults(seen) {
            checked.faults += 1;
            checked.not_checked += u64::from(check.name == NOT_CHECKED);
            let noticed = check.noticed(&fault, seen, day);
            match recorder.record_noticed(noticed, check::evidence).await {
                Ok((recorded, unkept)) => {
                    checked.alerted += u64::from(recorded == Recorded::Alerted);
                    failed = failed.or(unkept);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
    }
    failed.map_or(Ok(checked), Err)
}

pub(crate) fn why(error: PortError) -> String {
    error.to_string()
}

pub(crate) fn last(name: &str, separator: char) -> String {
    name.rsplit(separator).next().unwrap_or(name).to_owned()
}
