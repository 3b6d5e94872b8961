//! What has to be in order so that the audit sees anything at all, and sends nothing when it is not: a trail that is off
//! sends no event that it is, and a disabled rule passes none.
//!
//! [`CHECKS`] is the table: what is wrong, what breaks because of it, the command that mends it. A check is made from what
//! was read ([`Seen`]), wherever that was; what could not be read is a fault of its own ([`NOT_CHECKED`]), never a pass.
//!
//! * [`trail`], [`rule`], [`invocation_log`], [`queue`], [`bucket`]: what is read of each every hour, and the checks of it.
//! * [`alarm`], [`delivery`], [`function`], [`key`], [`mapping`], [`region`], [`table`], [`topic`]: the same for what only
//!   `bedrock-audit doctor` reads.
//! * [`part`]: what all parts of a stack share.
//! * [`needs`]: what has to be allowed so that it can be read.
//! * [`examined`]: every check and what came of it, for `doctor`.
//! * [`fix`], [`notification`]: what `doctor --fix` mends, and how.
//! * [`words`]: the text of a fault, for people.

pub mod alarm;
pub mod bucket;
pub mod delivery;
pub mod examined;
pub mod fix;
pub mod function;
pub mod invocation_log;
pub mod key;
mod key_policy;
pub mod mapping;
pub mod needs;
pub mod notification;
pub mod part;
pub mod queue;
pub mod region;
pub mod rule;
pub mod table;
#[cfg(test)]
mod tests;
pub mod topic;
pub mod trail;
pub(crate) mod words;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::{
    alarm::Alarm, bucket::Bucket, delivery::Delivered, function::Function, invocation_log::InvocationLog,
    key::Key, mapping::Mapping, queue::Queue, region::Elsewhere, rule::Rule, table::Table, topic::Topic,
    trail::Trail,
};
use crate::{
    change::{Change, NOTICED, Resource, Severity},
    time,
};

/// What was read, or why it could not be, in the words of the service.
pub type Reading<T> = Result<T, String>;

/// Everything that the checks look at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it was read.
    pub at: Timestamp,
    /// The account that it was read in.
    pub account_id: String,
    /// The region that it was read in.
    pub region: String,
    /// The name of the stack.
    pub stack: String,
    /// The trails that serve this region: its own, and those of other regions and of the organization.
    pub trails: Reading<Vec<Trail>>,
    /// The bucket that the files of a trail are indexed from, where there is one.
    pub trail_bucket: Option<String>,
    /// The stack's own parts.
    pub parts: Reading<Parts>,
    /// The configuration of the invocation log.
    pub log: InvocationLog,
    /// The buckets that the audit lives on.
    pub buckets: Vec<Bucket>,
    /// Whether the stack is in this region.
    pub is_stack_here: Reading<bool>,
    /// Other regions, where something is missing in this one.
    pub elsewhere: Vec<Elsewhere>,
    /// The keys that buckets and parts are encrypted with.
    pub keys: Vec<Key>,
    /// What was delivered lately, where that was asked.
    pub delivered: Option<Delivered>,
    /// Why there are no figures of CloudWatch in what was read, where they were asked for in vain.
    pub metrics: Reading<()>,
}

/// The parts of the stack. The hourly check reads rules and queues, and leaves the others empty.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Every rule.
    pub rules: Vec<Rule>,
    /// Every queue, those of dead letters included.
    pub queues: Vec<Queue>,
    /// Every event source mapping.
    pub mappings: Vec<Mapping>,
    /// Every function.
    pub functions: Vec<Function>,
    /// Every table.
    pub tables: Vec<Table>,
    /// Every topic.
    pub topics: Vec<Topic>,
    /// Every alarm.
    pub alarms: Vec<Alarm>,
}

/// Something that is not in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The kind of what is not: `trail`, `event-rule`, `sqs-queue`, `model-invocation-logging-configuration`.
    pub kind: &'static str,
    /// Its name.
    pub id: String,
    /// Its ARN, where it is known.
    pub arn: Option<String>,
    /// What was found there: an object. Its texts stand for `{name}` in [`Check::mend`].
    pub found: Value,
}

/// One check: a line of [`CHECKS`].
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name of its faults, as events are named.
    pub name: &'static str,
    /// The resource kind that it looks at.
    pub kind: &'static str,
    /// Whether the hourly check makes it as well; `doctor` makes all of them.
    pub is_hourly: bool,
    /// How much a fault matters.
    pub severity: Severity,
    /// What is wrong.
    pub wrong: &'static str,
    /// What breaks because of it.
    pub breaks: &'static str,
    /// The command that mends it; `{id}`, `{arn}` and `{region}` stand for those of the fault, other names for texts that
    /// were found.
    pub mend: &'static str,
    look: fn(&Seen) -> Vec<Fault>,
}

/// What could not be checked.
pub const NOT_CHECKED: &str = "AuditNotChecked";

