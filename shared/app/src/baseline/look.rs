//! A look at one resource: what is there is compared with what was last known.

use audit_domain::{
    change::{Change, Outcome},
    state::{
        Document, Known, State, Subject, compare,
        drift::{BASELINE, Difference, Sight, dated, is_due, is_restated, sight},
        parts::{completed, unread_parts},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Baseline, BaselineLedger};
use crate::{
    answer::{ChangeQuery, changes},
    ports::{
        ContinueBaseline, ListResources, Pause, PortError, PublishAlerts, ReadResources, ResourceRead, Span,
    },
};

/// So many seconds it is known when a difference was first seen: longer than between two runs, and not so long that the
/// same difference, when it comes again, is taken for an old one.
const MONTH: i64 = 31 * 24 * 60 * 60;

/// What came of a look at a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is seen for the first time, or for the first time whole: its state is kept, and nobody is told.
    First,
    /// It is as it was, in another form perhaps.
    Same,
    /// It is not as it was, but that is too young: an event may still tell.
    Young,
    /// It is not as it was, and a recorded change explains that: the state is kept.
    Explained,
    /// It is not as it was, and nothing explains that: recorded and alerted.
    Drift,
    /// Nobody may read it here: why. Nothing is claimed of it.
    Unreadable(String),
}

/// What was found in the place of a resource.
struct Found {
    /// As it was read, with what could not be read as it was last known; `None` where it is gone.
    document: Option<Value>,
    /// What matters of it.
    read: Option<Document>,
    /// Whether all of it could be read.
    is_whole: bool,
}

impl Found {
    fn of(subject: &Subject, document: Option<Value>, known: Option<&State>) -> Self {
        let unread = document.as_ref().map(|document| unread_parts(subject.kind, document));
        let last = known.filter(|known| !known.is_tombstone).map(|known| &known.document);
        let document = document.map(|document| match last {
            Some(last) => completed(subject.kind, document, last),
            None => document,
        });
        let read = document.as_ref().map(|document| Document::of(subject.kind, document));
        Self { document, read, is_whole: unread.is_none_or(|unread| unread.is_empty()) }
    }
}

