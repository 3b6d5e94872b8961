//! `invocations`: which answers were affected.

use std::collections::BTreeSet;

use audit_domain::{
    guardrail,
    ledger::record::{InvocationLine, Record, SHARDS},
    principal::Principal,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{CONCURRENCY, NotAsked, days, everything, months, sources};
use crate::ports::{FindRecords, PortError, QueryRecords, QuerySources, QueryStates, Span};

/// Which invocations are asked for.
#[derive(Clone, Debug, Default)]
pub struct InvocationQuery {
    /// The ARN, the name, or a part of either.
    pub principal: Option<String>,
    /// The model id, or a part of it.
    pub model: Option<String>,
    /// The system prompt's id, or its beginning.
    pub system_prompt: Option<String>,
    /// The guardrail.
    pub guardrail: GuardrailFilter,
    /// A document that was in the context, by its URI, or all below a prefix.
    pub source: Option<String>,
    /// When; everything where it is absent.
    pub span: Option<Span>,
}

/// What is asked for of the guardrail.
#[derive(Clone, Debug, Default)]
pub enum GuardrailFilter {
    /// Nothing.
    #[default]
    Any,
    /// This one, by its id or ARN.
    This(String),
    /// None is known.
    NoneKnown,
}

impl InvocationQuery {
    /// Whether a line of the list is asked for, as far as the line tells.
    pub(super) fn takes(&self, line: &InvocationLine) -> bool {
        let holds = |wanted: &Option<String>, test: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(test);
        holds(&self.principal, &|who| Principal::from_arn(&line.principal).matches(who))
            && holds(&self.model, &|model| line.model_id.to_lowercase().contains(&model.to_lowercase()))
            && holds(&self.system_prompt, &|id| {
                line.system_prompt_id.as_deref().is_some_and(|known| known.starts_with(&id.to_lowercase()))
            })
            && match &self.guardrail {
                GuardrailFilter::Any => true,
                GuardrailFilter::This(id) => line.guardrail_id.as_deref() == Some(guardrail::id_of(id)),
                GuardrailFilter::NoneKnown => line.guardrail_id.is_none(),
            }
    }
}

/// The invocations that were asked for, newest first.
///
/// # Errors
/// The document that is asked for is a prefix of too much, or a port fails.
pub async fn invocations(
    query: &InvocationQuery,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates + QuerySources + FindRecords),
) -> Result<Vec<InvocationLine>, NotAsked> {
    let mut found = match &query.source {
        Some(uri) => with_source(query, uri, ledger).await?,
        None => by_time(query, now, ledger).await?,
    };
    found.sort_by(|a, b| (b.occurred_at, &b.request_id).cmp(&(a.occurred_at, &a.request_id)));
    // the same call, if it came by two ways
    found.dedup();
    Ok(found)
}

async fn by_time(
    query: &InvocationQuery,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<InvocationLine>, PortError> {
    let span = query.span.unwrap_or_else(|| everything(now));
    // what is not asked for is let go bucket by bucket: a span may hold millions
    let kept = by_bucket(span, ledger, |mut lines| {
        lines.retain(|line| query.takes(line));
        lines
    });
    Ok(kept.await?.into_iter().flatten().collect())
}

/// A span of so many days is asked about day by day; for a longer one it is first asked on which days there was anything.
const ASKED_DAY_BY_DAY: usize = 31;

/// What is made of every invocation of a span: of those of a day and shard at a time, in no order. One that came by two ways
/// is one.
pub(super) async fn by_bucket<T>(
    span: Span,
    ledger: &(impl QueryRecords + QueryStates),
    make: impl Fn(Vec<InvocationLine>) -> T,
) -> Result<Vec<T>, PortError> {
    let asked = asked_days(span, ledger).await?;
    let buckets = asked.into_iter().flat_map(|day| (0..SHARDS).map(move |shard| (day.clone(), shard)));
    stream::iter(buckets)
        .map(|(day, shard)| async move { ledger.invocations_in(&day, shard, span).await })
        .buffered(CONCURRENCY)
        .map_ok(|mut lines| {
            lines.dedup();
            make(lines)
        })
        .try_collect()
        .await
}

/// The days of a span that may hold invocations.
pub(super) async fn asked_days(span: Span, ledger: &impl QueryStates) -> Result<Vec<String>, PortError> {
    let mut asked = days(span);
    if asked.len() > ASKED_DAY_BY_DAY {
        let listed: Vec<Vec<String>> = stream::iter(months(span))
            .map(|month| async move { ledger.invocation_days(&month).await })
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        let listed: BTreeSet<String> = listed.into_iter().flatten().collect();
        asked.retain(|day| listed.contains(day));
    }
    Ok(asked)
}

/// The model calls that had a document in their context.
async fn with_source(
    query: &InvocationQuery,
    uri: &str,
    ledger: &(impl QueryRecords + QuerySources + FindRecords),
) -> Result<Vec<InvocationLine>, NotAsked> {
    let used = sources(uri, query.span, usize::MAX, ledger).await?;
    let looked_up =
        stream::iter(used.answers).map(|used| async move { ledger.records_of(&used.request_id).await });
    let records: Vec<Vec<Record>> = looked_up.buffered(CONCURRENCY).try_collect().await?;
    let lines = records.into_iter().flatten().filter_map(|record| match record {
        Record::Invocation(invocation) => Some(InvocationLine::of(&invocation)),
        _ => None,
    });
    Ok(lines.filter(|line| query.takes(line)).collect())
}
