//! The policy that is put on a resource.

use audit_domain::state::Subject;
use aws_sdk_bedrock::Client;
use serde_json::Value;

use super::answer::{Answer, call};
use crate::error::Unreadable;

/// `bedrock:GetResourcePolicy`, which takes nothing but an ARN.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let arn = match bedrock_arn(subject) {
        Ok(arn) => arn,
        Err(why) => return Ok(Err(Unreadable::Never(why))),
    };
    let get = client.get_resource_policy().resource_arn(arn);
    let answer =
        call(subject, "GetResourcePolicy", |capture| get.customize().interceptor(capture).send()).await?;
    Ok(answer.and_then(|body| {
        let is_put = body.get("resourcePolicy").is_some_and(Value::is_string);
        if is_put { Ok(body) } else { Err(Unreadable::Gone) }
    }))
}

/// The ARN of what the policy is put on, or why it cannot be asked for.
fn bedrock_arn(subject: &Subject) -> Result<&str, String> {
    let arn = subject.resource.arn.as_deref();
    let arn = arn.ok_or("the record does not name the ARN that the policy is put on")?;
    match arn.split(':').nth(2) {
        Some("bedrock") => Ok(arn),
        other => Err(format!("policies of {} are not read", other.unwrap_or("other services"))),
    }
}
