//! A ledger, objects and a queue in memory, for tests: they behave as the real ones do.

mod queries;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use audit_domain::{
    change::Resource,
    digest::Sha256,
    evidence::ObjectLocation,
    invocation::Invocation,
    ledger::{
        delivery::Delivery,
        document::DocumentSighting,
        prompt_alert::PromptAlert,
        record::Record,
        state::{SEEN, Sighting, StateKey, caller_subject, prompt_subject},
        turn::Turn,
    },
};
use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    body_request::BodyRequest,
    ports::{
        AwaitBodies, Chunks, CountSightings, FindSightings, KeepObjects, KnowChanges, KnowInvocations,
        MarkPromptAlerts, Message, PortError, PublishAlerts, Put, PutDeliveries, PutDocuments, PutRecords,
        PutStates, PutTurns, ReadBodies, ReadObjects,
    },
};

/// What is in the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    /// By request id and sort key.
    pub(crate) records: BTreeMap<(String, String), Record>,
    pub(crate) sightings: BTreeMap<StateKey, Sighting>,
    pub(crate) documents: BTreeMap<StateKey, DocumentSighting>,
    pub(crate) turns: BTreeMap<StateKey, Turn>,
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) days: BTreeSet<String>,
}

/// Everything that indexing reads and writes.
#[derive(Default)]
pub(crate) struct Memory {
    content: Mutex<Content>,
    deliveries: Mutex<Vec<Delivery>>,
    queue: Mutex<Vec<BodyRequest>>,
    alerts: Mutex<Vec<PromptAlert>>,
    published: Mutex<Vec<Message>>,
    /// Calls that go through before one fails for good.
    budget: Mutex<Option<usize>>,
    lookups: Mutex<usize>,
    /// The pieces of each object.
    objects: Mutex<BTreeMap<ObjectLocation, Vec<Vec<u8>>>>,
}

