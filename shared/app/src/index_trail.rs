//! A file of CloudTrail's into the ledger: the changes that no event told of, and the calls by which requests came.
//!
//! EventBridge hands events over as well as it can, drops what is over 256 KB, and knows one region; the trail's files have
//! everything, a few minutes later. Whatever came by its event already is met as a duplicate, and not alerted again.

use audit_domain::{
    change::{Change, Origin, Resource, TrailEvent, may_concern, watch::Watching},
    digest::bounded_key,
    evidence::ObjectLocation,
    ledger::{
        delivery::{Completion, Counts, Delivery, KEPT_REJECTS},
        record::{Call, Record},
    },
    values::{Reject, Unread, whole_object},
};
use futures_util::{StreamExt as _, stream};

use crate::{
    index::object::{Item, ObjectValues},
    ports::{PortError, PublishAlerts, Put, PutDeliveries, ReadObjects, ReadResources, Remedy},
    record_change::{ChangeLedger, Recorded, Recorder},
};

/// So many calls are written at a time.
const CONCURRENCY: usize = 32;
/// So many calls are read before they are written.
const BATCH: usize = 256;
/// So many changes wait for the others of their file.
const DEFERRED: usize = 50;
/// So many changes that are too old to be news share one message.
const SUMMARISED: usize = 500;

/// What became of a file, besides what its delivery says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FromTrail {
    /// Changes that were not known before.
    pub changes_found: u64,
    /// Of all changes, those whose alert went out now: no event had told of them.
    pub alerted: u64,
    /// Changes that were too old to be news: told together.
    pub summarised: u64,
    /// Calls that were not known before.
    pub calls: u64,
}

/// Everything that a trail's file is written to.
pub trait TrailLedger: ChangeLedger + PutDeliveries {}
impl<T: ChangeLedger + PutDeliveries> TrailLedger for T {}

/// Reads trail files.
pub struct TrailIndexer<'a, O, L, R, A> {
    /// Where the files lie.
    pub objects: &'a O,
    /// Records the changes.
    pub recorder: &'a Recorder<'a, L, R, A>,
    /// On what the audit rests: calls of other services on that are changes, too.
    pub watching: &'a Watching,
    /// Whether calls that use models, agents and knowledge bases are kept as well.
    pub keeps_calls: bool,
}

impl<O: ReadObjects, L: TrailLedger, R: ReadResources, A: PublishAlerts> TrailIndexer<'_, O, L, R, A> {
    /// Reads one file, and writes down what became of it.
    ///
    /// # Errors
    /// What is worth another try: then the file is to be read again, and what was written by then is met as duplicates.
    pub async fn index(&self, location: &ObjectLocation) -> Result<(Delivery, FromTrail), PortError> {
        let mut run = Run::new(self, location);
        if let Some(reason) = location.role().why_ignored() {
            run.counts.received = 1;
            run.counts.ignored = 1;
            return Ok(run.end(Completion::Done, Some(reason), 0));
        }
        let mut values = ObjectValues::new(self.objects.open(location).await?);
        let mut read = |ordinal, bytes: &[u8]| read(bytes, ordinal, location, self.watching);
        while let Some(item) = values.next(&mut read, &mut |_| {}).await? {
            match item {
                Item::Value(found) => run.take(found).await?,
                Item::Reject(reject) => run.reject(reject),
            }
        }
        run.record_known().await?;
        run.write_calls().await?;
        run.summarise().await?;
        if let Some(error) = run.failed.take() {
            return Err(error);
        }
        run.counts.received = values.met();
        let (delivery, found) = run.end(values.completion(), None, values.inflated());
        let recording = self.recorder.recording;
        let expires_at = recording.retention.expires_at(recording.now, recording.now);
        self.recorder.ledger.put_delivery(&delivery, expires_at).await?;
        Ok((delivery, found))
    }
}

/// One record of a file.
enum Found {
    Change(Box<Change>),
    /// A change where the ledger has one of this resource.
    IfKnown(Box<Change>, Resource),
    Call(Box<Call>),
    Nothing,
}

/// Reads the record at the start of `bytes`; one that does not concern us is passed over, and not even parsed.
fn read(
    bytes: &[u8],
    ordinal: u64,
    location: &ObjectLocation,
    watching: &Watching,
) -> Result<(Found, usize), Unread> {
    if let Some(length) = whole_object(bytes)
        && !bytes.get(..length).is_none_or(|record| may_concern(record, watching))
    {
        return Ok((Found::Nothing, length));
    }
    let (event, used) = TrailEvent::read(bytes, ordinal, location, Origin::Trail, watching)?;
    Ok((of_event(event), used))
}

fn of_event(event: TrailEvent) -> Found {
    match event {
        TrailEvent::Change(change) => Found::Change(change),
        TrailEvent::IfKnown(change, known) => Found::IfKnown(change, known),
        TrailEvent::Call(call) => Found::Call(call),
        TrailEvent::NoChange(_) => Found::Nothing,
    }
}

struct Run<'a, O, L, R, A> {
    indexer: &'a TrailIndexer<'a, O, L, R, A>,
    location: &'a ObjectLocation,
    counts: Counts,
    found: FromTrail,
    rejects: Vec<Reject>,
    calls: Vec<Call>,
    /// Changes that count where the ledger knows their resource.
    perhaps: Vec<(Change, Resource)>,
    /// Changes that are too old to be news.
    old: Vec<Change>,
    /// The first error for which the file is to be read again.
    failed: Option<PortError>,
}

