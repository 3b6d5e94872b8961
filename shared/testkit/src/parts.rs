//! The audit's own parts, answered from one document that a test puts: trails, a stack's resources, rules and queues.
//!
//! The document has the shape of `events/checks/well.json`; each of its parts is what the service answers. A rule or a queue
//! that is `null` or absent is gone.

use std::sync::{Mutex, PoisonError};

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

/// So many resources a page of a stack's list has: few, so that tests meet pages.
const PAGE: usize = 3;

/// The audit's own parts.
#[derive(Default)]
pub struct Parts(Mutex<Value>);

impl Parts {
    /// Puts the document in place of an earlier one.
    pub fn put(&self, document: Value) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = document;
    }

    /// Answers a call (`cloudtrail:DescribeTrails`, ...) with this request, as the service does.
    pub(crate) fn answer(&self, action: &str, request: &Value) -> Response {
        let document = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let named = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
        match action {
            "cloudtrail:DescribeTrails" => {
                let trails = document["trails"].as_array().cloned().unwrap_or_default();
                let listed: Vec<_> = trails.iter().map(|trail| trail["trail"].clone()).collect();
                found("1.1", &json!({ "trailList": listed }))
            }
            "cloudtrail:GetTrailStatus" => trail(&document, &named("Name"), "status"),
            "cloudtrail:GetEventSelectors" => trail(&document, &named("TrailName"), "selectors"),
            "events:DescribeRule" => rule(&document, &named("Name"), |rule| rule["rule"].clone()),
            "events:ListTargetsByRule" => {
                rule(&document, &named("Rule"), |rule| json!({ "Targets": rule["targets"] }))
            }
            "sqs:GetQueueAttributes" => {
                let url = named("QueueUrl");
                let queue = &document["queues"][url.rsplit('/').next().unwrap_or_default()];
                if queue.is_null() {
                    return gone("1.0", "com.amazonaws.sqs#QueueDoesNotExist");
                }
                found("1.0", &json!({ "Attributes": queue }))
            }
            "cloudformation:ListStackResources" => stack(&document, &named("NextToken")),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

/// What there is about a trail: those of other regions have to be named by their ARN.
fn trail(document: &Value, arn: &str, about: &str) -> Response {
    let trails = document["trails"].as_array().cloned().unwrap_or_default();
    match trails.iter().find(|trail| trail["trail"]["TrailARN"] == arn) {
        Some(trail) => found("1.1", &trail[about]),
        None => gone("1.1", "TrailNotFoundException"),
    }
}

fn rule(document: &Value, name: &str, about: impl Fn(&Value) -> Value) -> Response {
    match &document["rules"][name] {
        Value::Null => gone("1.1", "ResourceNotFoundException"),
        rule => found("1.1", &about(rule)),
    }
}

/// The page that a token names, the first without one.
fn stack(document: &Value, token: &str) -> Response {
    let parts = document["stack"].as_array().cloned().unwrap_or_default();
    let start: usize = token.strip_prefix("from-").and_then(|from| from.parse().ok()).unwrap_or(0);
    let is_last = start + PAGE >= parts.len();
    let next = if is_last { String::new() } else { format!("<NextToken>from-{}</NextToken>", start + PAGE) };
    let members: String = parts
        .iter()
        .skip(start)
        .take(PAGE)
        .map(|part| {
            let of = |member: &str| part[member].as_str().unwrap_or_default().to_owned();
            format!(
                "<member><LogicalResourceId>{}</LogicalResourceId><PhysicalResourceId>{}</PhysicalResourceId>\
                 <ResourceType>{}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
                 <LastUpdatedTimestamp>2026-10-12T08:00:00Z</LastUpdatedTimestamp></member>",
                of("LogicalResourceId"),
                of("PhysicalResourceId"),
                of("ResourceType")
            )
        })
        .collect();
    let xml = format!(
        r#"<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStackResourcesResult><StackResourceSummaries>{members}</StackResourceSummaries>{next}</ListStackResourcesResult></ListStackResourcesResponse>"#
    );
    ([("content-type", "text/xml")], xml).into_response()
}

fn found(version: &str, document: &Value) -> Response {
    ([("content-type", format!("application/x-amz-json-{version}"))], document.to_string()).into_response()
}

fn gone(version: &str, code: &str) -> Response {
    let headers = [("content-type", format!("application/x-amz-json-{version}"))];
    (StatusCode::BAD_REQUEST, headers, json!({"__type": code, "message": "it is not there"}).to_string())
        .into_response()
}
