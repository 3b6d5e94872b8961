//! `explain`: everything about one request.

use audit_domain::{
    attribution::Attribution,
    change::{Change, amended},
    invocation::Invocation,
    ledger::record::{Call, Diff, Link, Record, Source, SourceOrigin},
    passage::Certainty,
    sources::JoinedSource,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    ChangeQuery, InForce, changes,
    changes::with_diffs,
    enforced_guardrail, in_force,
    links::{Center, links},
    passages::{documents, joined},
};
use crate::ports::{
    PortError, QueryNotedResources, QueryRecords, QueryResourceStates, QuerySources, QueryStates, Span,
};

/// Changes so long before an invocation are shown with it.
pub const SHORTLY_BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// So many changes before an invocation are shown with it, the newest.
const SHOWN_BEFORE: usize = 20;

/// The whole decision context of one request.
#[derive(Debug, Default)]
pub struct Explanation {
    /// The invocation; more than one where records with the same request id differ.
    pub invocations: Vec<(Invocation, Option<String>)>,
    /// Whether they differ in what matters.
    pub conflict: bool,
    /// The retrieved passages, with their documents.
    pub sources: Vec<JoinedSource>,
    /// The responses that applications sent, as wholes.
    pub attributions: Vec<Attribution>,
    /// Other requests that belong to it.
    pub links: Vec<Link>,
    /// So many more of these there are, at least.
    pub links_left_out: usize,
    /// The same request in CloudTrail.
    pub calls: Vec<Call>,
    /// Changes by this request, and changes shortly before it.
    pub changes: Vec<(Change, Option<Diff>)>,
    /// What was in force for each of the invocations, in their order.
    pub in_force: Vec<InForce>,
    /// Whether texts were asked for: where not, nothing is known from their absence.
    pub shows_texts: bool,
}

/// Explains a request; `None` where the ledger has nothing of it.
///
/// # Errors
/// Of the ports.
pub async fn explain(
    request_id: &str,
    ledger: &(impl QueryRecords + QueryStates + QueryResourceStates + QueryNotedResources + QuerySources),
) -> Result<Option<Explanation>, PortError> {
    let Some(mut explanation) = gathered(request_id, ledger).await? else { return Ok(None) };
    explanation.shows_texts = ledger.shows_texts();
    for (invocation, text) in &mut explanation.invocations {
        if let Some(id) = &invocation.system_prompt.id {
            *text = ledger.prompt_text(id.as_str()).await?;
        }
    }
    for (invocation, _) in &mut explanation.invocations {
        if invocation.guardrail.certainty == Certainty::Unknown
            && let Some(enforced) = enforced_guardrail(invocation, ledger).await?
        {
            invocation.guardrail = enforced;
        }
        explanation.in_force.push(in_force(invocation, ledger).await?);
    }
    if let Some((invocation, _)) = explanation.invocations.first() {
        let before = changes_before(invocation, ledger).await?;
        explanation.changes.extend(before);
    }
    Ok(Some(explanation))
}

/// What the ledger has of the request itself, with the documents of its passages and the requests that belong to it.
pub(crate) async fn gathered(
    request_id: &str,
    ledger: &(impl QueryRecords + QuerySources),
) -> Result<Option<Explanation>, PortError> {
    let records = ledger.records_of(request_id).await?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut explanation = Explanation::default();
    let (mut own, mut diffs, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        match record {
            Record::Invocation(invocation) => explanation.invocations.push((*invocation, None)),
            Record::Source(source) => sources.push(*source),
            Record::Attribution(attribution) => explanation.attributions.push(*attribution),
            Record::Link(link) => explanation.links.push(link),
            Record::Call(call) => explanation.calls.push(*call),
            Record::Change(change) => own.push(*change),
            Record::Diff(diff) => diffs.push(*diff),
            Record::Alert(_) => {}
        }
    }
    without_copies(&mut explanation.invocations, &mut sources);
    explanation.invocations.sort_by_key(|(invocation, _)| invocation.occurred_at);
    explanation.conflict = differ(&explanation.invocations);
    explanation.changes = with_diffs(amended(own), diffs);
    retrieved(request_id, &sources, &mut explanation, ledger).await?;
    Ok(Some(explanation))
}

/// What was retrieved for the answer, and which other requests belong to it.
async fn retrieved(
    request_id: &str,
    sources: &[Source],
    explanation: &mut Explanation,
    ledger: &(impl QueryRecords + QuerySources),
) -> Result<(), PortError> {
    let documents = documents(sources, ledger).await?;
    let known = documents.values().flat_map(|documents| &documents.found);
    let center = Center {
        request_id,
        invocation: explanation.invocations.first().map(|(invocation, _)| invocation),
        attributions: &explanation.attributions,
        sources,
        knowledge_bases: known.filter_map(|seen| seen.knowledge_base_id.clone()).collect(),
    };
    let found = links(&center, ledger).await?;
    explanation.sources = joined(sources, &found.sources, &documents);
    explanation.links.extend(found.links);
    explanation.links_left_out = found.left_out;
    Ok(())
}

/// Where a record came by two ways at the same moment, both are in the ledger. They are one invocation: the one that tells more.
fn without_copies(invocations: &mut Vec<(Invocation, Option<String>)>, sources: &mut Vec<Source>) {
    let mut dropped = Vec::new();
    for (invocation, text) in std::mem::take(invocations) {
        let is_same = |(known, _): &&mut (Invocation, _)| {
            known.content.is_some() && known.content == invocation.content
        };
        let copy = match invocations.iter_mut().find(is_same) {
            Some((known, _)) if known.tells_all_of(&invocation) => invocation,
            Some((known, _)) => std::mem::replace(known, invocation),
            None => {
                invocations.push((invocation, text));
                continue;
            }
        };
        dropped.push(copy.evidence.sha256);
    }
    sources.retain(|source| source.origin != SourceOrigin::Prompt || !dropped.contains(&source.carrier));
}

/// Whether records of one request id disagree in what matters.
fn differ(invocations: &[(Invocation, Option<String>)]) -> bool {
    invocations.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a.disagrees_with(b)))
}

async fn changes_before(
    invocation: &Invocation,
    ledger: &impl QueryRecords,
) -> Result<Vec<(Change, Option<Diff>)>, PortError> {
    let until = invocation.occurred_at;
    let since = until.checked_sub(SHORTLY_BEFORE).unwrap_or(Timestamp::MIN);
    let query = ChangeQuery { span: Some(Span { since, until }), ..ChangeQuery::default() };
    let mut changes = changes(&query, until, ledger).await?;
    // deleted logs say nothing of an answer, and a flood of them would hide what does
    changes.retain(|(change, _)| {
        let is_here = change.account_id == invocation.account_id && change.region == invocation.region;
        is_here && change.alert_group().is_none()
    });
    changes.truncate(SHOWN_BEFORE);
    Ok(changes)
}
