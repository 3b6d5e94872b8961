//! What is different from what was last known although no recorded change explains it.
//!
//! Asked in this order: [`sight`], and of a difference [`dated`], [`is_due`] and [`explains`]. What is left is drift.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Document, Known, State, Subject, SubjectKind, compare, parts::names_of_parts};
use crate::{
    change::{Change, Origin, Outcome, Resource, Severity, operations},
    ledger::record::{Diff, is_after},
    time,
};

/// The cause of states that were put without a change: the first sight of a resource.
pub const BASELINE: &str = "baseline";

/// The event name of a difference that no recorded change explains.
pub const DRIFT: &str = "Drift";

/// So old a difference has to be: until then its event may still come. EventBridge hands CloudTrail's events over within
/// minutes, mostly, and a trail's file comes within a quarter of an hour (FORMATS 5.5, 6).
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// How what is compares with what was last known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is there, and nothing was known of it.
    First,
    /// It is as it was, or still not there.
    Same,
    /// It is not as it was: something else, gone, or there again.
    Different,
}

/// Compares what was found, `None` where it is not there, with what was last known.
pub fn sight(known: Option<&State>, found: Option<&Document>) -> Sight {
    match (known, found) {
        (None, None) => Sight::Same,
        (None, Some(_)) => Sight::First,
        (Some(known), None) if known.is_tombstone => Sight::Same,
        (Some(known), Some(found)) if !known.is_tombstone && known.sha256 == *found.sha256() => Sight::Same,
        (Some(_), _) => Sight::Different,
    }
}

/// When a difference came about, as far as the document says so: a moment that is no later than the known state is that of
/// something else, since the whole goes back to the date of another part where the latest one is taken away.
pub fn dated(known: &State, found: Option<&Document>) -> Option<Timestamp> {
    found?.updated_at().filter(|at| *at > known.moment())
}

/// Whether a document is not as it was although the service says that nobody changed it: then the service answers in another
/// form, with a member that is new to its API, say. The dates of an agent or a flow are those of its parts, and it may lose a
/// part without a trace in them: there only what came in addition counts.
pub fn is_restated(known: &State, found: Option<&Document>) -> bool {
    use SubjectKind::{Agent, DataSource, Flow, Guardrail, InferenceProfile, KnowledgeBase, Prompt};
    let Some(found) = found.filter(|found| !known.is_tombstone && found.updated_at().is_some()) else {
        return false;
    };
    let before = Document::of(known.subject.kind, &known.document);
    let is_undated = before.updated_at() == found.updated_at();
    match known.subject.kind {
        DataSource | Guardrail | InferenceProfile | KnowledgeBase | Prompt => is_undated,
        Agent | Flow => {
            let compared = compare(known.subject.kind, Known::Present(&before), Known::Present(found));
            is_undated && compared.left_out == 0 && compared.fields.iter().all(|field| field.before.is_none())
        }
        _ => false,
    }
}

/// Whether a difference that is so old can be judged.
pub fn is_due(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) > PATIENCE
}

/// A difference that is old enough.
#[derive(Clone, Copy, Debug)]
pub struct Difference<'a> {
    /// What is different.
    pub subject: &'a Subject,
    /// What was last known of it.
    pub known: &'a State,
    /// What was found; `None` where it is gone.
    pub found: Option<&'a Document>,
    /// When it came about: as the document says, else when it was first seen.
    pub occurred_at: Timestamp,
}

