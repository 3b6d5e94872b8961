//! A guardrail: its draft, or a version.

use audit_domain::state::Subject;
use aws_sdk_bedrock::Client;

use super::{
    answer::{Answer, call},
    numbered,
};

/// `bedrock:GetGuardrail`.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_guardrail().guardrail_identifier(&subject.resource.id);
    let get = get.set_guardrail_version(numbered(subject).map(str::to_owned));
    call(subject, "GetGuardrail", |capture| get.customize().interceptor(capture).send()).await
}
