//! The turns of a session: kept in States, so that what was asked before and after is found, whatever the passages were.

use jiff::Timestamp;

use super::state::StateKey;
use crate::attribution::Attribution;

/// One request of a session, as an application told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The session, whole, where the key is cut.
    pub session_id: String,
    /// The request.
    pub request_id: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The account that told it: two accounts may use the same name for a session.
    pub account_id: String,
}

impl Turn {
    /// The turn that a response is, where it is told of which session.
    pub fn of(attribution: &Attribution) -> Option<Self> {
        let common = &attribution.common;
        Some(Self {
            session_id: attribution.session_id.clone()?,
            request_id: common.request_id.clone(),
            occurred_at: common.occurred_at,
            account_id: common.account_id.clone(),
        })
    }

    /// Where it is kept: `session/<session id>`, by time.
    pub fn key(&self) -> StateKey {
        StateKey::turn(&self.session_id, self.occurred_at, &self.request_id)
    }
}
