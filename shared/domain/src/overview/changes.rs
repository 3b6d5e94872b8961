//! What is told of changes: who, what and which, before and after without any text, and how much it matters.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::top::Top;
use crate::{
    alert,
    change::{Change, NOTICED, Origin, Outcome, Severity},
    evidence::Evidence,
    ledger::record::{Diff, DiffRead, FieldChange},
    report,
    state::Verdict,
};

/// So many fields of a change are told; the rest is counted.
const FIELDS: usize = 10;
/// So many changes of each kind are listed; the rest is counted.
pub const LISTED: usize = 200;

/// What kind of entry it is: each change is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeClass {
    /// A call that changed configuration.
    Change,
    /// A call that failed for another reason than permission, and changed nothing.
    Failed,
    /// An attempt that was denied.
    Denied,
    /// What the audit itself noticed, and no event told: drift, or a part of the audit that is out of order.
    Noticed,
}

impl ChangeClass {
    /// Every one, with its name in JSON and CSV.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Change, "change"),
        (Self::Failed, "failed"),
        (Self::Denied, "denied"),
        (Self::Noticed, "noticed"),
    ];

    /// The name in JSON and CSV.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(class, _)| *class == self).map_or("", |(_, name)| name)
    }
}

/// A change, as the overview tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRow {
    /// When.
    pub occurred_at: Timestamp,
    /// What kind of entry it is.
    pub class: ChangeClass,
    /// Who, as people read it.
    pub who: String,
    /// The operation.
    pub event_name: String,
    /// The service.
    pub event_source: String,
    /// Which resource, as `kind/id`.
    pub resource: String,
    /// Its version.
    pub version: Option<String>,
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// What became of the call.
    pub outcome: Outcome,
    /// Why it failed.
    pub error_code: Option<String>,
    /// How much it matters, what changed considered.
    pub severity: Severity,
    /// Whether it protects less now.
    pub verdict: Option<Verdict>,
    /// How we came to know of it.
    pub origin: Origin,
    /// What came of reading the resource; absent where nothing was read.
    pub read: Option<DiffRead>,
    /// Before and after, texts as their lengths and digests; `None` where nobody asked for them.
    pub fields: Option<Vec<FieldChange>>,
    /// How many fields more there are, of those that were asked for.
    pub fields_left_out: u64,
    /// What it breaks of the audit.
    pub breaks: Option<String>,
    /// Whether it came through CloudFormation.
    pub deployment: bool,
    /// When its alert went out first.
    pub alerted_at: Option<Timestamp>,
    /// The event.
    pub event_id: String,
    /// The request.
    pub request_id: String,
    /// Where the raw record lies.
    pub evidence: Evidence,
}

impl ChangeRow {
    /// A change, with what is known of its content, and when its alert went out.
    pub fn of(change: &Change, diff: Option<&Diff>, alerted_at: Option<Timestamp>) -> Self {
        let told = diff.map(|diff| alert::without_texts(change, diff));
        let mut fields = told.map(|diff| diff.fields).unwrap_or_default();
        let left_out = fields.len().saturating_sub(FIELDS) as u64;
        fields.truncate(FIELDS);
        let class = match (change.event_source == NOTICED, change.outcome) {
            (true, _) => ChangeClass::Noticed,
            (false, Outcome::Denied) => ChangeClass::Denied,
            (false, Outcome::Failed) => ChangeClass::Failed,
            (false, Outcome::Succeeded) => ChangeClass::Change,
        };
        let nobody = || "no event tells who".to_owned();
        Self {
            occurred_at: change.occurred_at,
            class,
            who: if class == ChangeClass::Noticed { nobody() } else { change.principal.to_string() },
            event_name: change.event_name.clone(),
            event_source: change.event_source.clone(),
            resource: change.resource.short(),
            version: change.resource.version.clone(),
            account_id: change.account_id.clone(),
            region: change.region.clone(),
            outcome: change.outcome,
            error_code: change.error_code.clone(),
            severity: report::severity(change, diff),
            verdict: diff.and_then(|diff| diff.verdict),
            origin: change.origin,
            read: diff.map(|diff| diff.read),
            fields: Some(fields),
            fields_left_out: left_out + diff.map_or(0, |diff| u64::from(diff.fields_left_out)),
            breaks: change.breaks.clone(),
            deployment: change.deployment,
            alerted_at,
            event_id: change.event_id.clone(),
            request_id: change.request_id.clone(),
            evidence: change.evidence.clone(),
        }
    }

