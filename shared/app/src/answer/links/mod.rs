//! Other requests that belong to the same answer: what one question to a knowledge base leaves in the log has a request id for
//! each step, and the API call that caused them has another one (FORMATS 4.1). Found by the passages that they share, by
//! who and when; never as plain fact. Nothing is stored: whatever came first, the answer is the same.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{
    attribution::Attribution,
    digest::Sha256,
    invocation::Invocation,
    ledger::record::{Common, Link, Source, SourceOrigin},
    passage::Certainty,
    principal::Principal,
    sources::hashes,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

mod embedding;
mod other;
mod session;

use self::{
    embedding::{answers, embedder, embeddings},
    other::Other,
    session::turns,
};
use super::{CONCURRENCY, days, earlier, later, passages::documents};
use crate::ports::{Order, PortError, QueryRecords, QuerySources, Span};

/// The steps of one answer lie so close together.
pub(super) const STEPS: SignedDuration = SignedDuration::from_mins(5);
/// Turns of one session are looked for so far away.
const SESSION: SignedDuration = SignedDuration::from_hours(1);
/// So many passages of a request are looked for.
const PASSAGES: usize = 50;
/// In each direction of time so many sources with one of them, the nearest.
const LINES: usize = 100;
/// So many requests are looked at.
const CANDIDATES: usize = 20;
/// So many of a relation are shown, and so many turns of a session.
const SHOWN: usize = 5;
const SHOWN_TURNS: usize = 20;
/// The request whose relations are asked for.
pub(super) struct Center<'a> {
    pub(super) request_id: &'a str,
    pub(super) invocation: Option<&'a Invocation>,
    pub(super) attributions: &'a [Attribution],
    pub(super) sources: &'a [Source],
    /// The knowledge bases that are known to have its passages.
    pub(super) knowledge_bases: BTreeSet<String>,
}

/// The other requests of an answer.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) links: Vec<Link>,
    /// So many more there are, at least.
    pub(super) left_out: usize,
    /// The sources of those that show the same step.
    pub(super) sources: Vec<Source>,
}

/// The requests that belong to the same answer as this one, the surest first.
///
/// # Errors
/// Of the ports.
pub(super) async fn links(
    center: &Center<'_>,
    ledger: &(impl QueryRecords + QuerySources),
) -> Result<Links, PortError> {
    let Some(moment) = center.moment() else { return Ok(Links::default()) };
    let mut found = told(center, ledger).await?;
    let passages = hashes(center.sources);
    for candidate in candidates(center, moment, ledger).await? {
        let records = ledger.records_of(&candidate.request_id).await?;
        let other = Other::of(records);
        if !found.iter().any(|known| known.link.other_request_id == candidate.request_id)
            && let Some(link) = other.link(center, moment, &candidate)
        {
            let shared = other.shared_with(&passages);
            let session_id = other.told_session();
            found.push(Found { link, session_id, sources: other.sources, at: other.moment, shared });
        }
    }
    tell_apart(&mut found);
    // what the ledger has nothing of comes last
    found.sort_by_key(|other| other.at.is_none());
    found.extend(turns(center, moment, &found, ledger).await?);
    let knowledge_bases = center.knowledge_bases(&found);
    // the model is called at the end of the steps; the response comes after that
    let called = found.iter().find(|other| other.link.relation == GENERATION).and_then(|other| other.at);
    let mut embedded = embeddings(center, called.unwrap_or(moment), &knowledge_bases, ledger).await?;
    embedded.extend(answers(center, moment, ledger).await?);
    Ok(bounded(found, embedded))
}

const GENERATION: &str = "generation";
const RETRIEVAL: &str = "retrieval";
const RERANK: &str = "rerank";
const TURN: &str = "session";

struct Found {
    link: Link,
    /// The session that a response says it is of.
    session_id: Option<String>,
    sources: Vec<Source>,
    at: Option<Timestamp>,
    /// How many passages both have.
    shared: usize,
}

/// Says of each step how many others fit as well: which of them it was is not known then.
fn tell_apart(found: &mut [Found]) {
    let steps: Vec<_> = found.iter().map(|found| (found.link.relation.clone(), found.shared)).collect();
    for found in found.iter_mut().filter(|found| found.shared > 0 && found.link.relation != TURN) {
        let own = (&found.link.relation, found.shared);
        let others = steps.iter().filter(|(relation, shared)| (relation, *shared) == own).count() - 1;
        if others > 0 {
            found.link.basis.push_str(&format!("; {others} more share as many"));
        }
    }
}

/// A request that has some of the same passages.
struct Candidate {
    request_id: String,
    shared: BTreeSet<Sha256>,
    distance: SignedDuration,
}

impl Center<'_> {
    fn moment(&self) -> Option<Timestamp> {
        let told = self.attributions.iter().map(|attribution| attribution.common.occurred_at).min();
        self.invocation.map(|invocation| invocation.occurred_at).or(told)
    }

    fn principal(&self) -> Option<&Principal> {
        self.invocation.map(|invocation| &invocation.principal)
    }

    fn common(&self) -> Option<Common> {
        let told = || self.attributions.first().map(|attribution| attribution.common.clone());
        self.invocation.map(Common::of_invocation).or_else(told)
    }

    /// Whether somebody's session is the one of this request.
    fn has_session(&self, session: Option<&str>) -> bool {
        let own = self.principal().and_then(|principal| principal.session.as_deref());
        let told = self.attributions.iter().filter_map(|attribution| attribution.session_id.as_deref());
        session.is_some_and(|session| own.into_iter().chain(told).any(|known| known == session))
    }

    fn is_rerank(&self) -> bool {
        self.invocation.is_some_and(is_rerank)
    }

    /// Those that are known of this request, and of the responses that are linked.
    fn knowledge_bases(&self, found: &[Found]) -> BTreeSet<String> {
        let linked = found.iter().flat_map(|other| &other.sources).chain(self.sources);
        let of_sources = linked.filter_map(|source| source.knowledge_base_id.clone());
        let told = self.attributions.iter().filter_map(|attribution| attribution.knowledge_base_id.clone());
        self.knowledge_bases.iter().cloned().chain(of_sources).chain(told).collect()
    }
}

