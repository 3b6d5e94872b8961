//! Which system prompts an object's invocations used, on which days, and which documents they name: gathered, so that each
//! prompt, caller, day and document costs one write an object.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{
    digest::bounded_key,
    drift::PromptUse,
    invocation::{Invocation, RecordReading},
    ledger::{
        document::DocumentSighting,
        record::Retention,
        state::{Sighting, StateKey},
    },
    time,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use crate::{
    ports::{CountSightings, PortError, PutDocuments, PutStates},
    prompt_drift::TellNewPrompts,
};

/// A caller with so many system prompts on a day embeds dates or names in them: their texts are not kept.
pub const VOLATILE: usize = 1_000;
/// From so many prompts of a caller in one object on, it is asked how many the day has seen.
const SUSPICIOUS: usize = 20;
/// So many sightings are gathered before they are written.
const GATHERED: usize = 4_096;
/// So many sightings are written at a time.
const CONCURRENCY: usize = 16;

/// The sightings of one object so far.
#[derive(Default)]
pub struct Sightings {
    gathered: BTreeMap<StateKey, Sighting>,
    kept_texts: BTreeSet<String>,
    /// The earliest uses that may be news, by prompt and caller.
    uses: BTreeMap<(String, String), PromptUse>,
    prompts_of: BTreeMap<(String, String), BTreeSet<String>>,
    volatile: BTreeSet<(String, String)>,
    /// The documents that prompts name.
    documents: BTreeMap<StateKey, DocumentSighting>,
    /// The days of the invocations, with when they are over.
    days: BTreeMap<String, i64>,
}

impl Sightings {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the system prompt of a record in. A text is put at once, and once.
    ///
    /// # Errors
    /// Of the port.
    pub async fn add(
        &mut self,
        reading: &RecordReading,
        states: &(impl PutStates + PutDocuments + CountSightings),
        telling: &impl TellNewPrompts,
        retention: Retention,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let invocation = &reading.invocation;
        let day = time::day(invocation.occurred_at);
        self.days.entry(day.clone()).or_insert_with(|| retention.expires_at(invocation.occurred_at, now));
        for (key, seen) in
            reading.passages.iter().flat_map(|found| DocumentSighting::in_prompt(invocation, found))
        {
            self.documents.entry(key).and_modify(|known| known.merge(&seen)).or_insert(seen);
        }
        if self.documents.len() > GATHERED {
            self.flush(states, telling, retention, now).await?;
        }
        let Some(prompt) = &reading.system_prompt else { return Ok(()) };
        let id = prompt.id.as_str();
        let caller = invocation.principal.caller();
        if self.is_volatile(caller, &day, id, states).await? {
            return Ok(());
        }
        if !self.kept_texts.contains(id) {
            let expires_at = retention.expires_at(invocation.occurred_at, now);
            states.put_prompt_text(&prompt.id, &prompt.text, expires_at).await?;
            self.kept_texts.insert(id.to_owned());
        }
        if telling.concerns(id, invocation.occurred_at)
            && let Some(used) = PromptUse::of(reading)
        {
            let known = self.uses.entry((id.to_owned(), bounded_key(caller))).or_insert_with(|| used.clone());
            if used.order() < known.order() {
                *known = used;
            }
        }
        let sighting = sighting(invocation, id);
        for key in [
            StateKey::prompt_seen(id, &day),
            StateKey::caller_seen(caller, &day, id),
            StateKey::prompt_listed(&time::month(invocation.occurred_at), id),
        ] {
            self.gathered
                .entry(key)
                .and_modify(|known| known.merge(&sighting))
                .or_insert_with(|| sighting.clone());
        }
        if self.gathered.len() + self.days.len() > GATHERED {
            self.flush(states, telling, retention, now).await?;
        }
        Ok(())
    }

    /// Writes what was gathered; new prompts are told of before, since they are not new afterwards.
    ///
    /// # Errors
    /// Of the ports; what was gathered is then still there.
    pub async fn flush(
        &mut self,
        states: &(impl PutStates + PutDocuments),
        telling: &impl TellNewPrompts,
        retention: Retention,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let is_volatile = |caller: &str, used: &PromptUse| {
            self.volatile.contains(&(caller.to_owned(), time::day(used.occurred_at)))
        };
        let uses = self.uses.iter().filter(|((_, caller), used)| !is_volatile(caller, used));
        let uses: Vec<&PromptUse> = uses.map(|(_, used)| used).collect();
        telling.tell(&uses).await?;
        stream::iter(&self.gathered)
            .map(|(key, sighting)| {
                states.put_sighting(key, sighting, retention.expires_at(sighting.last_seen, now))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        stream::iter(&self.documents)
            .map(|(key, seen)| states.put_document(key, seen, retention.expires_at(seen.last_seen, now)))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        self.documents.clear();
        telling.noted(&uses);
        self.gathered.clear();
        self.uses.clear();
        while let Some((day, expires_at)) = self.days.first_key_value() {
            states.put_invocation_day(day, *expires_at).await?;
            self.days.pop_first();
        }
        // what was put is put again at worst; memory does not grow with the object
        self.kept_texts.clear();
        self.prompts_of.clear();
        Ok(())
    }

    async fn is_volatile(
        &mut self,
        caller: &str,
        day: &str,
        id: &str,
        states: &impl CountSightings,
    ) -> Result<bool, PortError> {
        let who = (caller.to_owned(), day.to_owned());
        if self.volatile.contains(&who) {
            return Ok(true);
        }
        let prompts = self.prompts_of.entry(who.clone()).or_default();
        let is_new = prompts.insert(id.to_owned());
        let here = prompts.len();
        let volatile = here > VOLATILE
            || (is_new
                && here == SUSPICIOUS
                && states.count_sightings(caller, day, VOLATILE).await? >= VOLATILE);
        if volatile {
            self.volatile.insert(who);
        }
        Ok(volatile)
    }
}

fn sighting(invocation: &Invocation, id: &str) -> Sighting {
    Sighting {
        system_prompt_id: id.to_owned(),
        first_seen: invocation.occurred_at,
        last_seen: invocation.occurred_at,
        // of any length in a record, and three times in items of their own
        sample_request_id: bounded_key(&invocation.request_id),
        model_id: bounded_key(&invocation.model_id),
        caller: bounded_key(invocation.principal.caller()),
    }
}
