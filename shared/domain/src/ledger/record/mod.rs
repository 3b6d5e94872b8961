//! What the Records table holds: everything about one request id is one query.

mod diff;
mod line;
mod retention;
mod source;

use jiff::Timestamp;

use crate::{
    attribution::Attribution,
    change::Change,
    digest::{Sha256, bounded_key},
    evidence::Evidence,
    invocation::Invocation,
    passage::Certainty,
    principal::Principal,
    time,
};

pub use self::{
    diff::{Diff, DiffRead, FieldChange, diff_key, is_after},
    line::{ChangeLine, InvocationLine, PassageLine},
    retention::Retention,
    source::{EXCERPT, LONGEST_EXCERPT, Said, Source, SourceOrigin},
};

/// Version of the attributes, kept in every item as `schema`.
pub const SCHEMA: u32 = 1;

/// One item of the Records table.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// `invocation#<raw record's sha256, 16>`
    Invocation(Box<Invocation>),
    /// `source#<origin>#<carrier's sha256, 16>#<ordinal, 4 digits>`
    Source(Box<Source>),
    /// `attribution#<response's sha256, 16>`: put after its sources
    Attribution(Box<Attribution>),
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
    /// Where the raw record lies.
    pub evidence: Evidence,
}

impl Record {
    /// The item's `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invocation(_) => "invocation",
            Self::Source(_) => "source",
            Self::Attribution(_) => "attribution",
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
            Self::Attribution(attribution) => format!("attribution#{}", attribution.carrier.short()),
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
            Self::Attribution(attribution) => Some(&attribution.common),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_invocations_is_spread_over_eight_partitions() {
        let used: std::collections::BTreeSet<u8> = (0..200).map(|n| shard(&n.to_string())).collect();
        assert_eq!(used.len(), usize::from(SHARDS));
        assert_eq!(invocation_bucket("2024-10-15", 3), "invocation#2024-10-15#3");
        assert_eq!(change_bucket("2024-10"), "change#2024-10");
    }
}
