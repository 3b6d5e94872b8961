//! The audit's own parts, answered from one document that a test puts: trails, a stack's resources, rules and queues.
//!
//! The document has the shape of `events/checks/well.json`; each of its parts is what the service answers. Whatever is `null`
//! or absent in it is gone. What is written (`--fix`) is changed in it.

use std::sync::{Mutex, PoisonError};

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::{cbor, parts_xml as xml};

/// The audit's own parts.
#[derive(Default)]
pub struct Parts(Mutex<Value>);

impl Parts {
    /// Puts the document in place of an earlier one.
    pub fn put(&self, document: Value) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = document;
    }

    /// The document as it is now.
    pub fn document(&self) -> Value {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, pointer: &str, value: Value) {
        let mut document = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *document.pointer_mut(pointer).expect("it was asked for") = value;
    }

    /// Answers a call that was made to another region.
    pub(crate) fn answer_elsewhere(&self, action: &str, region: &str) -> Response {
        let there = self.document()["elsewhere"][region].clone();
        match action {
            "cloudformation:DescribeStacks" => xml::stack(&there["stack"]),
            _ => found("1.1", &json!({ "loggingConfig": there["loggingConfig"] })),
        }
    }

    /// Answers a call on a bucket's configuration: `s3:PutBucketNotification`, ...
    pub(crate) fn answer_of_bucket(&self, action: &str, bucket: &str, body: &[u8]) -> Response {
        let document = self.document();
        let of = &document["buckets"][bucket];
        if of.is_null() {
            return xml::refused(404, "NoSuchBucket");
        }
        match action {
            "s3:GetBucketNotification" => xml::answer(of["notification"].as_str().expect("a document")),
            "s3:PutBucketNotification" => {
                let text = String::from_utf8_lossy(body).into_owned();
                self.change(&format!("/buckets/{bucket}/notification"), text.into());
                xml::answer("")
            }
            _ => xml::encryption(of["key"].as_str()),
        }
    }

    /// Answers a call of CloudWatch, in its language.
    pub(crate) fn answer_figures(&self, action: &str, request: &[u8]) -> Response {
        let (document, request) = (self.document(), cbor::decoded(request));
        let answer = if action == "cloudwatch:DescribeAlarms" {
            let names = request["AlarmNames"].as_array().cloned().unwrap_or_default();
            let alarms = names.iter().map(|name| &document["alarms"][name.as_str().unwrap_or_default()]);
            json!({ "MetricAlarms": alarms.filter(|alarm| !alarm.is_null()).collect::<Vec<_>>() })
        } else {
            let queries = request["MetricDataQueries"].as_array().cloned().unwrap_or_default();
            let figure = |query: &Value| {
                let metric = &query["MetricStat"]["Metric"];
                // an expression finds by name alone
                let searched = query["Expression"].as_str().and_then(|text| text.split('"').nth(3));
                let about = metric["Dimensions"][0]["Value"].as_str();
                let name = metric["MetricName"].as_str().or(searched).unwrap_or_default();
                let name = about.map_or_else(|| name.to_owned(), |about| format!("{name} of {about}"));
                json!({"Id": query["Id"], "StatusCode": "Complete", "Values": document["metrics"].get(&name).unwrap_or(&json!([]))})
            };
            json!({ "MetricDataResults": queries.iter().map(figure).collect::<Vec<_>>() })
        };
        speak(StatusCode::OK, &answer)
    }

    /// Answers a call of Lambda: the last part of `path` but `configuration` is a name.
    pub(crate) fn answer_functions(&self, action: &str, path: &str) -> Response {
        let name = path.trim_end_matches("/configuration").rsplit('/').next().unwrap_or_default();
        let of = if action == "lambda:GetFunctionConfiguration" { "functions" } else { "mappings" };
        if self.document()[of][name].is_null() {
            return refused_function("ResourceNotFoundException");
        }
        if action == "lambda:UpdateEventSourceMapping" {
            self.change(&format!("/mappings/{name}/State"), "Enabling".into());
        }
        found("1.1", &self.document()[of][name])
    }

    /// Answers a call (`cloudtrail:DescribeTrails`, ...) with this request, as the service does.
    pub(crate) fn answer(&self, action: &str, request: &Value) -> Response {
        let document = self.document();
        let named = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
        match action {
            "cloudtrail:DescribeTrails" => {
                let trails = document["trails"].as_array().cloned().unwrap_or_default();
                let listed: Vec<_> = trails.iter().map(|trail| trail["trail"].clone()).collect();
                found("1.1", &json!({ "trailList": listed }))
            }
            "cloudtrail:GetTrailStatus" => trail(&document, &named("Name"), "status"),
            "cloudtrail:GetEventSelectors" => trail(&document, &named("TrailName"), "selectors"),
            "events:EnableRule" => {
                self.change(&format!("/rules/{}/rule/State", named("Name")), "ENABLED".into());
                found("1.1", &json!({}))
            }
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
            "cloudformation:ListStackResources" => xml::resources(&document, &named("NextToken")),
            "cloudformation:DescribeStacks" => xml::stack(&document["described"]),
            "sns:ListSubscriptionsByTopic" => xml::subscriptions(&document["topics"][named("TopicArn")]),
            "dynamodb:DescribeTimeToLive" => match &document["tables"][named("TableName")] {
                Value::Null => gone("1.0", "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"),
                table => found("1.0", &json!({ "TimeToLiveDescription": table })),
            },
            "kms:DescribeKey" => match &document["keys"][named("KeyId")] {
                Value::Null => gone("1.1", "NotFoundException"),
                key => found("1.1", &json!({ "KeyMetadata": key })),
            },
            "kms:GetKeyPolicy" => match &document["key_policies"][named("KeyId")] {
                Value::Null => gone("1.1", "NotFoundException"),
                policy => found("1.1", &json!({ "Policy": policy.to_string(), "PolicyName": "default" })),
            },
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

/// Lambda's refusals.
pub(crate) fn refused_function(code: &str) -> Response {
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", code)];
    let status = if code.contains("NotFound") { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
    (status, headers, r#"{"message":"by the testkit"}"#).into_response()
}

/// CloudWatch's refusals.
pub(crate) fn refused_figures(status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    speak(status, &json!({"__type": format!("com.amazonaws.cloudwatch#{code}"), "message": "by the testkit"}))
}

fn speak(status: StatusCode, document: &Value) -> Response {
    let headers = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")];
    (status, headers, cbor::encoded(document)).into_response()
}

fn found(version: &str, document: &Value) -> Response {
    ([("content-type", format!("application/x-amz-json-{version}"))], document.to_string()).into_response()
}

fn gone(version: &str, code: &str) -> Response {
    let headers = [("content-type", format!("application/x-amz-json-{version}"))];
    (StatusCode::BAD_REQUEST, headers, json!({"__type": code, "message": "it is not there"}).to_string())
        .into_response()
}
