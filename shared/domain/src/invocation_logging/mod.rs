//! The logging of model invocations as a resource of a stack, which CloudFormation has none for.
//!
//! * [`Configuration`]: one, as Bedrock has it, and where it goes.
//! * [`request`]: what CloudFormation asks for, and how it is answered.
//! * [`life`]: what is kept of a resource from its creation to its deletion.
//! * [`decision`]: what is to be done, as a table of what is there, what was kept, and what is asked for.

pub mod decision;
pub mod life;
pub mod request;

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value};

/// The flags of a configuration: which data go into the log.
pub const FLAGS: [&str; 5] = [
    "textDataDeliveryEnabled",
    "imageDataDeliveryEnabled",
    "embeddingDataDeliveryEnabled",
    "videoDataDeliveryEnabled",
    "audioDataDeliveryEnabled",
];

/// A place that invocation logs go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// A prefix of a bucket, without slashes around it; empty for the whole bucket.
    Bucket(String, String),
    /// A log group, by its name.
    LogGroup(String),
}

impl Destination {
    /// A prefix of a bucket.
    pub fn bucket(name: &str, prefix: &str) -> Self {
        Self::Bucket(name.to_owned(), prefix.trim_matches('/').to_owned())
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name, prefix) if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket(name, prefix) => write!(f, "s3://{name}/{prefix}"),
            Self::LogGroup(name) => write!(f, "log group {name}"),
        }
    }
}

/// A configuration that logs somewhere: `loggingConfig`, as Bedrock answers and takes it (FORMATS 1.6). Members that are
/// new to the service are kept, so that what is put back is what was there.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration(Map<String, Value>);

impl Configuration {
    /// Out of a document; `None` where it names no place to log to, as where logging is off.
    pub fn of(document: Value) -> Option<Self> {
        let Value::Object(members) = document else { return None };
        let configuration = Self(members);
        (!configuration.destinations().is_empty()).then_some(configuration)
    }

    /// As it is put.
    pub fn document(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Where it logs to, the bucket for what is too large for a log group included.
    pub fn destinations(&self) -> BTreeSet<Destination> {
        let cloud_watch = self.0.get("cloudWatchConfig");
        let large = cloud_watch.and_then(|config| config.get("largeDataDeliveryS3Config"));
        let group = cloud_watch.and_then(|config| text(config, "logGroupName"));
        let group = group.map(|name| Destination::LogGroup(name.to_owned()));
        let buckets = [self.0.get("s3Config"), large].into_iter().flatten().filter_map(bucket);
        buckets.chain(group).collect()
    }

    /// Whether it logs to these places and to no other: then nobody else reads what it logs.
    pub fn goes_only_to(&self, places: &BTreeSet<Destination>) -> bool {
        self.destinations().is_subset(places)
    }

    /// Whether it already is what that one asks for. Members that the other one does not name may be anything.
    pub fn says(&self, other: &Self) -> bool {
        let (own, other_members) = (normal(&self.0), normal(&other.0));
        self.destinations() == other.destinations()
            && other_members.iter().all(|(name, value)| own.get(name) == Some(value))
    }
}

/// The text of a member, where it has one.
fn text<'a>(of: &'a Value, member: &str) -> Option<&'a str> {
    of.get(member)?.as_str().filter(|text| !text.is_empty())
}

/// The place that an `S3Config` names.
fn bucket(config: &Value) -> Option<Destination> {
    Some(Destination::bucket(text(config, "bucketName")?, text(config, "keyPrefix").unwrap_or_default()))
}

/// Where it goes, for people.
impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.destinations().iter().map(ToString::to_string).collect();
        f.write_str(&places.join(" and "))
    }
}

/// Without what means nothing: empty members, and slashes around prefixes.
fn normal(members: &Map<String, Value>) -> Map<String, Value> {
    let of_member = |name: &str, value: &Value| match value {
        Value::Object(inner) => Value::Object(normal(inner)),
        Value::String(text) if name == "keyPrefix" => text.trim_matches('/').into(),
        other => other.clone(),
    };
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(inner) => inner.is_empty(),
        _ => false,
    };
    members
        .iter()
        .map(|(name, value)| (name.clone(), of_member(name, value)))
        .filter(|(_, value)| !is_empty(value))
        .collect()
}

#[cfg(test)]
mod tests;