impl<L, R, A, Q> Baseline<'_, L, R, A, Q>
where
    L: BaselineLedger,
    R: ReadResources + ListResources,
    A: PublishAlerts,
    Q: ContinueBaseline + Pause,
{
    /// Looks at a resource.
    pub(super) async fn look(&self, run: Timestamp, subject: &Subject) -> Result<Look, PortError> {
        let document = match self.recorder.resources.read_resource(subject).await? {
            ResourceRead::Document(document) => Some(document),
            ResourceRead::Gone => None,
            ResourceRead::Denied(why) | ResourceRead::Elsewhere(why) => return Ok(Look::Unreadable(why)),
        };
        // asked for after the read: what an event put meanwhile is no difference
        let known = self.recorder.ledger.newest_resource_state(&subject.resource, None).await?;
        let found = Found::of(subject, document, known.as_ref());
        let look = match (sight(known.as_ref(), found.read.as_ref()), &known) {
            (Sight::Different, Some(known)) => self.judge(subject, known, &found).await?,
            (Sight::First, _) => {
                let updated_at = found.read.as_ref().and_then(Document::updated_at);
                self.put(self.state(subject, &found, updated_at, self.now(), BASELINE)).await?;
                Look::First
            }
            _ => Look::Same,
        };
        if found.read.is_some() {
            let expires_at = self.retention().expires_at(run, self.now());
            self.recorder.ledger.note_resource(subject, run, expires_at).await?;
        }
        Ok(look)
    }

    /// What a difference is.
    async fn judge(&self, subject: &Subject, known: &State, found: &Found) -> Result<Look, PortError> {
        if !differs_in_content(subject, known, found) {
            // what could not be read before
            if found.is_whole {
                self.put(self.state(subject, found, None, self.now(), BASELINE)).await?;
                return Ok(Look::First);
            }
            return Ok(Look::Same);
        }
        if is_restated(known, found.read.as_ref()) {
            // dated by now: at the same date it could be behind the known one or before it
            self.put(self.state(subject, found, None, self.now(), BASELINE)).await?;
            return Ok(Look::Same);
        }
        let dated = dated(known, found.read.as_ref());
        let since = match dated {
            Some(moment) => moment,
            None => self.first_sight(subject, known, found).await?,
        };
        if !is_due(since, self.now()) {
            return Ok(Look::Young);
        }
        // the new state is kept behind the known one in their order, whatever the clocks say
        let next = known.moment().checked_add(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MAX);
        let occurred_at = since.max(next);
        let difference = Difference { subject, known, found: found.read.as_ref(), occurred_at };
        if let Some(change) = self.explanation(&difference).await? {
            let change = Change { occurred_at: change.occurred_at.max(next), ..change };
            self.put(self.state_after(&change, known, found, dated)).await?;
            return Ok(Look::Explained);
        }
        let (change, raw) = difference.noticed();
        let after = self.state_after(&change, known, found, dated);
        self.recorder.record_drift(change, &raw, known, &after).await?;
        Ok(Look::Drift)
    }

    /// When a difference without a date of its own was first seen.
    async fn first_sight(
        &self,
        subject: &Subject,
        known: &State,
        found: &Found,
    ) -> Result<Timestamp, PortError> {
        let after = found.read.as_ref().map_or("gone", |read| read.sha256().short());
        let difference = format!("{}#{after}", known.sha256.short());
        let now = self.now();
        let expires_at = now.as_second().saturating_add(MONTH);
        self.recorder.ledger.first_sight(subject, &difference, now, expires_at).await
    }

    /// The latest recorded change that explains a difference.
    async fn explanation(&self, difference: &Difference<'_>) -> Result<Option<Change>, PortError> {
        // an hour on both sides is more than what is asked for: what counts is said by the difference
        let hour = SignedDuration::from_hours(1);
        let since = difference.known.observed_at.min(difference.occurred_at);
        let span = Span {
            since: since.checked_sub(hour).unwrap_or(Timestamp::MIN),
            until: self.now().checked_add(hour).unwrap_or(Timestamp::MAX),
        };
        let mut latest: Option<Change> = None;
        for name in difference.names() {
            let query = ChangeQuery {
                resource: Some(name),
                outcome: Some(Outcome::Succeeded),
                span: Some(span),
                ..ChangeQuery::default()
            };
            let found = changes(&query, self.now(), self.recorder.ledger).await?;
            let explains = found
                .into_iter()
                .filter(|(change, diff)| difference.is_explained_by(change, diff.as_ref()))
                .map(|(change, _)| change);
            latest = latest.into_iter().chain(explains).max_by_key(|change| change.occurred_at);
        }
        Ok(latest)
    }

    /// The state that a change, recorded or noticed, left.
    fn state_after(&self, change: &Change, known: &State, found: &Found, dated: Option<Timestamp>) -> State {
        if found.document.is_none() {
            return State::tombstone(change, &known.subject, Some(known), self.now());
        }
        self.state(&known.subject, found, dated, change.occurred_at, &change.event_id)
    }

    fn state(
        &self,
        subject: &Subject,
        found: &Found,
        updated_at: Option<Timestamp>,
        caused_at: Timestamp,
        cause: &str,
    ) -> State {
        let read = found.read.clone().unwrap_or_else(|| Document::of(subject.kind, &Value::Null));
        State {
            subject: subject.clone(),
            sha256: read.sha256().clone(),
            document: found.document.clone().unwrap_or_default(),
            is_tombstone: false,
            observed_at: self.now(),
            updated_at,
            caused_at,
            cause: cause.to_owned(),
        }
    }

    async fn put(&self, state: State) -> Result<(), PortError> {
        self.recorder.ledger.put_resource_state(&state).await.map(|_| ())
    }

    fn now(&self) -> Timestamp {
        self.recorder.recording.now
    }
}

/// Whether there is a difference besides parts that could not be read on one side.
fn differs_in_content(subject: &Subject, known: &State, found: &Found) -> bool {
    let Some(after) = found.read.as_ref().filter(|_| !known.is_tombstone) else { return true };
    let before = Document::of(subject.kind, &known.document);
    let compared = compare(subject.kind, Known::Present(&before), Known::Present(after));
    !compared.fields.is_empty() || compared.left_out > 0
}
