//! Which objects a message names, in every form in which S3 tells (FORMATS 8): EventBridge's with the key as it is, the
//! direct one with the key URL-encoded, one or many, wrapped by SNS or not. The forms do not share a parser, since their
//! names and their encoding differ (FORMATS 11.40).

use audit_domain::evidence::ObjectLocation;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::batch::Failure;

/// What a message names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// The objects to read.
    pub objects: Vec<ObjectLocation>,
    /// How many notices were well-formed and are no reason to read anything: test events, deletions, empty objects.
    pub ignored: u64,
}

/// Reads the body of a message.
///
/// # Errors
/// It is no JSON, or no notification: it has to come again, and ends in the dead-letter queue.
pub fn read(body: &str) -> Result<Notification, Failure> {
    let value: Value = serde_json::from_str(body)
        .map_err(|error| Failure::new(format!("its body is no json (column {})", error.column())))?;
    let mut notification = Notification::default();
    read_value(&value, &mut notification, 0)?;
    Ok(notification)
}

fn read_value(value: &Value, notification: &mut Notification, depth: u8) -> Result<(), Failure> {
    let unknown = || Failure::new("its body is no notification of s3");
    if text_at(value, "/Event") == Some("s3:TestEvent") {
        notification.ignored += 1;
        return Ok(());
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        return records.iter().try_for_each(|record| direct(record, notification));
    }
    if let Some(detail_type) = text_at(value, "/detail-type") {
        return from_event_bridge(detail_type, value, notification);
    }
    match text_at(value, "/Message") {
        Some(inner) if depth < 2 => {
            let inner: Value = serde_json::from_str(inner)
                .map_err(|_| Failure::new("the message that it wraps is no json"))?;
            read_value(&inner, notification, depth + 1)
        }
        _ => Err(unknown()),
    }
}

fn from_event_bridge(
    detail_type: &str,
    event: &Value,
    notification: &mut Notification,
) -> Result<(), Failure> {
    if detail_type != "Object Created" || is_empty(event, "/detail/object/size") {
        notification.ignored += 1;
        return Ok(());
    }
    let text = |path: &str| text_at(event, path);
    let bucket = text("/detail/bucket/name");
    let (bucket, key) = bucket.zip(text("/detail/object/key")).ok_or_else(nameless)?;
    notification.objects.push(ObjectLocation {
        bucket: Some(bucket.to_owned()),
        log: None,
        key: key.to_owned(),
        version_id: text("/detail/object/version-id").map(str::to_owned),
        etag: text("/detail/object/etag").map(unquoted),
    });
    Ok(())
}

fn direct(record: &Value, notification: &mut Notification) -> Result<(), Failure> {
    let text = |path: &str| text_at(record, path);
    let created =
        text("/eventName").is_some_and(|name| name.trim_start_matches("s3:").starts_with("ObjectCreated"));
    if !created || is_empty(record, "/s3/object/size") {
        notification.ignored += 1;
        return Ok(());
    }
    let bucket = text("/s3/bucket/name");
    let (bucket, key) = bucket.zip(text("/s3/object/key")).ok_or_else(nameless)?;
    notification.objects.push(ObjectLocation {
        bucket: Some(bucket.to_owned()),
        log: None,
        key: decode(key),
        version_id: text("/s3/object/versionId").map(str::to_owned),
        etag: text("/s3/object/eTag").map(unquoted),
    });
    Ok(())
}

fn nameless() -> Failure {
    Failure::new("it names no bucket or no key")
}

fn is_empty(notice: &Value, size: &str) -> bool {
    notice.pointer(size).and_then(Value::as_u64) == Some(0)
}

/// The text at a JSON pointer; an empty one is absent.
fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// Form decoding: `+` is a space.
fn decode(key: &str) -> String {
    let spaced = key.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => key.to_owned(),
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Notification {
        let path = format!("{}/../../events/triggers/{name}.json", env!("CARGO_MANIFEST_DIR"));
        read(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn both_forms_name_the_same_object() {
        let bridged = fixture("s3-eventbridge");
        let direct = fixture("s3-notification");
        assert_eq!(bridged.objects.len(), 1);
        assert_eq!(bridged.objects[0].key, direct.objects[0].key);
        assert!(bridged.objects[0].key.contains("BedrockModelInvocationLogs"));
        assert!(direct.objects[0].version_id.is_some() && direct.objects[0].etag.is_some());
    }

    #[test]
    fn every_form_is_read_and_what_is_no_creation_is_counted() {
        let many = fixture("s3-notification-many");
        assert_eq!((many.objects.len(), many.ignored), (2, 1));
        assert_eq!(fixture("s3-notification-sns").objects.len(), 1);
        assert_eq!(fixture("s3-test-event"), Notification { objects: vec![], ignored: 1 });
        let check = fixture("s3-permission-check");
        assert!(check.objects.iter().all(|o| o.role().why_ignored().is_some()), "{check:?}");
        let body = fixture("s3-data-object");
        assert!(body.objects[0].role().why_ignored().is_some());
    }

    #[test]
    fn what_is_no_notification_is_never_dropped() {
        for body in [
            "",
            "no json",
            "{}",
            "[]",
            r#"{"Message":"x"}"#,
            r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
