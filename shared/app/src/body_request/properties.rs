//! Messages are written by us, and read by whoever is given them.

use audit_domain::{
    digest::Sha256,
    evidence::{Evidence, LogStream, ObjectLocation},
};
use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::strategies::text;

proptest! {
    #[test]
    fn a_request_comes_back(
        bucket in "[a-z0-9.-]{1,20}",
        key in text(),
        version_id in option::of(text()),
        ordinals in vec(any::<u64>(), 0..5),
        attempt: u32,
    ) {
        let location = ObjectLocation { version_id, ..ObjectLocation::object(bucket, key) };
        let request = BodyRequest { location, ordinals, attempt, record: None };
        prop_assert_eq!(BodyRequest::of_message(&request.to_message().unwrap()), Some(request));
    }

    #[test]
    fn a_request_for_a_log_events_bodies_comes_back_with_its_record(
        [group, stream, id, record] in [text(), text(), text(), text()],
        timestamp: Option<i64>,
        ordinal: u64,
    ) {
        let location = ObjectLocation::log_event(LogStream { group, stream, timestamp }, id);
        let evidence = Evidence { location, ordinal, sha256: Sha256::of(b"") };
        let request = BodyRequest::of_log_event(&evidence, Some(record.as_bytes())).unwrap();
        prop_assert_eq!(BodyRequest::of_message(&request.to_message().unwrap()), Some(request));
    }

    #[test]
    fn any_text_is_a_request_or_none(
        text in prop_oneof![
            text(),
            (text(), text(), text()).prop_map(|(object, ordinal, attempt)| {
                format!(r#"{{"object":"s3://{object}","ordinals":[{ordinal}],"attempt":{attempt}}}"#)
            }),
        ],
    ) {
        if let Some(request) = BodyRequest::of_message(&text) {
            prop_assert!(request.location.bucket.is_some() || request.record.is_some());
        }
    }
}
