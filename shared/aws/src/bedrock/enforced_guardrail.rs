//! A guardrail that the account enforces on every call. There is no operation for one of them: the list has them whole.

use audit_domain::state::Subject;
use aws_sdk_bedrock::Client;

use super::answer::{Answer, call, pages};
use crate::error::Unreadable;

/// `bedrock:ListEnforcedGuardrailsConfiguration`, and of it the configuration with this id.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let listed = pages("guardrailsConfig", |token| {
        let list = client.list_enforced_guardrails_configuration().set_next_token(token);
        call(subject, "ListEnforcedGuardrailsConfiguration", |capture| {
            list.customize().interceptor(capture).send()
        })
    })
    .await?;
    Ok(listed.and_then(|configurations| {
        let is_it = |id: &str| id == subject.resource.id;
        configurations
            .into_iter()
            .find(|one| one.get("configId").and_then(|id| id.as_str()).is_some_and(is_it))
            .ok_or(Unreadable::Gone)
    }))
}
