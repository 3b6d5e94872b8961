//! The ledger: three tables, their keys, and what is stored in them.
//!
//! * [`schema`]: tables, keys, indexes and projections. They cannot change once a stack is deployed.
//! * [`record`]: what the Records table holds, by request id.
//! * [`state`]: what the States table holds: texts, sightings of system prompts, configuration.
//! * [`document`]: which document a passage is from, and which passages a document has.
//! * [`turn`]: which requests a session has.
//! * [`prompt_alert`]: the mark that the alert of a new system prompt went out.
//! * [`texts`]: which attributes hold texts.
//! * [`delivery`]: what became of each log object.

pub mod delivery;
pub mod document;
pub mod prompt_alert;
pub mod record;
pub mod schema;
pub mod state;
pub mod texts;
pub mod turn;
