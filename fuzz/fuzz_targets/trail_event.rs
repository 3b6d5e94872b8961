#![no_main]

use audit_domain::{
    change::{Origin, TrailEvent, watch::Watching},
    evidence::ObjectLocation,
    values::Unread,
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let Ok(event) = serde_json::from_slice::<&RawValue>(data) else { return };
    let json = event.get();
    match TrailEvent::read(json.as_bytes(), 1, &ObjectLocation::file("/x"), Origin::Import, &Watching::default()) {
        Ok((_, used)) | Err(Unread::Refused { used, .. }) => assert_eq!(used, json.len()),
        Err(Unread::Json(error)) => panic!("{error}"),
    }
});
