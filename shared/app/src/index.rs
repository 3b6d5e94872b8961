//! A log object into the ledger.
//!
//! The object is streamed: inflated in a bounded window, split into values, and each value written as conditional puts. A
//! record's parts are put before the record itself, so that a record in the ledger is a record whose parts are there.

use audit_domain::{
    change::{Change, Origin, TrailEvent},
    evidence::{Evidence, ObjectLocation},
    invocation::RecordReading,
    ledger::{
        delivery::{Completion, Counts, Delivery, KEPT_REJECTS},
        record::{Record, Retention, Source},
    },
    values::{Reject, Step, Unread, Values},
};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::{
    inflate::{Inflate, PIECE},
    ports::{
        Chunks, CountSightings, KeepObjects, PortError, Put, PutDeliveries, PutRecords, PutStates,
        ReadObjects, Remedy,
    },
    record_change,
    sightings::Sightings,
};

/// So many records are written at a time.
const CONCURRENCY: usize = 32;
/// So many records are read before they are written.
const BATCH: usize = 64;
/// Or fewer, where they have so many bytes together.
const BATCH_BYTES: usize = 4 << 20;

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
pub trait Ledger: PutRecords + PutStates + PutDeliveries + CountSightings + KeepObjects {}
impl<T: PutRecords + PutStates + PutDeliveries + CountSightings + KeepObjects> Ledger for T {}

/// Indexes one object, and writes down what became of it. `progress` is told the compressed bytes of each piece.
///
/// # Errors
/// Only what is worth another try: the object could not be opened or the ledger not be reached. What was
/// written by then is met as duplicates next time. An object that breaks off is no error: its delivery says so.
pub async fn index_object(
    objects: &impl ReadObjects,
    ledger: &impl Ledger,
    location: &ObjectLocation,
    indexing: Indexing,
    progress: &mut (impl FnMut(u64) + Send),
) -> Result<Delivery, PortError> {
    let mut run = Run::new(location, indexing);
    if let Some(reason) = location.role().why_ignored() {
        return Ok(run.delivery(Completion::Done, Some(reason)));
    }
    let mut chunks = objects.open(location).await?;
    let completion = run.read_through(&mut chunks, ledger, progress).await?;
    run.write_batch(ledger).await?;
    run.sightings.flush(ledger, indexing.retention, indexing.now).await?;
    let empty = (run.inflate.passed() == 0 && completion == Completion::Done).then_some("an empty object");
    let delivery = run.delivery(completion, empty);
    ledger.put_delivery(&delivery, indexing.retention.expires_at(indexing.now, indexing.now)).await?;
    Ok(delivery)
}

