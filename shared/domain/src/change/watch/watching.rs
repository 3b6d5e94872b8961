//! What the audit rests on, by name.

use std::collections::BTreeSet;

use crate::{evidence::ObjectLocation, invocation::pointer::AllowedPlaces};

/// What the audit rests on: the stack, and what was there before it.
///
/// CloudFormation's generated names begin with the stack's and a hyphen, those of buckets in lower case; so what a stack
/// made is told by that, and a stack whose name begins with another one's and a hyphen is taken for a part of it.
#[derive(Clone, Debug)]
pub struct Watching {
    /// In lower case.
    stack: String,
    /// In lower case.
    names: BTreeSet<String>,
    log_places: AllowedPlaces,
    knows_keys: bool,
}

impl Default for Watching {
    /// A stack by the name that the documents give it, and nothing besides.
    fn default() -> Self {
        Self::new("bedrock-audit", [], AllowedPlaces::default())
    }
}

impl Watching {
    /// The name of the stack, what else the audit rests on (names, ARNs, URLs), and where invocation logs lie.
    pub fn new<'a>(
        stack: &str,
        resources: impl IntoIterator<Item = &'a str>,
        log_places: AllowedPlaces,
    ) -> Self {
        let written: BTreeSet<String> = resources
            .into_iter()
            .map(|resource| resource.trim().to_ascii_lowercase())
            .filter(|resource| !resource.is_empty())
            .collect();
        Self {
            stack: stack.to_ascii_lowercase(),
            knows_keys: written.iter().any(|resource| is_key(resource)),
            names: written.iter().map(|resource| name_in(resource).to_owned()).collect(),
            log_places,
        }
    }

    /// With the key that the audit's own data is encrypted with. On which others it rests is as little known as before: those
    /// of log buckets, say, that were there before the stack.
    #[must_use]
    pub fn with_own_key(mut self, arn: Option<&str>) -> Self {
        self.names.extend(arn.map(|arn| name_in(&arn.trim().to_ascii_lowercase()).to_owned()));
        self
    }

    /// Whether this ARN, URL, name, or id means something that the audit rests on.
    pub fn holds(&self, written: &str) -> bool {
        let written = written.to_ascii_lowercase();
        let name = name_in(&written);
        let is_of_stack = |part: &str| {
            part.strip_prefix(&*self.stack).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let is_named = |name: &str| self.names.contains(name) || self.log_places.has_bucket(name);
        // a version, a backup or a subscription comes behind the name, a path before it
        let ends = || [parts(name).next(), parts(name).last()].into_iter().flatten().any(is_named);
        !self.stack.is_empty() && parts(name).any(is_of_stack)
            || is_named(name)
            || (!name.starts_with('/') && ends())
    }

    /// Whether this is a session of the role with which the stack configures the invocation log. Calls that change the
    /// stack's roles are watched themselves.
    pub(in crate::change) fn configures_logging(&self, arn: &str) -> bool {
        let arn = arn.to_ascii_lowercase();
        let role = arn.split_once(":assumed-role/").map(|(_, role)| role);
        let name = role.and_then(|role| role.strip_prefix(&*self.stack));
        !self.stack.is_empty() && name.is_some_and(|name| name.starts_with("-configureloggingrole-"))
    }

    /// Whether this object is evidence: it lies in the audit's own buckets, or where invocation logs lie.
    pub fn holds_object(&self, bucket: &str, key: &str) -> bool {
        if self.log_places.has_bucket(bucket) {
            // the bucket may have been there before, with other things in it
            let is_log = key.contains("/BedrockModelInvocationLogs/");
            return is_log && self.log_places.hold(&ObjectLocation::object(bucket, key));
        }
        self.holds(bucket)
    }

    /// Whether a record may name something that the audit rests on, or Bedrock, or hides what it names: false only where it
    /// surely does none of it. It is not parsed for that.
    pub(in crate::change) fn may_be_named_in(&self, record: &[u8]) -> bool {
        // a writer that escapes what needs no escape, CloudTrail's marks for what it left out, and what a schedule starts
        const TELLING: [&[u8]; 6] =
            [b"bedrock", b"\\u", b"\\/", b"hidden_due_to", b"\"omitted\"", b"ingestion"];
        let record = record.to_ascii_lowercase();
        let says = |needle: &[u8]| memchr::memmem::find(&record, needle).is_some();
        let has_parameters = says(b"\"requestparameters\":{") && !says(b"\"requestparameters\":{}");
        !has_parameters
            || TELLING.into_iter().any(says)
            || says(self.stack.as_bytes())
            || self.names.iter().any(|name| says(name.as_bytes()))
            || self.log_places.buckets().any(|bucket| says(bucket.as_bytes()))
    }

    /// Whether anybody said on which keys the audit rests.
    pub fn knows_keys(&self) -> bool {
        self.knows_keys
    }
}

