//! What the reading side is measured on, and with.
//!
//! Logs are generated, never captured: the same seed gives the same bytes on every machine. `reading.rs` beside this
//! folder holds the benchmarks, `main.rs` writes the logs to files and measures the memory of a whole run.

pub mod json;
pub mod prose;

pub mod bodies;
pub mod invocations;
pub mod retrievals;
pub mod trail;

pub mod ports;