impl<'a, O: ReadObjects, L: TrailLedger, R: ReadResources, A: PublishAlerts> Run<'a, O, L, R, A> {
    fn new(indexer: &'a TrailIndexer<'a, O, L, R, A>, location: &'a ObjectLocation) -> Self {
        Self {
            indexer,
            location,
            counts: Counts::default(),
            found: FromTrail::default(),
            rejects: Vec::new(),
            calls: Vec::new(),
            perhaps: Vec::new(),
            old: Vec::new(),
            failed: None,
        }
    }

    async fn take(&mut self, found: Found) -> Result<(), PortError> {
        match found {
            Found::Change(change) => self.record(*change).await?,
            Found::IfKnown(change, known) => {
                self.perhaps.push((*change, known));
                if self.perhaps.len() == DEFERRED {
                    self.record_known().await?;
                }
            }
            Found::Call(call) if self.indexer.keeps_calls => {
                self.calls.push(*call);
                if self.calls.len() == BATCH {
                    self.write_calls().await?;
                }
            }
            Found::Call(_) | Found::Nothing => self.counts.ignored += 1,
        }
        Ok(())
    }

    /// Records the changes of resources that the ledger knows: after the others, since a file has no order.
    async fn record_known(&mut self) -> Result<(), PortError> {
        for (change, known) in std::mem::take(&mut self.perhaps) {
            if self.indexer.recorder.ledger.has_change_of(&known).await? {
                self.record(change).await?;
            } else {
                self.counts.ignored += 1;
            }
        }
        Ok(())
    }

    /// Records a change. One that cannot be recorded now does not keep the others of its file from being recorded: the file
    /// is read again.
    async fn record(&mut self, change: Change) -> Result<(), PortError> {
        let evidence = change.evidence.clone();
        let key = (change.request_id.clone(), format!("change#{}", change.event_id));
        let filed = match self.indexer.recorder.record_filed(change).await {
            Ok(filed) => filed,
            Err(error) if error.remedy == Remedy::Permanent => {
                self.reject(Reject {
                    ordinal: evidence.ordinal,
                    reason: format!("read, and not taken by the ledger: {error}"),
                    sha256: evidence.sha256,
                    bytes: 0,
                });
                return Ok(());
            }
            Err(error) => {
                self.failed.get_or_insert(error);
                return Ok(());
            }
        };
        if filed.put == Put::Stored {
            self.counts.indexed += 1;
            self.found.changes_found += 1;
        } else {
            self.counts.duplicate += 1;
        }
        match filed.recorded {
            Recorded::Alerted => self.found.alerted += 1,
            Recorded::ForSummary(change) => {
                // a summary tells nothing of what they hold
                self.old.push(Change { request_parameters: None, response_elements: None, ..*change });
                if self.old.len() == SUMMARISED {
                    self.summarise().await?;
                }
            }
            Recorded::AlertedBefore
            | Recorded::AlertedWithOthers
            | Recorded::FollowedUp
            | Recorded::NotKnown => {}
        }
        if let Some(unread) = filed.unread
            && self.is_ours(&key.0, &key.1).await?
        {
            self.failed.get_or_insert(unread);
        }
        Ok(())
    }

    /// Whether a change is known from a trail's file first. Where its event came, that waits in its own queue until the
    /// resource can be read, and the file need not come again for it.
    async fn is_ours(&self, request_id: &str, key: &str) -> Result<bool, PortError> {
        let known = self.indexer.recorder.ledger.find_record(request_id, &bounded_key(key)).await?;
        Ok(matches!(known, Some(Record::Change(change)) if change.origin == Origin::Trail))
    }

    async fn summarise(&mut self) -> Result<(), PortError> {
        let old = std::mem::take(&mut self.old);
        self.found.summarised += old.len() as u64;
        self.indexer.recorder.send_summary(&old.iter().collect::<Vec<_>>()).await
    }

    async fn write_calls(&mut self) -> Result<(), PortError> {
        let recorder = self.indexer.recorder;
        let (ledger, recording) = (recorder.ledger, recorder.recording);
        let mut written = stream::iter(std::mem::take(&mut self.calls))
            .map(|call| async move {
                let expires_at = recording.retention.expires_at(call.common.occurred_at, recording.now);
                ledger.put_record(&Record::Call(Box::new(call)), expires_at).await
            })
            .buffer_unordered(CONCURRENCY);
        while let Some(put) = written.next().await {
            if put? == Put::Stored {
                self.counts.indexed += 1;
                self.found.calls += 1;
            } else {
                self.counts.duplicate += 1;
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

    fn end(
        mut self,
        completion: Completion,
        ignored: Option<&'static str>,
        bytes: u64,
    ) -> (Delivery, FromTrail) {
        if bytes == 0 && ignored.is_none() && completion == Completion::Done {
            self.counts.received += 1;
            self.counts.ignored += 1;
        }
        self.rejects.sort_by_key(|reject| reject.ordinal);
        let delivery = Delivery {
            location: self.location.clone(),
            counts: self.counts,
            completion,
            rejects: self.rejects,
            bytes,
            indexed_at: self.indexer.recorder.recording.now,
        };
        (delivery, self.found)
    }
}

#[cfg(test)]
mod properties;
