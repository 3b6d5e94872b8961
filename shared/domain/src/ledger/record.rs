//! What the Records table holds: everything about one request id is one query.

use jiff::Timestamp;

use crate::{
    change::{Change, Origin, Severity},
    digest::{Sha256, bounded_key},
    invocation::{Invocation, PromptPassage},
    passage::{Certainty, excerpt},
    principal::Principal,
    state::Verdict,
    time,
};

/// Version of the attributes, kept in every item as `schema`.
pub const SCHEMA: u32 = 1;

/// How many characters of a passage a source shows.
pub const EXCERPT: usize = 300;

/// One item of the Records table.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// `invocation#<raw record's sha256, 16>`
    Invocation(Box<Invocation>),
    /// `source#<origin>#<carrier's sha256, 16>#<ordinal, 4 digits>`
    Source(Box<Source>),
    /// `link#<other request id>`
    Link(Link),
    /// `change#<event id>`
    Change(Box<Change>),
    /// `diff#<event id>`
    Diff(Box<Diff>),
    /// `alert#<event id>`, `alert#<event id>#diff`
    Alert(AlertMark),
    /// `call#<event id>`
    Call(Box<Call>),
}

/// What every item has.
#[derive(Clone, Debug, PartialEq)]
pub struct Common {
    /// The request that it belongs to.
    pub request_id: String,
    /// When that happened.
    pub occurred_at: Timestamp,
    /// Where.
    pub account_id: String,
    /// Where.
    pub region: String,
    /// Who.
    pub principal: Principal,
}

/// One retrieved passage behind an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What every item has.
    pub common: Common,
    /// Where we know it from.
    pub origin: SourceOrigin,
    /// The digest of the record or response that carried it.
    pub carrier: Sha256,
    /// Its number there, from 1.
    pub ordinal: u32,
    /// The passage's hash; absent where the log holds a pointer or bytes in place of its text.
    pub text_sha256: Option<Sha256>,
    /// The beginning of its text.
    pub excerpt: Option<String>,
    /// The document, where the origin names it.
    pub source_uri: Option<String>,
    /// The document's title or file name.
    pub title: Option<String>,
    /// Where in the request's body it stood.
    pub found_at: Option<String>,
    /// How well it fitted, where the origin says so.
    pub score: Option<f64>,
    /// Whether the answer cites it; `None` where that is not known.
    pub cited: Option<bool>,
    /// The chunk of the document.
    pub chunk_id: Option<String>,
    /// The knowledge base.
    pub knowledge_base_id: Option<String>,
    /// How certain the passage's bounds are.
    pub certainty: Certainty,
    /// That of the record that carries it: 0 while its answer may still tell whether the passage is cited.
    pub completeness: u8,
}

/// Where a source is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceOrigin {
    /// From the prompt that the model was given.
    Prompt,
    /// From the API's response, as an application sent it.
    Response,
}

impl SourceOrigin {
    /// Every origin, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Prompt, "prompt"), (Self::Response, "response")];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(origin, _)| *origin == self).map_or("", |(_, name)| name)
    }

    /// The origin of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(origin, _)| *origin)
    }
}

/// Another request that belongs to the same answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What every item has.
    pub common: Common,
    /// The other request.
    pub other_request_id: String,
    /// `generation`, `retrieval`, `rerank`, `session`.
    pub relation: String,
    /// What the link rests on.
    pub basis: String,
    /// How certain it is.
    pub certainty: Certainty,
}

/// What a change changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// What every item has.
    pub common: Common,
    /// The change.
    pub event_id: String,
    /// Whether the resource could be read.
    pub read: DiffRead,
    /// Why not, in the words of the service.
    pub reason: Option<String>,
    /// When it was read.
    pub observed_at: Option<Timestamp>,
    /// When what was read says that it was changed last.
    pub updated_at: Option<Timestamp>,
    /// The state before, by its digest.
    pub state_before: Option<Sha256>,
    /// The state after, by its digest.
    pub state_after: Option<Sha256>,
    /// Whether it protects less now; `None` where that is no question, or not known.
    pub verdict: Option<Verdict>,
    /// How much the change matters, now that this is known.
    pub severity: Option<Severity>,
    /// Field by field, at most 100.
    pub fields: Vec<FieldChange>,
    /// How many fields more there were.
    pub fields_left_out: u32,
}

