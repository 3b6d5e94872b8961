//! Bodies that lie beside the log: over 100 KB, or binary. The long prompts of retrievals are among them.
//!
//! They may arrive a minute after the record (FORMATS 11.12). So the record is put at once, as incomplete, and the body is
//! asked for later; what is put then takes the incomplete one's place.

use std::collections::BTreeSet;

use audit_domain::{
    change::watch::Watching,
    evidence::{Evidence, ObjectLocation},
    invocation::{
        BodyState, RecordReading,
        pointer::{AllowedPlaces, BodyPointer, Followed, FollowedBodies, body_of},
    },
    values::{Step, Values},
};

use super::{
    Indexing, Ledger, Takes,
    read::{Found, FoundInvocation, read},
    write::write_invocation,
};
use crate::{
    body_request::BodyRequest,
    inflate::{Inflate, PIECE},
    ports::{AwaitBodies, Chunks, FollowBodies, PortError, Put, ReadBodies, Remedy},
    prompt_drift::TellNewPrompts,
    sightings::Sightings,
};

/// A body is taken into memory whole, up to so many inflated bytes: more than Bedrock takes in a request.
pub const LARGEST: usize = 32 << 20;

/// So often a body is looked for before it counts as missing.
pub const TRIES: u32 = 10;

/// Follows no pointer now: what may be followed is left for later.
pub struct Later<'a, Q> {
    /// Takes the requests.
    pub queue: &'a Q,
    /// Where pointers may lead; without a list, into the bucket of the record.
    pub allowed: Option<&'a AllowedPlaces>,
}

impl<Q: Sync> FollowBodies for Later<'_, Q> {
    async fn follow(&self, record_at: &ObjectLocation, pointer: &BodyPointer) -> Result<Followed, PortError> {
        let target = allowed_target(record_at, pointer, self.allowed);
        Ok(if target.is_some() { Followed::Later } else { Followed::Refused })
    }
}

impl<Q: AwaitBodies> AwaitBodies for Later<'_, Q> {
    async fn await_bodies(&self, request: &BodyRequest) -> Result<(), PortError> {
        self.queue.await_bodies(request).await
    }
}

/// Follows pointers into buckets.
pub struct InBuckets<'a, O> {
    /// Reads the bodies.
    pub objects: &'a O,
    /// Where pointers may lead; without a list, into the bucket of the record.
    pub allowed: Option<&'a AllowedPlaces>,
}

impl<O: ReadBodies> FollowBodies for InBuckets<'_, O> {
    async fn follow(&self, record_at: &ObjectLocation, pointer: &BodyPointer) -> Result<Followed, PortError> {
        match allowed_target(record_at, pointer, self.allowed) {
            Some(target) => read_body(self.objects, &target).await,
            None => Ok(Followed::Refused),
        }
    }
}

/// Nobody waits: whoever indexed the files does it again when the bodies are there.
impl<O: Sync> AwaitBodies for InBuckets<'_, O> {
    async fn await_bodies(&self, _request: &BodyRequest) -> Result<(), PortError> {
        Ok(())
    }
}

fn allowed_target(
    record_at: &ObjectLocation,
    pointer: &BodyPointer,
    allowed: Option<&AllowedPlaces>,
) -> Option<ObjectLocation> {
    let own = record_at.bucket.as_deref().map(AllowedPlaces::bucket).unwrap_or_default();
    pointer.target().filter(|target| allowed.unwrap_or(&own).hold(target))
}

