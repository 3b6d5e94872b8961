//! Where a raw record lies, so that anybody can read it again and compare.

use std::fmt;

use crate::digest::Sha256;

/// Where a log object lies: in a bucket, or on the disk of whoever runs the command line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectLocation {
    /// The bucket; `None` for a file on a local disk.
    pub bucket: Option<String>,
    /// The object key, decoded; for a file its absolute path.
    pub key: String,
    /// The object version where the bucket keeps versions.
    pub version_id: Option<String>,
    /// The entity tag where the notification had one, without quotes.
    pub etag: Option<String>,
}

impl ObjectLocation {
    /// An object in a bucket.
    pub fn object(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: Some(bucket.into()), key: key.into(), version_id: None, etag: None }
    }

    /// A file on a local disk, by its absolute path.
    pub fn file(path: impl Into<String>) -> Self {
        Self { bucket: None, key: path.into(), version_id: None, etag: None }
    }

    /// On somebody's own disk a folder may well be called `data`: there the name decides, too.
    fn is_body_name(&self, name: &str) -> bool {
        self.bucket.is_some() || name.contains("_input") || name.contains("_output")
    }

    /// What the key alone says about the object.
    pub fn role(&self) -> ObjectRole {
        let (folders, name) = self.key.rsplit_once('/').unwrap_or(("", &self.key));
        if name.starts_with("amazon-bedrock-logs-permission-check") {
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
        match &self.bucket {
            Some(bucket) => write!(f, "s3://{bucket}/{}", self.key),
            None => write!(f, "file://{}", self.key),
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
    }
}
