//! One value into the ledger. A record's parts are put before the record itself, so that a record in the ledger is a
//! record whose parts are there.

use audit_domain::{
    evidence::Evidence,
    invocation::RecordReading,
    ledger::record::{Call, Record, Retention, Source},
    values::Reject,
};
use jiff::Timestamp;

use super::{Indexing, Ledger, read::Found};
use crate::{
    ports::{PortError, Put, PutRecords, Remedy},
    record_change,
};

/// What became of one value.
pub(super) enum Written {
    Stored,
    Duplicate,
    Ignored,
    Refused(Reject),
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
            (write_invocation(found.reading, ledger, indexing).await, evidence)
        }
        Found::Change(change) => {
            let evidence = change.evidence.clone();
            (record_change::store(*change, ledger, retention, now).await.map(|(_, put)| put), evidence)
        }
        Found::Call(call) => return write_call(call, ledger, retention, now).await,
        Found::Ignored => return Ok(Written::Ignored),
    };
    match result {
        Ok(Put::Stored) => Ok(Written::Stored),
        Ok(Put::Duplicate | Put::Taken) => Ok(Written::Duplicate),
        Err(error) if error.remedy == Remedy::Permanent => Ok(Written::Refused(not_kept(&evidence, &error))),
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
    Ok(match ledger.put_record(&Record::Call(call), expires_at).await? {
        Put::Stored => Written::Stored,
        Put::Duplicate | Put::Taken => Written::Duplicate,
    })
}

/// A record that the ledger does not take.
pub(super) fn not_kept(evidence: &Evidence, error: &PortError) -> Reject {
    Reject {
        ordinal: evidence.ordinal,
        reason: format!("read, and not taken by the ledger: {error}"),
        sha256: evidence.sha256.clone(),
        bytes: 0,
    }
}

/// Puts an invocation, its sources first.
pub(super) async fn write_invocation(
    reading: RecordReading,
    ledger: &impl PutRecords,
    indexing: Indexing,
) -> Result<Put, PortError> {
    let expires_at = indexing.retention.expires_at(reading.invocation.occurred_at, indexing.now);
    for passage in &reading.passages {
        let source = Source::in_prompt(&reading.invocation, passage, indexing.excerpt_characters);
        ledger.put_record(&Record::Source(Box::new(source)), expires_at).await?;
    }
    ledger.put_record(&Record::Invocation(Box::new(reading.invocation)), expires_at).await
}
