//! What a change changed: the resource is read, its state is put, and compared with the one before.

use audit_domain::{
    change::{Change, Outcome},
    ledger::record::{Diff, DiffRead, Record, diff_key, is_after},
    state::{
        Document, Known, State, Subject, compare,
        parts::{completed, unread_parts},
        severity,
    },
    time,
};
use jiff::Timestamp;
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

/// A resource as it was just read.
struct Seen {
    /// Its state in the ledger.
    state: State,
    /// When the document that was read says that it was changed last: where nothing that matters was, its state is older.
    updated_at: Option<Timestamp>,
    /// Whether it looked like this before the change already.
    is_unchanged: bool,
}

impl Observed {
    /// Neither the resource nor what it was before could be looked at: the alert does not wait for that.
    pub(super) fn failed(change: &Change, error: PortError) -> Self {
        Self { diff: Some(unread(change, DiffRead::Throttled, &error.to_string())), unread: Some(error) }
    }
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
        self.put_diff(change, &diff).await?;
        Ok(Observed { diff: Some(diff), unread })
    }

    pub(super) async fn put_diff(&self, change: &Change, diff: &Diff) -> Result<(), PortError> {
        let expires_at = self.recording.retention.expires_at(change.occurred_at, self.recording.now);
        self.ledger.put_record(&Record::Diff(Box::new(diff.clone())), expires_at).await.map(|_| ())
    }

    /// What is different between two states, of a change that was noticed by it.
    pub(super) fn difference(&self, change: &Change, before: &State, after: &State) -> Diff {
        let updated_at = after.updated_at.filter(|_| !after.is_tombstone);
        let seen = Seen { state: after.clone(), updated_at, is_unchanged: false };
        let diff = self.diff(change, &after.subject, Some(before), &seen);
        let read = if after.is_tombstone { DiffRead::Gone } else { DiffRead::Ok };
        Diff { read, before_at: Some(before.observed_at), ..diff }
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
                let missing = unread_parts(subject.kind, &document).join("; ");
                let seen = self.put(change, subject, document).await?;
                let before = self.before(change, subject, &seen).await?;
                let diff = self.diff(change, subject, before.as_ref(), &seen);
                // what changed may be in what could not be read
                if before.is_some() && diff.fields.is_empty() && !missing.is_empty() {
                    let error = PortError::retry(format!("read all of {subject}"), missing.as_str());
                    return Ok((unread(change, DiffRead::Denied, &missing), Some(error)));
                }
                Ok((diff, None))
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

    /// What a resource looked like before a change: no state that was put for the change itself, and none that others
    /// brought about since.
    async fn before(
        &self,
        change: &Change,
        subject: &Subject,
        seen: &Seen,
    ) -> Result<Option<State>, PortError> {
        if seen.is_unchanged {
            return Ok(Some(seen.state.clone()));
        }
        let mut below = seen.state.key().version;
        if is_after(seen.state.moment(), change.occurred_at) {
            below = below.min(time::rfc3339(change.occurred_at));
        }
        let before = loop {
            match self.ledger.newest_resource_state(&subject.resource, Some(&below)).await? {
                Some(own) if own.cause == change.event_id => below = own.key().version,
                before => break before,
            }
        };
        match (before, subject.version_before()) {
            (None, Some(earlier)) => self.ledger.newest_resource_state(&earlier, None).await,
            (before, _) => Ok(before),
        }
    }

    /// The state in the ledger that this document is: a new one, or the newest where nothing that matters is different.
    async fn put(&self, change: &Change, subject: &Subject, document: Value) -> Result<Seen, PortError> {
        let newest = self.ledger.newest_resource_state(&subject.resource, None).await?;
        let document = match newest.as_ref().filter(|state| !state.is_tombstone) {
            Some(last) => completed(subject.kind, document, &last.document),
            None => document,
        };
        let read = Document::of(subject.kind, &document);
        let moment = newest.as_ref().map(State::moment);
        if let Some(same) = newest.filter(|state| !state.is_tombstone && state.sha256 == *read.sha256()) {
            // where it looked like this before the change, that changed nothing; else another event was faster to read it
            let known_at = same.updated_at.unwrap_or(same.observed_at);
            let is_unchanged = known_at < change.occurred_at;
            return Ok(Seen { state: same, updated_at: read.updated_at(), is_unchanged });
        }
        let state = State {
            subject: subject.clone(),
            sha256: read.sha256().clone(),
            // the latest of an agent's parts dates it, and that goes back where this part is taken away
            updated_at: read.updated_at().filter(|at| moment.is_none_or(|newest| newest <= *at)),
            document,
            is_tombstone: false,
            observed_at: self.recording.now,
            caused_at: change.occurred_at,
            cause: change.event_id.clone(),
        };
        self.ledger.put_resource_state(&state).await?;
        Ok(Seen { state, updated_at: read.updated_at(), is_unchanged: false })
    }

    /// A deleted resource leaves what it was.
    async fn deleted(&self, change: &Change, subject: &Subject) -> Result<Diff, PortError> {
        let newest = self.ledger.newest_resource_state(&subject.resource, None).await?;
        let below = match &newest {
            // its tombstone was put before we died
            Some(own) if own.is_tombstone && own.cause == change.event_id => Some(own.key().version),
            // it is there again
            Some(later) if is_after(later.moment(), change.occurred_at) => {
                Some(time::rfc3339(change.occurred_at))
            }
            _ => None,
        };
        let before = match below {
            Some(below) => self.ledger.newest_resource_state(&subject.resource, Some(&below)).await?,
            None => newest,
        };
        let tombstone = State::tombstone(change, subject, before.as_ref(), self.recording.now);
        self.ledger.put_resource_state(&tombstone).await?;
        let seen = Seen { state: tombstone, updated_at: None, is_unchanged: false };
        let diff = self.diff(change, subject, before.as_ref(), &seen);
        Ok(Diff { read: DiffRead::Gone, ..diff })
    }

    fn diff(&self, change: &Change, subject: &Subject, before: Option<&State>, seen: &Seen) -> Diff {
        let document = |state: Option<&State>| {
            state.filter(|state| !state.is_tombstone).map(|state| Document::of(subject.kind, &state.document))
        };
        let after = Some(&seen.state);
        let (old, new) = (document(before), document(after));
        let came = subject.is_created_by(change) && before.is_none();
        let comparison =
            compare(subject.kind, known(before, old.as_ref(), came), known(after, new.as_ref(), false));
        let severity = severity::after_reading(change, subject.kind, &comparison);
        let diff = Diff {
            observed_at: Some(self.recording.now),
            updated_at: seen.updated_at,
            state_before: before.map(|state| state.sha256.clone()),
            state_after: Some(seen.state.sha256.clone()),
            verdict: comparison.verdict,
            severity: Some(severity),
            fields: comparison.fields,
            fields_left_out: comparison.left_out,
            ..Diff::of_change(change)
        };
        // what was undone before anybody looked was not harmless
        let least = if diff.holds_later_changes() { change.severity } else { severity };
        Diff { severity: Some(severity.max(least)), ..diff }
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
