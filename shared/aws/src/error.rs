//! The one place where an SDK error becomes retry or permanent.

use std::fmt;

use audit_app::ports::{NotAnswered, Obstacle, PortError};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The error of a call, as the use cases take it.
///
/// Permanent is only what is wrong with this one item and would be so for ever: the record is then rejected, and its
/// neighbours go on. Everything else, missing permission and missing tables included, is worth another try, since
/// the message then waits in its queue and, in the end, in the dead-letter queue, where nothing is lost.
pub fn port_error<E>(action: &str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (code, cause) = code_and_cause(error);
    match code {
        Some("ValidationException" | "InvalidParameter" | "InvalidParameterValue") => {
            PortError::permanent(action, cause)
        }
        _ => PortError::retry(action, cause),
    }
}

/// Why something of a service was not read, where another try would not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not there.
    Gone,
    /// The service does not give it out: its code and message, which name the permission or the key that is missing.
    Denied(String),
    /// It can never be read from here: why.
    Never(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("it is not there"),
            Self::Denied(why) | Self::Never(why) => f.write_str(why),
        }
    }
}

/// The error of a call that reads a resource: why it is unreadable, or else an error that is worth another try.
///
/// An id that the service refuses, or an operation that it does not know in this region, says nothing about whether the
/// resource is there. So that is no [`Unreadable::Gone`], which would be taken for a deletion.
pub(crate) fn unreadable<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Result<Unreadable, PortError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (code, cause) = code_and_cause(error);
    match code {
        Some(
            "ResourceNotFoundException" | "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue",
        ) => Ok(Unreadable::Gone),
        Some("ValidationException" | "UnknownOperationException") => Ok(Unreadable::Never(cause)),
        // those of a key, too
        Some(code) if code.ends_with("AccessDeniedException") => Ok(Unreadable::Denied(cause)),
        _ => Err(PortError::retry(action, cause)),
    }
}

/// What a call answered; `None` where what it asks for is not there. All else is an error.
pub(crate) fn present<T, E>(
    action: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, PortError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = match answer {
        Ok(answer) => return Ok(Some(answer)),
        Err(error) => error,
    };
    match unreadable(action, &error)? {
        Unreadable::Gone => Ok(None),
        Unreadable::Denied(why) | Unreadable::Never(why) => Err(PortError::retry(action, why)),
    }
}

/// What a call answered; `None` where its code is one of those that mean that it is not there. All else is an error.
pub(crate) fn there<T, E>(
    action: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
    gone: &[&str],
) -> Result<Option<T>, PortError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if code_and_cause(&error).0.is_some_and(|code| gone.contains(&code)) => Ok(None),
        Err(error) => Err(port_error(action, &error)),
    }
}

/// Whether the answer means that there is no such stack: CloudFormation has no code of its own for that.
#[cfg(feature = "doctor")]
pub(crate) fn is_no_stack<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (code, cause) = code_and_cause(error);
    code == Some("ValidationError") && cause.ends_with("does not exist")
}

/// The service's code, and what it says.
fn code_and_cause<E>(error: &SdkError<E, HttpResponse>) -> (Option<&str>, String)
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let service = error.as_service_error();
    let code = service.and_then(|service| service.code());
    let cause = match (code, service.and_then(|service| service.message())) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => causes(error),
    };
    (code, cause)
}

/// What stands behind the codes of a service that was asked a question.
const OBSTACLES: [(&str, Obstacle); 19] = [
    ("AccessDeniedException", Obstacle::Denied),
    ("UnrecognizedClientException", Obstacle::NoCredentials),
    ("InvalidSignatureException", Obstacle::NoCredentials),
    ("IncompleteSignatureException", Obstacle::NoCredentials),
    ("MissingAuthenticationTokenException", Obstacle::NoCredentials),
    ("ExpiredTokenException", Obstacle::NoCredentials),
    // those of CloudFormation
    ("AccessDenied", Obstacle::Denied),
    ("ExpiredToken", Obstacle::NoCredentials),
    ("InvalidClientTokenId", Obstacle::NoCredentials),
    ("SignatureDoesNotMatch", Obstacle::NoCredentials),
    ("Throttling", Obstacle::Throttled),
    ("ResourceNotFoundException", Obstacle::NotThere),
    ("ValidationException", Obstacle::Invalid),
    ("ThrottlingException", Obstacle::Throttled),
    ("ServiceQuotaExceededException", Obstacle::Quota),
    ("BadGatewayException", Obstacle::Unavailable),
    ("ConflictException", Obstacle::Unavailable),
    ("DependencyFailedException", Obstacle::Unavailable),
    ("InternalServerException", Obstacle::Unavailable),
];

/// Whether the service itself answered with this error.
pub(crate) fn is_of_the_service<E>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(error, SdkError::ServiceError(_))
}

/// Why a question has no answer.
pub(crate) fn not_answered<E>(action: &str, error: &SdkError<E, HttpResponse>) -> NotAnswered
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (code, cause) = code_and_cause(error);
    let of_code = |code| OBSTACLES.iter().find(|(known, _)| *known == code).map(|(_, obstacle)| *obstacle);
    let obstacle = match (code, error) {
        (Some(code), _) => of_code(code).unwrap_or(Obstacle::Other),
        (None, SdkError::TimeoutError(_)) => Obstacle::Late,
        (None, SdkError::DispatchFailure(_)) => Obstacle::Unreachable,
        (None, SdkError::ServiceError(_) | SdkError::ResponseError(_)) => Obstacle::Unavailable,
        (None, _) => Obstacle::Other,
    };
    NotAnswered { obstacle, error: PortError::retry(action, cause) }
}

/// An error and what is behind it, on one line for people. Never its `Debug`: that holds the answer's headers and body.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Invariant 9: an answer that cannot be read is told without what it says.
    #[test]
    fn an_error_holds_nothing_of_the_answer() {
        let response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from("a secret passage"));
        let unread: SdkError<GetItemError, _> = SdkError::response_error("no item", response);
        for told in
            [port_error("look up x", &unread).to_string(), not_answered("ask", &unread).error.to_string()]
        {
            assert!(told.contains("no item") && !told.contains("secret"), "{told}");
            assert!(!told.contains('\n'), "{told}");
        }
    }
}