impl Difference<'_> {
    /// Whether a recorded change, of which this is known, is behind the difference: one at the moment that the document
    /// says, or one since the known state was read that this state does not show yet.
    pub fn is_explained_by(&self, change: &Change, diff: Option<&Diff>) -> bool {
        let known = self.known;
        if change.outcome != Outcome::Succeeded
            || change.origin == Origin::Baseline
            || change.event_id == known.cause
            || !self.is_meant_by(change)
        {
            return false;
        }
        let dated = dated(known, self.found);
        let at = change.occurred_at;
        if dated.is_some_and(|moment| !is_after(moment, at) && !is_after(at, moment)) {
            return true;
        }
        let shown = |diff: &Diff| diff.is_final() && diff.state_after.as_ref() == Some(&known.sha256);
        let is_shown = dated.is_some() && diff.is_some_and(shown);
        !is_after(known.observed_at, at) && !is_shown
    }

    fn is_meant_by(&self, change: &Change) -> bool {
        let version = change.resource.version.as_deref();
        let is_of_version = version.is_none_or(|version| version == self.subject.version());
        if self.found.is_some() {
            return is_of_version;
        }
        // the whole takes its versions, and what hangs on it, along
        let kind = change.resource.kind.trim_end_matches("-version");
        let of = |resource: &Resource| resource.kind == kind && resource.id == change.resource.id;
        let is_whole = of(&self.subject.resource) || self.subject.parent().is_some_and(|parent| of(&parent));
        change.event_name.starts_with("Delete") && is_whole && (is_of_version || version == Some("DRAFT"))
    }

    /// The full names of what has to be looked up: the resource, its parts, and what it hangs on.
    pub fn names(&self) -> Vec<String> {
        let resource = &self.subject.resource;
        let found = self.found.map(Document::normal);
        let documents: Vec<_> = std::iter::once(&self.known.document).chain(found).collect();
        let named = |kind: &str, id: &str| {
            let (kind, id) = (kind.to_owned(), id.to_owned());
            Resource { kind, id, ..resource.clone() }.to_string()
        };
        let parts = names_of_parts(self.subject.kind, &resource.id, &documents);
        let mut names = vec![resource.to_string()];
        names.extend(parts.iter().map(|(kind, id)| named(kind, id)));
        names.extend(self.subject.parent().map(|parent| parent.to_string()));
        names
    }

    /// The drift as a change of which nobody is known, and what is kept as its evidence: no text of the resource.
    ///
    /// The same drift is the same change, however often it is noticed: it is known by the resource, by both states, and by
    /// when it came about.
    pub fn noticed(&self) -> (Change, Vec<u8>) {
        let Self { subject, known, found, occurred_at } = self;
        let after = found.map_or("gone", |document| document.sha256().as_str());
        let at = time::rfc3339(*occurred_at);
        let raw = json!({
            "noticed": DRIFT,
            "resource": subject.resource.to_string(),
            "version": subject.version(),
            "arn": subject.resource.arn,
            "state_before": known.sha256.as_str(),
            "state_before_read_at": time::rfc3339(known.observed_at),
            "state_after": after,
            "updated_at": dated(known, *found).map(time::rfc3339),
            "since": at,
        });
        let raw = raw.to_string().into_bytes();
        let identity = format!("{}@{} {} {after} {at}", subject.resource, subject.version(), known.sha256);
        let severity = call_severity(subject, found.is_none());
        let version = Some(subject.version().to_owned());
        let resource = Resource { version, ..subject.resource.clone() };
        (Change::noticed(DRIFT, resource, severity, *occurred_at, &identity, &raw), raw)
    }
}

/// How much the call matters that would do such a thing: that of the table of operations.
fn call_severity(subject: &Subject, is_gone: bool) -> Severity {
    let verbs: &[&str] = if is_gone { &["Delete"] } else { &["Update", "Put"] };
    let calls = operations::watched().filter(|operation| {
        operation.kind.name == subject.resource.kind
            && verbs.iter().any(|verb| operation.event_name.starts_with(verb))
    });
    calls.map(|operation| operation.severity).max().unwrap_or(operations::UNKNOWN_SEVERITY)
}

impl Subject {
    /// What it hangs on, and goes with: the knowledge base of a data source, the guardrail of a policy.
    fn parent(&self) -> Option<Resource> {
        let (kind, id) = match self.kind {
            SubjectKind::DataSource => ("knowledge-base", self.resource.id.split_once(':')?.0),
            SubjectKind::ResourcePolicy => ("guardrail", self.resource.id.as_str()),
            _ => return None,
        };
        Some(Resource {
            kind: kind.to_owned(),
            id: id.to_owned(),
            version: None,
            arn: None,
            ..self.resource.clone()
        })
    }
}

#[cfg(test)]
mod tests;
