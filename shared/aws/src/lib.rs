//! Floor 3: the only home of the AWS SDK. One adapter for each port, the same for the cloud, an emulator and the
//! embedded engine.
//!
//! * [`connect`]: one configuration for all clients.
//! * [`error`]: the one place where an SDK error becomes retry or permanent.
//! * [`dynamodb`]: the ledger's three tables.
//! * [`s3`]: log objects, and the audit bucket.
//! * [`logs`]: events of a log group, read again.
//! * [`bedrock`]: configuration resources as they are now.
//! * [`audit`]: the audit's own parts: trails, rules, queues.
//! * [`cloudformation`]: the answers to CloudFormation, which is no call of the SDK.
//! * `doctor`, a feature: what only the command line reads of them, and mends.
//! * [`sns`]: the alert topics.
//! * [`sqs`]: the queues in which functions leave messages for themselves.
//! * [`stack`]: the names of a deployed stack's tables and buckets.

pub mod audit;
pub mod bedrock;
pub mod cloudformation;
pub mod connect;
#[cfg(feature = "doctor")]
pub mod doctor;
pub mod dynamodb;
pub mod error;
pub mod logs;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod stack;
