//! The mark that the alert of a new system prompt went out.

use jiff::Timestamp;

use super::state::StateKey;
use crate::time;

/// The mark that the alert of a new system prompt went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptAlert {
    /// The system prompt.
    pub system_prompt_id: String,
    /// Who used it: a role or user ARN.
    pub caller: String,
    /// When it went out.
    pub published_at: Timestamp,
    /// The topic's message id.
    pub message_id: String,
}

impl PromptAlert {
    /// Subject and version of its item: those of a day lie together, in the order in which they went out.
    pub fn key(&self) -> StateKey {
        StateKey {
            subject: prompt_alerts_subject(&time::day(self.published_at)),
            version: format!("{}#{}", time::rfc3339(self.published_at), self.system_prompt_id),
        }
    }
}

/// The subject of a day's alerts of new system prompts.
pub fn prompt_alerts_subject(day: &str) -> String {
    format!("prompt-alerts/{day}")
}
