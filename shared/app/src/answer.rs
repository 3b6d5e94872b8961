//! The questions that the ledger answers.

use std::collections::BTreeMap;

use audit_domain::{
    change::{Change, Outcome, Resource, split_identifier},
    invocation::Invocation,
    ledger::{
        record::{Call, ChangeLine, Diff, Link, Record, SHARDS, Source},
        state::Sighting,
    },
    principal::Principal,
    time,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::Offset};

use crate::ports::{PortError, QueryRecords, QueryStates, Span};

/// So many queries run at a time.
const CONCURRENCY: usize = 16;
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
    /// The retrieved passages.
    pub sources: Vec<Source>,
    /// Other requests that belong to it.
    pub links: Vec<Link>,
    /// The same request in CloudTrail.
    pub calls: Vec<Call>,
    /// Changes by this request, and changes shortly before it.
    pub changes: Vec<(Change, Option<Diff>)>,
}

/// Explains a request; `None` where the ledger has nothing of it.
///
/// # Errors
/// Of the ports.
pub async fn explain(
    request_id: &str,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Option<Explanation>, PortError> {
    let records = ledger.records_of(request_id).await?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut explanation = Explanation::default();
    let mut own = Vec::new();
    let mut diffs = Vec::new();
    for record in records {
        match record {
            Record::Invocation(invocation) => explanation.invocations.push((*invocation, None)),
            Record::Source(source) => explanation.sources.push(*source),
            Record::Link(link) => explanation.links.push(link),
            Record::Call(call) => explanation.calls.push(*call),
            Record::Change(change) => own.push(*change),
            Record::Diff(diff) => diffs.push(*diff),
            Record::Alert(_) => {}
        }
    }
    explanation.invocations.sort_by_key(|(invocation, _)| invocation.occurred_at);
    explanation.conflict = differ(&explanation.invocations);
    for (invocation, text) in &mut explanation.invocations {
        if let Some(id) = &invocation.system_prompt.id {
            *text = ledger.prompt_text(id.as_str()).await?;
        }
    }
    explanation.changes = with_diffs(own, diffs);
    if let Some((invocation, _)) = explanation.invocations.first() {
        let before = changes_before(invocation, ledger).await?;
        explanation.changes.extend(before);
    }
    Ok(Some(explanation))
}

/// Whether records of one request id disagree in what matters.
fn differ(invocations: &[(Invocation, Option<String>)]) -> bool {
    let same = |(a, _): &(Invocation, Option<String>), (b, _): &(Invocation, Option<String>)| {
        a.occurred_at == b.occurred_at
            && a.operation == b.operation
            && a.model_id == b.model_id
            && a.principal == b.principal
            && a.error_code == b.error_code
            && a.tokens == b.tokens
            && a.system_prompt.id == b.system_prompt.id
    };
    invocations.windows(2).any(|pair| matches!(pair, [a, b] if !same(a, b)))
}

async fn changes_before(
    invocation: &Invocation,
    ledger: &impl QueryRecords,
) -> Result<Vec<(Change, Option<Diff>)>, PortError> {
    let until = invocation.occurred_at;
    let since = until.checked_sub(SHORTLY_BEFORE).unwrap_or(Timestamp::MIN);
    let query = ChangeQuery { span: Some(Span { since, until }), ..ChangeQuery::default() };
    let mut changes = changes(&query, until, ledger).await?;
    changes.retain(|(change, _)| {
        change.account_id == invocation.account_id && change.region == invocation.region
    });
    changes.truncate(SHOWN_BEFORE);
    Ok(changes)
}

/// Which changes are asked for.
#[derive(Clone, Debug, Default)]
pub struct ChangeQuery {
    /// `guardrail/abc123`, an ARN, or the full form.
    pub resource: Option<String>,
    /// The resource kind.
    pub kind: Option<String>,
    /// The ARN, the name, or a part of either.
    pub principal: Option<String>,
    /// What became of the call.
    pub outcome: Option<Outcome>,
    /// When; everything where it is absent.
    pub span: Option<Span>,
}

/// The changes that were asked for, newest first, with what is known of their content.
///
/// # Errors
/// Of the ports.
pub async fn changes(
    query: &ChangeQuery,
    now: Timestamp,
    ledger: &impl QueryRecords,
) -> Result<Vec<(Change, Option<Diff>)>, PortError> {
    let span = query.span.unwrap_or_else(|| everything(now));
    let wanted = query.resource.as_deref().map(ResourceName::parse);
    let lines = match wanted.as_ref().and_then(ResourceName::ledger_names) {
        Some(names) => changes_of(&names, span, ledger).await?,
        None => changes_by_time(span, ledger).await?,
    };
    let mut requests: Vec<String> = lines
        .into_iter()
        .filter(|line| query.kind.as_deref().is_none_or(|kind| kind_matches(&line.resource_kind, kind)))
        .map(|line| line.request_id)
        .collect();
    requests.sort();
    requests.dedup();
    let found: Vec<Vec<Record>> = stream::iter(requests)
        .map(|request_id| async move { ledger.records_of(&request_id).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let (mut changes, mut diffs) = (Vec::new(), Vec::new());
    for record in found.into_iter().flatten() {
        match record {
            Record::Change(change) => changes.push(*change),
            Record::Diff(diff) => diffs.push(*diff),
            _ => {}
        }
    }
    changes.retain(|change| {
        span.holds(change.occurred_at)
            && query.kind.as_deref().is_none_or(|kind| kind_matches(&change.resource.kind, kind))
            && query.outcome.is_none_or(|outcome| change.outcome == outcome)
            && query.principal.as_deref().is_none_or(|who| change.principal.matches(who))
            && wanted.as_ref().is_none_or(|name| name.matches(&change.resource))
    });
    changes.sort_by(|a, b| (b.occurred_at, &b.event_id).cmp(&(a.occurred_at, &a.event_id)));
    Ok(with_diffs(changes, diffs))
}

fn with_diffs(changes: Vec<Change>, diffs: Vec<Diff>) -> Vec<(Change, Option<Diff>)> {
    let mut by_event: BTreeMap<String, Diff> =
        diffs.into_iter().map(|diff| (diff.event_id.clone(), diff)).collect();
    changes
        .into_iter()
        .map(|change| {
            let diff = by_event.remove(&change.event_id);
            (change, diff)
        })
        .collect()
}

async fn changes_of(
    names: &[String],
    span: Span,
    ledger: &impl QueryRecords,
) -> Result<Vec<ChangeLine>, PortError> {
    let mut lines = Vec::new();
    for name in names {
        lines.extend(ledger.changes_of(name, span).await?);
    }
    Ok(lines)
}

async fn changes_by_time(span: Span, ledger: &impl QueryRecords) -> Result<Vec<ChangeLine>, PortError> {
    let months: Vec<Vec<ChangeLine>> = stream::iter(months(span))
        .map(|month| async move { ledger.changes_in(&month, span).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(months.into_iter().flatten().collect())
}

/// A kind, and the versions of its resources: `guardrail` means `guardrail-version`, too.
fn kind_matches(kind: &str, wanted: &str) -> bool {
    kind == wanted || kind.strip_suffix("-version") == Some(wanted)
}

/// A resource as somebody typed it.
struct ResourceName {
    account_and_region: Option<(String, String)>,
    kind: Option<String>,
    id: String,
    arn: Option<String>,
}

impl ResourceName {
    fn parse(typed: &str) -> Self {
        if typed.starts_with("arn:") {
            return Self::of_arn(typed);
        }
        let mut parts = typed.splitn(4, '/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(account), Some(region), Some(kind), Some(id)) => Self {
                account_and_region: Some((account.to_owned(), region.to_owned())),
                kind: Some(kind.to_owned()),
                id: id.to_owned(),
                arn: None,
            },
            (Some(kind), Some(id), None, None) => {
                Self { account_and_region: None, kind: Some(kind.to_owned()), id: id.to_owned(), arn: None }
            }
            _ => Self { account_and_region: None, kind: None, id: typed.to_owned(), arn: None },
        }
    }

    fn of_arn(arn: &str) -> Self {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let part = |nth: usize| parts.get(nth).copied().unwrap_or_default();
        let (kind, _) = part(5).split_once('/').unwrap_or((part(5), ""));
        let (id, _version) = split_identifier(arn);
        Self {
            account_and_region: Some((part(4).to_owned(), part(3).to_owned())),
            kind: Some(kind.to_owned()),
            id: id.to_owned(),
            arn: Some(arn.to_owned()),
        }
    }

    /// The partitions of `by-resource` to ask, where the name says enough.
    fn ledger_names(&self) -> Option<Vec<String>> {
        let (account, region) = self.account_and_region.as_ref()?;
        let kind = self.kind.as_ref()?;
        let name = |kind: &str| format!("{account}/{region}/{kind}/{}", self.id);
        let mut names = vec![name(kind), name(&format!("{kind}-version"))];
        if self.arn.is_some() {
            names.push(name("resource-policy"));
        }
        Some(names)
    }

    fn matches(&self, resource: &Resource) -> bool {
        let same_place = self
            .account_and_region
            .as_ref()
            .is_none_or(|(account, region)| *account == resource.account_id && *region == resource.region);
        let same_kind = self.kind.as_deref().is_none_or(|kind| {
            kind_matches(&resource.kind, kind)
                || (self.arn.is_some() && resource.kind == "resource-policy" && self.arn == resource.arn)
        });
        same_place && same_kind && self.id == resource.id
    }
}

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
    let span = query.span.unwrap_or_else(|| everything(now));
    let sightings = match query.principal.as_deref() {
        Some(arn) if arn.starts_with("arn:") => {
            let caller = Principal::from_arn(arn);
            let (from, to) = (time::day(span.since), time::day(span.until));
            ledger.caller_sightings(caller.caller(), &from, &to).await?
        }
        Some(name) => sightings_by_name(name, span, ledger).await?,
        None => listed_prompts(span, ledger).await?,
    };
    let mut by_id: BTreeMap<String, Sighting> = BTreeMap::new();
    for sighting in sightings.into_iter().filter(|s| s.last_seen >= span.since && s.first_seen < span.until) {
        match by_id.get_mut(&sighting.system_prompt_id) {
            Some(known) => known.merge(&sighting),
            None => {
                by_id.insert(sighting.system_prompt_id.clone(), sighting);
            }
        }
    }
    let mut prompts: Vec<_> = by_id.into_values().collect();
    prompts.sort_by(|a, b| (b.last_seen, &b.system_prompt_id).cmp(&(a.last_seen, &a.system_prompt_id)));
    Ok(prompts)
}

async fn listed_prompts(span: Span, ledger: &impl QueryStates) -> Result<Vec<Sighting>, PortError> {
    let listed: Vec<Vec<Sighting>> = stream::iter(months(span))
        .map(|month| async move { ledger.prompts_listed(&month).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let monthly: Vec<Sighting> = listed.into_iter().flatten().collect();
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
    ledger: &impl QueryRecords,
) -> Result<Vec<Sighting>, PortError> {
    let buckets = days(span).into_iter().flat_map(|day| (0..SHARDS).map(move |shard| (day.clone(), shard)));
    let lines: Vec<Vec<_>> = stream::iter(buckets)
        .map(|(day, shard)| async move { ledger.invocations_in(&day, shard, span).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let of_line = lines.into_iter().flatten().filter_map(|line| {
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

/// A system prompt by its id, or by the beginning of one (at least eight characters); more than one where that is not enough.
///
/// # Errors
/// Of the ports.
pub async fn prompt(
    id: &str,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<PromptAnswer>, PortError> {
    let ids = if id.len() == 64 || id.len() < 8 {
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

/// From before Bedrock's first day to a month ahead: clocks differ, and a record from tomorrow is no reason to hide it.
pub fn everything(now: Timestamp) -> Span {
    let since = Offset::UTC.to_timestamp(civil::date(2023, 4, 1).to_datetime(civil::Time::midnight()));
    Span {
        since: since.unwrap_or(Timestamp::UNIX_EPOCH),
        until: now.checked_add(time::days(31)).unwrap_or(Timestamp::MAX),
    }
}

/// The calendar months that a span touches.
fn months(span: Span) -> Vec<String> {
    let first = |moment: Timestamp| Offset::UTC.to_datetime(moment).date().first_of_month();
    let (mut month, last) = (first(span.since), first(span.until));
    let mut months = Vec::new();
    while month <= last {
        months.push(month.strftime("%Y-%m").to_string());
        match month.checked_add(1.month()) {
            Ok(next) => month = next,
            Err(_) => break,
        }
    }
    months
}

/// The days that a span touches.
fn days(span: Span) -> Vec<String> {
    let date = |moment: Timestamp| Offset::UTC.to_datetime(moment).date();
    let (mut day, last) = (date(span.since), date(span.until));
    let mut days = Vec::new();
    while day <= last {
        days.push(day.to_string());
        match day.checked_add(1.day()) {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(since: &str, until: &str) -> Span {
        Span { since: since.parse().unwrap(), until: until.parse().unwrap() }
    }

    #[test]
    fn a_span_knows_its_months_and_days() {
        let over_new_year = span("2025-12-31T23:00:00Z", "2026-01-01T01:00:00Z");
        assert_eq!(months(over_new_year), ["2025-12", "2026-01"]);
        assert_eq!(days(over_new_year), ["2025-12-31", "2026-01-01"]);
    }

    #[test]
    fn resources_are_taken_as_people_name_them() {
        let names = |typed: &str| ResourceName::parse(typed).ledger_names().map(|names| names[0].clone());
        let full = Some("1/eu-west-1/guardrail/abc".to_owned());
        assert_eq!(names("1/eu-west-1/guardrail/abc"), full);
        assert_eq!(names("arn:aws:bedrock:eu-west-1:1:guardrail/abc"), full);
        assert_eq!(names("guardrail/abc"), None);
        assert!(kind_matches("guardrail-version", "guardrail") && !kind_matches("guardrail", "prompt"));
    }
}