/// What came of reading a resource after its change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffRead {
    /// It was read.
    Ok,
    /// Nobody may read it here.
    Denied,
    /// The service did not answer.
    Throttled,
    /// It was not there any more.
    Gone,
}

impl DiffRead {
    /// Every one, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 4] =
        [(Self::Ok, "ok"), (Self::Denied, "denied"), (Self::Throttled, "throttled"), (Self::Gone, "gone")];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(read, _)| *read == self).map_or("", |(_, name)| name)
    }

    /// The one of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(read, _)| *read)
    }
}

impl Diff {
    /// Of a change of which nothing else is known yet.
    pub fn of_change(change: &Change) -> Self {
        Self {
            common: Common::of_change(change),
            event_id: change.event_id.clone(),
            read: DiffRead::Ok,
            reason: None,
            observed_at: None,
            updated_at: None,
            state_before: None,
            state_after: None,
            verdict: None,
            severity: None,
            fields: Vec::new(),
            fields_left_out: 0,
        }
    }

    /// Whether another try can bring no more.
    pub fn is_final(&self) -> bool {
        matches!(self.read, DiffRead::Ok | DiffRead::Gone)
    }

    /// Whether the resource was changed again before it was read: then the diff is that of both changes.
    pub fn holds_later_changes(&self) -> bool {
        // the service's own moment and CloudTrail's whole second are not the same clock
        const SLACK: i64 = 2;
        self.updated_at.is_some_and(|at| at.as_second() > self.common.occurred_at.as_second() + SLACK)
    }
}

/// One field that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Which field.
    pub path: String,
    /// Its value before, as JSON text of at most 2 KB.
    pub before: Option<String>,
    /// Its value after, as JSON text of at most 2 KB.
    pub after: Option<String>,
    /// `weaker`, `stronger`, `neutral`, `mixed`; absent where no rule knows it.
    pub effect: Option<String>,
}

/// The mark that an alert went out.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertMark {
    /// What every item has.
    pub common: Common,
    /// The change.
    pub event_id: String,
    /// Whether this is the follow-up that tells the diff.
    pub follow_up: bool,
    /// Whether what changed was known then.
    pub with_diff: bool,
    /// When it went out.
    pub published_at: Timestamp,
    /// The topic's message id; of the summary where the change was one of several old ones.
    pub message_id: String,
}

/// A call of a runtime API, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What every item has.
    pub common: Common,
    /// The event.
    pub event_id: String,
    /// `InvokeModel`, `Retrieve`, ...
    pub operation: String,
    /// What was called, as the record names it.
    pub resource: Option<String>,
    /// An address, or a service's name.
    pub source_ip: Option<String>,
    /// What the caller calls its program.
    pub user_agent: Option<String>,
    /// Why it failed.
    pub error_code: Option<String>,
}

