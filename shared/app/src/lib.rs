//! Floor 2: the use cases, and the ports that they need. Async, and nothing of AWS.
//!
//! In reading order:
//! * [`ports`]: one ability per trait, so that a signature tells what a use case may touch; IAM statements mirror them.
//! * [`index`]: a log object into the ledger, by way of [`inflate`] and [`sightings`]; [`body_request`] is how bodies
//!   beside the log are asked for later.
//! * [`index_trail`]: a file of CloudTrail's into the ledger.
//! * [`prompt_drift`]: a system prompt that nobody used before is told of, while its object is indexed.
//! * [`record_change`]: a change into the ledger, and its alert out.
//! * [`baseline`]: every resource is looked at, for what no event tells.
//! * [`check_audit`]: whether the audit sees anything at all.
//! * [`configure_logging`]: invocation logging switched on with a stack, and back with its end.
//! * [`doctor`]: the same and more, for who asks; and what may be mended.
//! * [`record_attribution`]: what an application tells of an answer's sources into the ledger.
//! * [`ask`]: a question to a knowledge base, whose answer's sources are recorded in the same way.
//! * [`answer`]: the questions: one request, changes, invocations, system prompts.
//! * [`verify`]: whether a raw record is still what it was.

pub mod answer;
pub mod ask;
pub mod baseline;
pub mod body_request;
pub mod check_audit;
pub mod configure_logging;
pub mod doctor;
pub mod index;
pub mod index_trail;
pub mod inflate;
#[cfg(test)]
mod memory;
pub mod ports;
pub mod prompt_drift;
pub mod record_attribution;
pub mod record_change;
pub mod sightings;
#[cfg(test)]
mod strategies;
pub mod verify;
