//! A change into the ledger, and its alert out: at least once, also when we die between any two steps.
//!
//! Every step is computed from what is stored: (1) the raw event and the change are put if absent ([`store`]); (2) the
//! resource is read, (3) its state and (4) the diff are put if absent ([`observe`]); (5) the alert is published unless its mark
//! is there, (6) the mark is put ([`messages`]). A crash between two steps is mended by the next delivery of the same event; one
//! between (5) and (6) sends the alert twice rather than never. Where the resource could not be read the alert goes out
//! without, and the event comes again: what follows then is told in a message of its own.

mod messages;
mod observe;
mod store;

use audit_domain::{
    change::{Change, Origin, Resource},
    ledger::record::{AlertMark, Common, Diff, Record, Retention, alert_key},
    state::State,
};
use jiff::{SignedDuration, Timestamp};

pub(crate) use self::messages::filled;
use self::{messages::summary_message, observe::Observed, store::event_key};
pub use self::{
    messages::{follow_up, message},
    store::store,
};
use crate::ports::{
    FindRecords, KeepObjects, KnowChanges, Message, PortError, PublishAlerts, Put, PutRecords,
    PutResourceStates, QueryResourceStates, ReadResources,
};

/// How changes are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// How long they are kept.
    pub retention: Retention,
    /// Older changes are summarised and not alerted one by one.
    pub alert_max_age: SignedDuration,
    /// The time at which this is done.
    pub now: Timestamp,
}

impl Recording {
    /// How it is done of what was noticed now: that is never old.
    pub fn of_notices(retention: Retention, now: Timestamp) -> Self {
        Self { retention, alert_max_age: SignedDuration::MAX, now }
    }
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// Its alert went out now.
    Alerted,
    /// Its alert had gone out before.
    AlertedBefore,
    /// One alert went out for it and others like it; see [`Change::alert_group`].
    AlertedWithOthers,
    /// It concerns nothing that the ledger knows: it is not recorded.
    NotKnown,
    /// What changed was not known when the alert went out, and was told now.
    FollowedUp,
    /// It is too old to be news: it belongs into the delivery's summary.
    ForSummary(Box<Change>),
}

/// What became of a change whose evidence lies elsewhere.
#[derive(Debug)]
pub struct Filed {
    /// Whether it was known before.
    pub put: Put,
    /// What became of its alert.
    pub recorded: Recorded,
    /// Why it could not be seen what changed: another try may help.
    pub unread: Option<PortError>,
}

/// Everything that recording a change writes to.
pub trait ChangeLedger:
    PutRecords + FindRecords + KnowChanges + KeepObjects + PutResourceStates + QueryResourceStates
{
}
impl<T: PutRecords + FindRecords + KnowChanges + KeepObjects + PutResourceStates + QueryResourceStates>
    ChangeLedger for T
{
}

/// Records changes: where to, what it asks, whom it tells.
pub struct Recorder<'a, L, R, A> {
    /// The ledger.
    pub ledger: &'a L,
    /// Reads what changed.
    pub resources: &'a R,
    /// Takes the alerts.
    pub alerts: &'a A,
    /// How it is done.
    pub recording: Recording,
    /// The stack whose ledger it is, which the commands in alerts name.
    pub stack: Option<&'a str>,
}

