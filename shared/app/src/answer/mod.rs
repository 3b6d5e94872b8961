//! The questions that the ledger answers, one file each.

mod blast_radius;
mod changes;
mod explain;
mod invocations;
mod links;
mod overview;
mod passages;
mod prompts;
#[cfg(test)]
mod properties;
mod sources;
mod states;

use audit_domain::time;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::Offset};

#[cfg(test)]
pub(crate) use self::explain::gathered;
pub use self::{
    blast_radius::{BlastRadius, blast_radius},
    changes::{ChangeQuery, changes, is_known_kind, known_kinds},
    explain::{Explanation, SHORTLY_BEFORE, explain},
    invocations::{GuardrailFilter, InvocationQuery, invocations},
    overview::{TakeRows, overview},
    prompts::{PROMPT_ID, PromptAnswer, PromptQuery, Timeline, in_use, prompt, prompts, timelines},
    sources::{NotAsked, Used, sources},
    states::{InForce, enforced_guardrail, in_force, state_at, states},
};
use crate::ports::Span;

/// So many queries run at a time.
const CONCURRENCY: usize = 16;

/// From before Bedrock's first day to a month ahead: clocks differ, and a record from tomorrow is no reason to hide it.
pub fn everything(now: Timestamp) -> Span {
    let since = Offset::UTC.to_timestamp(civil::date(2023, 4, 1).to_datetime(civil::Time::midnight()));
    Span {
        since: since.unwrap_or(Timestamp::UNIX_EPOCH),
        until: now.checked_add(time::days(31)).unwrap_or(Timestamp::MAX),
    }
}

fn earlier(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
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
}
