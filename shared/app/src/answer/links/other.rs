//! How another request belongs to the one in the middle.

use std::collections::BTreeSet;

use audit_domain::{
    attribution::Attribution,
    change::UNKNOWN,
    digest::Sha256,
    invocation::Invocation,
    ledger::record::{Link, Record, Source},
    passage::Certainty,
    sources::hashes,
};
use jiff::Timestamp;

use super::{Candidate, Center, GENERATION, RERANK, RETRIEVAL, STEPS, TURN, apart, is_rerank};

/// What the ledger has of another request.
#[derive(Default)]
pub(super) struct Other {
    pub(super) invocation: Option<Box<Invocation>>,
    attribution: Option<Box<Attribution>>,
    pub(super) sources: Vec<Source>,
    pub(super) moment: Option<Timestamp>,
}

impl Other {
    pub(super) fn of(records: Vec<Record>) -> Self {
        let mut other = Self::default();
        for record in records {
            let moment = record.occurred_at();
            match record {
                Record::Invocation(invocation) => {
                    other.moment = Some(moment);
                    other.invocation = Some(invocation);
                }
                Record::Attribution(attribution) => {
                    other.moment = other.moment.or(Some(moment));
                    other.attribution = Some(attribution);
                }
                Record::Source(source) => other.sources.push(*source),
                _ => {}
            }
        }
        other
    }

    /// How it belongs to the request in the middle, if it does.
    pub(super) fn link(&self, center: &Center<'_>, moment: Timestamp, candidate: &Candidate) -> Option<Link> {
        let relation = self.relation(center, candidate.distance <= STEPS)?;
        let session = self.session().filter(|session| center.has_session(Some(session)));
        let of = hashes(center.sources);
        let mut basis = format!(
            "it shares {} of {} passages, {}",
            self.shared_with(&of),
            of.len(),
            apart(self.moment?.duration_since(moment))
        );
        if let Some(session) = session {
            // a service may use one name for all of its callers
            let kind = if self.told_session().is_some() { "session" } else { "role session" };
            basis.push_str(&format!("; both are of {kind} {session}"));
        }
        Some(Link {
            common: center.common()?,
            other_request_id: candidate.request_id.clone(),
            relation: relation.to_owned(),
            basis,
            certainty: Certainty::Inferred,
        })
    }

    /// How many of these passages it has.
    pub(super) fn shared_with(&self, passages: &[Sha256]) -> usize {
        let own: BTreeSet<_> = self.sources.iter().filter_map(|source| source.text_sha256.as_ref()).collect();
        passages.iter().filter(|hash| own.contains(hash)).count()
    }

    /// The session that an application told of it.
    pub(super) fn told_session(&self) -> Option<String> {
        self.attribution.as_ref()?.session_id.clone()
    }

    fn session(&self) -> Option<&str> {
        let told = self.attribution.as_ref().and_then(|told| told.session_id.as_deref());
        told.or_else(|| self.invocation.as_ref()?.principal.session.as_deref())
    }

    /// Whether it is of the same account, as far as both say.
    fn is_of_account(&self, center: &Center<'_>) -> bool {
        let called = self.invocation.as_ref().map(|invocation| &invocation.account_id);
        let account = called.or(self.attribution.as_ref().map(|told| &told.common.account_id));
        let is_told = |account: &&String| account.as_str() != UNKNOWN;
        let own = center.common().map(|common| common.account_id).filter(|account| account != UNKNOWN);
        account.filter(is_told).is_none_or(|account| own.is_none_or(|own| own == *account))
    }

    /// A step of the same answer where it is near, else a turn of the same session.
    fn relation(&self, center: &Center<'_>, is_near: bool) -> Option<&'static str> {
        if !self.is_of_account(center) {
            return None;
        }
        let step = match (&self.invocation, &self.attribution) {
            (Some(invocation), _) if !is_of_caller(invocation, center) => return None,
            (Some(invocation), _) => call_as_step(invocation, center),
            (None, Some(told)) => response_as_step(told, center),
            (None, None) => return None,
        };
        let turn = center.has_session(self.session()).then_some(TURN);
        step.filter(|_| is_near).or(turn)
    }
}

/// Whether the same caller made the call; a response does not say who asked.
fn is_of_caller(invocation: &Invocation, center: &Center<'_>) -> bool {
    center.invocation.is_none_or(|own| {
        own.principal == invocation.principal
            && own.account_id == invocation.account_id
            && own.region == invocation.region
    })
}

/// Which step of an answer a model's call is; two calls with the same passages are two answers, or two turns.
fn call_as_step(invocation: &Invocation, center: &Center<'_>) -> Option<&'static str> {
    if is_rerank(invocation) {
        return Some(RERANK);
    }
    (center.invocation.is_none() || center.is_rerank()).then_some(GENERATION)
}

/// Which step of an answer a call of the API is: of two such calls one is a Retrieve.
fn response_as_step(told: &Attribution, center: &Center<'_>) -> Option<&'static str> {
    let is_retrieve = |told: &Attribution| told.operation == RETRIEVE;
    match (center.attributions.iter().any(is_retrieve), is_retrieve(told)) {
        (true, true) => None,
        (true, false) => Some(GENERATION),
        (false, true) => Some(RETRIEVAL),
        (false, false) => center.invocation.is_some().then_some(RETRIEVAL),
    }
}

/// The call that answers with passages alone.
const RETRIEVE: &str = "Retrieve";
