#![no_main]

use audit_domain::{
    attribution::{
        AttributionReading, Surroundings,
        event::{AttributionEvent, Carried, Route, response_key},
        response::SOURCES,
    },
    ledger::{document::DocumentSighting, record::Source},
    time,
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(data) else { return };
    for route in [Route::Event, Route::Direct] {
        let Ok(event) = AttributionEvent::read(raw, route) else { continue };
        let response = match &event.response {
            Carried::Here(response) => response,
            Carried::At(location) => {
                let below = response_key(location, "audit");
                assert!(below.is_none_or(|key| key.starts_with("responses/") && !key.split('/').any(|name| name == "..")));
                raw
            }
        };
        let now = time::parse("2026-10-15T15:31:02Z").expect("a moment");
        let here = Surroundings { account_id: "444455556666", region: "eu-central-1", now };
        let Ok(reading) = AttributionReading::of(&event, response, None, &here) else { continue };
        assert!(reading.passages.len() <= SOURCES);
        for passage in &reading.passages {
            let source = Source::in_response(&reading.attribution, passage, 300);
            assert!(source.excerpt.is_none_or(|excerpt| excerpt.chars().count() <= 300));
            for (key, _) in DocumentSighting::of(&reading.attribution, passage) {
                assert!([&key.subject, &key.version].iter().all(|part| !part.is_empty() && part.len() <= 1_000));
            }
        }
    }
});
