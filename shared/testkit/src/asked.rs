//! What a call asks for, as the signature, the path, the query or the form says it.

use axum::http::{HeaderMap, Method, Uri};

/// The region of everything here.
const REGION: &str = "eu-central-1";

/// The region that a signature is for, where that is another one.
pub(crate) fn elsewhere(headers: &HeaderMap) -> Option<String> {
    let signature = headers.get("authorization")?.to_str().ok()?;
    let scope = signature.split("Credential=").nth(1)?.split(',').next()?;
    scope.split('/').nth(2).filter(|region| *region != REGION).map(str::to_owned)
}

/// The operations of a bucket's configuration, by the permissions that they need.
pub(crate) fn of_bucket(method: &Method, uri: &Uri) -> Option<&'static str> {
    let asks = |what: &str| uri.query().is_some_and(|query| query.split(['&', '=']).next() == Some(what));
    match (method, asks("notification"), asks("encryption")) {
        (&Method::GET, true, _) => Some("s3:GetBucketNotification"),
        (&Method::PUT, true, _) => Some("s3:PutBucketNotification"),
        (&Method::GET, _, true) => Some("s3:GetEncryptionConfiguration"),
        _ => None,
    }
}

pub(crate) fn of_function(method: &Method, uri: &Uri) -> String {
    let operation = match (method, uri.path().contains("/event-source-mappings/")) {
        (&Method::PUT, true) => "UpdateEventSourceMapping",
        (_, true) => "GetEventSourceMapping",
        _ => "GetFunctionConfiguration",
    };
    format!("lambda:{operation}")
}

/// Who is asked by a form, and what; `None` for what a topic publishes.
pub(crate) fn by_form(form: &[u8]) -> Option<(&'static str, String)> {
    let form = std::str::from_utf8(form).ok()?.strip_prefix("Action=")?;
    let operation = form.split('&').next()?;
    let service = match operation {
        "ListStackResources" | "DescribeStacks" => "cloudformation",
        "ListSubscriptionsByTopic" => "sns",
        _ => return None,
    };
    Some((service, operation.to_owned()))
}
