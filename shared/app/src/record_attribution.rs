//! What an application tells of an answer's sources, into the ledger (DESIGN 5.7).
//!
//! The sources go first, then which documents they are from and of which session it is, the attribution as a whole last: one that is in the ledger is one
//! whose parts are there. Every put is conditional or merges, so that the same event may come twice, and in any order.

use std::collections::BTreeMap;

use audit_domain::{
    attribution::{
        AttributionReading, Surroundings,
        event::{AttributionEvent, Carried, Refusal, Route, response_key},
    },
    evidence::ObjectLocation,
    ledger::{
        document::DocumentSighting,
        record::{Record, Retention, Source},
        state::StateKey,
        turn::Turn,
    },
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::value::RawValue;

use crate::ports::{Chunks, PortError, Put, PutDocuments, PutRecords, PutTurns, ReadObjects};

/// The largest response that is read from the audit bucket, in bytes.
pub const LARGEST: usize = 32 << 20;
/// So many items are written at a time.
const CONCURRENCY: usize = 16;

/// How attributions are recorded.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// How long they are kept.
    pub retention: Retention,
    /// How many characters of a passage its source shows; with 0, none.
    pub excerpt_characters: usize,
    /// The bucket that holds responses too large for an event.
    pub audit_bucket: &'a str,
    /// What is known where the event does not say it.
    pub here: Surroundings<'a>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The request that its sources are found under.
    pub request_id: String,
    /// The operation, as far as it is told.
    pub operation: String,
    /// How many sources it has.
    pub sources: u32,
    /// How many more it had than are kept.
    pub sources_left_out: u32,
    /// Whether it was known before.
    pub is_duplicate: bool,
}

/// Why an event was not recorded.
#[derive(Debug)]
pub enum NotRecorded {
    /// It is none, or leads elsewhere: it will not be taken, however often it comes.
    Refused(Refusal),
    /// Of a port.
    Port(PortError),
}

impl From<Refusal> for NotRecorded {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<PortError> for NotRecorded {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// Everything that recording an attribution writes to.
pub trait AttributionLedger: PutRecords + PutDocuments + PutTurns {}
impl<T: PutRecords + PutDocuments + PutTurns> AttributionLedger for T {}

/// Records what an event tells of an answer's sources.
///
/// # Errors
/// The event is refused, or a port fails. What was written by then is met as duplicates next time.
pub async fn record_attribution(
    event: &RawValue,
    route: Route,
    objects: &impl ReadObjects,
    ledger: &impl AttributionLedger,
    recording: &Recording<'_>,
) -> Result<Recorded, NotRecorded> {
    let event = AttributionEvent::read(event, route)?;
    let reading = match &event.response {
        Carried::Here(response) => AttributionReading::of(&event, response, None, &recording.here)?,
        Carried::At(location) => {
            let key = response_key(location, recording.audit_bucket).ok_or(Refusal::Elsewhere)?;
            let bytes = fetch(&ObjectLocation::object(recording.audit_bucket, key), objects).await?;
            let response: &RawValue = serde_json::from_slice(&bytes).map_err(|_| Refusal::UnknownShape)?;
            AttributionReading::of(&event, response, Some(key), &recording.here)?
        }
    };
    write(reading, ledger, recording).await.map_err(NotRecorded::Port)
}

/// Records an event that holds its response itself; `None` where it says that the response lies elsewhere.
///
/// # Errors
/// As [`record_attribution`].
pub(crate) async fn record_here(
    event: &RawValue,
    ledger: &impl AttributionLedger,
    recording: &Recording<'_>,
) -> Result<Option<Recorded>, NotRecorded> {
    let event = AttributionEvent::read(event, Route::Direct)?;
    let Carried::Here(response) = &event.response else { return Ok(None) };
    let reading = AttributionReading::of(&event, response, None, &recording.here)?;
    write(reading, ledger, recording).await.map(Some).map_err(NotRecorded::Port)
}

/// A response in memory, up to [`LARGEST`]. One that is not there yet is worth another try.
async fn fetch(location: &ObjectLocation, objects: &impl ReadObjects) -> Result<Vec<u8>, NotRecorded> {
    let mut chunks = objects.open(location).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next_chunk().await? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Refusal::TooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn write(
    reading: AttributionReading,
    ledger: &impl AttributionLedger,
    recording: &Recording<'_>,
) -> Result<Recorded, PortError> {
    let AttributionReading { attribution, passages } = reading;
    let expires_at = recording.retention.expires_at(attribution.common.occurred_at, recording.here.now);
    let sources = passages.iter().map(|passage| {
        let source = Source::in_response(&attribution, passage, recording.excerpt_characters);
        Record::Source(Box::new(source))
    });
    stream::iter(sources)
        .map(|source| async move { ledger.put_record(&source, expires_at).await })
        .buffer_unordered(CONCURRENCY)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let documents = passages.iter().flat_map(|passage| DocumentSighting::of(&attribution, passage));
    stream::iter(gathered(documents))
        .map(|(key, seen)| async move { ledger.put_document(&key, &seen, expires_at).await })
        .buffer_unordered(CONCURRENCY)
        .try_for_each(|()| async { Ok(()) })
        .await?;
    if let Some(turn) = Turn::of(&attribution) {
        ledger.put_turn(&turn, expires_at).await?;
    }
    let recorded = Recorded {
        request_id: attribution.common.request_id.clone(),
        operation: attribution.operation.clone(),
        sources: attribution.sources,
        sources_left_out: attribution.sources_left_out,
        is_duplicate: false,
    };
    let put = ledger.put_record(&Record::Attribution(Box::new(attribution)), expires_at).await?;
    Ok(Recorded { is_duplicate: put != Put::Stored, ..recorded })
}

/// One write for each key: many passages of an answer are of one document.
fn gathered(
    documents: impl Iterator<Item = (StateKey, DocumentSighting)>,
) -> BTreeMap<StateKey, DocumentSighting> {
    let mut gathered = BTreeMap::<StateKey, DocumentSighting>::new();
    for (key, seen) in documents {
        gathered.entry(key).and_modify(|known| known.merge(&seen)).or_insert(seen);
    }
    gathered
}

#[cfg(test)]
mod properties;
