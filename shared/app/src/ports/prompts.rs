//! System prompts in use, and who was told of them.

use std::future::Future;

use audit_domain::{
    digest::Sha256, ledger::prompt_alert::PromptAlert, ledger::state::Sighting, ledger::state::StateKey,
};
use jiff::Timestamp;

use super::{PortError, Put};

/// Puts texts and sightings of system prompts: `dynamodb:PutItem` on States.
pub trait PutStates: Sync {
    /// Puts the text of a system prompt once.
    fn put_prompt_text(
        &self,
        id: &Sha256,
        text: &str,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;

    /// Notes that there were invocations on a day (`2026-10-15`), once.
    fn put_invocation_day(
        &self,
        day: &str,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;

    /// Merges a sighting with the one that is stored under this key.
    fn put_sighting(
        &self,
        key: &StateKey,
        sighting: &Sighting,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Counts a caller's prompts: `dynamodb:Query` on States.
pub trait CountSightings: Sync {
    /// How many different system prompts a caller used on a day, at most `limit`.
    fn count_sightings(
        &self,
        caller: &str,
        day: &str,
        limit: usize,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;
}

/// Asks who used which system prompt before: `dynamodb:Query` on States.
pub trait FindSightings: Sync {
    /// Whether anybody used this system prompt before.
    fn is_prompt_seen(&self, id: &str) -> impl Future<Output = Result<bool, PortError>> + Send;
    /// A sighting of the first day on which the ledger has a caller.
    fn first_of_caller(
        &self,
        caller: &str,
    ) -> impl Future<Output = Result<Option<Sighting>, PortError>> + Send;
    /// A caller's sightings up to a day, that included: those of the latest days, at most `limit`.
    fn newest_of_caller(
        &self,
        caller: &str,
        until_day: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
}

/// Knows which new system prompts were told: `dynamodb:Query` and `dynamodb:PutItem` on States.
pub trait MarkPromptAlerts: Sync {
    /// The alerts that went out from one moment to another, both included.
    fn prompt_alerts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<PromptAlert>, PortError>> + Send;
    /// Marks that an alert went out.
    fn put_prompt_alert(
        &self,
        alert: &PromptAlert,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Asks the States table: `dynamodb:Query` and `dynamodb:GetItem` on it.
pub trait QueryStates: Sync {
    /// Whether texts are asked for at all. Where they are not, no text is there, states have no document, and
    /// `prompt_sightings` must not be called: they lie beside the text.
    fn shows_texts(&self) -> bool {
        true
    }
    /// The text of a system prompt, if it was kept.
    fn prompt_text(&self, id: &str) -> impl Future<Output = Result<Option<String>, PortError>> + Send;
    /// The days on which a system prompt was seen.
    fn prompt_sightings(&self, id: &str) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
    /// The system prompts of a month (`2026-10`).
    fn prompts_listed(&self, month: &str) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
    /// The days of a month (`2026-10`) on which there were invocations.
    fn invocation_days(&self, month: &str) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;
    /// The system prompts of a caller, day by day, from one day to another, both included.
    fn caller_sightings(
        &self,
        caller: &str,
        from_day: &str,
        to_day: &str,
    ) -> impl Future<Output = Result<Vec<Sighting>, PortError>> + Send;
}
