//! The logging of model invocations as a resource of a stack, and the answers to CloudFormation.

use std::{future::Future, time::Duration};

use audit_domain::invocation_logging::Configuration;

use super::PortError;

/// Configures the logging of model invocations, of which there is one configuration in each account and region:
/// `bedrock:GetModelInvocationLoggingConfiguration`, `bedrock:PutModelInvocationLoggingConfiguration` and
/// `bedrock:DeleteModelInvocationLoggingConfiguration`.
pub trait ConfigureLogging: Sync {
    /// What is configured: `bedrock:GetModelInvocationLoggingConfiguration`. `None` where logging is off.
    fn configured(&self) -> impl Future<Output = Result<Option<Configuration>, PortError>> + Send;
    /// Puts a configuration, whatever was there: `bedrock:PutModelInvocationLoggingConfiguration`, and `iam:PassRole` where
    /// it names a role. Bedrock refuses it as long as it may not write to the place.
    fn configure(&self, wanted: &Configuration) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Switches logging off: `bedrock:DeleteModelInvocationLoggingConfiguration`.
    fn switch_off(&self) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Answers CloudFormation, which waits for it: HTTPS.
pub trait AnswerRequests: Sync {
    /// Puts an answer to the URL of its request. Neither the URL nor a part of it stands in the error.
    fn answer(&self, url: &str, answer: String) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Waits between attempts, as long as there is time for another one.
pub trait Patience: Sync {
    /// Waits that long after this error; false, and at once, where no time would be left then.
    fn wait(&self, pause: Duration, after: &PortError) -> impl Future<Output = bool> + Send;
}