/// Every check. Faults of one are alerted once a day for each resource.
pub const CHECKS: &[Check] = &[
    trail::NO_TRAIL,
    trail::NOT_LOGGING,
    trail::WITHOUT_WRITE_EVENTS,
    trail::NOT_DELIVERING,
    trail::ELSEWHERE,
    trail::WITHOUT_VALIDATION,
    rule::GONE,
    rule::DISABLED,
    rule::WITHOUT_TARGET,
    rule::PATTERN_CHANGED,
    invocation_log::OFF,
    invocation_log::WITHOUT_TEXT,
    invocation_log::ELSEWHERE,
    queue::GONE,
    queue::DEAD_LETTERS,
    queue::RULE_DEAD_LETTERS,
    queue::FAILED_LOG_EVENTS,
    bucket::GONE,
    bucket::WITHOUT_EVENT_BRIDGE,
    region::STACK_ELSEWHERE,
    region::LOG_ELSEWHERE,
    queue::LATE_MESSAGES,
    mapping::GONE,
    mapping::DISABLED,
    mapping::FAILING,
    function::GONE,
    function::NOT_READY,
    function::FAILING,
    delivery::NOT_DELIVERED,
    delivery::NONE_ARRIVED,
    delivery::NO_EVENT_ARRIVED,
    delivery::NOT_INDEXED,
    key::GONE,
    key::DISABLED,
    key::PENDING_DELETION,
    key::DENIES_SERVICE,
    table::GONE,
    table::KEEPS_ALL,
    topic::GONE,
    topic::UNCONFIRMED,
    topic::NOBODY,
    alarm::GONE,
    alarm::RAISED,
    alarm::SILENCED,
    Check {
        name: NOT_CHECKED,
        kind: "part",
        is_hourly: true,
        severity: Severity::Low,
        wrong: "a part of the audit could not be checked",
        breaks: "whether it works is not known; nobody would be told if it did not",
        mend: "aws logs tail /aws/lambda/{stack}/check-audit --since 2h --filter-pattern '\"not checked\"' --region \
               {region}",
        look: unread,
    },
];

impl Check {
    /// What is not in order.
    pub fn faults(&self, seen: &Seen) -> Vec<Fault> {
        (self.look)(seen)
    }

    /// The check that a change comes from, if it comes from one.
    pub fn of(change: &Change) -> Option<&'static Self> {
        CHECKS.iter().find(|check| change.event_source == NOTICED && check.name == change.event_name)
    }

    /// A fault as a change that no event told. The same fault of the same day (`2026-10-15`) is the same change.
    pub fn noticed(&self, fault: &Fault, seen: &Seen, day: &str) -> Change {
        let resource = Resource {
            account_id: seen.account_id.clone(),
            region: seen.region.clone(),
            kind: fault.kind.to_owned(),
            id: fault.id.clone(),
            version: None,
            arn: fault.arn.clone(),
        };
        // whole seconds, as the moments of events are
        let at = Timestamp::from_second(seen.at.as_second()).unwrap_or(seen.at);
        let identity = format!("{resource} {day}");
        let mut change = Change::noticed(self.name, resource, self.severity, at, &identity, &[]);
        change.response_elements = Some(fault.found.to_string());
        change.evidence.sha256 = crate::digest::Sha256::of(&evidence(&change));
        change
    }
}

/// What was noticed, as it is kept for evidence: made of the change alone, so that it can be kept again at any time.
pub fn evidence(change: &Change) -> Vec<u8> {
    let noticed = json!({
        "noticed": change.event_name,
        "resource": change.resource.to_string(),
        "arn": change.resource.arn,
        "checked_at": time::rfc3339(change.occurred_at),
        "found": found(change),
    });
    noticed.to_string().into_bytes()
}

fn found(change: &Change) -> Option<Value> {
    change.response_elements.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

/// Everything that could not be read.
fn unread(seen: &Seen) -> Vec<Fault> {
    let fault = |kind: &'static str, id: &str, why: &String| Fault {
        kind,
        id: id.to_owned(),
        arn: None,
        found: json!({"not_read": why, "stack": seen.stack}),
    };
    let mut unread = Vec::new();
    if let Err(why) = &seen.trails {
        unread.push(fault(trail::KIND, "all", why));
    }
    unread.extend(trail::unread(seen).into_iter().map(|(name, why)| fault(trail::KIND, name, why)));
    match &seen.parts {
        Ok(parts) => {
            let parts = part::unread(&parts.rules)
                .chain(part::unread(&parts.queues))
                .chain(part::unread(&parts.mappings))
                .chain(part::unread(&parts.functions))
                .chain(part::unread(&parts.tables))
                .chain(part::unread(&parts.topics))
                .chain(part::unread(&parts.alarms));
            unread.extend(parts.map(|(kind, id, why)| fault(kind, id, why)));
        }
        Err(why) => unread.push(fault(region::KIND, &seen.stack, why)),
    }
    let others = part::unread(&seen.buckets).chain(part::unread(&seen.keys));
    unread.extend(others.map(|(kind, id, why)| fault(kind, id, why)));
    if let Err(why) = &seen.is_stack_here {
        unread.push(fault(region::KIND, &seen.stack, why));
    }
    if let Err(why) = &seen.metrics {
        unread.push(fault(needs::METRICS, "all", why));
    }
    if let Some(Err(why)) = seen.delivered.as_ref().map(|delivered| &delivered.newest) {
        unread.push(fault(delivery::KIND, "newest", why));
    }
    if let Err(why) = &seen.log.configuration {
        unread.push(fault(invocation_log::KIND, invocation_log::ID, why));
    }
    unread
}
