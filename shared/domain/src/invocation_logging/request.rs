//! What CloudFormation asks of a custom resource, and how it is answered.

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value, json};

use super::{Configuration, Destination, FLAGS};
use crate::plain;

/// The physical id of the resource: always the same one, since another one in the answer to an update would make
/// CloudFormation delete what it takes for the old resource.
pub const PHYSICAL_ID: &str = "model-invocation-logging";

/// CloudFormation takes answers below this many bytes.
const LARGEST_ANSWER: usize = 4096;
/// So many characters of a reason are shown at most.
const REASON: usize = 1500;

/// What CloudFormation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// The resource is new in the stack.
    Create,
    /// Its properties changed, or a failed update is taken back.
    Update,
    /// It leaves the stack; or its creation failed, and is taken back.
    Delete,
}

impl RequestKind {
    /// As CloudFormation writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

/// A request of CloudFormation.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for.
    pub kind: RequestKind,
    /// Its id, the same in every delivery.
    pub id: String,
    properties: Map<String, Value>,
    old_properties: Map<String, Value>,
}

impl Request {
    /// Out of an event.
    ///
    /// # Errors
    /// Why it is no request.
    pub fn of(event: &Value) -> Result<Self, String> {
        let kind = event.get("RequestType").and_then(Value::as_str);
        let kinds = [RequestKind::Create, RequestKind::Update, RequestKind::Delete];
        let known = kinds.into_iter().find(|known| Some(known.name()) == kind);
        let kind = known.ok_or("the event's RequestType is none of Create, Update and Delete")?;
        let id = event.get("RequestId").and_then(Value::as_str).filter(|id| !id.is_empty());
        let members = |name: &str| event.get(name).and_then(Value::as_object).cloned();
        Ok(Self {
            kind,
            id: id.ok_or("the event has no RequestId")?.to_owned(),
            properties: members("ResourceProperties").unwrap_or_default(),
            old_properties: members("OldResourceProperties").unwrap_or_default(),
        })
    }

    /// The deletion of the same resource.
    #[must_use]
    pub fn as_deletion(&self) -> Self {
        Self { kind: RequestKind::Delete, ..self.clone() }
    }

    /// The configuration that the properties ask for. Flags that they do not name are on.
    ///
    /// # Errors
    /// What is wrong with the properties.
    pub fn wanted(&self) -> Result<Configuration, String> {
        let text = |name: &str| text(&self.properties, name);
        let mut document = Map::new();
        if let Some(bucket) = text("BucketName") {
            document.insert("s3Config".to_owned(), place(bucket, text("KeyPrefix")));
        }
        if let Some(group) = text("LogGroupName") {
            let role =
                text("RoleArn").ok_or("LogGroupName needs RoleArn, the role that Bedrock writes with")?;
            let mut cloud_watch = Map::new();
            cloud_watch.insert("logGroupName".to_owned(), group.into());
            cloud_watch.insert("roleArn".to_owned(), role.into());
            if let Some(bucket) = text("LargeDataBucketName") {
                let place = place(bucket, text("LargeDataKeyPrefix"));
                cloud_watch.insert("largeDataDeliveryS3Config".to_owned(), place);
            }
            document.insert("cloudWatchConfig".to_owned(), cloud_watch.into());
        }
        for flag in FLAGS {
            document.insert(flag.to_owned(), self.is_set(&property_of(flag))?.unwrap_or(true).into());
        }
        Configuration::of(document.into())
            .ok_or_else(|| "neither BucketName nor LogGroupName is set".to_owned())
    }

    /// Whether the configuration of somebody else may be replaced.
    ///
    /// # Errors
    /// The property is neither true nor false.
    pub fn may_overwrite(&self) -> Result<bool, String> {
        Ok(self.is_set("Overwrite")?.unwrap_or(false))
    }

    /// The places that this resource logs to, or did before an update: what goes only there is its own.
    pub fn own_places(&self) -> BTreeSet<Destination> {
        let of = |properties: &Map<String, Value>| {
            let bucket = |name, prefix| {
                let prefix = text(properties, prefix).unwrap_or_default();
                text(properties, name).map(|name| Destination::bucket(name, prefix))
            };
            let group = text(properties, "LogGroupName").map(|name| Destination::LogGroup(name.to_owned()));
            let large = bucket("LargeDataBucketName", "LargeDataKeyPrefix");
            bucket("BucketName", "KeyPrefix").into_iter().chain(large).chain(group)
        };
        of(&self.properties).chain(of(&self.old_properties)).collect()
    }

    /// A boolean, which CloudFormation sends as text.
    fn is_set(&self, name: &str) -> Result<Option<bool>, String> {
        match self.properties.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(format!("{name} is neither true nor false")),
        }
    }
}

/// Properties are named as the members of the API, with a capital.
fn property_of(member: &str) -> String {
    let (first, rest) = member.split_at(1);
    first.to_uppercase() + rest
}

fn text<'a>(properties: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    properties.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn place(bucket: &str, prefix: Option<&str>) -> Value {
    match prefix {
        Some(prefix) => json!({"bucketName": bucket, "keyPrefix": prefix.trim_matches('/')}),
        None => json!({ "bucketName": bucket }),
    }
}

/// Where a request is answered, and under which ids. The URL is a secret: whoever has it can answer.
#[derive(Clone)]
pub struct ReturnAddress {
    url: String,
    physical_id: String,
    echoed: [(&'static str, String); 3],
}

impl fmt::Debug for ReturnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnAddress").field("echoed", &self.echoed).finish_non_exhaustive()
    }
}

impl ReturnAddress {
    /// Out of an event, whatever else is wrong with it; `None` where it says no URL.
    pub fn of(event: &Value) -> Option<Self> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let echoed = |name: &'static str| (name, text(name).unwrap_or_default().to_owned());
        Some(Self {
            url: text("ResponseURL")?.to_owned(),
            // where a creation was not answered, CloudFormation made an id of its own, and wants it back
            physical_id: text("PhysicalResourceId").unwrap_or(PHYSICAL_ID).to_owned(),
            echoed: [echoed("StackId"), echoed("RequestId"), echoed("LogicalResourceId")],
        })
    }

    /// The URL that takes the answer.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The answer: what was done, or why it failed. It is small enough to be taken.
    pub fn answer(&self, outcome: &Result<String, String>) -> String {
        let (status, reason) = match outcome {
            Ok(done) => ("SUCCESS", done),
            Err(why) => ("FAILED", why),
        };
        let with_reason = |limit: usize| {
            let own = [
                ("Status", status.to_owned()),
                ("Reason", plain::one_line(reason, limit)),
                ("PhysicalResourceId", self.physical_id.clone()),
            ];
            let members = own.into_iter().chain(self.echoed.clone());
            let answer: Map<_, _> = members.map(|(name, value)| (name.to_owned(), value.into())).collect();
            Value::Object(answer).to_string()
        };
        let shorter = std::iter::successors(Some(REASON), |limit| (*limit > 0).then_some(limit / 2));
        let fitting = shorter.map(with_reason).find(|answer| answer.len() < LARGEST_ANSWER);
        fitting.unwrap_or_else(|| with_reason(0))
    }
}
