//! Every check, and what came of it.

use std::{cmp::Reverse, collections::BTreeSet};

use serde_json::{Value, json};

use super::{CHECKS, Check, Fault, NOT_CHECKED, Seen, needs, region};
use crate::time;

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything that it looks at is in order.
    Ok,
    /// Something is not.
    Fault,
    /// It could not be made, or not of everything.
    NotChecked,
}

impl Status {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fault => "fault",
            Self::NotChecked => "not_checked",
        }
    }
}

/// A check, and one thing that came of it: each fault is an entry, and so is each part that could not be read.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The check.
    pub check: &'static Check,
    /// What came of it.
    pub status: Status,
    /// What is not in order, or what could not be read.
    pub fault: Option<Fault>,
    /// What mends that: a command, or what has to be allowed.
    pub mend: Option<String>,
}

/// Everything that came of all checks: faults first, those that matter most before others; then what could not be read;
/// then the checks that could not be made of everything, and those that are well.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The entries.
    pub entries: Vec<Entry>,
}

impl Examined {
    /// Makes every check.
    pub fn of(seen: &Seen) -> Self {
        let blind = blind(seen);
        let mut entries: Vec<_> = CHECKS.iter().flat_map(|check| entries(check, seen, &blind)).collect();
        entries.sort_by_key(|entry| match (entry.status, &entry.fault) {
            (Status::Fault, _) => (0, Reverse(Some(entry.check.severity))),
            (Status::NotChecked, Some(_)) => (1, Reverse(None)),
            (Status::NotChecked, None) => (2, Reverse(None)),
            (Status::Ok, _) => (3, Reverse(None)),
        });
        Self { entries }
    }

    /// The entries with this status.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.status == status)
    }

    /// What came of all of it. What is off is off, whatever else could not be read.
    pub fn status(&self) -> Status {
        let has = |status| self.with(status).next().is_some();
        if has(Status::Fault) {
            Status::Fault
        } else if has(Status::NotChecked) {
            Status::NotChecked
        } else {
            Status::Ok
        }
    }

    /// For machines.
    pub fn json(&self, seen: &Seen) -> Value {
        json!({
            "status": self.status().name(),
            "stack": seen.stack,
            "account_id": seen.account_id,
            "region": seen.region,
            "checked_at": time::rfc3339(seen.at),
            "checks": self.entries.iter().map(Entry::json).collect::<Vec<_>>(),
        })
    }
}

impl Entry {
    fn json(&self) -> Value {
        let fault = self.fault.as_ref();
        json!({
            "name": self.check.name,
            "status": self.status.name(),
            "severity": self.check.severity.name(),
            "kind": fault.map_or(self.check.kind, |fault| fault.kind),
            "id": fault.map(|fault| &fault.id),
            "arn": fault.and_then(|fault| fault.arn.as_ref()),
            "wrong": fault.map(|_| self.check.wrong),
            "breaks": fault.map(|_| self.check.breaks),
            "mend": self.mend,
            "found": fault.map(|fault| &fault.found),
        })
    }
}

fn entries(check: &'static Check, seen: &Seen, blind: &BTreeSet<&str>) -> Vec<Entry> {
    let is_unread = check.name == NOT_CHECKED;
    let status = if is_unread { Status::NotChecked } else { Status::Fault };
    let mut entries: Vec<_> = check
        .faults(seen)
        .into_iter()
        .map(|fault| {
            let mend = if is_unread { allowing(fault.kind) } else { check.mend_of(&fault, &seen.region) };
            Entry { check, status, fault: Some(fault), mend: Some(mend) }
        })
        .collect();
    if entries.is_empty() {
        let is_metered = needs::METERED.contains(&check.name) && blind.contains(needs::METRICS);
        let is_blind = blind.contains(check.kind) || is_metered;
        let status = if is_blind { Status::NotChecked } else { Status::Ok };
        entries.push(Entry { check, status, fault: None, mend: None });
    }
    entries
}

fn allowing(kind: &str) -> String {
    format!("allow the role that you use: {}", needs::reads(kind).join(", "))
}

/// The kinds of which not everything could be read.
fn blind(seen: &Seen) -> BTreeSet<&'static str> {
    let mut blind: BTreeSet<_> = super::unread(seen).into_iter().map(|fault| fault.kind).collect();
    if seen.parts.is_err() || seen.is_stack_here == Ok(false) {
        blind.extend(needs::OF_STACK);
    }
    // its outputs and parameters name them
    if seen.is_stack_here != Ok(true) {
        blind.extend([super::bucket::KIND, super::delivery::KIND, super::key::KIND]);
    }
    // a stack whose parts cannot be listed is here all the same
    if seen.is_stack_here.is_ok() {
        blind.remove(region::KIND);
    }
    blind
}
