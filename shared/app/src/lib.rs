//! Floor 2: the use cases, and the ports that they need. Async, and nothing of AWS.
//!
//! In reading order:
//! * [`ports`]: one ability per trait, so that a signature tells what a use case may touch; IAM statements mirror them.
//! * [`index`]: a log object into the ledger, by way of [`inflate`] and [`sightings`]; [`body_request`] is how bodies
//!   beside the log are asked for later.
//! * [`record_change`]: a change into the ledger, and its alert out.
//! * [`check_audit`]: whether the audit sees anything at all.
//! * [`answer`]: the questions: one request, changes, invocations, system prompts.
//! * [`verify`]: whether a raw record is still what it was.

pub mod answer;
pub mod body_request;
pub mod check_audit;
pub mod index;
pub mod inflate;
#[cfg(test)]
mod memory;
pub mod ports;
pub mod record_change;
pub mod sightings;
#[cfg(test)]
mod strategies;
pub mod verify;
