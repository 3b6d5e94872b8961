//! A world that gives one object and takes everything: what is measured is reading, not writing.

use std::io::Read;

use audit_app::{
    body_request::BodyRequest,
    index::{Indexing, Takes, index_object},
    index_trail::TrailIndexer,
    ports::{
        AwaitBodies, Chunks, CountSightings, FindRecords, FollowBodies, KeepObjects, KnowChanges,
        KnowInvocations, Message, PortError, PublishAlerts, Put, PutDeliveries, PutDocuments, PutRecords,
        PutResourceStates, PutStates, PutTurns, QueryResourceStates, ReadObjects, ReadResources,
        ResourceRead,
    },
    prompt_drift::Silent,
    record_change::{Recorder, Recording},
};
use audit_domain::{
    change::{Resource, watch::Watching},
    digest::Sha256,
    evidence::ObjectLocation,
    invocation::{
        Invocation,
        pointer::{BodyPointer, Followed},
    },
    ledger::{
        delivery::Delivery,
        document::DocumentSighting,
        record::{AlertMark, Common, EXCERPT, Record, Retention},
        state::{Sighting, StateKey},
        turn::Turn,
    },
    principal::Principal,
    state::{State, Subject},
};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

/// So many bytes come out of an object at a time.
pub const CHUNK: usize = 64 << 10;