/// Reads a body out of its object, inflated. One that is not sound gzip is as good as not there: it may be half an upload.
///
/// # Errors
/// Of the port, where it helps to try again.
pub async fn read_body(objects: &impl ReadBodies, target: &ObjectLocation) -> Result<Followed, PortError> {
    let Some(mut chunks) = objects.open_if_there(target).await? else { return Ok(Followed::NotThere) };
    let (mut inflate, mut body) = (Inflate::new(), Vec::new());
    while let Some(chunk) = chunks.next_chunk().await? {
        for piece in chunk.chunks(PIECE) {
            if inflate.push(piece, &mut |bytes| body.extend_from_slice(bytes)).is_err() {
                return Ok(Followed::NotThere);
            }
            if body.len() > LARGEST {
                return Ok(Followed::Refused);
            }
        }
    }
    match inflate.finish(&mut |bytes| body.extend_from_slice(bytes)) {
        Ok(()) => Ok(Followed::Body(body_of(&body))),
        Err(_) => Ok(Followed::NotThere),
    }
}

/// Reads a record again, with the bodies that it points to; whether one of them is still to come.
pub(super) async fn complete(
    found: &mut FoundInvocation,
    bodies: &impl FollowBodies,
) -> Result<bool, PortError> {
    let Some(raw) = &found.raw else { return Ok(false) };
    let Evidence { location, ordinal, .. } = &found.reading.invocation.evidence;
    let mut followed = FollowedBodies::default();
    for pointer in &found.reading.pointers {
        followed.set(pointer.side, bodies.follow(location, pointer).await?);
    }
    // it was read before: it can be read again
    if let Ok((mut reading, _)) = RecordReading::read_with(raw, *ordinal, location, &followed) {
        reading.invocation.content = found.reading.invocation.content.take();
        found.reading = reading;
    }
    Ok(followed.outstanding())
}

/// What became of a request for bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodiesFollowed {
    /// Records that are complete now, and were not before.
    pub completed: u64,
    /// Records that were complete already.
    pub duplicate: u64,
    /// Records of which a body is still to come: asked for again.
    pub outstanding: u64,
    /// Of the completed ones, those of which a body is missing, or may not be read.
    pub missing: u64,
    /// Records that the ledger did not take.
    pub rejected: u64,
    /// Records that disagree with another one of their request id.
    pub conflicts: u64,
}

/// Reads the records of a request again, with their bodies, and puts them. What is still to come is asked for again, until
/// it has been looked for [`TRIES`] times: then it is missing.
///
/// # Errors
/// What is worth another try. What was put by then is met as complete next time.
pub async fn follow_request<O: ReadBodies>(
    request: &BodyRequest,
    objects: &O,
    allowed: Option<&AllowedPlaces>,
    queue: &impl AwaitBodies,
    ledger: &impl Ledger,
    telling: &impl TellNewPrompts,
    indexing: Indexing,
) -> Result<BodiesFollowed, PortError> {
    let bodies = LastTry { inner: InBuckets { objects, allowed }, is_last: request.attempt >= TRIES };
    let mut follower = Follower {
        location: &request.location,
        bodies,
        telling,
        indexing,
        sightings: Sightings::new(),
        outcome: BodiesFollowed::default(),
        remaining: Vec::new(),
    };
    let mut wanted: BTreeSet<u64> = request.ordinals.iter().copied().collect();
    match &request.record {
        Some(record) => follower.take_record(record, wanted.first().copied(), ledger).await?,
        None => follower.take_object(objects.open(&request.location).await?, &mut wanted, ledger).await?,
    }
    follower.sightings.flush(ledger, telling, indexing.retention, indexing.now).await?;
    if !follower.remaining.is_empty() {
        let again = BodyRequest {
            location: request.location.clone(),
            ordinals: follower.remaining,
            attempt: request.attempt + 1,
            record: request.record.clone(),
        };
        queue.await_bodies(&again).await?;
    }
    Ok(follower.outcome)
}

/// Follows as another does; on the last try what is not there is missing.
struct LastTry<F> {
    inner: F,
    is_last: bool,
}

impl<F: FollowBodies> FollowBodies for LastTry<F> {
    async fn follow(&self, record_at: &ObjectLocation, pointer: &BodyPointer) -> Result<Followed, PortError> {
        Ok(match self.inner.follow(record_at, pointer).await? {
            Followed::NotThere if self.is_last => Followed::Missing,
            Followed::NotThere => Followed::Later,
            followed => followed,
        })
    }
}