/// What stands before the name in an ARN.
const TYPES: [&str; 9] =
    ["alarm:", "function:", "key/", "log-group:", "role/", "rule/", "stack/", "table/", "trail/"];

/// A name as it stands in the last part of an ARN or URL; of a log group the slashes are part of the name.
fn name_in(written: &str) -> &str {
    if written.starts_with("arn:") {
        let resource = written.splitn(6, ':').nth(5).unwrap_or(written);
        let name = TYPES.iter().find_map(|kind| resource.strip_prefix(kind)).unwrap_or(resource);
        return name.trim_end_matches(":*").trim_end_matches('/');
    }
    match written.split_once("://") {
        Some((_, path)) => path.rsplit('/').next().unwrap_or(path),
        None => written,
    }
}

/// What stands between the separators of a name: `table/x`, `function:x:live`, `stack/x/uuid`, `/aws/lambda/x/y`.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['/', ':']).filter(|part| !part.is_empty())
}

fn is_key(written: &str) -> bool {
    let is_uuid = written.len() == 36 && written.bytes().filter(|b| *b == b'-').count() == 4;
    written.contains(":key/")
        || written.contains(":alias/")
        || written.starts_with("alias/")
        || written.starts_with("mrk-")
        || is_uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_known_by_name_arn_url_and_id() {
        let key = "arn:aws:kms:eu-central-1:444455556666:key/0d7c1a52-6a1e-4a37-9a55-1f1f3c6b2a10";
        let resources = ["records", "audit-bucket", key, "/aws/bedrock/invocations", "alias/audit"];
        let places = AllowedPlaces::parse("our-logs/team").unwrap();
        let watching = Watching::new("Audit", resources, places);
        for ours in [
            "records",
            "arn:aws:dynamodb:eu-central-1:444455556666:table/records",
            "audit-bucket",
            "arn:aws:s3:::audit-bucket",
            "our-logs",
            key,
            "0d7c1a52-6a1e-4a37-9a55-1f1f3c6b2a10",
            "alias/audit",
            "arn:aws:kms:eu-central-1:444455556666:alias/audit",
            "/aws/bedrock/invocations",
            "arn:aws:logs:eu-central-1:444455556666:log-group:/aws/bedrock/invocations:*",
            "https://sqs.eu-central-1.amazonaws.com/444455556666/Audit-RecordChangesQueue-1A2B",
            "arn:aws:lambda:eu-central-1:444455556666:function:Audit-RecordChanges-1A2B:live",
            "audit-logbucket-1a2b",
            "/aws/lambda/Audit/record-changes",
            "arn:aws:cloudformation:eu-central-1:444455556666:stack/Audit/0d7c1a52",
        ] {
            assert!(watching.holds(ours), "{ours}");
        }
        for other in [
            "records-of-others",
            "auditor-logs",
            "my-audit-bucket",
            "team-Audit-queue",
            "/aws/lambda/records",
            "https://sqs.eu-central-1.amazonaws.com/444455556666/orders",
            "9d7c1a52-6a1e-4a37-9a55-1f1f3c6b2a10",
            "/aws/lambda/orders",
            "",
        ] {
            assert!(!watching.holds(other), "{other}");
        }
        assert!(watching.knows_keys() && !Watching::default().knows_keys());
        let with_own = Watching::default().with_own_key(Some(key));
        assert!(with_own.holds(key) && !with_own.knows_keys(), "others may matter, too");
        assert!(!Watching::default().with_own_key(None).holds(key));
        let log = "team/AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/x.json.gz";
        assert!(watching.holds_object("our-logs", log));
        assert!(!watching.holds_object("our-logs", "team/images/x.png"), "no log");
        assert!(!watching.holds_object("our-logs", "images/x.png"), "beside the logs");
        assert!(watching.holds_object("audit-bucket", "events/x.json"));
    }
}
