//! How much a change matters once it is known what it did.

use super::{Comparison, SubjectKind, Verdict};
use crate::change::{Change, Outcome, Severity};

/// What a comparison found, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A protection is gone altogether.
    Lost,
    /// Something protects less.
    Weaker,
    /// It may be either.
    Mixed,
    /// Nothing protects less.
    NoWeaker,
}

/// What that does to the severity that the call alone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// At least so much.
    AtLeast(Severity),
    /// None.
    Stays,
    /// From high to medium, from critical to high: never to where the mails leave it out.
    Down,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Whose change.
    pub kinds: &'static [SubjectKind],
    /// What it did.
    pub found: Found,
    /// What that means.
    pub step: Step,
}

use SubjectKind::{EnforcedGuardrail, Guardrail, InvocationLogging};

const ALL: &[SubjectKind] = &[Guardrail, EnforcedGuardrail, InvocationLogging];
const THE_ACCOUNTS: &[SubjectKind] = &[EnforcedGuardrail, InvocationLogging];

/// Every case of a kind that protects something. Changes of other kinds keep their severity, as attempts do.
pub const ROWS: &[Row] = &[
    Row { kinds: ALL, found: Found::Lost, step: Step::AtLeast(Severity::Critical) },
    Row { kinds: &[Guardrail], found: Found::Weaker, step: Step::AtLeast(Severity::High) },
    Row { kinds: THE_ACCOUNTS, found: Found::Weaker, step: Step::AtLeast(Severity::Critical) },
    Row { kinds: ALL, found: Found::Mixed, step: Step::Stays },
    Row { kinds: ALL, found: Found::NoWeaker, step: Step::Down },
];

/// The severity of a change whose resource was read. A call whose parameters CloudTrail left out stays at least high.
pub fn after_reading(change: &Change, kind: SubjectKind, comparison: &Comparison) -> Severity {
    let row = Found::of(comparison)
        .filter(|_| change.outcome == Outcome::Succeeded)
        .and_then(|found| ROWS.iter().find(|row| row.found == found && row.kinds.contains(&kind)));
    let severity = row.map_or(change.severity, |row| row.step.from(change.severity));
    if change.omitted { severity.max(Severity::High) } else { severity }
}

impl Found {
    fn of(comparison: &Comparison) -> Option<Self> {
        let verdict = comparison.verdict?;
        Some(match verdict {
            _ if comparison.is_lost => Self::Lost,
            Verdict::Weaker => Self::Weaker,
            Verdict::Mixed => Self::Mixed,
            Verdict::Stronger | Verdict::Neutral => Self::NoWeaker,
        })
    }
}

impl Step {
    fn from(self, severity: Severity) -> Severity {
        match (self, severity) {
            (Self::AtLeast(least), severity) => severity.max(least),
            (Self::Down, Severity::Critical) => Severity::High,
            (Self::Down, Severity::High) => Severity::Medium,
            (Self::Down | Self::Stays, severity) => severity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        change::{Origin, TrailEvent, watch::Watching},
        evidence::ObjectLocation,
    };

    fn change(severity: Severity) -> Change {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/changes/UpdateGuardrail.json");
        let location = ObjectLocation::object("audit", "events/x");
        let record = std::fs::read(path).unwrap();
        match TrailEvent::read(&record, 1, &location, Origin::Eventbridge, &Watching::default()).unwrap().0 {
            TrailEvent::Change(change) => Change { severity, ..*change },
            other => panic!("{other:?}"),
        }
    }

    fn found(verdict: Verdict, is_lost: bool) -> Comparison {
        Comparison { verdict: Some(verdict), is_lost, ..Comparison::default() }
    }

    #[test]
    fn severity_follows_what_was_done() {
        use Severity::{Critical, High, Low, Medium};
        use Verdict::{Mixed, Neutral, Stronger, Weaker};
        for (kind, before, verdict, is_lost, expected) in [
            (Guardrail, High, Weaker, false, High),
            (Guardrail, High, Weaker, true, Critical),
            (Guardrail, High, Mixed, true, Critical),
            (Guardrail, High, Mixed, false, High),
            (Guardrail, High, Stronger, false, Medium),
            (Guardrail, High, Neutral, false, Medium),
            (Guardrail, Critical, Neutral, false, High),
            (Guardrail, Low, Neutral, false, Low),
            (EnforcedGuardrail, High, Weaker, false, Critical),
            (InvocationLogging, High, Weaker, false, Critical),
            (InvocationLogging, High, Stronger, false, Medium),
        ] {
            let severity = after_reading(&change(before), kind, &found(verdict, is_lost));
            assert_eq!(severity, expected, "{kind:?} {before:?} {verdict:?} {is_lost}");
        }
    }

    #[test]
    fn attempts_and_what_is_not_known_keep_theirs_and_hidden_calls_stay_high() {
        let denied = Change { outcome: Outcome::Denied, ..change(Severity::Medium) };
        let lost = found(Verdict::Weaker, true);
        assert_eq!(after_reading(&denied, Guardrail, &lost), Severity::Medium);
        let nothing = Comparison::default();
        assert_eq!(after_reading(&change(Severity::High), Guardrail, &nothing), Severity::High);
        let hidden = Change { omitted: true, ..change(Severity::High) };
        assert_eq!(after_reading(&hidden, Guardrail, &found(Verdict::Neutral, false)), Severity::High);
    }

    #[test]
    fn every_case_has_one_line() {
        for kind in ALL {
            assert!(kind.has_rules());
            for found in [Found::Lost, Found::Weaker, Found::Mixed, Found::NoWeaker] {
                let lines = ROWS.iter().filter(|row| row.found == found && row.kinds.contains(kind));
                assert_eq!(lines.count(), 1, "{kind:?} {found:?}");
            }
        }
    }
}
