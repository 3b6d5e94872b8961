//! Functions, and what hands them messages.

use audit_app::ports::PortError;
use audit_domain::check::{function::FunctionNow, mapping::MappingNow};
use aws_sdk_lambda::Client;

use crate::error::there;

const GONE: &[&str] = &["ResourceNotFoundException"];

/// `lambda:GetFunctionConfiguration`.
pub(super) async fn read(client: &Client, name: &str) -> Result<Option<FunctionNow>, PortError> {
    let answer = client.get_function_configuration().function_name(name).send().await;
    let answer = there(&format!("read function {name}"), answer, GONE)?;
    Ok(answer.map(|answer| FunctionNow {
        state: answer.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        is_idle: answer.state_reason_code().is_some_and(|code| code.as_str() == "Idle"),
        last_update: answer.last_update_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        arn: answer.function_arn,
        state_reason: answer.state_reason,
        last_update_reason: answer.last_update_status_reason,
        errors: None,
        throttles: None,
        messages_failed: None,
    }))
}

/// `lambda:GetEventSourceMapping`.
pub(super) async fn mapping(client: &Client, id: &str) -> Result<Option<MappingNow>, PortError> {
    let answer = client.get_event_source_mapping().uuid(id).send().await;
    let answer = there(&format!("read event source mapping {id}"), answer, GONE)?;
    Ok(answer.map(|answer| MappingNow {
        arn: answer.event_source_mapping_arn,
        state: answer.state.unwrap_or_default(),
        queue: answer.event_source_arn,
        function: answer.function_arn,
        last_result: answer.last_processing_result,
    }))
}
