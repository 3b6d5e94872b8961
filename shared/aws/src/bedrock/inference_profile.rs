//! An inference profile.

use audit_domain::state::Subject;
use aws_sdk_bedrock::Client;

use super::answer::{Answer, call};

/// `bedrock:GetInferenceProfile`.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_inference_profile().inference_profile_identifier(&subject.resource.id);
    call(subject, "GetInferenceProfile", |capture| get.customize().interceptor(capture).send()).await
}