struct Follower<'a, F, T> {
    location: &'a ObjectLocation,
    bodies: F,
    telling: &'a T,
    indexing: Indexing,
    sightings: Sightings,
    outcome: BodiesFollowed,
    remaining: Vec<u64>,
}

impl<F: FollowBodies, T: TellNewPrompts> Follower<'_, F, T> {
    /// Looks for the records in their object.
    async fn take_object(
        &mut self,
        mut chunks: impl Chunks,
        wanted: &mut BTreeSet<u64>,
        ledger: &impl Ledger,
    ) -> Result<(), PortError> {
        let (mut inflate, mut values) = (Inflate::new(), Values::new());
        'object: while let Some(chunk) = chunks.next_chunk().await? {
            for piece in chunk.chunks(PIECE) {
                let sound = inflate.push(piece, &mut |bytes| values.push(bytes)).is_ok();
                self.take(&mut values, wanted, ledger).await?;
                if !sound || wanted.is_empty() {
                    break 'object;
                }
            }
        }
        let _broken_off = inflate.finish(&mut |bytes| values.push(bytes));
        values.finish();
        self.take(&mut values, wanted, ledger).await
    }

    /// Takes the record that the request itself has.
    async fn take_record(
        &mut self,
        record: &[u8],
        ordinal: Option<u64>,
        ledger: &impl Ledger,
    ) -> Result<(), PortError> {
        let watching = Watching::default();
        match read(self.invocations(), record, ordinal.unwrap_or(1), self.location, &watching) {
            Ok((Found::Invocation(found), _)) => self.complete(*found, ledger).await,
            // it was read before it was sent
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn invocations(&self) -> Indexing {
        Indexing { takes: Takes::Invocations, ..self.indexing }
    }

    async fn take(
        &mut self,
        values: &mut Values,
        wanted: &mut BTreeSet<u64>,
        ledger: &impl Ledger,
    ) -> Result<(), PortError> {
        // no event is looked for
        let watching = Watching::default();
        loop {
            let (location, indexing) = (self.location, self.invocations());
            let step =
                values.next(|ordinal, bytes| match read(indexing, bytes, ordinal, location, &watching)? {
                    (Found::Invocation(found), used) if wanted.remove(&ordinal) => Ok((Some(found), used)),
                    (_, used) => Ok((None, used)),
                });
            match step {
                Step::Value(Some(found)) => self.complete(*found, ledger).await?,
                Step::Value(None) | Step::Reject(_) => {}
                Step::NeedMore | Step::End => return Ok(()),
            }
        }
    }

    async fn complete(&mut self, mut found: FoundInvocation, ledger: &impl Ledger) -> Result<(), PortError> {
        let Indexing { retention, now, .. } = self.indexing;
        if complete(&mut found, &self.bodies).await? {
            self.outcome.outstanding += 1;
            self.remaining.push(found.reading.invocation.evidence.ordinal);
            return Ok(());
        }
        let states = [found.reading.invocation.input_body, found.reading.invocation.output_body];
        let lacks = states.iter().any(|state| matches!(state, BodyState::Missing | BodyState::Refused));
        let put = match self.sightings.add(&found.reading, ledger, self.telling, retention, now).await {
            Ok(()) => write_invocation(found.reading, ledger, self.indexing).await,
            Err(error) => Err(error),
        };
        match put {
            Ok((put, conflict)) => {
                match put {
                    Put::Stored => {
                        self.outcome.completed += 1;
                        self.outcome.missing += u64::from(lacks);
                    }
                    Put::Duplicate | Put::Taken => self.outcome.duplicate += 1,
                }
                self.outcome.conflicts += conflict.count();
            }
            Err(error) if error.remedy == Remedy::Permanent => self.outcome.rejected += 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
