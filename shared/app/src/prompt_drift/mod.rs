//! A caller uses a system prompt that nobody used before: people are told, at least once.
//!
//! What makes a prompt known are its sightings. So the order is: (1) the alert is published, (2) its mark is put, (3) the
//! sightings are written. A crash before (3) is mended by the next delivery of the same object, where the prompt is still new:
//! the alert is not sent again within the hour if its mark is there. After (3) it is never sent again. Two objects that are
//! indexed at once may both find a prompt new, and both send its alert.

mod message;
mod met;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{
    alert::NewPrompt,
    digest::bounded_key,
    drift::{self, NewUse, PromptUse},
    ledger::{prompt_alert::PromptAlert, record::Retention, state::Sighting},
    time,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

pub use self::met::Met;
use self::met::on_day;
use crate::{
    ports::{CountSightings, FindSightings, MarkPromptAlerts, PortError, PublishAlerts},
    sightings::VOLATILE,
};

/// So many look-ups run at a time.
const CONCURRENCY: usize = 16;

/// Is told which system prompts are used, before their sightings are written.
pub trait TellNewPrompts: Sync {
    /// Whether a use of this system prompt at that time may be news. Asked for every record: it has to be quick.
    fn concerns(&self, id: &str, at: Timestamp) -> bool;
    /// Tells people of what is news among these uses.
    fn tell(&self, uses: &[&PromptUse]) -> impl Future<Output = Result<(), PortError>> + Send;
    /// The sightings of these uses are in the ledger.
    fn noted(&self, uses: &[&PromptUse]);
}

/// Tells nobody: the command line never alerts.
pub struct Silent;

impl TellNewPrompts for Silent {
    fn concerns(&self, _id: &str, _at: Timestamp) -> bool {
        false
    }

    async fn tell(&self, _uses: &[&PromptUse]) -> Result<(), PortError> {
        Ok(())
    }

    fn noted(&self, _uses: &[&PromptUse]) {}
}

/// Without one, nobody is told.
impl<T: TellNewPrompts> TellNewPrompts for Option<T> {
    fn concerns(&self, id: &str, at: Timestamp) -> bool {
        self.as_ref().is_some_and(|telling| telling.concerns(id, at))
    }

    async fn tell(&self, uses: &[&PromptUse]) -> Result<(), PortError> {
        match self {
            Some(telling) => telling.tell(uses).await,
            None => Ok(()),
        }
    }

    fn noted(&self, uses: &[&PromptUse]) {
        if let Some(telling) = self {
            telling.noted(uses);
        }
    }
}

/// What was asked about callers for the uses of one object.
#[derive(Default)]
struct Asked {
    since: BTreeMap<String, Option<Timestamp>>,
    volatile: BTreeMap<(String, String), bool>,
}

/// What telling of new prompts asks and writes.
pub trait DriftLedger: FindSightings + CountSightings + MarkPromptAlerts {}
impl<T: FindSightings + CountSightings + MarkPromptAlerts> DriftLedger for T {}

/// Tells people of new prompts.
pub struct PromptDrift<'a, L, A> {
    /// Knows who used what before.
    pub ledger: &'a L,
    /// Takes the alerts.
    pub alerts: &'a A,
    /// What this process has met so far.
    pub met: &'a Met,
    /// Older uses are no news: a log that is indexed late.
    pub max_age: SignedDuration,
    /// How long the marks are kept.
    pub retention: Retention,
    /// The time at which this is done.
    pub now: Timestamp,
    /// The stack whose ledger it is, which the commands in alerts name.
    pub stack: Option<&'a str>,
}

