//! `states`: what a resource looked like.

use std::collections::BTreeMap;

use audit_domain::{
    change::{Change, Outcome, Resource},
    guardrail::GuardrailFinding,
    invocation::{Invocation, is_prompt_resource},
    ledger::state::noted_subject,
    passage::Certainty,
    state::{State, Subject},
    time,
};
use jiff::Timestamp;

use super::{
    ChangeQuery,
    changes::{ResourceName, changes},
};
use crate::ports::{PortError, QueryNotedResources, QueryRecords, QueryResourceStates, Span};

/// The states of a resource, oldest first; at a moment those in force then, one for each of its versions.
///
/// A version of a resource is known here once something of it was changed, or a baseline saw it; then it has to be named
/// with its account and region, or be one of which something was changed.
///
/// # Errors
/// Of the ports.
pub async fn states(
    resource: &str,
    at: Option<Timestamp>,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryResourceStates + QueryNotedResources),
) -> Result<Vec<State>, PortError> {
    let query = ChangeQuery { resource: Some(resource.to_owned()), ..ChangeQuery::default() };
    let found = changes(&query, now, ledger).await?;
    let mut known = versions(found.iter().map(|(change, _)| change));
    let named = ResourceName::parse(resource).resources();
    for of in known.clone().into_iter().chain(named) {
        let Some(Subject { resource: of, .. }) = Subject::of_resource(&of) else { continue };
        known.extend(noted(&of, Some(&of.id), ledger).await?);
    }
    let mut states = Vec::new();
    for resource in different(known) {
        match at {
            None => states.extend(ledger.resource_states(&resource).await?),
            Some(moment) => states.extend(state_at(&resource, moment, ledger).await?),
        }
    }
    states.sort_by_key(|state| (state.key().version, state.subject.version().to_owned()));
    Ok(states)
}

/// Every version that these changes touched, and the drafts of new ones.
fn versions<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<Resource> {
    let mut found = Vec::new();
    for change in changes {
        let Some(subject) = Subject::of(change) else { continue };
        let draft = subject.draft_of_new_version(change);
        found.extend([Some(subject), draft].into_iter().flatten().map(|subject| subject.resource));
    }
    different(found)
}

/// Each version of each resource once.
fn different(resources: Vec<Resource>) -> Vec<Resource> {
    let key = |resource: &Resource| {
        (resource.to_string(), resource.version.clone().unwrap_or_else(|| "DRAFT".to_owned()))
    };
    let by_name: BTreeMap<_, _> = resources.into_iter().map(|resource| (key(&resource), resource)).collect();
    by_name.into_values().collect()
}

/// The resources of a kind that a baseline saw in an account and region; the versions of one where its id is given.
async fn noted(
    of_kind: &Resource,
    id: Option<&str>,
    ledger: &impl QueryNotedResources,
) -> Result<Vec<Resource>, PortError> {
    const PAGE: usize = 100;
    let list = noted_subject(&of_kind.account_id, &of_kind.region, &of_kind.kind);
    let mut after = id.map(|id| format!("{id}@"));
    let mut found = Vec::new();
    loop {
        let (page, next) = ledger.noted_resources(&list, after.as_deref(), PAGE).await?;
        let is_it = |resource: &Resource| id.is_none_or(|id| resource.id == id);
        // they are in the order of their ids
        let is_past = page.iter().any(|noted| !is_it(&noted.resource));
        found.extend(page.into_iter().map(|noted| noted.resource).filter(is_it));
        match next {
            Some(next) if !is_past => after = Some(next),
            _ => return Ok(found),
        }
    }
}

/// What a resource looked like at a moment: its newest state until then.
///
/// # Errors
/// Of the ports.
pub async fn state_at(
    resource: &Resource,
    moment: Timestamp,
    ledger: &impl QueryResourceStates,
) -> Result<Option<State>, PortError> {
    // behind every state of that moment, and before the next
    let below = format!("{}#~", time::rfc3339(moment));
    ledger.newest_resource_state(resource, Some(&below)).await
}

/// What was in force when a call was made, as far as its configuration is known.
#[derive(Debug, Default)]
pub struct InForce {
    /// The guardrail, and how certain it is that it looked like this.
    pub guardrail: Option<(State, Certainty)>,
    /// Who changed that guardrail last before, any version of it.
    pub last_change: Option<Change>,
    /// The prompt of Prompt management that was called as the model.
    pub prompt: Option<State>,
}