/// The requests that an agent's response names itself.
async fn told(center: &Center<'_>, ledger: &impl QueryRecords) -> Result<Vec<Found>, PortError> {
    let ids: BTreeSet<&String> =
        center.attributions.iter().flat_map(|attribution| &attribution.related_request_ids).collect();
    let mut found = Vec::new();
    for id in ids.into_iter().filter(|id| *id != center.request_id).take(CANDIDATES) {
        let (Some(common), other) = (center.common(), Other::of(ledger.records_of(id).await?)) else {
            continue;
        };
        let relation = match &other.invocation {
            Some(invocation) if is_rerank(invocation) => RERANK,
            Some(invocation) if embedder(&invocation.principal).is_some() => RETRIEVAL,
            Some(_) => GENERATION,
            None => TURN,
        };
        let mut basis = "the response to this request, as an application sent it, names it".to_owned();
        if other.moment.is_none() {
            basis.push_str("; the ledger has nothing of it");
        }
        let link = Link {
            common,
            other_request_id: id.clone(),
            relation: relation.to_owned(),
            basis,
            certainty: Certainty::Reported,
        };
        let session_id = other.told_session();
        found.push(Found { link, session_id, sources: other.sources, at: other.moment, shared: 0 });
    }
    Ok(found)
}

/// The requests with the same passages about that time: those that share most first, of these the nearest.
async fn candidates(
    center: &Center<'_>,
    moment: Timestamp,
    ledger: &impl QuerySources,
) -> Result<Vec<Candidate>, PortError> {
    let before = Span { since: earlier(moment, SESSION), until: moment };
    let after = Span { since: moment, until: later(moment, SESSION) };
    let asked = looked_for(center.sources)
        .into_iter()
        .flat_map(|hash| [(hash.clone(), before, Order::NewestFirst), (hash, after, Order::OldestFirst)]);
    let found: Vec<_> = stream::iter(asked)
        .map(|(hash, span, order)| async move { ledger.sources_with(&hash, span, order, LINES).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut by_request: BTreeMap<String, Candidate> = BTreeMap::new();
    for line in found.into_iter().flatten().filter(|line| line.request_id != center.request_id) {
        // of a model's calls only the same caller's may belong to it
        let is_foreign = line.origin() == Some(SourceOrigin::Prompt)
            && center.principal().is_some_and(|principal| principal.best() != line.principal);
        if is_foreign {
            continue;
        }
        let distance = line.occurred_at.duration_since(moment).abs();
        let candidate = by_request.entry(line.request_id.clone()).or_insert_with(|| Candidate {
            request_id: line.request_id,
            shared: BTreeSet::new(),
            distance,
        });
        candidate.shared.insert(line.text_sha256);
        candidate.distance = candidate.distance.min(distance);
    }
    let mut candidates: Vec<_> = by_request.into_values().collect();
    candidates.sort_by(|a, b| {
        let order = |c: &Candidate| (std::cmp::Reverse(c.shared.len()), c.distance);
        order(a).cmp(&order(b)).then_with(|| a.request_id.cmp(&b.request_id))
    });
    candidates.truncate(CANDIDATES);
    Ok(candidates)
}

/// The passages that are looked for: those that are cited first, since a response tells of these alone; of too many others some
/// from all over.
fn looked_for(sources: &[Source]) -> Vec<Sha256> {
    let (cited, others): (Vec<_>, Vec<_>) =
        sources.iter().cloned().partition(|source| source.cited == Some(true));
    let mut asked = hashes(&cited);
    asked.truncate(PASSAGES);
    let others: Vec<_> = hashes(&others).into_iter().filter(|hash| !asked.contains(hash)).collect();
    let room = PASSAGES - asked.len();
    let step = others.len().div_ceil(room.max(1)).max(1);
    asked.extend(others.into_iter().step_by(step).take(room));
    asked
}

/// At most so many of each relation, and the sources of those that are shown as steps.
fn bounded(found: Vec<Found>, embedded: Vec<Link>) -> Links {
    let mut links = Links::default();
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    let all = found.into_iter().map(|found| (found.link, found.sources));
    for (link, sources) in all.chain(embedded.into_iter().map(|link| (link, Vec::new()))) {
        let of_relation = shown.entry(link.relation.clone()).or_default();
        if *of_relation >= if link.relation == TURN { SHOWN_TURNS } else { SHOWN } {
            links.left_out += 1;
            continue;
        }
        *of_relation += 1;
        if link.relation != TURN {
            links.sources.extend(sources);
        }
        links.links.push(link);
    }
    links
}

fn is_rerank(invocation: &Invocation) -> bool {
    invocation.body_shape.as_deref() == Some("rerank")
}

/// `2 s before it`.
fn apart(after: SignedDuration) -> String {
    let seconds = after.abs().as_secs();
    if seconds == 0 {
        return "at the same time".to_owned();
    }
    let far = if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) };
    format!("{far} {} it", if after.is_negative() { "before" } else { "after" })
}