impl Record {
    /// The item's `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invocation(_) => "invocation",
            Self::Source(_) => "source",
            Self::Link(_) => "link",
            Self::Change(_) => "change",
            Self::Diff(_) => "diff",
            Self::Alert(_) => "alert",
            Self::Call(_) => "call",
        }
    }

    /// The partition key; a request id over 1,000 bytes is cut.
    pub fn partition_key(&self) -> String {
        bounded_key(self.request_id())
    }

    /// The sort key.
    pub fn sort_key(&self) -> String {
        bounded_key(&match self {
            Self::Invocation(invocation) => {
                format!("invocation#{}", invocation.evidence.sha256.short())
            }
            Self::Source(source) => {
                format!("source#{}#{}#{:04}", source.origin.name(), source.carrier.short(), source.ordinal)
            }
            Self::Link(link) => format!("link#{}", link.other_request_id),
            Self::Change(change) => format!("change#{}", change.event_id),
            Self::Diff(diff) => diff_key(&diff.event_id),
            Self::Alert(alert) => alert_key(&alert.event_id, alert.follow_up),
            Self::Call(call) => format!("call#{}", call.event_id),
        })
    }

    /// The request that the item belongs to, whole.
    pub fn request_id(&self) -> &str {
        match self {
            Self::Invocation(invocation) => &invocation.request_id,
            Self::Change(change) => &change.request_id,
            _ => self.common_parts().map_or("", |common| &common.request_id),
        }
    }

    /// When it happened.
    pub fn occurred_at(&self) -> Timestamp {
        match self {
            Self::Invocation(invocation) => invocation.occurred_at,
            Self::Change(change) => change.occurred_at,
            _ => self.common_parts().map_or(Timestamp::UNIX_EPOCH, |common| common.occurred_at),
        }
    }

    /// 0 while a body is outstanding, 1 when nothing more will come: a higher one replaces a lower one.
    pub fn completeness(&self) -> u8 {
        match self {
            Self::Invocation(invocation) => invocation.completeness,
            Self::Source(source) => source.completeness,
            // one of a resource that could not be read gives way to one of it
            Self::Diff(diff) => u8::from(diff.is_final()),
            _ => 1,
        }
    }

    /// The sort key of both list indexes: time order, and no two requests alike.
    pub fn occurred_at_id(&self) -> String {
        bounded_key(&format!("{}#{}", time::rfc3339(self.occurred_at()), self.request_id()))
    }

    /// The partition of `by-time`; absent for kinds that no list shows.
    pub fn time_bucket(&self) -> Option<String> {
        match self {
            Self::Invocation(invocation) => {
                Some(invocation_bucket(&time::day(invocation.occurred_at), shard(&invocation.request_id)))
            }
            Self::Change(change) => Some(change_bucket(&time::month(change.occurred_at))),
            _ => None,
        }
    }

    fn common_parts(&self) -> Option<&Common> {
        match self {
            Self::Source(source) => Some(&source.common),
            Self::Link(link) => Some(&link.common),
            Self::Diff(diff) => Some(&diff.common),
            Self::Alert(alert) => Some(&alert.common),
            Self::Call(call) => Some(&call.common),
            Self::Invocation(_) | Self::Change(_) => None,
        }
    }
}

/// The sort key of an alert's mark.
pub fn alert_key(event_id: &str, follow_up: bool) -> String {
    bounded_key(&format!("alert#{event_id}{}", if follow_up { "#diff" } else { "" }))
}

/// The sort key of a diff.
pub fn diff_key(event_id: &str) -> String {
    bounded_key(&format!("diff#{event_id}"))
}

/// How many partitions of `by-time` a day of invocations is spread over.
pub const SHARDS: u8 = 8;

/// The partition of `by-time` for a day (`2024-10-15`) and a shard.
pub fn invocation_bucket(day: &str, shard: u8) -> String {
    format!("invocation#{day}#{shard}")
}

/// The partition of `by-time` for a month (`2024-10`).
pub fn change_bucket(month: &str) -> String {
    format!("change#{month}")
}

fn shard(request_id: &str) -> u8 {
    Sha256::of(request_id.as_bytes()).first_byte() % SHARDS
}

impl Common {
    /// Of an invocation.
    pub fn of_invocation(invocation: &Invocation) -> Self {
        Self {
            request_id: invocation.request_id.clone(),
            occurred_at: invocation.occurred_at,
            account_id: invocation.account_id.clone(),
            region: invocation.region.clone(),
            principal: invocation.principal.clone(),
        }
    }

    /// Of a change.
    pub fn of_change(change: &Change) -> Self {
        Self {
            request_id: change.request_id.clone(),
            occurred_at: change.occurred_at,
            account_id: change.account_id.clone(),
            region: change.region.clone(),
            principal: change.principal.clone(),
        }
    }
}

