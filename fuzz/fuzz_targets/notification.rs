#![no_main]

use audit_app::body_request::BodyRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    if let Ok(notification) = audit_lambda::s3_notification::read(body) {
        assert!(notification.objects.iter().all(|object| object.bucket.is_some() && !object.key.is_empty()));
    }
    if let Some(request) = BodyRequest::of_message(body) {
        assert_eq!(BodyRequest::of_message(&request.to_message().unwrap()), Some(request));
    }
});
