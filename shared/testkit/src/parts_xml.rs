//! The audit's own parts, as those services answer that speak XML.

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

/// So many resources a page of a stack's list has: few, so that tests meet pages.
const PAGE: usize = 3;

pub(crate) fn answer(xml: &str) -> Response {
    ([("content-type", "text/xml")], xml.to_owned()).into_response()
}

pub(crate) fn refused(status: u16, code: &str) -> Response {
    let xml = format!("<Error><Code>{code}</Code><Message>by the testkit</Message></Error>");
    (StatusCode::from_u16(status).expect("a status"), [("content-type", "text/xml")], xml).into_response()
}

/// A text as content of an element.
fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    // control characters have to be escaped, too
    let escaped = |c: char| match c {
        '&' | '<' | '>' => format!("&#{};", u32::from(c)),
        c if c.is_control() => format!("&#{};", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// The page of a stack's resources that a token names, the first without one.
pub(crate) fn resources(document: &Value, token: &str) -> Response {
    let parts = document["stack"].as_array().cloned().unwrap_or_default();
    let start: usize = token.strip_prefix("from-").and_then(|from| from.parse().ok()).unwrap_or(0);
    let is_last = start + PAGE >= parts.len();
    let next = if is_last { String::new() } else { format!("<NextToken>from-{}</NextToken>", start + PAGE) };
    let members: String = parts
        .iter()
        .skip(start)
        .take(PAGE)
        .map(|part| {
            format!(
                "<member><LogicalResourceId>{}</LogicalResourceId><PhysicalResourceId>{}</PhysicalResourceId>\
                 <ResourceType>{}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
                 <LastUpdatedTimestamp>2026-10-12T08:00:00Z</LastUpdatedTimestamp></member>",
                text(&part["LogicalResourceId"]),
                text(&part["PhysicalResourceId"]),
                text(&part["ResourceType"])
            )
        })
        .collect();
    answer(&format!(
        r#"<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStackResourcesResult><StackResourceSummaries>{members}</StackResourceSummaries>{next}</ListStackResourcesResult></ListStackResourcesResponse>"#
    ))
}

/// A stack with its outputs and parameters.
pub(crate) fn stack(stack: &Value) -> Response {
    if stack.is_null() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
                   <Message>Stack with id bedrock-audit does not exist</Message></Error></ErrorResponse>";
        return (StatusCode::BAD_REQUEST, [("content-type", "text/xml")], xml).into_response();
    }
    let members = |of: &str, key: &str, value: &str| -> String {
        let named = stack[of].as_object().cloned().unwrap_or_default();
        let member = |(name, is): (String, Value)| {
            format!("<member><{key}>{name}</{key}><{value}>{}</{value}></member>", text(&is))
        };
        named.into_iter().map(member).collect()
    };
    answer(&format!(
        r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackId>{}</StackId><StackName>bedrock-audit</StackName><CreationTime>2026-10-01T08:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{}</Outputs><Parameters>{}</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"#,
        text(&stack["StackId"]),
        members("Outputs", "OutputKey", "OutputValue"),
        members("Parameters", "ParameterKey", "ParameterValue")
    ))
}

/// Who gets what is published to a topic.
pub(crate) fn subscriptions(topic: &Value) -> Response {
    let Some(listed) = topic.as_array() else {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code>\
                   <Message>Topic does not exist</Message></Error></ErrorResponse>";
        return (StatusCode::NOT_FOUND, [("content-type", "text/xml")], xml).into_response();
    };
    let members: String = listed
        .iter()
        .map(|one| {
            format!(
                "<member><Protocol>{}</Protocol><Endpoint>{}</Endpoint><SubscriptionArn>{}</SubscriptionArn></member>",
                text(&one["Protocol"]),
                text(&one["Endpoint"]),
                text(&one["SubscriptionArn"])
            )
        })
        .collect();
    answer(&format!(
        r#"<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsByTopicResult><Subscriptions>{members}</Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"#
    ))
}

/// How a bucket is encrypted: with a key, or by S3 itself.
pub(crate) fn encryption(key: Option<&str>) -> Response {
    let default = match key {
        Some(key) => format!("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>{key}</KMSMasterKeyID>"),
        None => "<SSEAlgorithm>AES256</SSEAlgorithm>".to_owned(),
    };
    answer(&format!(
        r#"<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault>{default}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"#
    ))
}
