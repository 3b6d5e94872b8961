//! A later record about an earlier event (FORMATS 5.4).

use serde_json::value::RawValue;

use crate::json::{Members, elements, scalar};

/// Why a record came late, or which earlier event it amends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addendum {
    /// `DELIVERY_DELAY`, `UPDATED_DATA`, `SERVICE_OUTAGE`.
    pub reason: Option<String>,
    /// The members that are added or changed, as CloudTrail lists them.
    pub updated_fields: Option<String>,
    /// The event that it amends; absent where the record is only late.
    pub original_event_id: Option<String>,
    /// The request of that event.
    pub original_request_id: Option<String>,
}

impl Addendum {
    /// From a record's `addendum`; `None` where nothing stands in it.
    pub(super) fn of(members: &Members<'_>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(listed);
        let addendum = Self {
            reason: text("reason"),
            updated_fields: text("updatedFields"),
            original_event_id: text("originalEventID"),
            original_request_id: text("originalRequestID"),
        };
        (addendum != Self::default()).then_some(addendum)
    }

    /// Which event it amends and why, for people; `None` where the record is only late.
    pub fn amends(&self) -> Option<String> {
        let event = self.original_event_id.as_ref()?;
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        Some(match &self.updated_fields {
            Some(fields) => format!("event {event} ({reason}: {fields})"),
            None => format!("event {event} ({reason})"),
        })
    }
}

/// A text, or the texts of a list.
fn listed(raw: &RawValue) -> Option<String> {
    let all = || {
        let texts: Vec<_> = elements(raw)?.into_iter().filter_map(scalar).collect();
        Some(texts.join(", ").into())
    };
    scalar(raw).or_else(all).filter(|text| !text.is_empty()).map(String::from)
}
