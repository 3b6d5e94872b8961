//! `report`: what happened in a window, counted page by page.

use std::collections::BTreeSet;

use audit_domain::{
    change::amended,
    ledger::{
        delivery::DeliveryLine,
        record::{ChangeLine, Record, SHARDS},
    },
    overview::{ChangeRow, CountedInvocation, Overview, PromptRow, RejectLine},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{
    CONCURRENCY, PromptQuery,
    changes::{changes_by_time, with_diffs},
    days,
    invocations::asked_days,
    prompts,
};
use crate::ports::{
    InvocationPlace, PageInvocations, PortError, QueryDeliveries, QueryRecords, QueryStates, Span,
};

/// So many requests are looked up before their changes are told.
const CHUNK: usize = 64;
/// So many system prompts are looked up for whether they are new.
const LOOKED_UP: usize = 1_000;

/// Takes every row of a window as it is met, for lists that are too long for a page.
pub trait TakeRows {
    /// A change or an attempt, in the order of time.
    ///
    /// # Errors
    /// Why it could not be taken.
    fn change(&mut self, row: &ChangeRow) -> Result<(), String>;
    /// A log object, in the order of time.
    ///
    /// # Errors
    /// Why it could not be taken.
    fn delivery(&mut self, line: &DeliveryLine) -> Result<(), String>;
    /// A value that could not be read or kept, behind its object.
    ///
    /// # Errors
    /// Why it could not be taken.
    fn reject(&mut self, line: &RejectLine) -> Result<(), String>;
    /// A system prompt in use, the one seen last first.
    ///
    /// # Errors
    /// Why it could not be taken.
    fn prompt(&mut self, row: &PromptRow) -> Result<(), String>;
}

/// Everything that is asked for it.
pub trait OverviewLedger: PageInvocations + QueryDeliveries + QueryRecords + QueryStates {}
impl<T: PageInvocations + QueryDeliveries + QueryRecords + QueryStates> OverviewLedger for T {}

/// What happened in a window. `rows` is handed every change, object and reject; what is returned holds the first of them.
///
/// # Errors
/// Of the ports, and of `rows`; a sentence.
pub async fn overview(
    span: Span,
    now: Timestamp,
    ledger: &impl OverviewLedger,
    rows: &mut impl TakeRows,
) -> Result<Overview, String> {
    let mut overview = Overview::new(span.since, span.until, now);
    let said = |error: PortError| error.to_string();
    count_invocations(&mut overview, span, ledger).await.map_err(said)?;
    count_changes(&mut overview, span, ledger, rows).await?;
    count_deliveries(&mut overview, span, ledger, rows).await?;
    count_prompts(&mut overview, span, now, ledger, rows).await?;
    overview.finish();
    Ok(overview)
}

/// A day and shard, and where its next page begins.
struct Bucket {
    day: String,
    shard: u8,
    after: Option<InvocationPlace>,
    /// The moment and request that was counted last.
    last: Option<(Timestamp, String)>,
}

/// What is counted of a page, and how many of its records are left out, since another one of the same request and moment counts.
type Page = (Vec<CountedInvocation>, u64);

impl Bucket {
    /// The next page, and what is left to be read then.
    async fn next_page(
        mut self,
        span: Span,
        ledger: &impl PageInvocations,
    ) -> Result<(Page, Option<Self>), PortError> {
        let (mut page, next) =
            ledger.invocation_page(&self.day, self.shard, span, self.after.as_ref()).await?;
        let all = page.len();
        // a bucket is in the order of time and request
        page.retain(|invocation| {
            let place = Some((invocation.occurred_at, invocation.request_id.clone()));
            let is_new = self.last != place;
            self.last = place;
            is_new
        });
        let repeated = (all - page.len()) as u64;
        Ok(((page, repeated), next.map(|after| Self { after: Some(after), ..self })))
    }
}

async fn count_invocations(
    overview: &mut Overview,
    span: Span,
    ledger: &(impl PageInvocations + QueryStates),
) -> Result<(), PortError> {
    let buckets = asked_days(span, ledger).await?.into_iter().flat_map(|day| {
        let bucket = move |shard| Bucket { day: day.clone(), shard, after: None, last: None };
        (0..SHARDS).map(bucket)
    });
    let pages = stream::iter(buckets).map(|bucket| {
        Box::pin(stream::try_unfold(Some(bucket), move |bucket| async move {
            let Some(bucket) = bucket else { return Ok(None) };
            bucket.next_page(span, ledger).await.map(Some)
        }))
    });
    let mut pages = pages.flatten_unordered(CONCURRENCY);
    while let Some((page, repeated)) = pages.try_next().await? {
        page.iter().for_each(|invocation| overview.add_invocation(invocation));
        overview.invocations.repeated += repeated;
    }
    Ok(())
}

async fn count_changes(
    overview: &mut Overview,
    span: Span,
    ledger: &(impl QueryRecords + QueryStates),
    rows: &mut impl TakeRows,
) -> Result<(), String> {
    let said = |error: PortError| error.to_string();
    let lines = changes_by_time(span, ledger).await.map_err(said)?;
    for requests in requests(lines).chunks(CHUNK) {
        for row in rows_of(requests, span, ledger).await.map_err(said)? {
            rows.change(&row)?;
            overview.add_change(row);
        }
    }
    Ok(())
}

/// The requests of changes in the order of time, each once.
fn requests(mut lines: Vec<ChangeLine>) -> Vec<String> {
    lines.sort_by(|a, b| (a.occurred_at, &a.request_id).cmp(&(b.occurred_at, &b.request_id)));
    let mut seen = BTreeSet::new();
    lines.into_iter().map(|line| line.request_id).filter(|request| seen.insert(request.clone())).collect()
}

/// The changes of these requests. What amends a change lies with it, so that each request is whole by itself.
async fn rows_of(
    requests: &[String],
    span: Span,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Vec<ChangeRow>, PortError> {
    let shows_texts = ledger.shows_texts();
    let found: Vec<Vec<Record>> = stream::iter(requests)
        .map(|request_id| async move { ledger.records_of(request_id).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let (mut changes, mut diffs, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
    for record in found.into_iter().flatten() {
        match record {
            Record::Change(change) => changes.push(*change),
            Record::Diff(diff) => diffs.push(*diff),
            Record::Alert(alert) => alerts.push(alert),
            _ => {}
        }
    }
    let mut changes = amended(changes);
    changes.retain(|change| span.holds(change.occurred_at));
    changes.sort_by(|a, b| (a.occurred_at, &a.event_id).cmp(&(b.occurred_at, &b.event_id)));
    let told = with_diffs(changes, diffs).into_iter().map(|(change, diff)| {
        let marks = alerts.iter().filter(|alert| alert.event_id == change.event_id);
        let row = ChangeRow::of(&change, diff.as_ref(), marks.map(|alert| alert.published_at).min());
        if shows_texts { row } else { row.without_texts() }
    });
    Ok(told.collect())
}

async fn count_deliveries(
    overview: &mut Overview,
    span: Span,
    ledger: &impl QueryDeliveries,
    rows: &mut impl TakeRows,
) -> Result<(), String> {
    let said = |error: PortError| error.to_string();
    let pages = stream::iter(days(span)).map(|day| async move {
        // most days have one page, and a long window has many without any
        let first = ledger.delivery_page(&day, span, None).await;
        first.map(|first| (day, first))
    });
    let mut pages = pages.buffered(CONCURRENCY);
    while let Some(page) = pages.next().await {
        let (day, (mut lines, mut next)) = page.map_err(said)?;
        loop {
            for line in &lines {
                rows.delivery(line)?;
                overview.add_delivery(line);
                if line.counts.rejected > 0 {
                    for reject in ledger.rejects_of(line).await.map_err(said)? {
                        rows.reject(&reject)?;
                        overview.deliveries.rejects.add(reject);
                    }
                }
            }
            let Some(after) = next else { break };
            (lines, next) = ledger.delivery_page(&day, span, Some(&after)).await.map_err(said)?;
        }
    }
    Ok(())
}

async fn count_prompts(
    overview: &mut Overview,
    span: Span,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
    rows: &mut impl TakeRows,
) -> Result<(), String> {
    let said = |error: PortError| error.to_string();
    let query = PromptQuery { principal: None, span: Some(span) };
    let in_use = prompts(&query, now, ledger).await.map_err(said)?;
    let told = stream::iter(in_use.into_iter().enumerate()).map(|(nth, seen)| async move {
        let new = if nth < LOOKED_UP {
            let sightings = ledger.prompt_sightings(&seen.system_prompt_id).await?;
            Some(sightings.iter().all(|earlier| earlier.first_seen >= span.since))
        } else {
            None
        };
        Ok::<_, PortError>(PromptRow { seen, new })
    });
    let mut told = told.buffered(CONCURRENCY);
    while let Some(row) = told.try_next().await.map_err(said)? {
        rows.prompt(&row)?;
        overview.prompts.add(row);
    }
    Ok(())
}
