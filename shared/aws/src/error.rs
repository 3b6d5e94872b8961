//! The one place where an SDK error becomes retry or permanent.

use audit_app::ports::PortError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};

/// The error of a call, as the use cases take it.
///
/// Permanent is only what is wrong with this one item and would be so for ever: the record is then rejected, and its
/// neighbours go on. Everything else, missing permission and missing tables included, is worth another try, since
/// the message then waits in its queue and, in the end, in the dead-letter queue, where nothing is lost.
pub fn port_error<E>(action: &str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let service = error.as_service_error();
    let code = service.and_then(|service| service.code());
    let cause = match (code, service.and_then(|service| service.message())) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => DisplayErrorContext(error).to_string(),
    };
    match code {
        Some("ValidationException" | "InvalidParameter" | "InvalidParameterValue") => {
            PortError::permanent(action, cause)
        }
        _ => PortError::retry(action, cause),
    }
}