impl<L: ChangeLedger, R: ReadResources, A: PublishAlerts> Recorder<'_, L, R, A> {
    /// Stores a change with what it changed, and sends its alert.
    ///
    /// `raw` is the event as it came; it is kept as the change's evidence. If only that fails, or it cannot be seen what
    /// changed, change and alert go on, and the error is handed back beside what became of the change: the event is to be
    /// delivered again all the same.
    ///
    /// # Errors
    /// Of the ports: the event is to be delivered again.
    pub async fn record(
        &self,
        mut change: Change,
        raw: &[u8],
    ) -> Result<(Recorded, Option<PortError>), PortError> {
        let key = event_key(&change);
        change.evidence.location = self.ledger.location(&key);
        let kept = self.ledger.keep(&key, raw.to_vec()).await;
        let Filed { recorded, unread, .. } = self.record_filed(change).await?;
        Ok((recorded, kept.err().or(unread)))
    }

    /// Stores a change whose evidence lies where it was found, with what it changed, and sends its alert.
    ///
    /// # Errors
    /// Of the ports: what the change was found in is to be read again.
    pub async fn record_filed(&self, change: Change) -> Result<Filed, PortError> {
        let (change, put) = store(change, self.ledger, self.recording.retention, self.recording.now).await?;
        let observed = self.observe(&change).await.unwrap_or_else(|error| Observed::failed(&change, error));
        let recorded = self.tell(change, observed.diff.as_ref()).await?;
        Ok(Filed { put, recorded, unread: observed.unread })
    }

    /// Records what no event told: that a resource is not as it was `before`. Nothing is read again. The state is put last,
    /// for until then the same is noticed anew, and no alert is lost.
    ///
    /// # Errors
    /// Of the ports: it is to be noticed again.
    pub async fn record_drift(
        &self,
        mut change: Change,
        raw: &[u8],
        before: &State,
        after: &State,
    ) -> Result<(), PortError> {
        let key = event_key(&change);
        change.evidence.location = self.ledger.location(&key);
        let kept = self.ledger.keep(&key, raw.to_vec()).await;
        let (change, _) = store(change, self.ledger, self.recording.retention, self.recording.now).await?;
        let diff = self.difference(&change, before, after);
        self.put_diff(&change, &diff).await?;
        self.tell(change, Some(&diff)).await?;
        kept?;
        self.ledger.put_resource_state(after).await.map(|_| ())
    }

    /// As [`Self::record`], where the ledger has a change of this resource; else the change is nothing to us.
    ///
    /// # Errors
    /// Of the ports: the event is to be delivered again.
    pub async fn record_if_known(
        &self,
        change: Change,
        known: &Resource,
        raw: &[u8],
    ) -> Result<(Recorded, Option<PortError>), PortError> {
        if self.ledger.has_change_of(known).await? {
            self.record(change, raw).await
        } else {
            Ok((Recorded::NotKnown, None))
        }
    }

    /// Stores what no event told, and sends its alert. Nothing is read of the resource: whoever noticed it has looked.
    ///
    /// It may be noticed again, at another moment: the first notice counts, and everything is made of what is stored of it,
    /// its `evidence` included. If only that cannot be kept, the error is handed back beside what became of the notice.
    ///
    /// # Errors
    /// Of the ports: it is to be noticed again.
    pub async fn record_noticed(
        &self,
        mut change: Change,
        evidence: fn(&Change) -> Vec<u8>,
    ) -> Result<(Recorded, Option<PortError>), PortError> {
        change.evidence.location = self.ledger.location(&event_key(&change));
        let change = self.first_notice(change).await?;
        let kept = self.ledger.keep(&event_key(&change), evidence(&change)).await;
        if self.mark_of(&change, false).await?.is_some() {
            return Ok((Recorded::AlertedBefore, kept.err()));
        }
        self.publish(&change, &message(&change, None, self.stack), false, true).await?;
        Ok((Recorded::Alerted, kept.err()))
    }

    /// What is stored of a notice: of this one, or of the one that came first.
    async fn first_notice(&self, change: Change) -> Result<Change, PortError> {
        let record = Record::Change(Box::new(change));
        let (partition, sort) = (record.request_id().to_owned(), record.sort_key());
        for _ in 0..2 {
            if let Some(Record::Change(stored)) = self.ledger.find_record(&partition, &sort).await? {
                return Ok(*stored);
            }
            let Recording { retention, now, .. } = self.recording;
            self.ledger.put_record(&record, retention.expires_at(now, now)).await?;
        }
        Err(PortError::retry(format!("find {sort}"), "it was put, and is not there"))
    }

    /// Tells of a change, once; and of what changed, once that is known.
    async fn tell(&self, change: Change, diff: Option<&Diff>) -> Result<Recorded, PortError> {
        let told = self.mark_of(&change, false).await?;
        if told.is_some() && change.alert_group().is_some() {
            return Ok(Recorded::AlertedWithOthers);
        }
        match (told, diff.filter(|diff| diff.is_final())) {
            (None, _) if self.is_old(&change) => Ok(Recorded::ForSummary(Box::new(change))),
            (None, _) => {
                let message = message(&change, diff, self.stack);
                self.publish(&change, &message, false, diff.is_some_and(Diff::is_final)).await?;
                Ok(Recorded::Alerted)
            }
            (Some(mark), Some(diff)) if !mark.with_diff => {
                if self.mark_of(&change, true).await?.is_some() {
                    return Ok(Recorded::AlertedBefore);
                }
                self.publish(&change, &follow_up(&change, diff, self.stack), true, true).await?;
                Ok(Recorded::FollowedUp)
            }
            (Some(_), _) => Ok(Recorded::AlertedBefore),
        }
    }

    /// What was noticed just now is news, whenever it happened.
    fn is_old(&self, change: &Change) -> bool {
        change.origin != Origin::Baseline
            && self.recording.now.duration_since(change.occurred_at) > self.recording.alert_max_age
    }

    async fn mark_of(&self, change: &Change, follow_up: bool) -> Result<Option<AlertMark>, PortError> {
        let (request_id, event_id) = mark_names(change);
        Ok(match self.ledger.find_record(&request_id, &alert_key(&event_id, follow_up)).await? {
            Some(Record::Alert(mark)) => Some(mark),
            _ => None,
        })
    }

    async fn publish(
        &self,
        change: &Change,
        message: &Message,
        follow_up: bool,
        with_diff: bool,
    ) -> Result<(), PortError> {
        let message_id = self.alerts.publish(message).await?;
        self.mark(change, message_id, follow_up, with_diff).await
    }

    /// Sends one message for all changes of a delivery that were too old, and marks them.
    ///
    /// # Errors
    /// Of the ports: their events are to be delivered again.
    pub async fn send_summary(&self, changes: &[&Change]) -> Result<(), PortError> {
        if changes.is_empty() {
            return Ok(());
        }
        let message_id = self.alerts.publish(&summary_message(changes, self.stack)).await?;
        for change in changes {
            // a summary tells no content, and nothing is to follow it: the change is no news
            self.mark(change, message_id.clone(), false, true).await?;
        }
        Ok(())
    }

    async fn mark(
        &self,
        change: &Change,
        message_id: String,
        follow_up: bool,
        with_diff: bool,
    ) -> Result<(), PortError> {
        let Recording { retention, now, .. } = self.recording;
        let (request_id, event_id) = mark_names(change);
        let mark = AlertMark {
            common: Common { request_id, ..Common::of_change(change) },
            event_id,
            follow_up,
            with_diff,
            published_at: now,
            message_id,
        };
        let expires_at = retention.expires_at(change.occurred_at, now);
        self.ledger.put_record(&Record::Alert(mark), expires_at).await.map(|_| ())
    }
}

/// The request and the event under which the mark of a change's alert is kept: those that share one alert share the mark.
fn mark_names(change: &Change) -> (String, String) {
    match change.alert_group() {
        Some(group) => (group.clone(), group),
        None => (change.request_id.clone(), change.event_id.clone()),
    }
}
