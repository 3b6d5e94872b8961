//! Which records of a trail's file are worth parsing: most are calls of services that nobody here asks about.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    operations::{Class, classify},
    watch::{self, Watching},
};

static SOURCE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"eventSource\""));
static NAME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"eventName\""));

/// Whether a record may tell of something that concerns us, by the sources and names of events in it: false only where it
/// surely does not. What stands in its parameters may have such members as well; then it is parsed, and that decides.
pub fn may_concern(record: &[u8], watching: &Watching) -> bool {
    let is_watched = |source: &str, event_name: &str| {
        let calls = watch::calls(source, event_name);
        calls.iter().any(|call| !call.is_told_by_texts())
            || (!calls.is_empty() && watching.may_be_named_in(record))
    };
    may_any(record, &SOURCE, |source| {
        if source.starts_with("bedrock") {
            may_any(record, &NAME, |event_name| !matches!(classify(event_name), Class::Read))
        } else {
            watch::is_watched_source(source)
                && may_any(record, &NAME, |event_name| is_watched(source, event_name))
        }
    })
}

/// Whether one of the members of this name has such a value, or one that cannot be told; or there is none.
fn may_any(record: &[u8], member: &Finder<'_>, is_such: impl Fn(&str) -> bool) -> bool {
    let mut is_there = false;
    for at in member.find_iter(record) {
        let behind = record.get(at + member.needle().len()..).unwrap_or_default();
        match text_of_member(behind) {
            Some(text) if !is_such(text) => is_there = true,
            _ => return true,
        }
    }
    !is_there
}

/// The text in `: "text"`, where it has no escapes.
fn text_of_member(behind_name: &[u8]) -> Option<&str> {
    let value = behind_name.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', value).filter(|end| value.get(*end) == Some(&b'"'))?;
    std::str::from_utf8(value.get(..end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(request: &str) -> String {
        format!(
            r#"{{"eventSource":"iam.amazonaws.com","eventName":"PutRolePolicy","requestParameters":{request}}}"#
        )
    }

    #[test]
    fn only_what_surely_is_another_services_is_passed_over() {
        for (record, expected) in [
            (r#"{"eventSource":"bedrock.amazonaws.com","eventName":"X"}"#, true),
            (r#"{"eventSource" : "bedrock-agentcore.amazonaws.com"}"#, true),
            (r#"{"eventSource":"ec2.amazonaws.com","eventName":"X"}"#, false),
            ("{\"eventSource\" :\n \"ec2.amazonaws.com\",\"eventName\": \"X\"}", false),
            (r#"{"eventName":"X"}"#, true),
            (r#"{"eventSource":"kms.amazonaws.com"}"#, true),
            (r#"{"eventSource":"kms.amazonaws.com","eventName":"Decrypt"}"#, false),
            (r#"{"eventSource":"kms.amazonaws.com","eventName":"DisableKey"}"#, true),
            (r#"{"eventName":"UpdateFunctionCode20150331v2","eventSource":"lambda.amazonaws.com"}"#, true),
            (&policy(r#"{"roleName":"r","policyDocument":"logs:*"}"#), false),
            (&policy(r#"{"roleName":"r","policyDocument":"Bedrock:*"}"#), true),
            (&policy(r#"{"roleName":"r","policyDocument":"\\u0062edrock:*"}"#), true),
            (&policy(r#"{"roleName":"Bedrock-Audit-IndexTrailRole-1A"}"#), true),
            (&policy(r#"{"omitted":true,"reason":"requestParameters too large"}"#), true),
            (&policy("null"), true),
            (r#"{"eventSource":"bedrock.amazonaws.com","eventName":"GetGuardrail"}"#, false),
            (r#"{"eventSource":"bedrock.amazonaws.com","eventName":"UpdateGuardrail"}"#, true),
            (r#"{"eventSource":"bedrock.amazonaws.com","eventName":"Retrieve"}"#, true),
            ("7", true),
            (r#"{"eventSource":"\u0062edrock.amazonaws.com"}"#, true),
            (r#"{"eventSource":null}"#, true),
            (r#"{"requestParameters":{"eventSource":"ec2"},"eventSource":"bedrock.amazonaws.com"}"#, true),
            (r#"{"requestParameters":"\"eventSource\":\"x\"","eventSource":"bedrock.amazonaws.com"}"#, true),
            (
                r#"{"eventSource":"ec2.amazonaws.com","eventName":"X","userAgent":"bedrock.amazonaws.com"}"#,
                false,
            ),
            (r#"{"eventSource":"#, true),
        ] {
            assert_eq!(may_concern(record.as_bytes(), &Watching::default()), expected, "{record}");
        }
    }
}
