//! The logging of model invocations, configured.

use audit_app::ports::{ConfigureLogging, PortError};
use audit_domain::invocation_logging::Configuration;
use aws_config::SdkConfig;
use aws_sdk_bedrock::{Client, types::LoggingConfig};
use aws_smithy_types::{body::SdkBody, timeout::TimeoutConfig};
use serde_json::{Value, json};

use super::{ATTEMPT, CALL, answer::call};
use crate::error::{Unreadable, port_error};

/// The configuration of one account and region.
pub struct InvocationLogging {
    client: Client,
}

impl InvocationLogging {
    /// With a client of this configuration that gives up in time.
    pub fn connect(config: &SdkConfig) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build();
        let config = aws_sdk_bedrock::config::Builder::from(config).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config) }
    }
}

impl ConfigureLogging for InvocationLogging {
    async fn configured(&self) -> Result<Option<Configuration>, PortError> {
        let get = self.client.get_model_invocation_logging_configuration();
        let operation = "GetModelInvocationLoggingConfiguration";
        let what = "the configuration of invocation logging";
        match call(what, operation, |capture| get.customize().interceptor(capture).send()).await? {
            Ok(mut answer) => {
                let configured = answer.get_mut("loggingConfig").map(Value::take);
                Ok(configured.and_then(Configuration::of))
            }
            Err(Unreadable::Gone) => Ok(None),
            // a permission that is not there yet, perhaps
            Err(Unreadable::Denied(why) | Unreadable::Never(why)) => {
                Err(PortError::retry(format!("read {what}"), why))
            }
        }
    }

    /// The document is sent as it is: what is put back has members that the SDK may not know.
    async fn configure(&self, wanted: &Configuration) -> Result<(), PortError> {
        let body = json!({"loggingConfig": wanted.document()}).to_string();
        let put = self
            .client
            .put_model_invocation_logging_configuration()
            .logging_config(LoggingConfig::builder().build())
            .customize()
            .mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = SdkBody::from(body.as_str());
            });
        let action = format!("put a configuration that logs to {wanted}");
        put.send().await.map(|_| ()).map_err(|error| port_error(&action, &error))
    }

    async fn switch_off(&self) -> Result<(), PortError> {
        let delete = self.client.delete_model_invocation_logging_configuration();
        delete.send().await.map(|_| ()).map_err(|error| port_error("switch invocation logging off", &error))
    }
}