/// One value, as it was read.
enum Found {
    Invocation(Box<RecordReading>),
    Change(Box<Change>),
    Ignored,
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
    counts: Counts,
    rejects: Vec<Reject>,
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
            counts: Counts::default(),
            rejects: Vec::new(),
        }
    }

    async fn read_through(
        &mut self,
        chunks: &mut impl Chunks,
        ledger: &impl Ledger,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<Completion, PortError> {
        let mut broken = None;
        'object: while let Some(chunk) = chunks.next_chunk().await? {
            for piece in chunk.chunks(PIECE) {
                progress(piece.len() as u64);
                let values = &mut self.values;
                let pushed = self.inflate.push(piece, &mut |bytes| values.push(bytes));
                self.take_values(ledger).await?;
                if let Err(error) = pushed {
                    broken = Some(error);
                    break 'object;
                }
            }
        }
        let values = &mut self.values;
        let finished = self.inflate.finish(&mut |bytes| values.push(bytes));
        self.values.finish();
        self.take_values(ledger).await?;
        Ok(match broken.or(finished.err()) {
            None => Completion::Done,
            Some(error) => Completion::Partial(format!(
                "no sound gzip after {} inflated bytes: {error}",
                self.inflate.passed()
            )),
        })
    }

    async fn take_values(&mut self, ledger: &impl Ledger) -> Result<(), PortError> {
        let (takes, location) = (self.indexing.takes, self.location);
        loop {
            let step = self.values.next(|ordinal, bytes| {
                let (found, used) = read(takes, bytes, ordinal, location)?;
                Ok(((found, used), used))
            });
            match step {
                Step::Value((found, used)) => {
                    self.batch.push(found);
                    self.batch_bytes += used;
                    if self.batch.len() == BATCH || self.batch_bytes > BATCH_BYTES {
                        self.write_batch(ledger).await?;
                    }
                }
                Step::Reject(reject) => self.reject(reject),
                Step::NeedMore | Step::End => return Ok(()),
            }
        }
    }

    async fn write_batch(&mut self, ledger: &impl Ledger) -> Result<(), PortError> {
        let Indexing { retention, now, .. } = self.indexing;
        self.batch_bytes = 0;
        let mut batch = Vec::with_capacity(BATCH);
        for found in std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH)) {
            if let Found::Invocation(reading) = &found {
                match self.sightings.add(reading, ledger, retention, now).await {
                    Ok(()) => {}
                    Err(error) if error.remedy == Remedy::Permanent => {
                        self.reject(not_kept(&reading.invocation.evidence, &error));
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            batch.push(found);
        }
        let mut written = stream::iter(batch)
            .map(|found| write(found, ledger, retention, now))
            .buffer_unordered(CONCURRENCY);
        let mut outcomes = Vec::with_capacity(BATCH);
        while let Some(outcome) = written.next().await {
            outcomes.push(outcome?);
        }
        drop(written);
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

/// Reads one value. A value that is no invocation is looked at again where everything is taken.
fn read(
    takes: Takes,
    bytes: &[u8],
    ordinal: u64,
    location: &ObjectLocation,
) -> Result<(Found, usize), Unread> {
    let not_an_invocation = match RecordReading::read(bytes, ordinal, location) {
        Ok((reading, used)) => return Ok((Found::Invocation(Box::new(reading)), used)),
        Err(refusal @ Unread::Refused { .. }) if takes == Takes::Everything => refusal,
        Err(error) => return Err(error),
    };
    match TrailEvent::read(bytes, ordinal, location, Origin::Import) {
        Ok((TrailEvent::Change(change), used)) => Ok((Found::Change(change), used)),
        Ok((TrailEvent::NoChange(_), used)) => Ok((Found::Ignored, used)),
        Err(refusal) => Err(better_reason(not_an_invocation, refusal)),
    }
}

/// Of two reasons the one of the form that the value was more likely meant to have.
fn better_reason(not_an_invocation: Unread, not_an_event: Unread) -> Unread {
    match (&not_an_invocation, &not_an_event) {
        (Unread::Refused { reason, .. }, Unread::Refused { used, reason: other })
            if reason.contains("no modelId") && other.contains("no eventName") =>
        {
            Unread::Refused {
                used: *used,
                reason:
                    "neither a model invocation log record (no modelId) nor a cloudtrail event (no eventName)"
                        .to_owned(),
            }
        }
        (Unread::Refused { reason, .. }, _) if reason.contains("no modelId") => not_an_event,
        _ => not_an_invocation,
    }
}

enum Written {
    Stored,
    Duplicate,
    Ignored,
    Refused(Reject),
}

async fn write(
    found: Found,
    ledger: &impl Ledger,
    retention: Retention,
    now: Timestamp,
) -> Result<Written, PortError> {
    let (result, evidence) = match found {
        Found::Invocation(reading) => {
            let evidence = reading.invocation.evidence.clone();
            (write_invocation(*reading, ledger, retention, now).await, evidence)
        }
        Found::Change(change) => {
            let evidence = change.evidence.clone();
            (record_change::store(*change, ledger, retention, now).await.map(|(_, put)| put), evidence)
        }
        Found::Ignored => return Ok(Written::Ignored),
    };
    match result {
        Ok(Put::Stored) => Ok(Written::Stored),
        Ok(Put::Duplicate) => Ok(Written::Duplicate),
        Err(error) if error.remedy == Remedy::Permanent => Ok(Written::Refused(not_kept(&evidence, &error))),
        Err(error) => Err(error),
    }
}

fn not_kept(evidence: &Evidence, error: &PortError) -> Reject {
    Reject {
        ordinal: evidence.ordinal,
        reason: format!("read, and not taken by the ledger: {error}"),
        sha256: evidence.sha256.clone(),
        bytes: 0,
    }
}

async fn write_invocation(
    reading: RecordReading,
    ledger: &impl Ledger,
    retention: Retention,
    now: Timestamp,
) -> Result<Put, PortError> {
    let expires_at = retention.expires_at(reading.invocation.occurred_at, now);
    for passage in &reading.passages {
        let source = Record::Source(Box::new(Source::in_prompt(&reading.invocation, passage)));
        ledger.put_record(&source, expires_at).await?;
    }
    ledger.put_record(&Record::Invocation(Box::new(reading.invocation)), expires_at).await
}
