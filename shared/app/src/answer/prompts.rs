//! `prompts` and `prompt`: the system prompts in use, and one of them.

use std::collections::BTreeMap;

use audit_domain::{ledger::state::Sighting, principal::Principal, time};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{CONCURRENCY, everything, invocations::by_bucket, months};
use crate::ports::{PortError, QueryRecords, QueryStates, Span};

/// Which system prompts are asked for.
#[derive(Clone, Debug, Default)]
pub struct PromptQuery {
    /// A caller's ARN (session or role), or a part of an ARN or a name.
    pub principal: Option<String>,
    /// When; everything where it is absent.
    pub span: Option<Span>,
}

/// The system prompts in use, the one seen last first; each with its first and last sighting in the span.
///
/// # Errors
/// Of the ports.
pub async fn prompts(
    query: &PromptQuery,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<Sighting>, PortError> {
    Ok(in_use(sightings(query, now, ledger).await?))
}

/// The system prompts of a caller, in the order in which they came into use: one entry for each, however often it was
/// returned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The caller: a role or user ARN.
    pub caller: String,
    /// Each with its first and last sighting in the span.
    pub prompts: Vec<Sighting>,
}

/// The timelines of the callers that are asked for, by their ARNs.
///
/// # Errors
/// Of the ports.
pub async fn timelines(
    query: &PromptQuery,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<Timeline>, PortError> {
    let mut by_caller: BTreeMap<String, Vec<Sighting>> = BTreeMap::new();
    for sighting in sightings(query, now, ledger).await? {
        by_caller.entry(sighting.caller.clone()).or_default().push(sighting);
    }
    let timelines = by_caller.into_iter().map(|(caller, sightings)| {
        let mut prompts = in_use(sightings);
        prompts.sort_by(|a, b| came_into_use(a).cmp(&came_into_use(b)));
        Timeline { caller, prompts }
    });
    Ok(timelines.collect())
}

fn came_into_use(seen: &Sighting) -> (Timestamp, &str, &str) {
    (seen.first_seen, &seen.sample_request_id, &seen.system_prompt_id)
}

/// These sightings as one for each system prompt, the one seen last first.
pub fn in_use(sightings: impl IntoIterator<Item = Sighting>) -> Vec<Sighting> {
    let mut by_id: BTreeMap<String, Sighting> = BTreeMap::new();
    for sighting in sightings {
        match by_id.get_mut(&sighting.system_prompt_id) {
            Some(known) => known.merge(&sighting),
            None => {
                by_id.insert(sighting.system_prompt_id.clone(), sighting);
            }
        }
    }
    let mut prompts: Vec<_> = by_id.into_values().collect();
    prompts.sort_by(|a, b| (b.last_seen, &b.system_prompt_id).cmp(&(a.last_seen, &a.system_prompt_id)));
    prompts
}

async fn sightings(
    query: &PromptQuery,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<Sighting>, PortError> {
    let span = query.span.unwrap_or_else(|| everything(now));
    let mut sightings = match query.principal.as_deref() {
        Some(arn) if arn.starts_with("arn:") => {
            let caller = Principal::from_arn(arn);
            let (from, to) = (time::day(span.since), time::day(span.until));
            ledger.caller_sightings(caller.caller(), &from, &to).await?
        }
        Some(name) => sightings_by_name(name, span, ledger).await?,
        None if ledger.shows_texts() => listed_prompts(span, ledger).await?,
        // days lie beside the texts: without these, a month that the span cuts is told by its invocations
        None if query.span.is_some() => sightings_by_name("", span, ledger).await?,
        None => listed_by_month(span, ledger).await?,
    };
    sightings.retain(|seen| seen.last_seen >= span.since && seen.first_seen < span.until);
    Ok(sightings)
}

async fn listed_by_month(span: Span, ledger: &impl QueryStates) -> Result<Vec<Sighting>, PortError> {
    let listed: Vec<Vec<Sighting>> = stream::iter(months(span))
        .map(|month| async move { ledger.prompts_listed(&month).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(listed.into_iter().flatten().collect())
}

async fn listed_prompts(span: Span, ledger: &impl QueryStates) -> Result<Vec<Sighting>, PortError> {
    let monthly = listed_by_month(span, ledger).await?;
    // a month that the span cuts is looked at day by day
    let whole = |s: &Sighting| s.first_seen >= span.since && s.last_seen < span.until;
    let (mut sure, cut): (Vec<_>, Vec<_>) = monthly.into_iter().partition(whole);
    let daily: Vec<Vec<Sighting>> = stream::iter(cut)
        .map(|s| async move { ledger.prompt_sightings(&s.system_prompt_id).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    sure.extend(daily.into_iter().flatten());
    Ok(sure)
}

async fn sightings_by_name(
    name: &str,
    span: Span,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<Sighting>, PortError> {
    let lines = by_bucket(span, ledger, |lines| lines).await?.into_iter().flatten();
    let of_line = lines.filter_map(|line| {
        let principal = Principal::from_arn(&line.principal);
        let id = line.system_prompt_id.filter(|_| principal.matches(name))?;
        Some(Sighting {
            system_prompt_id: id,
            first_seen: line.occurred_at,
            last_seen: line.occurred_at,
            sample_request_id: line.request_id,
            model_id: line.model_id,
            caller: principal.caller().to_owned(),
        })
    });
    Ok(of_line.collect())
}

/// One system prompt: its text, and when it was seen.
#[derive(Debug)]
pub struct PromptAnswer {
    /// The whole id.
    pub id: String,
    /// The text; absent where it was not kept (a volatile caller).
    pub text: Option<String>,
    /// First and last sighting, with a sample.
    pub seen: Option<Sighting>,
}

/// So many characters the beginning of a prompt's id must have.
pub const PROMPT_ID: usize = 8;

/// A system prompt by its id, or by the beginning of one (at least [`PROMPT_ID`] characters); more than one where that is not enough.
///
/// # Errors
/// Of the ports.
pub async fn prompt(
    id: &str,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<PromptAnswer>, PortError> {
    if !ledger.shows_texts() {
        let all = prompts(&PromptQuery::default(), now, ledger).await?;
        let named = |seen: &Sighting| {
            seen.system_prompt_id == id || (id.len() >= PROMPT_ID && seen.system_prompt_id.starts_with(id))
        };
        let found = all.into_iter().filter(named);
        return Ok(found
            .map(|seen| PromptAnswer { id: seen.system_prompt_id.clone(), text: None, seen: Some(seen) })
            .collect());
    }
    let ids = if id.len() == 64 || id.len() < PROMPT_ID {
        vec![id.to_owned()]
    } else {
        let all = prompts(&PromptQuery::default(), now, ledger).await?;
        all.into_iter().map(|s| s.system_prompt_id).filter(|known| known.starts_with(id)).collect()
    };
    let mut answers = Vec::new();
    for id in ids {
        let text = ledger.prompt_text(&id).await?;
        let seen = ledger.prompt_sightings(&id).await?.into_iter().reduce(|mut a, b| {
            a.merge(&b);
            a
        });
        if text.is_some() || seen.is_some() {
            answers.push(PromptAnswer { id, text, seen });
        }
    }
    Ok(answers)
}
