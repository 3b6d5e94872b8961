//! Every JSON is read or refused; what is read is bounded, and does not depend on how it was laid out.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{json, value::to_raw_value};

use super::{
    event::{Carried, Route, response_key},
    response::SOURCES,
    *,
};
use crate::{
    ledger::{
        document::DocumentSighting,
        record::{Record, Source},
    },
    strategies::{Json, changed, fixtures, json, text},
};

fn here() -> Surroundings<'static> {
    Surroundings { account_id: "444455556666", region: "eu-central-1", now: Timestamp::UNIX_EPOCH }
}

/// As the use case does; a response that lies elsewhere is the event itself.
fn read(raw: &RawValue, route: Route) -> Option<AttributionReading> {
    let event = AttributionEvent::read(raw, route).ok()?;
    match &event.response {
        Carried::Here(response) => AttributionReading::of(&event, response, None, &here()).ok(),
        Carried::At(location) => {
            response_key(location, "audit");
            AttributionReading::of(&event, raw, Some(location), &here()).ok()
        }
    }
}

fn events() -> Vec<Json> {
    fixtures("attributions").into_iter().map(|(_, event)| event).collect()
}

fn raw(json: &Json) -> Box<RawValue> {
    RawValue::from_string(json.compact()).unwrap()
}

fn check(reading: &AttributionReading) -> Result<(), TestCaseError> {
    prop_assert!(reading.passages.len() <= SOURCES);
    prop_assert_eq!(reading.attribution.sources as usize, reading.passages.len());
    let mut keys = std::collections::BTreeSet::new();
    for passage in &reading.passages {
        let source = Record::Source(Box::new(Source::in_response(&reading.attribution, passage, 300)));
        prop_assert!(!source.partition_key().is_empty() && source.partition_key().len() <= 1_000);
        prop_assert!(keys.insert(source.sort_key()), "two sources with one key");
        for (key, seen) in DocumentSighting::of(&reading.attribution, passage) {
            for part in [&key.subject, &key.version] {
                prop_assert!(!part.is_empty() && part.len() <= 1_000, "{}", part);
            }
            prop_assert!(!seen.document_uri.is_empty() && !seen.sample_request_id.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_event_is_read_or_refused_whatever_was_changed_in_it(event in changed(events()), direct: bool) {
        let route = if direct { Route::Direct } else { Route::Event };
        if let Some(reading) = read(&raw(&event), route) {
            check(&reading)?;
        }
    }

    #[test]
    fn any_json_is_read_or_refused_as_a_response(
        response in json(),
        operation in select(&["", "Retrieve", "RetrieveAndGenerate", "RetrieveAndGenerateStream", "InvokeAgent"][..]),
    ) {
        let event = format!(r#"{{"operation":"{operation}","response":{}}}"#, response.compact());
        if let Some(reading) = read(&RawValue::from_string(event).unwrap(), Route::Direct) {
            check(&reading)?;
        }
    }

    #[test]
    fn a_response_is_the_same_however_it_is_laid_out(event in select(events()), between in "[ \n\t]{0,3}", around in "[ \n]{0,2}") {
        let laid_out = RawValue::from_string(event.laid_out(&between, &around).trim().to_owned()).unwrap();
        let (one, other) = (read(&raw(&event), Route::Direct), read(&laid_out, Route::Direct));
        prop_assert_eq!(one.map(|r| (r.attribution, r.passages)), other.map(|r| (r.attribution, r.passages)));
    }

    #[test]
    fn a_key_stays_below_its_folder(location in text(), bucket in "[a-z0-9-]{3,8}", names in vec("[a-zA-Z0-9.%/_-]{0,6}", 0..6)) {
        for location in [location, format!("responses/{}", names.join("/")), format!("s3://{bucket}/responses/{}", names.concat())] {
            if let Some(key) = response_key(&location, &bucket) {
                prop_assert!(key.starts_with("responses/") && key.len() > "responses/".len());
                prop_assert!(key.split('/').all(|name| !matches!(name, "" | "." | "..")), "{}", key);
            }
        }
    }

    #[test]
    fn the_same_passage_cited_often_is_one_source(cited in vec((0_usize..3, 0_usize..2), 0..12)) {
        let reference = |(text, uri): &(usize, usize)| json!({
            "content": {"text": format!("passage  {text}")},
            "location": {"type": "S3", "s3Location": {"uri": format!("s3://b/{uri}")}},
        });
        let citations: Vec<_> = cited.iter().map(|c| json!({"retrievedReferences": [reference(c), reference(c)]})).collect();
        let event = to_raw_value(&json!({"response": {"output": {"text": ""}, "citations": citations}})).unwrap();
        let reading = read(&event, Route::Direct).unwrap();
        let different: std::collections::BTreeSet<_> = cited.iter().collect();
        prop_assert_eq!(reading.passages.len(), different.len());
        prop_assert!(reading.passages.iter().all(|passage| passage.cited == Some(true)));
        prop_assert_eq!(reading.attribution.citations, u32::try_from(cited.len()).ok());
        check(&reading)?;
    }
}