impl<L: DriftLedger, A: PublishAlerts> TellNewPrompts for PromptDrift<'_, L, A> {
    fn concerns(&self, id: &str, at: Timestamp) -> bool {
        self.now.duration_since(at) <= self.max_age && !self.met.knows_prompt(id)
    }

    async fn tell(&self, uses: &[&PromptUse]) -> Result<(), PortError> {
        let (mut news, mut asked) = (Vec::new(), Asked::default());
        for used in self.unseen(uses).await? {
            if let Some(known_since) = self.settled_since(used, &mut asked).await?
                && !self.is_volatile(used, &mut asked).await?
            {
                news.push(NewUse { used, known_since });
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        let within_the_hour = self.now.checked_sub(drift::WITHIN).unwrap_or(self.now);
        let sent = self.ledger.prompt_alerts(within_the_hour, self.now).await?;
        let plan = drift::plan(news, &sent);
        for (new, last_one) in plan.told {
            let before = self.before(new.used).await?;
            self.publish(&NewPrompt { new, before: before.as_ref(), last_one }).await?;
        }
        self.met.count_left_out(plan.left_out);
        Ok(())
    }

    fn noted(&self, uses: &[&PromptUse]) {
        self.met.add_prompts(uses.iter().map(|used| used.id.as_str()));
    }
}

impl<L: DriftLedger, A: PublishAlerts> PromptDrift<'_, L, A> {
    /// The uses of prompts that the ledger has no sighting of: one look-up for each prompt.
    async fn unseen<'u>(&self, uses: &[&'u PromptUse]) -> Result<Vec<&'u PromptUse>, PortError> {
        let uses: Vec<_> = uses.iter().copied().filter(|used| !self.met.is_volatile(used)).collect();
        let ids: BTreeSet<String> = uses.iter().map(|used| used.id.to_string()).collect();
        let looked_up: Vec<(String, bool)> = stream::iter(ids)
            .map(|id| async move {
                let is_seen = self.ledger.is_prompt_seen(&id).await?;
                Ok((id, is_seen))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        let seen = looked_up.iter().filter(|(_, is_seen)| *is_seen);
        self.met.add_prompts(seen.map(|(id, _)| id.as_str()));
        let unseen = looked_up.iter().filter(|(_, is_seen)| !is_seen);
        let unseen: BTreeSet<&str> = unseen.map(|(id, _)| id.as_str()).collect();
        Ok(uses.into_iter().filter(|used| unseen.contains(used.id.as_str())).collect())
    }

    /// The caller's first sighting, where that is a week before the use.
    async fn settled_since(
        &self,
        used: &PromptUse,
        asked: &mut Asked,
    ) -> Result<Option<Timestamp>, PortError> {
        let caller = used.principal.caller();
        let since = match (self.met.caller_since(caller), asked.since.get(caller)) {
            (Some(since), _) => Some(since),
            (None, Some(since)) => *since,
            (None, None) => self.ledger.first_of_caller(caller).await?.map(|first| first.first_seen),
        };
        asked.since.insert(caller.to_owned(), since);
        let since = since.filter(|since| drift::is_settled(*since, used.occurred_at));
        if let Some(since) = since {
            self.met.add_caller(caller, since);
        }
        Ok(since)
    }

    /// Whether the caller makes up its prompts: on this day, or on the one before, when this one has just begun.
    async fn is_volatile(&self, used: &PromptUse, asked: &mut Asked) -> Result<bool, PortError> {
        if let Some(known) = asked.volatile.get(&on_day(used)) {
            return Ok(*known);
        }
        let yesterday = used.occurred_at.checked_sub(time::days(1)).unwrap_or(used.occurred_at);
        let mut volatile = false;
        for day in [used.occurred_at, yesterday].map(time::day) {
            let count = self.ledger.count_sightings(used.principal.caller(), &day, VOLATILE).await?;
            volatile = volatile || count >= VOLATILE;
        }
        if volatile {
            self.met.add_volatile(used);
        }
        asked.volatile.insert(on_day(used), volatile);
        Ok(volatile)
    }

    /// The prompt that the caller used before, as the ledger has it: the one that was noted last.
    async fn before(&self, used: &PromptUse) -> Result<Option<Sighting>, PortError> {
        let (caller, day) = (used.principal.caller(), time::day(used.occurred_at));
        let newest = self.ledger.newest_of_caller(caller, &day, VOLATILE).await?;
        let earlier = newest
            .into_iter()
            .filter(|seen| seen.first_seen <= used.occurred_at && seen.system_prompt_id != used.id.as_str());
        Ok(earlier.max_by(|a, b| (a.last_seen, &a.system_prompt_id).cmp(&(b.last_seen, &b.system_prompt_id))))
    }

    async fn publish(&self, prompt: &NewPrompt<'_>) -> Result<(), PortError> {
        let message_id = self.alerts.publish(&message::message(prompt, self.stack)).await?;
        self.met.count_told();
        let used = prompt.new.used;
        let mark = PromptAlert {
            system_prompt_id: used.id.to_string(),
            caller: bounded_key(used.principal.caller()),
            published_at: self.now,
            message_id,
        };
        self.ledger.put_prompt_alert(&mark, self.retention.expires_at(self.now, self.now)).await.map(|_| ())
    }
}
