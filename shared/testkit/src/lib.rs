//! Aside: what tests need. Real engines on loopback, faults in front of them, one contract for every ledger.
//!
//! * [`cloud`]: engines for DynamoDB and S3, a topic that keeps what it is sent, and one gateway in front of them.
//! * [`bedrock`]: the reading operations of Bedrock behind the same gateway.
//! * [`bus`]: the bus of applications behind the same gateway.
//! * [`cloudformation`]: what takes a custom resource's answers, behind the same gateway.
//! * [`knowledge_base`]: questions to knowledge bases behind the same gateway.
//! * [`log_groups`]: events of log groups behind the same gateway.
//! * [`parts`]: the audit's own parts, trails and rules among them, behind the same gateway.
//! * [`faults`]: what the gateway does instead of answering: throttle, refuse, kill the caller.
//! * [`function`]: runs a real function binary against a Lambda Runtime API endpoint.
//! * [`contract`]: what every ledger has to keep.

mod asked;
pub mod bedrock;
pub mod bus;
mod cbor;
pub mod cloud;
pub mod cloudformation;
pub mod contract;
pub mod faults;
pub mod function;
pub mod knowledge_base;
pub mod log_groups;
pub mod parts;
mod parts_xml;