/// What was in force for an invocation.
///
/// # Errors
/// Of the ports.
pub async fn in_force(
    invocation: &Invocation,
    ledger: &(impl QueryRecords + QueryResourceStates),
) -> Result<InForce, PortError> {
    let guardrail = match guardrail_of(invocation) {
        Some(resource) => guardrail_at(&resource, invocation.occurred_at, ledger).await?,
        None => None,
    };
    let last_change = match &invocation.guardrail.id {
        Some(id) => last_change(&named(invocation, "guardrail", id, "DRAFT"), invocation, ledger).await?,
        None => None,
    };
    let prompt = match prompt_of(invocation) {
        Some(resource) => state_at(&resource, invocation.occurred_at, ledger).await?,
        None => None,
    };
    Ok(InForce { guardrail, last_change, prompt })
}

async fn last_change(
    guardrail: &Resource,
    invocation: &Invocation,
    ledger: &impl QueryRecords,
) -> Result<Option<Change>, PortError> {
    let until = invocation.occurred_at;
    let query = ChangeQuery {
        resource: Some(guardrail.to_string()),
        outcome: Some(Outcome::Succeeded),
        span: Some(Span { since: super::everything(until).since, until }),
        ..ChangeQuery::default()
    };
    Ok(changes(&query, until, ledger).await?.into_iter().next().map(|(change, _)| change))
}

/// A numbered version never changes: whenever it was read, that is what it was. A draft may have been changed by
/// somebody of whom nothing is known here.
async fn guardrail_at(
    resource: &Resource,
    moment: Timestamp,
    ledger: &impl QueryResourceStates,
) -> Result<Option<(State, Certainty)>, PortError> {
    let is_numbered = resource.version.as_deref().is_some_and(|version| version != "DRAFT");
    if is_numbered {
        let state = ledger.newest_resource_state(resource, None).await?;
        return Ok(state.map(|state| (state, Certainty::Recorded)));
    }
    Ok(state_at(resource, moment, ledger).await?.map(|state| (state, Certainty::Inferred)))
}

fn guardrail_of(invocation: &Invocation) -> Option<Resource> {
    let GuardrailFinding { id: Some(id), version: Some(version), .. } = &invocation.guardrail else {
        return None;
    };
    Some(named(invocation, "guardrail", id, version))
}

fn prompt_of(invocation: &Invocation) -> Option<Resource> {
    let arn = Some(&invocation.model_id).filter(|model| is_prompt_resource(model))?;
    let (id, version) = audit_domain::change::split_identifier(arn);
    Some(named(invocation, "prompt", id, version.unwrap_or("DRAFT")))
}

fn named(invocation: &Invocation, kind: &str, id: &str, version: &str) -> Resource {
    Resource {
        account_id: invocation.account_id.clone(),
        region: invocation.region.clone(),
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: Some(version.to_owned()),
        arn: None,
    }
}

/// The guardrail that was enforced for all calls of an account and region at a moment, where exactly one is known.
///
/// # Errors
/// Of the ports.
pub async fn enforced_guardrail(
    invocation: &Invocation,
    ledger: &(impl QueryRecords + QueryResourceStates + QueryNotedResources),
) -> Result<Option<GuardrailFinding>, PortError> {
    let moment = invocation.occurred_at;
    let span = Span { since: super::everything(moment).since, until: moment };
    let query = ChangeQuery {
        kind: Some("enforced-guardrail-configuration".to_owned()),
        span: Some(span),
        ..ChangeQuery::default()
    };
    let found = changes(&query, moment, ledger).await?;
    let here = found
        .iter()
        .map(|(change, _)| change)
        .filter(|change| change.account_id == invocation.account_id && change.region == invocation.region);
    let mut candidates = Vec::new();
    let of_kind = named(invocation, "enforced-guardrail-configuration", "", "DRAFT");
    let known = versions(here).into_iter().chain(noted(&of_kind, None, ledger).await?).collect();
    for resource in different(known) {
        let state = state_at(&resource, moment, ledger).await?;
        candidates.extend(state.filter(|state| !state.is_tombstone));
    }
    // which guardrail is enforced stands in the document: without one it is not known
    if candidates.iter().any(|state| state.document.is_null()) {
        return Ok(None);
    }
    Ok(match candidates.as_slice() {
        [one] => Some(finding(one, invocation)),
        _ => None,
    })
}

fn finding(enforced: &State, invocation: &Invocation) -> GuardrailFinding {
    let text = |name: &str| enforced.document.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    GuardrailFinding {
        certainty: Certainty::Inferred,
        id: text("guardrailId"),
        version: text("guardrailVersion"),
        action: invocation.guardrail.action.clone(),
        basis: Some(format!(
            "{} was in force then, and no other is known",
            enforced.subject.resource.short()
        )),
    }
}