/// Indexes the object that `open` reads, as it comes by one way alone, and writes nothing.
///
/// # Errors
/// What could not be read.
pub fn index<R: Read + Send>(open: impl Fn() -> std::io::Result<R> + Sync) -> Result<Delivery, PortError> {
    let location = ObjectLocation::file("/generated.json.gz");
    let indexing = Indexing {
        takes: Takes::Everything,
        retention: Retention::DEFAULT,
        excerpt_characters: EXCERPT,
        by_content: false,
        now: Timestamp::UNIX_EPOCH,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
    let object = Object(open);
    runtime.block_on(index_object(&object, &TakesAll, &TakesAll, &Silent, &location, indexing, &mut |_| {}))
}

/// Reads the file of CloudTrail's that `open` reads, as the function index-trail does, and writes nothing.
///
/// # Errors
/// What could not be read.
pub fn index_trail<R: Read + Send>(
    open: impl Fn() -> std::io::Result<R> + Sync,
) -> Result<Delivery, PortError> {
    let location = ObjectLocation::object("trail", "AWSLogs/444455556666/CloudTrail/generated.json.gz");
    let recording = Recording {
        retention: Retention::DEFAULT,
        alert_max_age: SignedDuration::MAX,
        now: Timestamp::UNIX_EPOCH,
    };
    let recorder =
        Recorder { ledger: &TakesAll, resources: &TakesAll, alerts: &TakesAll, recording, stack: None };
    let watching = Watching::default();
    let indexer =
        TrailIndexer { objects: &Object(open), recorder: &recorder, watching: &watching, keeps_calls: true };
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
    runtime.block_on(indexer.index(&location)).map(|(delivery, _)| delivery)
}

fn failed(error: std::io::Error) -> PortError {
    PortError::permanent("read the object", error.to_string())
}

struct Object<F>(F);

struct Pieces<R>(R);

impl<R: Read + Send, F: Fn() -> std::io::Result<R> + Sync> ReadObjects for Object<F> {
    type Chunks = Pieces<R>;

    async fn open(&self, _: &ObjectLocation) -> Result<Pieces<R>, PortError> {
        (self.0)().map(Pieces).map_err(failed)
    }
}

impl<R: Read + Send> Chunks for Pieces<R> {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, PortError> {
        let mut chunk = vec![0; CHUNK];
        let read = self.0.read(&mut chunk).map_err(failed)?;
        chunk.truncate(read);
        Ok((read > 0).then(|| chunk.into()))
    }
}

/// A ledger to which everything is new, and which keeps nothing.
struct TakesAll;

impl PutRecords for TakesAll {
    async fn put_record(&self, _: &Record, _: i64) -> Result<Put, PortError> {
        Ok(Put::Stored)
    }
}

impl KnowInvocations for TakesAll {
    async fn invocations_of(&self, _: &str) -> Result<Vec<Invocation>, PortError> {
        Ok(Vec::new())
    }
}

impl KnowChanges for TakesAll {
    async fn has_change_of(&self, _: &Resource) -> Result<bool, PortError> {
        Ok(false)
    }
}

impl PutStates for TakesAll {
    async fn put_prompt_text(&self, _: &Sha256, _: &str, _: i64) -> Result<Put, PortError> {
        Ok(Put::Stored)
    }

    async fn put_invocation_day(&self, _day: &str, _expires_at: i64) -> Result<Put, PortError> {
        Ok(Put::Duplicate)
    }

    async fn put_sighting(&self, _: &StateKey, _: &Sighting, _: i64) -> Result<(), PortError> {
        Ok(())
    }
}

impl PutDocuments for TakesAll {
    async fn put_document(&self, _: &StateKey, _: &DocumentSighting, _: i64) -> Result<(), PortError> {
        Ok(())
    }
}

impl PutTurns for TakesAll {
    async fn put_turn(&self, _: &Turn, _: i64) -> Result<Put, PortError> {
        Ok(Put::Stored)
    }
}

impl PutDeliveries for TakesAll {
    async fn put_delivery(&self, _: &Delivery, _: i64) -> Result<(), PortError> {
        Ok(())
    }
}

/// Every change's alert has gone out: its event came before the file, as it nearly always does.
impl FindRecords for TakesAll {
    async fn find_record(&self, request_id: &str, sort_key: &str) -> Result<Option<Record>, PortError> {
        let common = Common {
            request_id: request_id.to_owned(),
            occurred_at: Timestamp::UNIX_EPOCH,
            account_id: String::new(),
            region: String::new(),
            principal: Principal::default(),
        };
        let mark = AlertMark {
            common,
            event_id: sort_key.to_owned(),
            follow_up: false,
            with_diff: true,
            published_at: Timestamp::UNIX_EPOCH,
            message_id: String::new(),
        };
        Ok(sort_key.starts_with("alert#").then_some(Record::Alert(mark)))
    }
}

impl PutResourceStates for TakesAll {
    async fn put_resource_state(&self, _: &State) -> Result<Put, PortError> {
        Ok(Put::Stored)
    }
}

impl QueryResourceStates for TakesAll {
    async fn newest_resource_state(&self, _: &Resource, _: Option<&str>) -> Result<Option<State>, PortError> {
        Ok(None)
    }

    async fn resource_states(&self, _: &Resource) -> Result<Vec<State>, PortError> {
        Ok(Vec::new())
    }
}

impl ReadResources for TakesAll {
    async fn read_resource(&self, _: &Subject) -> Result<ResourceRead, PortError> {
        Ok(ResourceRead::Gone)
    }
}

impl PublishAlerts for TakesAll {
    async fn publish(&self, _: &Message) -> Result<String, PortError> {
        Ok(String::new())
    }
}

impl CountSightings for TakesAll {
    async fn count_sightings(&self, _: &str, _: &str, _: usize) -> Result<usize, PortError> {
        Ok(0)
    }
}

impl KeepObjects for TakesAll {
    async fn keep(&self, _: &str, _: Vec<u8>) -> Result<(), PortError> {
        Ok(())
    }

    fn location(&self, key: &str) -> ObjectLocation {
        ObjectLocation::file(key)
    }
}

impl FollowBodies for TakesAll {
    async fn follow(&self, _: &ObjectLocation, _: &BodyPointer) -> Result<Followed, PortError> {
        Ok(Followed::Later)
    }
}

impl AwaitBodies for TakesAll {
    async fn await_bodies(&self, _: &BodyRequest) -> Result<(), PortError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{invocations::Invocations, trail::Trail};

    #[test]
    fn everything_that_is_generated_is_read() {
        let log: String = Invocations::new(200, 4_000, 7).collect();
        assert_eq!(log, Invocations::new(200, 4_000, 7).collect::<String>());
        assert!((3_000..5_000).contains(&(log.len() / 200)), "{} bytes a record", log.len() / 200);
        let delivery = index(|| Ok(log.as_bytes())).unwrap();
        assert_eq!((delivery.counts.received, delivery.counts.indexed), (200, 200), "{delivery:?}");
        assert!(delivery.counts.bodies_outstanding > 0);

        let trail: String = Trail::new(400_000, 7).collect();
        let delivery = index(|| Ok(trail.as_bytes())).unwrap();
        let counts = delivery.counts;
        assert_eq!(counts.received, counts.indexed + counts.ignored, "{counts:?}");
        assert!(counts.indexed > 0 && counts.ignored > 0, "{counts:?}");
        // the function finds the same, and passes over what the command line had to parse
        assert_eq!(index_trail(|| Ok(trail.as_bytes())).unwrap().counts, counts);
    }
}
