//! Events of a log group into the ledger: the same records as in log objects, one in each event.
//!
//! An event that cannot be read is a reject, and takes no other one down: each is a stream of values of its own.

use std::fmt;

use audit_domain::change::watch::Watching;
use audit_domain::{
    digest::Sha256,
    ledger::delivery::{Completion, Delivery},
    log_events::{self, Handed, LogEvents},
    values::{Reject, Step, Values},
};
use serde_json::value::RawValue;

use super::{Indexing, Ledger, Run, Takes, read::read};
use crate::{
    inflate::{Inflate, PIECE},
    ports::{AwaitBodies, FollowBodies, PortError},
    prompt_drift::TellNewPrompts,
};

/// So many inflated bytes are taken: far more than CloudWatch Logs hands on at once.
pub const LARGEST: usize = 64 << 20;

/// Why events were not indexed.
#[derive(Debug)]
pub enum NotIndexed {
    /// What came is no event of a subscription: why, without its text.
    Refused(String),
    /// A port failed.
    Port(PortError),
}

impl fmt::Display for NotIndexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => f.write_str(reason),
            Self::Port(error) => error.fmt(f),
        }
    }
}

impl From<PortError> for NotIndexed {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// What an event of a subscription, or one that failed, has packed; `None` for any other event.
///
/// # Errors
/// It is packed in another way, broken off, or too much: why, without its text.
pub fn unpacked(event: &RawValue) -> Option<Result<Vec<u8>, String>> {
    let packed = log_events::packed(event)?;
    Some(packed.map_err(str::to_owned).and_then(|packed| inflated(&packed, LARGEST)))
}

/// All of it, up to so many bytes.
pub(crate) fn inflated(packed: &[u8], largest: usize) -> Result<Vec<u8>, String> {
    let (mut inflate, mut bytes) = (Inflate::new(), Vec::new());
    for piece in packed.chunks(PIECE).map(Some).chain([None]) {
        let mut keep = |more: &[u8]| bytes.extend_from_slice(more);
        let sound = match piece {
            Some(piece) => inflate.push(piece, &mut keep),
            None => inflate.finish(&mut keep),
        };
        sound.map_err(|error| format!("no sound gzip: {error}"))?;
        if bytes.len() > largest {
            return Err(format!("it inflates to more than {largest} bytes"));
        }
    }
    Ok(bytes)
}

/// Indexes the events that a subscription handed on, and writes down what became of them; `None` where it only looked whether
/// somebody takes them.
///
/// # Errors
/// What came is no event of a subscription; or what is worth another try: what was written by then is met as duplicates.
pub async fn index_log_events(
    event: &RawValue,
    ledger: &impl Ledger,
    bodies: &(impl FollowBodies + AwaitBodies),
    telling: &impl TellNewPrompts,
    indexing: Indexing,
) -> Result<Option<Delivery>, NotIndexed> {
    let json = unpacked(event)
        .ok_or("neither an event of a log group's subscription, nor one that failed".to_owned());
    let json = json.and_then(|json| json).map_err(NotIndexed::Refused)?;
    let batch = match Handed::read(&json).map_err(|reason| NotIndexed::Refused(reason.to_owned()))? {
        Handed::Control => return Ok(None),
        Handed::Events(batch) => batch,
    };
    let location = batch.location();
    let mut run = Run::new(&location, telling, indexing);
    run.take_events(&batch, ledger, bodies).await?;
    run.bytes = json.len() as u64;
    Ok(Some(run.finish(Completion::Done, None, ledger, bodies).await?))
}

impl<T: TellNewPrompts> Run<'_, T> {
    /// Takes the records out of events. Whatever an event holds, it is counted.
    pub(super) async fn take_events(
        &mut self,
        batch: &LogEvents<'_>,
        ledger: &impl Ledger,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<(), PortError> {
        // an event holds no other events
        let indexing = Indexing { takes: Takes::Invocations, ..self.indexing };
        let watching = Watching::default();
        for raw in batch.iter() {
            let Some(event) = batch.event(raw) else {
                self.reject_event("an event without a message", raw.get());
                continue;
            };
            if event.is_notice() {
                self.counts.received += 1;
                self.counts.ignored += 1;
                continue;
            }
            let mut values = Values::new();
            values.push(event.message.as_bytes());
            values.finish();
            loop {
                let step = values.next(|ordinal, bytes| {
                    let (found, used) = read(indexing, bytes, ordinal, &event.location, &watching)?;
                    Ok(((found, used), used))
                });
                match step {
                    Step::Value((found, used)) => {
                        self.counts.received += 1;
                        self.take(found, used, ledger, bodies).await?;
                    }
                    Step::Reject(reject) => {
                        self.counts.received += 1;
                        let reason = format!("{} (event {})", reject.reason, event.location.key);
                        self.reject(Reject { ordinal: self.counts.received, reason, ..reject });
                    }
                    Step::NeedMore | Step::End => break,
                }
            }
            if values.met() == 0 {
                self.reject_event("an event without a value", &event.message);
            }
        }
        Ok(())
    }

    fn reject_event(&mut self, reason: &str, text: &str) {
        self.counts.received += 1;
        self.reject(Reject {
            ordinal: self.counts.received,
            reason: reason.to_owned(),
            sha256: Sha256::of(text.as_bytes()),
            bytes: text.len() as u64,
        });
    }
}

#[cfg(test)]
mod tests;
