//! One value out of an object: which kind of record it is, told by content.

use audit_domain::{
    attribution::event::AttributionEvent,
    change::{Change, Origin, Resource, TrailEvent, watch::Watching},
    evidence::ObjectLocation,
    invocation::{self, RecordReading},
    ledger::record::Call,
    log_events::Handed,
    values::{Unread, read_as},
};
use serde_json::value::RawValue;

use super::{Indexing, Takes, log_events};

/// One value, as it was read.
pub(super) enum Found {
    Invocation(Box<FoundInvocation>),
    Change(Box<Change>),
    Call(Box<Call>),
    /// A change where the ledger has one of this resource.
    IfKnown(Box<Change>, Resource),
    Attribution(Box<FoundAttribution>),
    /// Events of a log group, unpacked: a batch of them, or nothing.
    LogEvents(Vec<u8>),
    Ignored,
}

/// An event by which an application sent a response.
pub(super) struct FoundAttribution {
    pub(super) raw: Box<RawValue>,
    pub(super) ordinal: u64,
}

/// A model call, as it was read.
pub(super) struct FoundInvocation {
    pub(super) reading: RecordReading,
    /// The raw record, where it points to bodies that lie elsewhere: it is read again once these are there.
    pub(super) raw: Option<Vec<u8>>,
    /// Which value of all that came together, counted from 1.
    pub(super) nth: u64,
}

/// Reads one value. A value that is no invocation is looked at again where everything is taken.
pub(super) fn read(
    indexing: Indexing,
    bytes: &[u8],
    ordinal: u64,
    location: &ObjectLocation,
    watching: &Watching,
) -> Result<(Found, usize), Unread> {
    let not_an_invocation = match RecordReading::read(bytes, ordinal, location) {
        Ok((mut reading, used)) => {
            let raw = bytes.get(..used).unwrap_or_default();
            reading.invocation.content = indexing.by_content.then(|| invocation::content(raw)).flatten();
            return Ok((found(reading, raw, ordinal), used));
        }
        Err(refusal @ Unread::Refused { .. }) if indexing.takes == Takes::Everything => refusal,
        Err(error) => return Err(error),
    };
    let attribution = |used: usize| attribution(bytes.get(..used).unwrap_or_default(), ordinal);
    match TrailEvent::read(bytes, ordinal, location, Origin::Import, watching) {
        Ok((TrailEvent::Change(change), used)) => Ok((Found::Change(change), used)),
        Ok((TrailEvent::Call(call), used)) => Ok((Found::Call(call), used)),
        Ok((TrailEvent::IfKnown(change, known), used)) => Ok((Found::IfKnown(change, known), used)),
        Ok((TrailEvent::NoChange(_), used)) => Ok((attribution(used).unwrap_or(Found::Ignored), used)),
        Err(Unread::Refused { used, meant, reason }) => match attribution(used) {
            Some(found) => Ok((found, used)),
            None => match events(bytes.get(..used).unwrap_or_default()) {
                Some(Ok(json)) => Ok((Found::LogEvents(json), used)),
                Some(Err(reason)) => Err(Unread::Refused { used, meant: true, reason }),
                None => Err(likelier(not_an_invocation, Unread::Refused { used, meant, reason })),
            },
        },
        Err(refusal) => Err(likelier(not_an_invocation, refusal)),
    }
}

/// An event by which an application sent a response.
fn attribution(bytes: &[u8], ordinal: u64) -> Option<Found> {
    let is_one = AttributionEvent::is_one(bytes);
    let (raw, _) = is_one.then(|| read_as::<&RawValue>(bytes).ok()).flatten()?;
    Some(Found::Attribution(Box::new(FoundAttribution { raw: raw.to_owned(), ordinal })))
}

/// What a log group's subscription handed on, or what failed of it.
fn events(bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let (raw, _) = read_as::<&RawValue>(bytes).ok()?;
    let json = log_events::unpacked(raw)?;
    Some(json.and_then(|json| match Handed::read(&json) {
        Ok(_) => Ok(json),
        Err(reason) => Err(reason.to_owned()),
    }))
}

fn found(reading: RecordReading, raw: &[u8], ordinal: u64) -> Found {
    let raw = (!reading.pointers.is_empty()).then(|| raw.to_vec());
    Found::Invocation(Box::new(FoundInvocation { reading, raw, nth: ordinal }))
}

/// Of two refusals that of the form which the value was meant to have.
fn likelier(not_an_invocation: Unread, not_an_event: Unread) -> Unread {
    match (&not_an_invocation, &not_an_event) {
        (Unread::Refused { meant: true, .. }, _) => not_an_invocation,
        (_, Unread::Refused { meant: false, used, .. }) => Unread::Refused {
            used: *used,
            meant: false,
            reason:
                "neither a model invocation log record (no modelId) nor a cloudtrail event (no eventName)"
                    .to_owned(),
        },
        _ => not_an_event,
    }
}
