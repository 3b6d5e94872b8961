//! The log of model invocations: where it is off, or goes elsewhere, nothing of any answer is recorded.

use serde_json::{Value, json};

use super::{Check, Fault, Reading};
use crate::{change::Severity, evidence::ObjectLocation, invocation::pointer::AllowedPlaces};

/// The resource kind of the configuration.
pub const KIND: &str = "model-invocation-logging-configuration";
/// Its id: there is one in each region.
pub const ID: &str = "default";

/// How invocations are logged, and where logs are indexed.
#[derive(Clone, Debug)]
pub struct InvocationLog {
    /// `loggingConfig`, as Bedrock answers it; `None` where logging is off.
    pub configuration: Reading<Option<Value>>,
    /// The buckets and prefixes that are indexed; `None` where that is not known.
    pub indexed: Option<AllowedPlaces>,
    /// The log group that is indexed, if one is.
    pub log_group: Option<String>,
}

impl InvocationLog {
    /// The bucket and prefix that is indexed, the first of several.
    pub(super) fn place(&self) -> Option<(&str, &str)> {
        self.indexed.as_ref()?.first()
    }

    /// Whether it is on and goes to a bucket that is indexed.
    pub(super) fn is_put_into_bucket(&self) -> bool {
        self.on().is_some() && self.is_bucket_indexed()
    }

    /// The log group that it goes to, where that one is indexed.
    pub(super) fn group(&self) -> Option<&str> {
        let group = self.on()?.pointer("/cloudWatchConfig/logGroupName")?.as_str()?;
        (self.log_group.as_deref() == Some(group)).then_some(group)
    }

    /// Where logging is on.
    fn on(&self) -> Option<&Value> {
        self.configuration.as_ref().ok()?.as_ref()
    }

    /// The configuration as it should be, with what it has besides.
    fn expected(&self) -> String {
        let mut members = self.on().and_then(Value::as_object).cloned().unwrap_or_default();
        if members.is_empty() {
            members.extend(["imageDataDeliveryEnabled", "embeddingDataDeliveryEnabled"].map(on));
        }
        members.extend([on("textDataDeliveryEnabled")]);
        if !self.is_indexed() {
            let s3 = match self.place().unwrap_or(("BUCKET", "")) {
                (bucket, "") => json!({"bucketName": bucket}),
                (bucket, prefix) => json!({"bucketName": bucket, "keyPrefix": prefix}),
            };
            members.insert("s3Config".to_owned(), s3);
        }
        Value::Object(members).to_string()
    }

    /// Whether logs go where they are indexed, by one way at least. Where that is not known, any bucket will do.
    fn is_indexed(&self) -> bool {
        self.group().is_some() || self.is_bucket_indexed()
    }

    fn is_bucket_indexed(&self) -> bool {
        let s3 = self.on().and_then(|configuration| configuration.get("s3Config"));
        let text = |member| s3.and_then(|s3| s3.get(member)).and_then(Value::as_str).unwrap_or_default();
        let (bucket, prefix) = (text("bucketName"), text("keyPrefix").trim_end_matches('/'));
        let folder = ObjectLocation::object(bucket, format!("{prefix}/"));
        !bucket.is_empty() && self.indexed.as_ref().is_none_or(|places| places.hold(&folder))
    }

    fn fault(&self, found: Value) -> Fault {
        Fault { kind: KIND, id: ID.to_owned(), arn: None, found }
    }
}

fn on(member: &str) -> (String, Value) {
    (member.to_owned(), true.into())
}

const MEND: &str =
    "aws bedrock put-model-invocation-logging-configuration --logging-config {expected} --region {region}";

/// It is off.
pub(super) const OFF: Check = Check {
    name: "InvocationLogOff",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "invocations are not logged in this region",
    breaks: "no answer can be explained from now on: neither prompt, nor passages, nor guardrail is recorded",
    mend: MEND,
    look: |seen| match &seen.log.configuration {
        Ok(None) => vec![seen.log.fault(json!({"expected": seen.log.expected()}))],
        _ => Vec::new(),
    },
};

/// It leaves the texts out.
pub(super) const WITHOUT_TEXT: Check = Check {
    name: "InvocationLogWithoutText",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "the invocation log leaves texts out",
    breaks: "prompts, passages and answers are not in the log: answers cannot be explained from now on",
    mend: MEND,
    look: |seen| {
        let without =
            seen.log.on().filter(|on| on.get("textDataDeliveryEnabled") != Some(&Value::Bool(true)));
        let found = without
            .map(|on| json!({"text": on.get("textDataDeliveryEnabled"), "expected": seen.log.expected()}));
        found.map(|found| seen.log.fault(found)).into_iter().collect()
    },
};

/// It goes where nobody looks.
pub(super) const ELSEWHERE: Check = Check {
    name: "InvocationLogElsewhere",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "the invocation log goes neither to a bucket and prefix nor to a log group that is indexed",
    breaks: "no invocation gets into the ledger from now on",
    mend: MEND,
    look: |seen| {
        let elsewhere = seen.log.on().filter(|_| !seen.log.is_indexed());
        let found =
            elsewhere.map(|on| json!({"s3Config": on.get("s3Config"), "expected": seen.log.expected()}));
        found.map(|found| seen.log.fault(found)).into_iter().collect()
    },
};
