//! One value into the ledger. A record's parts are put before the record itself, so that a record in the ledger is a
//! record whose parts are there.

use audit_domain::{
    attribution::Surroundings,
    digest::Sha256,
    evidence::Evidence,
    invocation::{Invocation, RecordReading},
    ledger::record::{Call, Record, Retention, Source},
    values::Reject,
};
use jiff::Timestamp;

use super::{
    Indexing, Ledger,
    read::{Found, FoundAttribution},
};
use crate::{
    ports::{KnowInvocations, PortError, Put, PutRecords, Remedy},
    record_attribution::{self, NotRecorded, Recording},
    record_change,
};

/// What became of one value.
pub(super) enum Written {
    /// The ledger has it, now or before; and whether it disagrees with another one of its request id.
    Put(Put, Conflict),
    Ignored,
    Refused(Reject),
}

/// Whether a record disagrees with another one of its request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    None,
    Found,
}

impl Conflict {
    pub(super) fn count(self) -> u64 {
        u64::from(self == Self::Found)
    }
}

pub(super) async fn write(
    found: Found,
    ledger: &impl Ledger,
    indexing: Indexing,
) -> Result<Written, PortError> {
    let Indexing { retention, now, .. } = indexing;
    let (result, evidence) = match found {
        Found::Invocation(found) => {
            let evidence = found.reading.invocation.evidence.clone();
            let nth = found.nth;
            return written(write_invocation(found.reading, ledger, indexing).await, &evidence, nth);
        }
        Found::Change(change) => {
            let evidence = change.evidence.clone();
            (record_change::store(*change, ledger, retention, now).await.map(|(_, put)| alone(put)), evidence)
        }
        Found::Attribution(found) => return write_attribution(*found, ledger, indexing).await,
        Found::Call(call) => return write_call(call, ledger, retention, now).await,
        Found::IfKnown(_, known) if !ledger.has_change_of(&known).await? => return Ok(Written::Ignored),
        Found::IfKnown(change, _) => {
            let evidence = change.evidence.clone();
            (record_change::store(*change, ledger, retention, now).await.map(|(_, put)| alone(put)), evidence)
        }
        // events were taken apart before
        Found::Ignored | Found::LogEvents(_) => return Ok(Written::Ignored),
    };
    written(result, &evidence, evidence.ordinal)
}

/// A put of what cannot disagree with anything.
fn alone(put: Put) -> (Put, Conflict) {
    (put, Conflict::None)
}

fn written(
    put: Result<(Put, Conflict), PortError>,
    evidence: &Evidence,
    nth: u64,
) -> Result<Written, PortError> {
    match put {
        Ok((put, conflict)) => Ok(Written::Put(put, conflict)),
        Err(error) if error.remedy == Remedy::Permanent => {
            Ok(Written::Refused(not_kept(evidence, nth, &error)))
        }
        Err(error) => Err(error),
    }
}

async fn write_call(
    call: Box<Call>,
    ledger: &impl PutRecords,
    retention: Retention,
    now: Timestamp,
) -> Result<Written, PortError> {
    let expires_at = retention.expires_at(call.common.occurred_at, now);
    let put = ledger.put_record(&Record::Call(call), expires_at).await?;
    Ok(Written::Put(put, Conflict::None))
}

/// An event that an application sent, out of a file: nobody vouches for who sent it.
async fn write_attribution(
    found: FoundAttribution,
    ledger: &impl Ledger,
    indexing: Indexing,
) -> Result<Written, PortError> {
    let recording = Recording {
        retention: indexing.retention,
        excerpt_characters: indexing.excerpt_characters,
        audit_bucket: "",
        here: Surroundings { account_id: UNKNOWN, region: UNKNOWN, now: indexing.now },
    };
    let refused = |reason: String| {
        let raw = found.raw.get().as_bytes();
        let sha256 = Sha256::of(raw);
        Ok(Written::Refused(Reject { ordinal: found.ordinal, reason, sha256, bytes: raw.len() as u64 }))
    };
    match record_attribution::record_here(&found.raw, ledger, &recording).await {
        Ok(Some(recorded)) if recorded.is_duplicate => Ok(Written::Put(Put::Duplicate, Conflict::None)),
        Ok(Some(_)) => Ok(Written::Put(Put::Stored, Conflict::None)),
        Ok(None) => refused(
            "its response lies in an object of its own, which is read where it is deployed".to_owned(),
        ),
        Err(NotRecorded::Refused(refusal)) => refused(refusal.reason().to_owned()),
        Err(NotRecorded::Port(error)) if error.remedy == Remedy::Permanent => {
            refused(format!("read, and not taken by the ledger: {error}"))
        }
        Err(NotRecorded::Port(error)) => Err(error),
    }
}

/// Where an event does not say from where it came.
const UNKNOWN: &str = "unknown";

/// A record that the ledger does not take, the `nth` of all that came together.
pub(super) fn not_kept(evidence: &Evidence, nth: u64, error: &PortError) -> Reject {
    Reject {
        ordinal: nth,
        reason: format!("read, and not taken by the ledger: {error}"),
        sha256: evidence.sha256.clone(),
        bytes: 0,
    }
}

/// Whether the ledger has the same record in other bytes, which tells all that this one does.
pub(super) async fn is_copy(
    invocation: &Invocation,
    ledger: &impl KnowInvocations,
) -> Result<bool, PortError> {
    if invocation.content.is_none() {
        return Ok(false);
    }
    let known = ledger.invocations_of(&invocation.request_id).await?;
    let is_other = |known: &Invocation| known.evidence.sha256 != invocation.evidence.sha256;
    Ok(known.iter().any(|known| is_other(known) && known.tells_all_of(invocation)))
}

/// Puts an invocation, its sources first. One that came by another way, in other bytes, is there already. Whether one of its
/// request id says something else is looked for afterwards: so of two that are put at the same moment one sees the other.
pub(super) async fn write_invocation(
    reading: RecordReading,
    ledger: &(impl PutRecords + KnowInvocations),
    indexing: Indexing,
) -> Result<(Put, Conflict), PortError> {
    if is_copy(&reading.invocation, ledger).await? {
        return Ok((Put::Duplicate, Conflict::None));
    }
    let expires_at = indexing.retention.expires_at(reading.invocation.occurred_at, indexing.now);
    for passage in &reading.passages {
        let source = Source::in_prompt(&reading.invocation, passage, indexing.excerpt_characters);
        ledger.put_record(&Record::Source(Box::new(source)), expires_at).await?;
    }
    let invocation = Box::new(reading.invocation);
    let put = ledger.put_record(&Record::Invocation(invocation.clone()), expires_at).await?;
    let known = ledger.invocations_of(&invocation.request_id).await?;
    // the record itself may be there with a body that had not come yet, or has come since
    let mut others = known.iter().filter(|known| known.evidence.sha256 != invocation.evidence.sha256);
    let disagree = others.any(|other| other.disagrees_with(&invocation));
    Ok((put, if disagree { Conflict::Found } else { Conflict::None }))
}
