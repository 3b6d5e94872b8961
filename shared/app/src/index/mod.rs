//! A log object into the ledger.
//!
//! The object is streamed: inflated in a bounded window, split into values ([`read`]), and each value written as
//! conditional puts ([`write`]). Bodies that lie beside it are followed ([`bodies`]). Events of a log group hold the same
//! records ([`log_events`]).

pub mod bodies;
pub mod log_events;
pub(crate) mod object;
#[cfg(test)]
mod properties;
mod read;

mod write;

use audit_domain::{
    change::watch::Watching,
    evidence::ObjectLocation,
    ledger::{
        delivery::{Completion, Counts, Delivery, KEPT_REJECTS},
        record::Retention,
    },
    log_events::Handed,
    values::Reject,
};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use self::{
    object::{Item, ObjectValues},
    read::{Found, read},
    write::{Written, is_copy, not_kept, write},
};
use crate::{
    body_request::BodyRequest,
    ports::{
        AwaitBodies, Chunks, CountSightings, FollowBodies, KeepObjects, KnowChanges, KnowInvocations,
        PortError, Put, PutDeliveries, PutDocuments, PutRecords, PutStates, PutTurns, ReadObjects, Remedy,
    },
    prompt_drift::TellNewPrompts,
    sightings::Sightings,
};

/// So many records are written at a time.
const CONCURRENCY: usize = 32;
/// So many records are read before they are written.
const BATCH: usize = 64;
/// Or fewer, where they have so many bytes together.
const BATCH_BYTES: usize = 4 << 20;
/// So many bodies are asked for with one request.
const REQUESTED: usize = 1_000;

/// What is taken out of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Model Invocation Log records.
    Invocations,
    /// These, CloudTrail records, single events and events of a log group, told apart by content.
    Everything,
}

/// How an object is indexed.
#[derive(Clone, Copy, Debug)]
pub struct Indexing {
    /// What is taken out of it.
    pub takes: Takes,
    /// How long it is kept.
    pub retention: Retention,
    /// How many characters of a passage its source shows; with 0, none.
    pub excerpt_characters: usize,
    /// Whether invocations may come by a second way, in other bytes: then what a record says counts, too.
    pub by_content: bool,
    /// The time at which this is done.
    pub now: Timestamp,
}

/// Everything that indexing writes to.
pub trait Ledger:
    PutRecords
    + PutStates
    + PutDocuments
    + PutTurns
    + PutDeliveries
    + CountSightings
    + KeepObjects
    + KnowChanges
    + KnowInvocations
{
}
impl<T> Ledger for T where
    T: PutRecords
        + PutStates
        + PutDocuments
        + PutTurns
        + PutDeliveries
        + CountSightings
        + KeepObjects
        + KnowChanges
        + KnowInvocations
{
}

/// Indexes one object, and writes down what became of it. `progress` is told the compressed bytes of each piece, `telling`
/// the system prompts that are used.
///
/// # Errors
/// Only what is worth another try: the object could not be opened or the ledger not be reached. What was
/// written by then is met as duplicates next time. An object that breaks off is no error: its delivery says so.
pub async fn index_object(
    objects: &impl ReadObjects,
    ledger: &impl Ledger,
    bodies: &(impl FollowBodies + AwaitBodies),
    telling: &impl TellNewPrompts,
    location: &ObjectLocation,
    indexing: Indexing,
    progress: &mut (impl FnMut(u64) + Send),
) -> Result<Delivery, PortError> {
    let mut run = Run::new(location, telling, indexing);
    if let Some(reason) = location.role().why_ignored() {
        return Ok(run.delivery(Completion::Done, Some(reason)));
    }
    let mut values = ObjectValues::new(objects.open(location).await?);
    run.read_through(&mut values, ledger, bodies, progress).await?;
    run.bytes = values.inflated();
    let completion = values.completion();
    let empty = (run.bytes == 0 && completion == Completion::Done).then_some("an empty object");
    run.finish(completion, empty, ledger, bodies).await
}

struct Run<'a, T> {
    location: &'a ObjectLocation,
    telling: &'a T,
    indexing: Indexing,
    batch: Vec<Found>,
    /// How many bytes the records of the batch had.
    batch_bytes: usize,
    sightings: Sightings,
    /// The records of which a body is to come, by their ordinals.
    outstanding: Vec<u64>,
    /// Those that came in events of a log group.
    requests: Vec<BodyRequest>,
    counts: Counts,
    /// The inflated bytes of the object.
    bytes: u64,
    rejects: Vec<Reject>,
}

impl<'a, T: TellNewPrompts> Run<'a, T> {
    fn new(location: &'a ObjectLocation, telling: &'a T, indexing: Indexing) -> Self {
        Self {
            location,
            telling,
            indexing,
            batch: Vec::with_capacity(BATCH),
            batch_bytes: 0,
            sightings: Sightings::new(),
            outstanding: Vec::new(),
            requests: Vec::new(),
            counts: Counts::default(),
            bytes: 0,
            rejects: Vec::new(),
        }
    }

