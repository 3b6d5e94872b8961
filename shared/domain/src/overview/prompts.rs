//! The system prompts in use in a window.

use super::top::Top;
use crate::ledger::state::Sighting;

/// So many are listed; the rest is counted.
const LISTED: usize = 100;

/// A system prompt in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptRow {
    /// Its first and last sighting in the window, and a sample.
    pub seen: Sighting,
    /// Whether nobody used it before the window, as far as the ledger goes back; absent where that was not looked up.
    pub new: Option<bool>,
}

/// The system prompts in use in a window.
#[derive(Clone, Debug)]
pub struct Prompts {
    /// Those that nobody used before.
    pub new: u64,
    /// Those of which that was not looked up.
    pub not_looked_up: u64,
    /// New ones first, then by when they were seen last.
    pub listed: Top<PromptRow>,
}

impl Default for Prompts {
    fn default() -> Self {
        let order = |a: &PromptRow, b: &PromptRow| {
            let key = |row: &PromptRow| (row.new == Some(true), row.seen.last_seen);
            key(b).cmp(&key(a)).then_with(|| a.seen.system_prompt_id.cmp(&b.seen.system_prompt_id))
        };
        Self { new: 0, not_looked_up: 0, listed: Top::new(LISTED, order) }
    }
}

impl Prompts {
    /// Counts one.
    pub fn add(&mut self, row: PromptRow) {
        self.new += u64::from(row.new == Some(true));
        self.not_looked_up += u64::from(row.new.is_none());
        self.listed.add(row);
    }
}
