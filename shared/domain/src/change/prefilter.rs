//! Which records of a trail's file are worth parsing: most are calls of services that nobody here asks about.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Whether a record may tell of something that concerns us, by the services that it names as sources: false only where it
/// surely does not. What stands in its parameters may name one as well; then it is parsed, and that decides.
pub fn may_concern(record: &[u8]) -> bool {
    static SOURCE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"eventSource\""));
    let mut is_named = false;
    for at in SOURCE.find_iter(record) {
        let behind = record.get(at + SOURCE.needle().len()..).unwrap_or_default();
        match text_of_member(behind) {
            Some(source) if !concerns_us(source) => is_named = true,
            // a name that is written in another way, or is none of a service
            _ => return true,
        }
    }
    !is_named
}

/// The text in `: "text"`, where it has no escapes.
fn text_of_member(behind_name: &[u8]) -> Option<&[u8]> {
    let value = behind_name.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', value).filter(|end| value.get(*end) == Some(&b'"'))?;
    value.get(..end)
}

fn concerns_us(source: &[u8]) -> bool {
    source.starts_with(b"bedrock")
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
            ("{\"eventSource\" :\n \"ec2.amazonaws.com\"}", false),
            (r#"{"eventName":"X"}"#, true),
            ("7", true),
            (r#"{"eventSource":"\u0062edrock.amazonaws.com"}"#, true),
            (r#"{"eventSource":null}"#, true),
            (r#"{"requestParameters":{"eventSource":"ec2"},"eventSource":"bedrock.amazonaws.com"}"#, true),
            (r#"{"requestParameters":"\"eventSource\":\"x\"","eventSource":"bedrock.amazonaws.com"}"#, true),
            (r#"{"eventSource":"ec2.amazonaws.com","userAgent":"bedrock.amazonaws.com"}"#, false),
            (r#"{"eventSource":"#, true),
        ] {
            assert_eq!(may_concern(record.as_bytes()), expected, "{record}");
        }
    }
}
