//! Floor 3: what every function shares: the only home of the Lambda runtime.
//!
//! * [`environment`]: the one reader of the environment, and its table.
//! * [`batch`]: lifts the handling of one message to a batch with partial failures.
//! * [`s3_notification`]: which objects a message names, in every form in which S3 tells.
//! * [`schedule`]: when and where a schedule's message is for.
//! * [`telemetry`]: structured log lines and metrics, without content.
//! * [`run`]: starts a function.
//! * [`custom_resource`]: starts one that CloudFormation waits for, and answers it.

pub mod batch;
pub mod bodies;
pub mod custom_resource;
pub mod environment;
pub mod run;
pub mod s3_notification;
pub mod schedule;
pub mod telemetry;
