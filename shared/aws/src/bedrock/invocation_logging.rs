//! The logging of model invocations, of which there is one configuration in each region.

use audit_domain::state::Subject;
use aws_sdk_bedrock::Client;
use serde_json::Value;

use super::answer::{Answer, call};
use crate::error::Unreadable;

/// `bedrock:GetModelInvocationLoggingConfiguration`. Where logging is off, the service answers without a configuration.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_model_invocation_logging_configuration();
    let operation = "GetModelInvocationLoggingConfiguration";
    let answer = call(subject, operation, |capture| get.customize().interceptor(capture).send()).await?;
    Ok(answer.and_then(|body| {
        let is_on = body.get("loggingConfig").is_some_and(Value::is_object);
        if is_on { Ok(body) } else { Err(Unreadable::Gone) }
    }))
}
