//! `verify`: whether the raw record of a request is still what it was when it was indexed.

use audit_domain::{
    digest::Sha256,
    evidence::Evidence,
    ledger::record::Record,
    values::{Step, Values, read_as},
};
use serde_json::value::RawValue;

use crate::{
    inflate::{Inflate, PIECE},
    ports::{Chunks, PortError, QueryRecords, ReadBodies},
};

/// What became of a raw record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It lies where it lay, byte for byte.
    Equal,
    /// Something else lies in its place.
    Differs,
    /// Its object is not there, or may not be read.
    Gone,
}

/// A record of the ledger, and what became of the raw one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// `invocation` or `change`.
    pub kind: &'static str,
    /// Where the raw record lay, and what it was.
    pub evidence: Evidence,
    /// What became of it.
    pub verdict: Verdict,
}

/// Reads the raw records of a request again; nothing where the ledger does not know it.
///
/// # Errors
/// Of the ports, where it helps to try again: an outage is no verdict.
pub async fn verify(
    request_id: &str,
    ledger: &impl QueryRecords,
    objects: &impl ReadBodies,
) -> Result<Vec<Verification>, PortError> {
    let mut verifications = Vec::new();
    for record in ledger.records_of(request_id).await? {
        let (kind, evidence) = match record {
            Record::Invocation(invocation) => ("invocation", invocation.evidence),
            Record::Change(change) => ("change", change.evidence),
            _ => continue,
        };
        let verdict = compare(&evidence, objects).await?;
        verifications.push(Verification { kind, evidence, verdict });
    }
    Ok(verifications)
}

async fn compare(evidence: &Evidence, objects: &impl ReadBodies) -> Result<Verdict, PortError> {
    let Some(mut chunks) = objects.open_if_there(&evidence.location).await? else { return Ok(Verdict::Gone) };
    let (mut inflate, mut values) = (Inflate::new(), Values::new());
    while let Some(chunk) = chunks.next_chunk().await? {
        for piece in chunk.chunks(PIECE) {
            let sound = inflate.push(piece, &mut |bytes| values.push(bytes)).is_ok();
            match digest_at(&mut values, evidence.ordinal) {
                None if sound => {}
                digest => return Ok(verdict(digest, evidence)),
            }
        }
    }
    // an object that breaks off behind the record still holds it
    let _broken_off = inflate.finish(&mut |bytes| values.push(bytes));
    values.finish();
    Ok(verdict(digest_at(&mut values, evidence.ordinal), evidence))
}

fn verdict(digest: Option<Sha256>, evidence: &Evidence) -> Verdict {
    if digest.as_ref() == Some(&evidence.sha256) { Verdict::Equal } else { Verdict::Differs }
}

/// The digest of the value at this place, once it is reached.
fn digest_at(values: &mut Values, wanted: u64) -> Option<Sha256> {
    loop {
        let step = values.next(|ordinal, bytes| {
            let (_, used) = read_as::<&RawValue>(bytes)?;
            let found = (ordinal == wanted).then(|| Sha256::of(bytes.get(..used).unwrap_or_default()));
            Ok((found, used))
        });
        match step {
            Step::Value(Some(digest)) => return Some(digest),
            Step::Value(None) | Step::Reject(_) => {}
            Step::NeedMore | Step::End => return None,
        }
    }
}
