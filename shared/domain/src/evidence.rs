//! Where a raw record lies, so that anybody can read it again and compare.

use std::fmt;

use crate::digest::Sha256;

/// Where a log object lies: in a bucket, in a log group, or on the disk of whoever runs the command line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectLocation {
    /// The bucket; `None` for a file on a local disk, and in a log group.
    pub bucket: Option<String>,
    /// The stream of a log group, for what lies in one.
    pub log: Option<LogStream>,
    /// The object key, decoded; for a file its absolute path; in a log group the event's id, and the first and last one
    /// (`<id>..<id>`) of events that came together.
    pub key: String,
    /// The object version where the bucket keeps versions.
    pub version_id: Option<String>,
    /// The entity tag where the notification had one, without quotes.
    pub etag: Option<String>,
}

/// A stream of a log group of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogStream {
    /// The name of the log group.
    pub group: String,
    /// The name of the stream.
    pub stream: String,
    /// When an event was logged, in milliseconds since 1970: by it the event is found again.
    pub timestamp: Option<i64>,
}

impl ObjectLocation {
    /// An object in a bucket.
    pub fn object(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: Some(bucket.into()), log: None, key: key.into(), version_id: None, etag: None }
    }

    /// A file on a local disk, by its absolute path.
    pub fn file(path: impl Into<String>) -> Self {
        Self { bucket: None, log: None, key: path.into(), version_id: None, etag: None }
    }

    /// An event of a log group, by its id.
    pub fn log_event(log: LogStream, id: impl Into<String>) -> Self {
        Self { bucket: None, log: Some(log), key: id.into(), version_id: None, etag: None }
    }

    /// On somebody's own disk a folder may well be called `data`: there the name decides, too.
    fn is_body_name(&self, name: &str) -> bool {
        self.bucket.is_some() || name.contains("_input") || name.contains("_output")
    }

    /// What the key alone says about the object.
    pub fn role(&self) -> ObjectRole {
        let (folders, name) = self.key.rsplit_once('/').unwrap_or(("", &self.key));
        if self.log.is_some() {
            ObjectRole::Log
        } else if name.starts_with("amazon-bedrock-logs-permission-check") {
            ObjectRole::PermissionCheck
        } else if is_other_trail_file(&self.key) {
            ObjectRole::OtherTrailFile
        } else if folders.rsplit('/').next() == Some("data") && self.is_body_name(name) {
            ObjectRole::Body
        } else {
            ObjectRole::Log
        }
    }
}

/// Beside `CloudTrail/` an account's folder has `CloudTrail-Digest/`, `CloudTrail-Insight/` and `CloudTrail-NetworkActivity/`
/// (FORMATS 6); what stands in front of `AWSLogs/` is a prefix of somebody's choice.
fn is_other_trail_file(key: &str) -> bool {
    let (_, below) = key.rsplit_once("AWSLogs/").unwrap_or(("", key));
    below.starts_with("CloudTrail-") || below.contains("/CloudTrail-")
}

impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.bucket, &self.log) {
            (Some(bucket), _) => write!(f, "s3://{bucket}/{}", self.key),
            (None, Some(log)) => write!(f, "logs://{}/{}/{}", log.group, log.stream, self.key),
            (None, None) => write!(f, "file://{}", self.key),
        }
    }
}

/// What an object is for, by its key (FORMATS 2 and 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectRole {
    /// A file of log records.
    Log,
    /// A body too large for its record, below `data/`: read through the record that points to it.
    Body,
    /// The empty object that Bedrock writes to see whether it may write.
    PermissionCheck,
    /// A digest, insight or network activity file of CloudTrail.
    OtherTrailFile,
}

impl ObjectRole {
    /// Why an object of this role is not read; `None` for a log file.
    pub fn why_ignored(self) -> Option<&'static str> {
        match self {
            Self::Log => None,
            Self::Body => Some("a body below /data/, read through the record that points to it"),
            Self::PermissionCheck => Some("bedrock's permission check"),
            Self::OtherTrailFile => Some("a cloudtrail digest, insight or network activity file"),
        }
    }
}

/// Where one raw record lies, and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The object.
    pub location: ObjectLocation,
    /// Which JSON value of the object, counted from 1; rejected values count too.
    pub ordinal: u64,
    /// The digest of the value's exact bytes.
    pub sha256: Sha256,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_tells_the_role() {
        let cases = [
            ("AWSLogs/1/BedrockModelInvocationLogs/r/2026/10/07/07/x.json.gz", ObjectRole::Log),
            ("p/AWSLogs/1/BedrockModelInvocationLogs/r/2026/10/07/07/data/i_input.json.gz", ObjectRole::Body),
            (
                "AWSLogs/1/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check",
                ObjectRole::PermissionCheck,
            ),
            ("AWSLogs/1/CloudTrail-Digest/r/2026/10/07/x.json.gz", ObjectRole::OtherTrailFile),
            ("AWSLogs/1/CloudTrail/r/2026/10/07/x.json.gz", ObjectRole::Log),
            ("AWSLogs/o-1/1/CloudTrail-Insight/r/x.json.gz", ObjectRole::OtherTrailFile),
            ("logs/CloudTrail-prod/AWSLogs/1/CloudTrail/r/2026/10/07/x.json.gz", ObjectRole::Log),
            ("metadata/x.json", ObjectRole::Log),
        ];
        for (key, role) in cases {
            assert_eq!(ObjectLocation::object("b", key).role(), role, "{key}");
        }
        let files = [
            ("/home/me/data/logs.json.gz", ObjectRole::Log),
            ("/home/me/data/i_output.json.gz", ObjectRole::Body),
        ];
        for (path, role) in files {
            assert_eq!(ObjectLocation::file(path).role(), role, "{path}");
        }
        let log = LogStream { group: "/bedrock".into(), stream: "data".into(), timestamp: Some(1) };
        let event = ObjectLocation::log_event(log, "x_input");
        assert_eq!(
            (event.role(), event.to_string().as_str()),
            (ObjectRole::Log, "logs:///bedrock/data/x_input")
        );
    }
}
