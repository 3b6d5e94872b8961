//! What a change changed: the resource is read, its state is put, and compared with the one before.

use audit_domain::{
    change::{Change, Outcome},
    ledger::record::{Diff, DiffRead, Record, diff_key},
    state::{Document, Known, State, Subject, compare, severity},
};
use serde_json::Value;

use super::{ChangeLedger, Recorder};
use crate::ports::{PortError, PublishAlerts, ReadResources, ResourceRead};

/// What was seen of a change's resource.
#[derive(Default)]
pub(super) struct Observed {
    /// What changed, as far as it is known; `None` where nothing can be read.
    pub(super) diff: Option<Diff>,
    /// Why the resource could not be read: the event has to come again.
    pub(super) unread: Option<PortError>,
}

impl<L: ChangeLedger, R: ReadResources, A: PublishAlerts> Recorder<'_, L, R, A> {
    /// Sees what a change changed: from the ledger where it was seen before, else by reading the resource.
    pub(super) async fn observe(&self, change: &Change) -> Result<Observed, PortError> {
        let subject = Subject::of(change).filter(|_| change.outcome == Outcome::Succeeded);
        let Some(subject) = subject else { return Ok(Observed::default()) };
        let stored = self.ledger.find_record(&change.request_id, &diff_key(&change.event_id)).await?;
        if let Some(Record::Diff(diff)) = stored
            && diff.is_final()
        {
            return Ok(Observed { diff: Some(*diff), unread: None });
        }
        let (diff, unread) = self.read(change, &subject).await?;
        let expires_at = self.recording.retention.expires_at(change.occurred_at, self.recording.now);
        self.ledger.put_record(&Record::Diff(Box::new(diff.clone())), expires_at).await?;
        Ok(Observed { diff: Some(diff), unread })
    }

    async fn read(&self, change: &Change, subject: &Subject) -> Result<(Diff, Option<PortError>), PortError> {
        if subject.is_deleted_by(change) {
            return Ok((self.deleted(change, subject).await?, None));
        }
        if let Some(draft) = subject.draft_of_new_version(change) {
            match self.resources.read_resource(&draft).await {
                Ok(ResourceRead::Document(document)) => drop(self.put(change, &draft, document).await?),
                Ok(_) => {}
                Err(error) => return Ok((unread(change, DiffRead::Throttled, &error.cause), Some(error))),
            }
        }
        match self.resources.read_resource(subject).await {
            Ok(ResourceRead::Document(document)) => {
                let (before, after) = self.around(change, subject, document).await?;
                Ok((self.diff(change, subject, before.as_ref(), Some(&after)), None))
            }
            Ok(ResourceRead::Gone) => Ok((Diff { read: DiffRead::Gone, ..Diff::of_change(change) }, None)),
            Ok(ResourceRead::Elsewhere(reason)) => Ok((unread(change, DiffRead::Denied, &reason), None)),
            Ok(ResourceRead::Denied(reason)) => {
                let error = PortError::retry(format!("read {subject} to see what changed"), reason.as_str());
                Ok((unread(change, DiffRead::Denied, &reason), Some(error)))
            }
            Err(error) => Ok((unread(change, DiffRead::Throttled, &error.cause), Some(error))),
        }
    }

    /// The states before and after a change, of which the latter was just read.
    async fn around(
        &self,
        change: &Change,
        subject: &Subject,
        document: Value,
    ) -> Result<(Option<State>, State), PortError> {
        let (after, is_unchanged) = self.put(change, subject, document).await?;
        if is_unchanged {
            return Ok((Some(after.clone()), after));
        }
        let below = after.key().version;
        let before = self.ledger.newest_resource_state(&subject.resource, Some(&below)).await?;
        let before = match (before, subject.version_before()) {
            (None, Some(earlier)) => self.ledger.newest_resource_state(&earlier, None).await?,
            (before, _) => before,
        };
        Ok((before, after))
    }

    /// The state in the ledger that this document is: a new one, or the newest where nothing that matters is different;
    /// and whether the change changed nothing that matters.
    async fn put(
        &self,
        change: &Change,
        subject: &Subject,
        document: Value,
    ) -> Result<(State, bool), PortError> {
        let read = Document::of(subject.kind, &document);
        let newest = self.ledger.newest_resource_state(&subject.resource, None).await?;
        if let Some(same) = newest.filter(|state| !state.is_tombstone && state.sha256 == *read.sha256()) {
            // one that another event read first was not changed since; one of an earlier moment was, to the same
            let is_unchanged = match (read.updated_at(), same.updated_at) {
                (Some(now), Some(then)) => now > then,
                _ => same.cause != change.event_id,
            };
            return Ok((same, is_unchanged));
        }
        let state = State {
            subject: subject.clone(),
            sha256: read.sha256().clone(),
            updated_at: read.updated_at(),
            document,
            is_tombstone: false,
            observed_at: self.recording.now,
            caused_at: change.occurred_at,
            cause: change.event_id.clone(),
        };
        self.ledger.put_resource_state(&state).await?;
        Ok((state, false))
    }

    /// A deleted resource leaves what it was.
    async fn deleted(&self, change: &Change, subject: &Subject) -> Result<Diff, PortError> {
        let newest = self.ledger.newest_resource_state(&subject.resource, None).await?;
        let before = match newest {
            // its tombstone was put before we died
            Some(tombstone) if tombstone.is_tombstone && tombstone.cause == change.event_id => {
                let below = tombstone.key().version;
                self.ledger.newest_resource_state(&subject.resource, Some(&below)).await?
            }
            newest => newest,
        };
        let tombstone = State::tombstone(change, subject, before.as_ref(), self.recording.now);
        self.ledger.put_resource_state(&tombstone).await?;
        let diff = self.diff(change, subject, before.as_ref(), Some(&tombstone));
        Ok(Diff { read: DiffRead::Gone, ..diff })
    }

    fn diff(
        &self,
        change: &Change,
        subject: &Subject,
        before: Option<&State>,
        after: Option<&State>,
    ) -> Diff {
        let document = |state: Option<&State>| {
            state.filter(|state| !state.is_tombstone).map(|state| Document::of(subject.kind, &state.document))
        };
        let (old, new) = (document(before), document(after));
        let came = subject.is_created_by(change) && before.is_none();
        let comparison =
            compare(subject.kind, known(before, old.as_ref(), came), known(after, new.as_ref(), false));
        Diff {
            observed_at: Some(self.recording.now),
            updated_at: after.filter(|state| !state.is_tombstone).and_then(|state| state.updated_at),
            state_before: before.map(|state| state.sha256.clone()),
            state_after: after.map(|state| state.sha256.clone()),
            verdict: comparison.verdict,
            severity: Some(severity::after_reading(change, subject.kind, &comparison)),
            fields: comparison.fields,
            fields_left_out: comparison.left_out,
            ..Diff::of_change(change)
        }
    }
}

fn unread(change: &Change, read: DiffRead, reason: &str) -> Diff {
    Diff { read, reason: Some(reason.to_owned()), ..Diff::of_change(change) }
}

fn known<'a>(state: Option<&State>, document: Option<&'a Document>, came: bool) -> Known<'a> {
    match (state, document) {
        (_, Some(document)) => Known::Present(document),
        (Some(_), None) => Known::Absent,
        (None, None) if came => Known::Absent,
        (None, None) => Known::Unknown,
    }
}
