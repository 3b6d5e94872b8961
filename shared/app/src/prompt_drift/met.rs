//! What a process has met, so that a prompt is looked up once and not with every object.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use audit_domain::{drift::PromptUse, time};
use jiff::Timestamp;

/// So many are remembered of each kind; then all of that kind are forgotten, and looked up anew.
const REMEMBERED: usize = 4_096;

/// What this process has met so far: prompts that are known, callers that are, and what was told.
#[derive(Default)]
pub struct Met(Mutex<Content>);

#[derive(Default)]
struct Content {
    prompts: BTreeSet<String>,
    /// Callers with over a week of history, and since when they are known.
    callers: BTreeMap<String, Timestamp>,
    /// Callers that made up their prompts, with the day.
    volatile: BTreeSet<(String, String)>,
    told: u64,
    left_out: u64,
}

impl Met {
    /// How many alerts went out and how many new prompts were left out since this was asked last.
    pub fn take_counts(&self) -> (u64, u64) {
        let mut content = self.content();
        (std::mem::take(&mut content.told), std::mem::take(&mut content.left_out))
    }

    pub(super) fn knows_prompt(&self, id: &str) -> bool {
        self.content().prompts.contains(id)
    }

    pub(super) fn add_prompts<'a>(&self, ids: impl Iterator<Item = &'a str>) {
        let mut content = self.content();
        for id in ids {
            if content.prompts.len() >= REMEMBERED {
                content.prompts.clear();
            }
            content.prompts.insert(id.to_owned());
        }
    }

    pub(super) fn caller_since(&self, caller: &str) -> Option<Timestamp> {
        self.content().callers.get(caller).copied()
    }

    pub(super) fn add_caller(&self, caller: &str, since: Timestamp) {
        let callers = &mut self.content().callers;
        if callers.len() >= REMEMBERED {
            callers.clear();
        }
        callers.insert(caller.to_owned(), since);
    }

    pub(super) fn is_volatile(&self, used: &PromptUse) -> bool {
        self.content().volatile.contains(&on_day(used))
    }

    /// A caller that is volatile stays so for the day; one that is not may become so, and is asked about again.
    pub(super) fn add_volatile(&self, used: &PromptUse) {
        let volatile = &mut self.content().volatile;
        if volatile.len() >= REMEMBERED {
            volatile.clear();
        }
        volatile.insert(on_day(used));
    }

    pub(super) fn count_told(&self) {
        self.content().told += 1;
    }

    pub(super) fn count_left_out(&self, prompts: usize) {
        self.content().left_out += prompts as u64;
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller, and the day of the use.
pub(super) fn on_day(used: &PromptUse) -> (String, String) {
    (used.principal.caller().to_owned(), time::day(used.occurred_at))
}
