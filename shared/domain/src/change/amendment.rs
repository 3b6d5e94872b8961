//! Changes with what CloudTrail said of them later. Each record stays in the ledger as it came; they are put together
//! whenever somebody asks, so that it does not matter which came first.

use super::{Change, UNKNOWN};

/// A later record that amended a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The event id of that record.
    pub event_id: String,
    /// `UPDATED_DATA`, ...
    pub reason: Option<String>,
    /// The members that it adds or changes, as CloudTrail lists them.
    pub updated_fields: Option<String>,
}

/// Amends each of the changes by those among them that name it, which are then no changes of their own. One that names a
/// change which is not among them stays.
pub fn amended(changes: Vec<Change>) -> Vec<Change> {
    let (amending, mut amended): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| named_by(change).is_some());
    for amendment in amending {
        let named = amended.iter().position(|change| named_by(&amendment) == Some(&change.event_id));
        // a change that two accounts share is known by the id that they share, and named by one of its own
        let same_call = || amended.iter().position(|change| is_of_same_call(change, &amendment));
        match named.or_else(same_call).and_then(|at| amended.get_mut(at)) {
            Some(change) => change.amend(&amendment),
            None => amended.push(amendment),
        }
    }
    amended
}

/// The event that a record amends.
fn named_by(change: &Change) -> Option<&String> {
    change.addendum.as_ref().and_then(|addendum| addendum.original_event_id.as_ref())
}

/// Whether a record amends this change by the request that it names.
fn is_of_same_call(change: &Change, amendment: &Change) -> bool {
    let request = amendment.addendum.as_ref().and_then(|addendum| addendum.original_request_id.as_ref());
    named_by(change).is_none()
        && request == Some(&change.request_id)
        && change.event_name == amendment.event_name
        && change.occurred_at == amendment.occurred_at
}

impl Change {
    /// Takes over what a later record says of the same call, as far as that lists what it updates (FORMATS 5.4).
    fn amend(&mut self, by: &Self) {
        let updated = by.addendum.as_ref().and_then(|addendum| addendum.updated_fields.clone());
        for field in updated.iter().flat_map(|fields| fields.split([',', ' '])) {
            self.take_over(field.split('.').next().unwrap_or(field), by);
        }
        self.amended_by.push(Amendment {
            event_id: by.event_id.clone(),
            reason: by.addendum.as_ref().and_then(|addendum| addendum.reason.clone()),
            updated_fields: updated,
        });
    }

    fn take_over(&mut self, field: &str, by: &Self) {
        match field {
            "requestParameters" => {
                self.request_parameters.clone_from(&by.request_parameters);
                self.omitted = by.omitted;
                self.severity = self.severity.max(by.severity);
            }
            "responseElements" => self.response_elements.clone_from(&by.response_elements),
            "errorCode" => {
                self.error_code.clone_from(&by.error_code);
                self.outcome = by.outcome;
                self.severity = by.severity;
            }
            "userIdentity" => {
                self.principal.clone_from(&by.principal);
                self.mfa = by.mfa;
                self.severity = self.severity.max(by.severity);
            }
            "sourceIPAddress" => self.source_ip.clone_from(&by.source_ip),
            "userAgent" => self.user_agent.clone_from(&by.user_agent),
            _ => return,
        }
        // what the first record did not name yet
        if self.resource.id.contains(UNKNOWN) {
            self.resource.id.clone_from(&by.resource.id);
        }
        self.resource.version = self.resource.version.take().or_else(|| by.resource.version.clone());
        self.resource.arn = self.resource.arn.take().or_else(|| by.resource.arn.clone());
    }
}
