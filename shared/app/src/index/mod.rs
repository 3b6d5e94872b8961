//! A log object into the ledger.
//!
//! The object is streamed: inflated in a bounded window, split into values ([`read`]), and each value written as
//! conditional puts ([`write`]). Bodies that lie beside it are followed ([`bodies`]).

pub mod bodies;
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
    values::{Reject, Step, Values},
};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use self::{
    read::{Found, read},
    write::{Written, not_kept, write},
};
use crate::{
    body_request::BodyRequest,
    inflate::{Inflate, PIECE},
    ports::{
        AwaitBodies, Chunks, CountSightings, FollowBodies, KeepObjects, KnowChanges, PortError,
        PutDeliveries, PutRecords, PutStates, ReadObjects, Remedy,
    },
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
    /// These, CloudTrail records and single events, told apart by content.
    Everything,
}

/// How an object is indexed.
#[derive(Clone, Copy, Debug)]
pub struct Indexing {
    /// What is taken out of it.
    pub takes: Takes,
    /// How long it is kept.
    pub retention: Retention,
    /// The time at which this is done.
    pub now: Timestamp,
}

/// Everything that indexing writes to.
pub trait Ledger:
    PutRecords + PutStates + PutDeliveries + CountSightings + KeepObjects + KnowChanges
{
}
impl<T: PutRecords + PutStates + PutDeliveries + CountSightings + KeepObjects + KnowChanges> Ledger for T {}

/// Indexes one object, and writes down what became of it. `progress` is told the compressed bytes of each piece.
///
/// # Errors
/// Only what is worth another try: the object could not be opened or the ledger not be reached. What was
/// written by then is met as duplicates next time. An object that breaks off is no error: its delivery says so.
pub async fn index_object(
    objects: &impl ReadObjects,
    ledger: &impl Ledger,
    bodies: &(impl FollowBodies + AwaitBodies),
    location: &ObjectLocation,
    indexing: Indexing,
    progress: &mut (impl FnMut(u64) + Send),
) -> Result<Delivery, PortError> {
    let mut run = Run::new(location, indexing);
    if let Some(reason) = location.role().why_ignored() {
        return Ok(run.delivery(Completion::Done, Some(reason)));
    }
    let mut chunks = objects.open(location).await?;
    let completion = run.read_through(&mut chunks, ledger, bodies, progress).await?;
    run.write_batch(ledger, bodies).await?;
    run.sightings.flush(ledger, indexing.retention, indexing.now).await?;
    run.ask_for_bodies(bodies).await?;
    let empty = (run.inflate.passed() == 0 && completion == Completion::Done).then_some("an empty object");
    let delivery = run.delivery(completion, empty);
    ledger.put_delivery(&delivery, indexing.retention.expires_at(indexing.now, indexing.now)).await?;
    Ok(delivery)
}

struct Run<'a> {
    location: &'a ObjectLocation,
    indexing: Indexing,
    values: Values,
    inflate: Inflate,
    batch: Vec<Found>,
    /// How many bytes the records of the batch had.
    batch_bytes: usize,
    sightings: Sightings,
    /// The records of which a body is to come, by their ordinals.
    outstanding: Vec<u64>,
    counts: Counts,
    rejects: Vec<Reject>,
    /// On what the audit rests, as far as files from anywhere can tell.
    watching: Watching,
}

impl<'a> Run<'a> {
    fn new(location: &'a ObjectLocation, indexing: Indexing) -> Self {
        Self {
            location,
            indexing,
            values: Values::new(),
            inflate: Inflate::new(),
            batch: Vec::with_capacity(BATCH),
            batch_bytes: 0,
            sightings: Sightings::new(),
            outstanding: Vec::new(),
            counts: Counts::default(),
            rejects: Vec::new(),
            watching: Watching::default(),
        }
    }

    async fn read_through(
        &mut self,
        chunks: &mut impl Chunks,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<Completion, PortError> {
        let mut broken = None;
        'object: while let Some(chunk) = chunks.next_chunk().await? {
            for piece in chunk.chunks(PIECE) {
                progress(piece.len() as u64);
                let values = &mut self.values;
                let pushed = self.inflate.push(piece, &mut |bytes| values.push(bytes));
                self.take_values(ledger, bodies).await?;
                if let Err(error) = pushed {
                    broken = Some(error);
                    break 'object;
                }
            }
        }
        let values = &mut self.values;
        let finished = self.inflate.finish(&mut |bytes| values.push(bytes));
        self.values.finish();
        self.take_values(ledger, bodies).await?;
        Ok(match broken.or(finished.err()) {
            None => Completion::Done,
            Some(error) => Completion::Partial(format!(
                "no sound gzip after {} inflated bytes: {error}",
                self.inflate.passed()
            )),
        })
    }

    async fn take_values(
        &mut self,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<(), PortError> {
        let (takes, location) = (self.indexing.takes, self.location);
        loop {
            let watching = &self.watching;
            let step = self.values.next(|ordinal, bytes| {
                let (found, used) = read(takes, bytes, ordinal, location, watching)?;
                Ok(((found, used), used))
            });
            match step {
                Step::Value((found, used)) => {
                    self.batch.push(found);
                    self.batch_bytes += used;
                    if self.batch.len() == BATCH || self.batch_bytes > BATCH_BYTES {
                        self.write_batch(ledger, bodies).await?;
                    }
                }
                Step::Reject(reject) => self.reject(reject),
                Step::NeedMore | Step::End => return Ok(()),
            }
        }
    }

    async fn write_batch(
        &mut self,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<(), PortError> {
        let Indexing { retention, now, .. } = self.indexing;
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
                .map(|found| write(found, ledger, retention, now))
                .buffer_unordered(CONCURRENCY);
            while let Some(outcome) = written.next().await {
                outcomes.push(outcome?);
            }
        }
        for outcome in outcomes {
            match outcome {
                Written::Stored => self.counts.indexed += 1,
                Written::Duplicate => self.counts.duplicate += 1,
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
        if bodies::complete(found, self.location, bodies).await? {
            self.outstanding.push(found.reading.invocation.evidence.ordinal);
            self.counts.bodies_outstanding += 1;
            if self.outstanding.len() == REQUESTED {
                self.ask_for_bodies(bodies).await?;
            }
        }
        let Indexing { retention, now, .. } = self.indexing;
        match self.sightings.add(&found.reading, ledger, retention, now).await {
            Ok(()) => Ok(None),
            Err(error) if error.remedy == Remedy::Permanent => {
                Ok(Some(not_kept(&found.reading.invocation.evidence, &error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn ask_for_bodies(&mut self, bodies: &impl AwaitBodies) -> Result<(), PortError> {
        if self.outstanding.is_empty() {
            return Ok(());
        }
        let ordinals = std::mem::take(&mut self.outstanding);
        bodies.await_bodies(&BodyRequest { location: self.location.clone(), ordinals, attempt: 1 }).await
    }

    fn reject(&mut self, reject: Reject) {
        self.counts.rejected += 1;
        if self.rejects.len() < KEPT_REJECTS {
            self.rejects.push(reject);
        }
    }

    fn delivery(mut self, completion: Completion, ignored: Option<&'static str>) -> Delivery {
        self.counts.received = self.values.met();
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
            bytes: self.inflate.passed(),
            indexed_at: self.indexing.now,
        }
    }
}