    async fn read_through(
        &mut self,
        values: &mut ObjectValues<impl Chunks>,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<(), PortError> {
        let (indexing, location) = (self.indexing, self.location);
        // on what the audit rests, as far as files from anywhere can tell
        let watching = Watching::default();
        let mut read = |ordinal, bytes: &[u8]| {
            let (found, used) = read(indexing, bytes, ordinal, location, &watching)?;
            Ok(((found, used), used))
        };
        while let Some(item) = values.next(&mut read, progress).await? {
            self.counts.received += 1;
            match item {
                Item::Value((Found::LogEvents(json), _)) => match Handed::read(&json) {
                    // what is packed counts in the place of the pack
                    Ok(Handed::Events(batch)) if batch.iter().next().is_some() => {
                        self.counts.received -= 1;
                        self.take_events(&batch, ledger, bodies).await?;
                    }
                    // `read` has seen to it that it is a batch
                    Ok(_) | Err(_) => self.counts.ignored += 1,
                },
                Item::Value((found, used)) => self.take(found, used, ledger, bodies).await?,
                Item::Reject(reject) => self.reject(Reject { ordinal: self.counts.received, ..reject }),
            }
        }
        Ok(())
    }

    /// Takes what was read last; what has gathered is written.
    async fn take(
        &mut self,
        mut found: Found,
        used: usize,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<(), PortError> {
        if let Found::Invocation(invocation) = &mut found {
            invocation.nth = self.counts.received;
        }
        self.batch.push(found);
        self.batch_bytes += used;
        if self.batch.len() == BATCH || self.batch_bytes > BATCH_BYTES {
            self.write_batch(ledger, bodies).await?;
        }
        Ok(())
    }

    /// Writes what is left, and writes down what became of everything.
    async fn finish(
        mut self,
        completion: Completion,
        ignored: Option<&'static str>,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<Delivery, PortError> {
        let Indexing { retention, now, .. } = self.indexing;
        self.write_batch(ledger, bodies).await?;
        self.sightings.flush(ledger, self.telling, retention, now).await?;
        self.ask_for_bodies(bodies).await?;
        for request in std::mem::take(&mut self.requests) {
            match bodies.await_bodies(&request).await {
                // a record too large for a message: its body stays outstanding, and is counted so
                Err(error) if error.remedy == Remedy::Permanent => {}
                asked => asked?,
            }
        }
        let delivery = self.delivery(completion, ignored);
        ledger.put_delivery(&delivery, retention.expires_at(now, now)).await?;
        Ok(delivery)
    }

    async fn write_batch(
        &mut self,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<(), PortError> {
        self.batch_bytes = 0;
        let mut batch = Vec::with_capacity(BATCH);
        for mut found in std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH)) {
            if let Some(reject) = self.prepare(&mut found, ledger, bodies).await? {
                self.reject(reject);
            } else {
                batch.push(found);
            }
        }
        // what the ledger decides comes last: a file has its records in no order
        let (decided, plain): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|found| matches!(found, Found::IfKnown(..)));
        let mut outcomes = Vec::with_capacity(BATCH);
        for part in [plain, decided] {
            let mut written = stream::iter(part)
                .map(|found| write(found, ledger, self.indexing))
                .buffer_unordered(CONCURRENCY);
            while let Some(outcome) = written.next().await {
                outcomes.push(outcome?);
            }
        }
        for outcome in outcomes {
            match outcome {
                Written::Put(put, conflict) => {
                    match put {
                        Put::Stored => self.counts.indexed += 1,
                        Put::Duplicate | Put::Taken => self.counts.duplicate += 1,
                    }
                    self.counts.conflicts += conflict.count();
                }
                Written::Ignored => self.counts.ignored += 1,
                Written::Refused(reject) => self.reject(reject),
            }
        }
        Ok(())
    }

    /// Before an invocation is written: its bodies are followed, and its system prompt is noted. A reject where the
    /// ledger does not take the latter.
    async fn prepare(
        &mut self,
        found: &mut Found,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<Option<Reject>, PortError> {
        let Found::Invocation(found) = found else { return Ok(None) };
        // the body of a copy is asked for already
        if bodies::complete(found, bodies).await? && !is_copy(&found.reading.invocation, ledger).await? {
            self.counts.bodies_outstanding += 1;
            let evidence = &found.reading.invocation.evidence;
            match BodyRequest::of_log_event(evidence, found.raw.as_deref()) {
                Some(request) => self.requests.push(request),
                None => self.outstanding.push(evidence.ordinal),
            }
            if self.outstanding.len() == REQUESTED {
                self.ask_for_bodies(bodies).await?;
            }
        }
        let Indexing { retention, now, .. } = self.indexing;
        match self.sightings.add(&found.reading, ledger, self.telling, retention, now).await {
            Ok(()) => Ok(None),
            Err(error) if error.remedy == Remedy::Permanent => {
                Ok(Some(not_kept(&found.reading.invocation.evidence, found.nth, &error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn ask_for_bodies(&mut self, bodies: &impl AwaitBodies) -> Result<(), PortError> {
        if self.outstanding.is_empty() {
            return Ok(());
        }
        let ordinals = std::mem::take(&mut self.outstanding);
        let location = self.location.clone();
        bodies.await_bodies(&BodyRequest { location, ordinals, attempt: 1, record: None }).await
    }

    fn reject(&mut self, reject: Reject) {
        self.counts.rejected += 1;
        if self.rejects.len() < KEPT_REJECTS {
            self.rejects.push(reject);
        }
    }

    fn delivery(mut self, completion: Completion, ignored: Option<&'static str>) -> Delivery {
        if ignored.is_some() {
            self.counts.received += 1;
            self.counts.ignored += 1;
        }
        self.rejects.sort_by_key(|reject| reject.ordinal);
        Delivery {
            location: self.location.clone(),
            counts: self.counts,
            completion,
            rejects: self.rejects,
            bytes: self.bytes,
            indexed_at: self.indexing.now,
        }
    }
}