impl Memory {
    pub(crate) fn content(&self) -> Content {
        lock(&self.content).clone()
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.deliveries).clone()
    }

    /// What the topic took.
    pub(crate) fn published(&self) -> Vec<Message> {
        lock(&self.published).clone()
    }

    /// So many look-ups of prompts there were.
    pub(crate) fn lookups(&self) -> usize {
        *lock(&self.lookups)
    }

    /// From now on so many alerts, marks and sightings go through, and the next ones fail; `None` is all of them.
    pub(crate) fn fails_after(&self, calls: Option<usize>) {
        *lock(&self.budget) = calls;
    }

    fn spend(&self) -> Result<(), PortError> {
        match &mut *lock(&self.budget) {
            Some(0) => Err(PortError::retry("write", "as if it had died")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn put_object(&self, location: &ObjectLocation, pieces: Vec<Vec<u8>>) {
        lock(&self.objects).insert(location.clone(), pieces);
    }

    /// As if another one had put this.
    pub(crate) fn add(&self, content: Content) {
        lock(&self.content).records.extend(content.records);
    }

    /// The next request for bodies.
    pub(crate) fn next_request(&self) -> Option<BodyRequest> {
        lock(&self.queue).pop()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Pieces(std::vec::IntoIter<Vec<u8>>);

impl Chunks for Pieces {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, PortError> {
        Ok(self.0.next().map(Bytes::from))
    }
}

impl ReadObjects for Memory {
    type Chunks = Pieces;
    async fn open(&self, location: &ObjectLocation) -> Result<Pieces, PortError> {
        let found = self.open_if_there(location).await?;
        found.ok_or_else(|| PortError::retry(format!("open {location}"), "it is not there"))
    }
}

impl ReadBodies for Memory {
    async fn open_if_there(&self, location: &ObjectLocation) -> Result<Option<Pieces>, PortError> {
        Ok(lock(&self.objects).get(location).map(|pieces| Pieces(pieces.clone().into_iter())))
    }
}

impl AwaitBodies for Memory {
    async fn await_bodies(&self, request: &BodyRequest) -> Result<(), PortError> {
        lock(&self.queue).push(request.clone());
        Ok(())
    }
}

impl PutRecords for Memory {
    async fn put_record(&self, record: &Record, _expires_at: i64) -> Result<Put, PortError> {
        let records = &mut lock(&self.content).records;
        let key = (record.partition_key(), record.sort_key());
        if let (Record::Change(change), Some(Record::Change(known))) = (record, records.get(&key))
            && change.event_name != known.event_name
        {
            return Ok(Put::Taken);
        }
        if records.get(&key).is_some_and(|known| known.completeness() >= record.completeness()) {
            return Ok(Put::Duplicate);
        }
        records.insert(key, record.clone());
        Ok(Put::Stored)
    }
}

impl KnowInvocations for Memory {
    async fn invocations_of(&self, request_id: &str) -> Result<Vec<Invocation>, PortError> {
        let is_of = |record: &Record| match record {
            Record::Invocation(invocation) if invocation.request_id == request_id => {
                Some((**invocation).clone())
            }
            _ => None,
        };
        Ok(lock(&self.content).records.values().filter_map(is_of).collect())
    }
}

impl KnowChanges for Memory {
    async fn has_change_of(&self, resource: &Resource) -> Result<bool, PortError> {
        let is_of = |record: &Record| matches!(record, Record::Change(change) if change.resource.to_string() == resource.to_string());
        Ok(lock(&self.content).records.values().any(is_of))
    }
}

impl PutStates for Memory {
    async fn put_prompt_text(&self, id: &Sha256, text: &str, _expires_at: i64) -> Result<Put, PortError> {
        let known = lock(&self.content).texts.insert(id.to_string(), text.to_owned());
        Ok(if known.is_some() { Put::Duplicate } else { Put::Stored })
    }

    async fn put_invocation_day(&self, day: &str, _expires_at: i64) -> Result<Put, PortError> {
        let is_new = lock(&self.content).days.insert(day.to_owned());
        Ok(if is_new { Put::Stored } else { Put::Duplicate })
    }

    async fn put_sighting(
        &self,
        key: &StateKey,
        sighting: &Sighting,
        _expires_at: i64,
    ) -> Result<(), PortError> {
        self.spend()?;
        let sightings = &mut lock(&self.content).sightings;
        // as the real one: what is put is merged with what is there
        let mut merged = sighting.clone();
        if let Some(known) = sightings.get(key) {
            merged.merge(known);
        }
        sightings.insert(key.clone(), merged);
        Ok(())
    }
}

impl PutDocuments for Memory {
    async fn put_document(
        &self,
        key: &StateKey,
        sighting: &DocumentSighting,
        _expires_at: i64,
    ) -> Result<(), PortError> {
        self.spend()?;
        let documents = &mut lock(&self.content).documents;
        let mut merged = sighting.clone();
        if let Some(known) = documents.get(key) {
            merged.merge(known);
        }
        documents.insert(key.clone(), merged);
        Ok(())
    }
}

impl PutTurns for Memory {
    async fn put_turn(&self, turn: &Turn, _expires_at: i64) -> Result<Put, PortError> {
        self.spend()?;
        let known = lock(&self.content).turns.insert(turn.key(), turn.clone());
        Ok(if known.is_some() { Put::Duplicate } else { Put::Stored })
    }
}

impl CountSightings for Memory {
    async fn count_sightings(&self, caller: &str, day: &str, limit: usize) -> Result<usize, PortError> {
        let (subject, begins) = (caller_subject(caller), format!("{SEEN}{day}#"));
        let content = lock(&self.content);
        let seen =
            content.sightings.keys().filter(|key| key.subject == subject && key.version.starts_with(&begins));
        Ok(seen.collect::<BTreeSet<_>>().len().min(limit))
    }
}

impl FindSightings for Memory {
    async fn is_prompt_seen(&self, id: &str) -> Result<bool, PortError> {
        *lock(&self.lookups) += 1;
        let subject = prompt_subject(id);
        Ok(lock(&self.content).sightings.keys().any(|key| key.subject == subject))
    }

    async fn first_of_caller(&self, caller: &str) -> Result<Option<Sighting>, PortError> {
        let subject = caller_subject(caller);
        let content = lock(&self.content);
        Ok(content.sightings.iter().find(|(key, _)| key.subject == subject).map(|(_, seen)| seen.clone()))
    }

    async fn newest_of_caller(
        &self,
        caller: &str,
        until_day: &str,
        limit: usize,
    ) -> Result<Vec<Sighting>, PortError> {
        let (subject, until) = (caller_subject(caller), format!("{SEEN}{until_day}#~"));
        let content = lock(&self.content);
        let known = content.sightings.iter().rev();
        let newest = known.filter(|(key, _)| key.subject == subject && key.version < until);
        Ok(newest.take(limit).map(|(_, seen)| seen.clone()).collect())
    }
}

impl MarkPromptAlerts for Memory {
    async fn prompt_alerts(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PromptAlert>, PortError> {
        let alerts = lock(&self.alerts);
        Ok(alerts.iter().filter(|alert| (from..=to).contains(&alert.published_at)).cloned().collect())
    }

    async fn put_prompt_alert(&self, alert: &PromptAlert, _expires_at: i64) -> Result<Put, PortError> {
        self.spend()?;
        let mut alerts = lock(&self.alerts);
        if alerts.iter().any(|known| known.key() == alert.key()) {
            return Ok(Put::Duplicate);
        }
        alerts.push(alert.clone());
        Ok(Put::Stored)
    }
}

impl PublishAlerts for Memory {
    async fn publish(&self, message: &Message) -> Result<String, PortError> {
        self.spend()?;
        lock(&self.published).push(message.clone());
        Ok("message".to_owned())
    }
}

impl PutDeliveries for Memory {
    async fn put_delivery(&self, delivery: &Delivery, _expires_at: i64) -> Result<(), PortError> {
        lock(&self.deliveries).push(delivery.clone());
        Ok(())
    }
}

impl KeepObjects for Memory {
    async fn keep(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.put_object(&self.location(key), vec![bytes]);
        Ok(())
    }

    fn location(&self, key: &str) -> ObjectLocation {
        ObjectLocation::object("audit", key)
    }
}
