//! A prompt of Prompt management: its draft, or a version.

use audit_domain::state::Subject;
use aws_sdk_bedrockagent::Client;

use super::{
    answer::{Answer, call},
    numbered,
};

/// `bedrock:GetPrompt`.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_prompt().prompt_identifier(&subject.resource.id);
    let get = get.set_prompt_version(numbered(subject).map(str::to_owned));
    call(subject, "GetPrompt", |capture| get.customize().interceptor(capture).send()).await
}
