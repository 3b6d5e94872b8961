//! CloudFormation, which asks a custom resource and waits for its answer: it refuses what the real one refuses.

use std::sync::{Mutex, PoisonError};

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

/// Where answers are taken, behind the gateway.
pub const ANSWERS: &str = "/_cloudformation/answers";
/// Answers are smaller than this, in bytes.
const LARGEST: usize = 4096;
/// What an answer has to repeat.
const IDS: [&str; 4] = ["StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"];

/// The answers that were taken.
#[derive(Default)]
pub struct CloudFormation(Mutex<Vec<Value>>);

impl CloudFormation {
    /// The answers so far; none are left afterwards.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An object store behind a signed URL: it was signed without a content type, and takes any bytes. What is no answer is
    /// found later, and would let a stack wait: here it is refused.
    pub(crate) fn answer(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let has = |name: &str| answer[name].as_str().is_some_and(|text| !text.is_empty());
        let is_fine = body.len() < LARGEST
            && !headers.contains_key("content-type")
            && headers.contains_key("content-length")
            && matches!(answer["Status"].as_str(), Some("SUCCESS" | "FAILED"))
            && has("Reason")
            && IDS.into_iter().all(has);
        if !is_fine {
            return (StatusCode::FORBIDDEN, "SignatureDoesNotMatch").into_response();
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
        StatusCode::OK.into_response()
    }
}
