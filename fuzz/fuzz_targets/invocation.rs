#![no_main]

use audit_domain::{
    digest::Sha256, evidence::ObjectLocation, invocation::RecordReading, json::compact, values::Unread,
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fn read(json: &str) -> Option<RecordReading> {
    match RecordReading::read(json.as_bytes(), 1, &ObjectLocation::file("/x")) {
        Ok((mut reading, used)) => {
            assert_eq!(used, json.len());
            let evidence = &mut reading.invocation.evidence;
            if reading.invocation.request_id == format!("sha256-{}", evidence.sha256.short()) {
                reading.invocation.request_id.clear();
            }
            evidence.sha256 = Sha256::of(b"");
            Some(reading)
        }
        Err(Unread::Refused { used, .. }) => {
            assert_eq!(used, json.len());
            None
        }
        Err(Unread::Json(error)) => panic!("{error}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(record) = serde_json::from_slice::<&RawValue>(data) else { return };
    assert_eq!(read(record.get()), read(&compact(record)));
});
