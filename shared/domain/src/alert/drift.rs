//! How an alert tells of a difference that no recorded change explains: who did it is not known, and often not when.

use super::moment;
use crate::{
    change::{Change, NOTICED},
    ledger::record::{Diff, DiffRead},
    state::drift::DRIFT,
};

/// Whether a change is such a difference.
pub(super) fn is_drift(change: &Change) -> bool {
    change.event_source == NOTICED && change.event_name == DRIFT
}

/// Who did it, as the subject says it.
pub(super) const NOBODY: &str = "no event tells who";

/// What happened.
pub(super) fn what(diff: Option<&Diff>) -> String {
    let is_gone = diff.is_some_and(|diff| diff.read == DiffRead::Gone);
    let found = if is_gone { "it is gone" } else { "it is not as it was last known" };
    format!("{DRIFT}: {found}, and no event that was recorded explains it")
}

/// When: as the service says, or between which two looks.
pub(super) fn when(change: &Change, diff: Option<&Diff>) -> String {
    let at = moment(change.occurred_at);
    match diff {
        Some(diff) if diff.updated_at == Some(change.occurred_at) => format!("{at}, as the service says"),
        Some(Diff { before_at: Some(before), .. }) => {
            format!("not known: between {} and {at}", moment(*before))
        }
        _ => format!("not known: before {at}"),
    }
}