    /// The same, of which what was changed was not asked for.
    #[must_use]
    pub fn without_texts(self) -> Self {
        Self { fields: None, fields_left_out: 0, ..self }
    }

    /// Whether it changed something, and nobody knows what that was before and after.
    pub fn is_content_unknown(&self) -> bool {
        self.class == ChangeClass::Change
            && self.outcome == Outcome::Succeeded
            && !matches!(self.read, Some(DiffRead::Ok | DiffRead::Gone))
    }

    /// Whether it changed something, and nobody knows whether that protects less now.
    pub fn is_effect_unknown(&self) -> bool {
        self.class == ChangeClass::Change && self.verdict.is_none()
    }

    /// Whether it shows that CloudTrail recorded something.
    pub fn is_from_trail(&self) -> bool {
        self.origin != Origin::Baseline
    }
}

/// The changes of a window.
#[derive(Clone, Debug)]
pub struct Changes {
    /// By kind of entry.
    pub by_class: BTreeMap<&'static str, u64>,
    /// By severity.
    pub by_severity: BTreeMap<&'static str, u64>,
    /// By verdict; `unknown` where there is none.
    pub by_verdict: BTreeMap<&'static str, u64>,
    /// By how they came to be known.
    pub by_origin: BTreeMap<&'static str, u64>,
    /// Those of which nobody knows what was changed.
    pub content_unknown: u64,
    /// Those of which nobody knows whether they made something weaker.
    pub effect_unknown: u64,
    /// Those without the mark of an alert: summarised, imported, or still to be alerted.
    pub without_alert: u64,
    /// What matters most of each kind of entry, in the order of [`ChangeClass::NAMES`].
    pub listed: BTreeMap<ChangeClass, Top<ChangeRow>>,
}

impl Default for Changes {
    fn default() -> Self {
        let lists = ChangeClass::NAMES.iter().map(|(class, _)| (*class, Top::new(LISTED, matters_more)));
        Self {
            by_class: ChangeClass::NAMES.iter().map(|(_, name)| (*name, 0)).collect(),
            by_severity: BTreeMap::new(),
            by_verdict: BTreeMap::new(),
            by_origin: BTreeMap::new(),
            content_unknown: 0,
            effect_unknown: 0,
            without_alert: 0,
            listed: lists.collect(),
        }
    }
}

/// The most severe first, of these the newest.
fn matters_more(a: &ChangeRow, b: &ChangeRow) -> std::cmp::Ordering {
    (b.severity, b.occurred_at, &b.event_id).cmp(&(a.severity, a.occurred_at, &a.event_id))
}

impl Changes {
    /// Counts one.
    pub fn add(&mut self, row: ChangeRow) {
        *self.by_class.entry(row.class.name()).or_default() += 1;
        *self.by_severity.entry(row.severity.name()).or_default() += 1;
        *self.by_verdict.entry(row.verdict.map_or("unknown", Verdict::name)).or_default() += 1;
        *self.by_origin.entry(row.origin.name()).or_default() += 1;
        self.content_unknown += u64::from(row.is_content_unknown());
        self.effect_unknown += u64::from(row.is_effect_unknown());
        self.without_alert += u64::from(row.alerted_at.is_none());
        if let Some(list) = self.listed.get_mut(&row.class) {
            list.add(row);
        }
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.by_class.values().sum()
    }
}
