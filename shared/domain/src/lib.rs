//! Floor 1: what the audit trail is about, pure. No async, no AWS SDK, no clock, no environment, no logging.
//!
//! In reading order:
//! * [`digest`], [`time`], [`json`], [`plain`]: hashes, moments, lenient JSON and safe text, as the records need them.
//! * [`values`]: one JSON value after another out of a stream of bytes, whatever is broken between them.
//! * [`evidence`], [`principal`]: where a record lies, and who made the call.
//! * [`invocation`]: a Model Invocation Log record; its room [`invocation::bodies`] has one file per body shape.
//! * [`log_events`]: events of a log group, in which Bedrock writes such records as well.
//! * [`prompt`], [`passage`], [`guardrail`]: what is found inside a body.
//! * [`drift`]: a system prompt that nobody used before, and when that is told.
//! * [`change`]: a CloudTrail record; its room [`change::operations`] is a table with one line per operation.
//! * [`state`]: what a resource looked like, before and after a change.
//! * [`check`]: what has to be in order so that the audit sees anything; its table has one line per check.
//! * [`invocation_logging`]: the logging of invocations as a resource of a stack.
//! * [`alert`]: the text that people get when something changed.
//! * [`attribution`]: the response of a knowledge base or an agent, as an application sent it.
//! * [`sources`]: which documents a passage is from: prompts and responses, joined.
//! * [`ledger`]: the tables, their keys and indexes, and what is stored in them.
//! * [`report`]: the answers as JSON.
//! * [`overview`]: what happened in a window, in numbers that add up.
//! * [`window`]: the times that people type.

pub mod alert;
pub mod attribution;
pub mod change;
pub mod check;
pub mod digest;
pub mod drift;
pub mod evidence;
pub mod guardrail;
pub mod invocation;
pub mod invocation_logging;
pub mod json;
pub mod ledger;
pub mod log_events;
pub mod overview;
pub mod passage;
pub mod plain;
pub mod principal;
pub mod prompt;
pub mod report;
pub mod sources;
pub mod state;
#[cfg(test)]
mod strategies;
pub mod time;
pub mod values;
pub mod window;
