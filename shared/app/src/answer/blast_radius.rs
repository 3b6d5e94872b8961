//! Which responses ran between a weakening and its repair.

use audit_domain::{
    change::{Change, Outcome},
    ledger::record::{Diff, InvocationLine},
    state::{Subject, SubjectKind, Verdict},
};
use jiff::Timestamp;

use super::{ChangeQuery, GuardrailFilter, InvocationQuery, changes, invocations::by_bucket};
use crate::ports::{PortError, QueryRecords, QueryStates, Span};

/// The responses under a guardrail from its weakening on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlastRadius {
    /// The guardrail.
    pub guardrail_id: String,
    /// The version that was weakened.
    pub version: String,
    /// When it was weakened.
    pub since: Timestamp,
    /// When it was repaired; `None` where it was not.
    pub until: Option<Timestamp>,
    /// How many responses ran under this version.
    pub responses: usize,
    /// How many more ran under the guardrail in a version that the log does not name.
    pub of_unknown_version: usize,
}

/// The blast radius of a change; `None` where it weakened no guardrail.
///
/// # Errors
/// Of the ports.
pub async fn blast_radius(
    change: &Change,
    diff: Option<&Diff>,
    now: Timestamp,
    ledger: &(impl QueryRecords + QueryStates),
) -> Result<Option<BlastRadius>, PortError> {
    let weakens = diff.and_then(|diff| diff.verdict).is_some_and(weakens);
    let subject = Subject::of(change).filter(|subject| weakens && subject.kind == SubjectKind::Guardrail);
    let Some(subject) = subject else { return Ok(None) };
    let version = subject.version().to_owned();
    let repaired = repaired_at(change, &subject, now, ledger).await?;
    let until = repaired.unwrap_or_else(|| super::everything(now).until);
    let query = InvocationQuery {
        guardrail: GuardrailFilter::This(subject.resource.id.clone()),
        ..InvocationQuery::default()
    };
    let count = |lines: Vec<InvocationLine>| {
        let ours: Vec<_> = lines.iter().filter(|line| query.takes(line)).collect();
        let of = |wanted: Option<&str>| {
            ours.iter().filter(|line| line.guardrail_version.as_deref() == wanted).count()
        };
        (of(Some(&version)), of(None))
    };
    let counts = by_bucket(Span { since: change.occurred_at, until }, ledger, count).await?;
    let (responses, of_unknown_version) =
        counts.into_iter().fold((0, 0), |(known, unknown), (more, other)| (known + more, unknown + other));
    Ok(Some(BlastRadius {
        guardrail_id: subject.resource.id.clone(),
        since: change.occurred_at,
        until: repaired,
        responses,
        of_unknown_version,
        version,
    }))
}

fn weakens(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Weaker | Verdict::Mixed)
}

/// When the same version was next made stronger, or deleted. A numbered one never is made stronger.
async fn repaired_at(
    change: &Change,
    subject: &Subject,
    now: Timestamp,
    ledger: &impl QueryRecords,
) -> Result<Option<Timestamp>, PortError> {
    let since = change.occurred_at;
    let query = ChangeQuery {
        resource: Some(subject.resource.to_string()),
        outcome: Some(Outcome::Succeeded),
        span: Some(Span { since, until: super::everything(now).until }),
        ..ChangeQuery::default()
    };
    let later = changes(&query, now, ledger).await?;
    let repairs = later.iter().filter(|(other, diff)| {
        let same_version = Subject::of(other).is_some_and(|other| other.version() == subject.version());
        let stronger = diff.as_ref().and_then(|diff| diff.verdict) == Some(Verdict::Stronger);
        other.occurred_at > since && same_version && (stronger || subject.is_deleted_by(other))
    });
    Ok(repairs.map(|(other, _)| other.occurred_at).min())
}
