//! Which records of a trail's file are worth parsing: most are calls of services that nobody here asks about.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    operations::{Class, classify},
    watch,
};

static SOURCE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"eventSource\""));
static NAME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"eventName\""));

/// Whether a record may tell of something that concerns us, by the sources and names of events in it: false only where it
/// surely does not. What stands in its parameters may have such members as well; then it is parsed, and that decides.
pub fn may_concern(record: &[u8]) -> bool {
    may_any(record, &SOURCE, |source| {
        may_any(record, &NAME, |event_name| match source.starts_with("bedrock") {
            true => !matches!(classify(event_name), Class::Read),
            false => !watch::calls(source, event_name).is_empty(),
        })
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

    #[test]
    fn only_what_surely_is_another_services_is_passed_over() {
        for (record, expected) in [
            (r#"{"eventSource":"bedrock.amazonaws.com","eventName":"X"}"#, true),
            (r#"{"eventSource" : "bedrock-agentcore.amazonaws.com"}"#, true),
            (r#"{"eventSource":"ec2.amazonaws.com","eventName":"X"}"#, false),
            ("{\"eventSource\" :\n \"ec2.amazonaws.com\",\"eventName\": \"X\"}", false),
            (r#"{"eventName":"X"}"#, true),
            (r#"{"eventSource":"ec2.amazonaws.com"}"#, true),
            (r#"{"eventSource":"kms.amazonaws.com","eventName":"Decrypt"}"#, false),
            (r#"{"eventSource":"kms.amazonaws.com","eventName":"DisableKey"}"#, true),
            (r#"{"eventName":"UpdateFunctionCode20150331v2","eventSource":"lambda.amazonaws.com"}"#, true),
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
            assert_eq!(may_concern(record.as_bytes()), expected, "{record}");
        }
    }
}