impl Source {
    /// A passage that stood in the prompt of an invocation.
    pub fn in_prompt(invocation: &Invocation, found: &PromptPassage) -> Self {
        Self {
            common: Common::of_invocation(invocation),
            origin: SourceOrigin::Prompt,
            carrier: invocation.evidence.sha256.clone(),
            ordinal: found.passage.ordinal,
            text_sha256: found.passage.hash(),
            excerpt: found.passage.text.as_deref().map(|text| excerpt(text, EXCERPT)),
            source_uri: found.passage.uri.as_deref().map(bounded_key),
            title: found.passage.title.as_deref().map(|title| excerpt(title, EXCERPT)),
            found_at: Some(found.passage.found_at.clone()),
            score: found.score,
            cited: found.cited,
            chunk_id: None,
            knowledge_base_id: None,
            certainty: found.passage.certainty,
            completeness: invocation.completeness,
        }
    }
}

/// A line of a list of changes, as the indexes project it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeLine {
    /// The request to look up for the whole.
    pub request_id: String,
    /// The item's sort key.
    pub record: String,
    /// When.
    pub occurred_at: Timestamp,
    /// Who, as far as the index tells.
    pub principal: String,
    /// The resource's kind.
    pub resource_kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// How we came to know of it.
    pub origin: Origin,
}

/// A line of a list of invocations, as `by-time` projects it.
#[derive(Clone, Debug, PartialEq)]
pub struct InvocationLine {
    /// The request to look up for the whole.
    pub request_id: String,
    /// When.
    pub occurred_at: Timestamp,
    /// Who.
    pub principal: String,
    /// The model, as the caller passed it.
    pub model_id: String,
    /// The account.
    pub account_id: Option<String>,
    /// The region that was called.
    pub region: Option<String>,
    /// `Converse`, `InvokeModel`, ...
    pub operation: Option<String>,
    /// What is known of the system prompt.
    pub system_prompt_status: Option<String>,
    /// The system prompt.
    pub system_prompt_id: Option<String>,
    /// The guardrail.
    pub guardrail_id: Option<String>,
    /// Its version.
    pub guardrail_version: Option<String>,
    /// What it did.
    pub guardrail_action: Option<String>,
    /// Why the call failed.
    pub error_code: Option<String>,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    days: u32,
}

impl Retention {
    /// The least that regulators ask for, in days.
    pub const FLOOR: u32 = 183;
    /// The default, in days: a year and a month.
    pub const DEFAULT: Self = Self { days: 400 };

    /// So many days; fewer than [`Self::FLOOR`] are raised to it.
    pub fn of_days(days: u32) -> Self {
        Self { days: days.max(Self::FLOOR) }
    }

    /// When an item is over: its own time and the retention, but not before 90 days after it was indexed, so that a
    /// backfill of old logs is not swept at once. Seconds since 1970.
    pub fn expires_at(self, occurred_at: Timestamp, indexed_at: Timestamp) -> i64 {
        let by_age = occurred_at.checked_add(time::days(self.days)).unwrap_or(Timestamp::MAX);
        let by_index = indexed_at.checked_add(time::days(90)).unwrap_or(Timestamp::MAX);
        by_age.max(by_index).as_second()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn retention_has_a_floor_and_spares_a_backfill() {
        let week = Retention::of_days(7);
        let now = at("2026-11-01T00:00:00Z");
        assert_eq!(week.expires_at(now, now), at("2027-05-03T00:00:00Z").as_second());
        let old = at("2020-01-01T00:00:00Z");
        assert_eq!(week.expires_at(old, now), at("2027-01-30T00:00:00Z").as_second());
    }

    #[test]
    fn a_day_of_invocations_is_spread_over_eight_partitions() {
        let used: std::collections::BTreeSet<u8> = (0..200).map(|n| shard(&n.to_string())).collect();
        assert_eq!(used.len(), usize::from(SHARDS));
        assert_eq!(invocation_bucket("2024-10-15", 3), "invocation#2024-10-15#3");
        assert_eq!(change_bucket("2024-10"), "change#2024-10");
    }
}
