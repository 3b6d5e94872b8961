//! What has to be in order so that the audit sees anything at all, and sends nothing when it is not: a trail that is off
//! sends no event that it is, and a disabled rule passes none.
//!
//! [`CHECKS`] is the table: what is wrong, what breaks because of it, the command that mends it. A check is made from what
//! was read ([`Seen`]), wherever that was; what could not be read is a fault of its own ([`NOT_CHECKED`]), never a pass.
//!
//! * [`trail`], [`rule`], [`invocation_log`], [`queue`]: what is read of each, and the checks of it.
//! * [`words`]: the text of a fault, for people.

pub mod invocation_log;
pub mod queue;
pub mod rule;
#[cfg(test)]
mod tests;
pub mod trail;
pub(crate) mod words;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::{invocation_log::InvocationLog, queue::Queue, rule::Rule, trail::Trail};
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
    /// The stack's rules and queues.
    pub parts: Reading<Parts>,
    /// The configuration of the invocation log.
    pub log: InvocationLog,
}

/// The parts of the stack that pass events on.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Every rule.
    pub rules: Vec<Rule>,
    /// Every queue, those of dead letters included.
    pub queues: Vec<Queue>,
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
    /// How much a fault matters.
    pub severity: Severity,
    /// What is wrong.
    pub wrong: &'static str,
    /// What breaks because of it.
    pub breaks: &'static str,
    /// The command that mends it; `{id}`, `{arn}` and `{region}` stand for those of the fault.
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
    queue::FAILED_LOG_EVENTS,
    Check {
        name: NOT_CHECKED,
        severity: Severity::Low,
        wrong: "a part of the audit could not be checked",
        breaks: "whether it works is not known; nobody would be told if it did not",
        mend: "aws logs tail /aws/lambda/{stack}/check-audit --since 2h --filter-pattern '\"not checked\"'",
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
        Ok(Parts { rules, queues }) => {
            let rules =
                rules.iter().filter_map(|rule| Some((rule::KIND, &rule.name, rule.now.as_ref().err()?)));
            let queues =
                queues.iter().filter_map(|queue| Some((queue::KIND, &queue.name, queue.now.as_ref().err()?)));
            unread.extend(rules.chain(queues).map(|(kind, id, why)| fault(kind, id, why)));
        }
        Err(why) => unread.push(fault("stack", &seen.stack, why)),
    }
    if let Err(why) = &seen.log.configuration {
        unread.push(fault(invocation_log::KIND, invocation_log::ID, why));
    }
    unread
}
