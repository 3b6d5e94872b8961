//! A ledger, objects and a queue in memory, for tests: they behave as the real ones do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use audit_domain::{
    change::Resource,
    digest::Sha256,
    evidence::ObjectLocation,
    ledger::{
        delivery::Delivery,
        record::Record,
        state::{SEEN, Sighting, StateKey, caller_subject},
    },
};
use bytes::Bytes;

use crate::{
    body_request::BodyRequest,
    ports::{
        AwaitBodies, Chunks, CountSightings, KeepObjects, KnowChanges, PortError, Put, PutDeliveries,
        PutRecords, PutStates, ReadBodies, ReadObjects,
    },
};

/// What is in the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    /// By request id and sort key.
    pub(crate) records: BTreeMap<(String, String), Record>,
    pub(crate) sightings: BTreeMap<StateKey, Sighting>,
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) days: BTreeSet<String>,
}

/// Everything that indexing reads and writes.
#[derive(Default)]
pub(crate) struct Memory {
    content: Mutex<Content>,
    deliveries: Mutex<Vec<Delivery>>,
    queue: Mutex<Vec<BodyRequest>>,
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

    pub(crate) fn put_object(&self, location: &ObjectLocation, pieces: Vec<Vec<u8>>) {
        lock(&self.objects).insert(location.clone(), pieces);
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

impl CountSightings for Memory {
    async fn count_sightings(&self, caller: &str, day: &str, limit: usize) -> Result<usize, PortError> {
        let (subject, begins) = (caller_subject(caller), format!("{SEEN}{day}#"));
        let content = lock(&self.content);
        let seen =
            content.sightings.keys().filter(|key| key.subject == subject && key.version.starts_with(&begins));
        Ok(seen.collect::<BTreeSet<_>>().len().min(limit))
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
