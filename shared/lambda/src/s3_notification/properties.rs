//! Whatever a message holds: objects to read, or a failure; and both forms of one key name one object.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::*;

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9 ._=äß漢/-]{0,8}",
        2 => select(&["+", " ", "%", "%2B", "%C3", "%00", "&", "#", "\"", "\\", "\n", "\u{1f9ea}", ".."][..])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn triggers() -> Vec<Value> {
    let folder = format!("{}/../../events/triggers", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
        select(triggers()).prop_map(|trigger| json!({"Message": trigger.to_string()}))
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        let name =
            select(&["Records", "Message", "Event", "s3", "object", "key", "detail", "detail-type"][..]);
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((name.prop_map(str::to_owned), inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts another value at a place, counted from the outermost.
fn replace(value: &mut Value, place: &mut usize, other: &Value) {
    if *place == 0 {
        value.clone_from(other);
        *place = usize::MAX;
        return;
    }
    *place -= 1;
    match value {
        Value::Array(list) => list.iter_mut().for_each(|inner| replace(inner, place, other)),
        Value::Object(members) => members.values_mut().for_each(|inner| replace(inner, place, other)),
        _ => {}
    }
}

/// As S3 writes keys into its own notifications: a form's encoding, which leaves slashes alone.
fn form_encoded(key: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(key, KEPT).to_string().replace("%20", "+")
}

proptest! {
    #[test]
    fn any_text_is_a_notification_or_a_failure(body in prop_oneof![text(), any_value().prop_map(|v| v.to_string())]) {
        if let Ok(notification) = read(&body) {
            prop_assert!(notification.objects.iter().all(|object| !object.key.is_empty() && object.bucket.is_some()));
        }
    }

    #[test]
    fn a_changed_trigger_is_a_notification_or_a_failure(
        trigger in select(triggers()),
        place in 0_usize..60,
        other in any_value(),
    ) {
        let mut trigger = trigger;
        replace(&mut trigger, &mut { place }, &other);
        if let Ok(notification) = read(&trigger.to_string()) {
            prop_assert!(notification.objects.iter().all(|object| !object.key.is_empty() && object.bucket.is_some()));
        }
    }

    #[test]
    fn both_forms_of_any_key_name_the_same_object(
        bucket in "[a-z0-9.-]{1,20}",
        key in text().prop_filter("no key", |key| !key.is_empty()),
        version in proptest::option::of("[a-zA-Z0-9._]{1,12}"),
    ) {
        let bridged = json!({
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version, "etag": "e"}},
        });
        let direct = json!({"Records": [{
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": form_encoded(&key), "versionId": version, "eTag": "e"}},
        }]});
        let wrapped = json!({"Type": "Notification", "Message": direct.to_string()});
        let bridged = read(&bridged.to_string()).unwrap();
        prop_assert_eq!(&bridged.objects[0].key, &key);
        prop_assert_eq!(&read(&direct.to_string()).unwrap(), &bridged);
        prop_assert_eq!(&read(&wrapped.to_string()).unwrap(), &bridged);
    }
}
