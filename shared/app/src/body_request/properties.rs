//! Messages are written by us, and read by whoever is given them.

use audit_domain::evidence::ObjectLocation;
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
        let request = BodyRequest { location, ordinals, attempt };
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
            prop_assert!(request.location.bucket.is_some());
        }
    }
}
