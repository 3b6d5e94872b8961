//! What is counted of invocations.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::tally::{Tallies, Tally};
use crate::{
    guardrail::GuardrailFinding,
    invocation::{BodyState, Tokens},
    prompt::SystemPromptStatus,
    time,
};

/// What counts of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedInvocation {
    /// The request.
    pub request_id: String,
    /// When it was made.
    pub occurred_at: Timestamp,
    /// The account.
    pub account_id: String,
    /// The region that was called.
    pub region: String,
    /// Who: a role or user, without its session.
    pub caller: String,
    /// The model, as the caller passed it.
    pub model_id: String,
    /// What is known of the guardrail.
    pub guardrail: GuardrailFinding,
    /// Why it failed.
    pub error_code: Option<String>,
    /// What it cost.
    pub tokens: Tokens,
    /// Where the request body is.
    pub input_body: BodyState,
    /// Where the answer body is.
    pub output_body: BodyState,
    /// What is known of the system prompt; absent where its record does not say.
    pub system_prompt: Option<SystemPromptStatus>,
}

/// The invocations of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocations {
    /// All of them.
    pub total: Tally,
    /// By role or user.
    pub by_principal: Tallies,
    /// By model, as the caller passed it.
    pub by_model: Tallies,
    /// Those whose guardrail is known, by its id and version.
    pub by_guardrail: Tallies,
    /// Those that failed, by error code.
    pub by_error: Tallies,
    /// By account and region.
    pub by_place: Tallies,
    /// By day, in UTC.
    pub by_day: BTreeMap<String, Tally>,
    /// By what is known of their system prompts.
    pub by_system_prompt: BTreeMap<&'static str, u64>,
    /// Records of a request of which another record with the same time is counted already.
    pub repeated: u64,
}

impl Invocations {
    /// Counts one.
    pub fn add(&mut self, invocation: &CountedInvocation) {
        let one = Tally::of(invocation);
        self.total.add(&one);
        self.by_principal.add(&invocation.caller, &one);
        self.by_model.add(&invocation.model_id, &one);
        self.by_place.add(&format!("{} {}", invocation.account_id, invocation.region), &one);
        if let Some(id) = &invocation.guardrail.id {
            let version = invocation.guardrail.version.as_deref().unwrap_or("version unknown");
            self.by_guardrail.add(&format!("{id} ({version})"), &one);
        }
        if let Some(code) = &invocation.error_code {
            self.by_error.add(code, &one);
        }
        self.by_day.entry(time::day(invocation.occurred_at)).or_default().add(&one);
        let status = invocation.system_prompt.map_or("unknown", SystemPromptStatus::name);
        *self.by_system_prompt.entry(status).or_default() += 1;
    }
}
