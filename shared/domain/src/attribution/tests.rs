use serde_json::{Value, json};

use super::{
    event::{Carried, Route},
    *,
};
use crate::ledger::record::{EXCERPT, Source};

const TERMS: &str = "s3://example-mutual-policies/home/terms-2026.pdf";
const DRAFT: &str = "s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx";
const HANDBOOK: &str = "s3://example-mutual-policies/claims/handbook.pdf";

fn fixture(name: &str) -> Value {
    let path = format!("{}/../../events/attributions/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn here() -> Surroundings<'static> {
    let now = "2026-10-16T00:00:00Z".parse().unwrap();
    Surroundings { account_id: "111122223333", region: "eu-west-1", now }
}

fn read_by(event: &Value, route: Route) -> Result<AttributionReading, Refusal> {
    let raw = serde_json::value::to_raw_value(event).unwrap();
    let event = AttributionEvent::read(&raw, route)?;
    match &event.response {
        Carried::Here(response) => AttributionReading::of(&event, response, None, &here()),
        Carried::At(location) => panic!("it lies at {location}"),
    }
}

fn read(name: &str) -> AttributionReading {
    read_by(&fixture(name), Route::Event).unwrap()
}

fn documents(reading: &AttributionReading) -> Vec<(u32, &str, Option<bool>)> {
    reading.passages.iter().map(|p| (p.ordinal, p.uri.as_deref().unwrap_or("-"), p.cited)).collect()
}

#[test]
fn retrieve_has_every_location_and_content_in_its_order() {
    let reading = read("Retrieve");
    let found: Vec<_> = reading
        .passages
        .iter()
        .map(|p| {
            let kinds = (p.location_type.as_deref().unwrap_or("-"), p.content_type.as_deref().unwrap_or("-"));
            (p.ordinal, kinds.0, kinds.1, p.uri.as_deref().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        found,
        [
            (1, "S3", "TEXT", TERMS),
            (2, "WEB", "IMAGE", "https://www.example.com/faq/water?lang=de"),
            (3, "CONFLUENCE", "TEXT", "https://example.atlassian.net/wiki/spaces/CLAIMS/pages/7"),
            (4, "SALESFORCE", "AUDIO", "https://example.my.salesforce.com/articles/42"),
            (
                5,
                "SHAREPOINT",
                "VIDEO",
                "https://example.sharepoint.com/sites/claims/Shared%20Documents/a.docx"
            ),
            (6, "CUSTOM", "TEXT", "handbook/chapter-3"),
            (7, "KENDRA", "TEXT", "https://intranet.example.com/handbook#3"),
            (8, "SQL", "ROW", "SELECT tariff, cap FROM tariffs WHERE product = 'home'"),
            (9, "ARCHIVE", "TEXT", "archive/7/12"),
            (10, "-", "TEXT", "s3://example-mutual-policies/other.pdf"),
        ]
    );
    assert!(reading.passages.iter().all(|p| p.cited.is_none()), "Retrieve cannot tell");
    assert_eq!((reading.passages[0].score, reading.passages[9].score), (Some(0.9), None));
    assert_eq!(reading.passages[1].text, None);
    assert_eq!(reading.passages[1].hash, Sha256::of(b"iVBORw0KGgo"));
    assert_eq!(reading.passages[2].hash, crate::passage::hash("Grüße aus Köln: Überspannung, 水漏れ, Café."));
    assert_eq!(reading.passages[7].text.as_deref(), Some("tariff: Home Plus\ncap: 5000"));
    assert_eq!(reading.passages[7].chunk_id.as_deref(), Some("1:7:ab/cd"));
    assert_eq!(reading.passages[9].page_number, Some(3.0));
    assert!(reading.passages.iter().all(|p| p.knowledge_base_id.as_deref() == Some("KB7QX2M9LP")));
    let attribution = &reading.attribution;
    assert_eq!(attribution.common.request_id, "a0d3e5b1-0f2c-4c1d-9e77-1b2c3d4e5f60");
    assert_eq!(attribution.common.occurred_at, "2026-10-15T15:31:03Z".parse().unwrap(), "the service's");
    assert_eq!(attribution.common.account_id, "444455556666");
    assert_eq!((attribution.sources, attribution.only_cited, attribution.citations), (10, false, None));
    assert_eq!(attribution.sender.event_id.as_deref(), Some("6a1f0d34-5f64-4d0a-9b0c-0c7be0f4a003"));
}

#[test]
fn an_answer_has_what_it_cites_and_not_all_that_was_in_context() {
    let reading = read("RetrieveAndGenerate");
    assert_eq!(documents(&reading), [(1, TERMS, Some(true)), (2, HANDBOOK, Some(true))]);
    let attribution = &reading.attribution;
    assert!(attribution.only_cited);
    assert_eq!((attribution.citations, attribution.empty_citations), (Some(3), 1));
    assert_eq!(attribution.output_characters, Some(61));
    assert_eq!(attribution.session_id.as_deref(), Some("s-1"));
    let empty = read("RetrieveAndGenerate.empty");
    assert_eq!(empty.passages, []);
    assert_eq!((empty.attribution.citations, empty.attribution.empty_citations), (Some(1), 1));
    assert_eq!(empty.attribution.guardrail_action.as_deref(), Some("INTERVENED"));
    assert_eq!(read("Retrieve.empty").attribution.guardrail_action.as_deref(), Some("INTERVENED"));
}

#[test]
fn a_citation_that_a_stream_tells_twice_is_one() {
    let reading = read("RetrieveAndGenerateStream");
    assert_eq!(documents(&reading), [(1, TERMS, Some(true)), (2, HANDBOOK, Some(true))]);
    let attribution = &reading.attribution;
    assert_eq!((attribution.citations, attribution.output_characters), (Some(2), Some(38)));
    assert_eq!(attribution.session_id.as_deref(), Some("s-3"));
    assert_eq!(attribution.guardrail_action.as_deref(), Some("NONE"));
    // the events alone, and under another name
    let events = fixture("RetrieveAndGenerateStream")["detail"]["response"]["stream"].clone();
    for response in [events.clone(), json!({"sessionId": "s-3", "events": events})] {
        let reading = read_by(&json!({"response": response}), Route::Direct).unwrap();
        assert_eq!(documents(&reading), [(1, TERMS, Some(true)), (2, HANDBOOK, Some(true))]);
        assert_eq!(reading.attribution.operation, "RetrieveAndGenerateStream");
    }
}

#[test]
fn an_agent_says_what_it_was_given_and_what_it_cites() {
    let reading = read("InvokeAgent");
    let expected = [(1, TERMS, Some(true)), (2, DRAFT, Some(false)), (3, HANDBOOK, Some(false))];
    assert_eq!(documents(&reading), expected);
    let knowledge_bases: Vec<_> =
        reading.passages.iter().map(|p| p.knowledge_base_id.as_deref().unwrap_or("-")).collect();
    assert_eq!(knowledge_bases, ["KB7QX2M9LP", "KB7QX2M9LP", "KB2OTHER01"]);
    let attribution = &reading.attribution;
    assert!(!attribution.only_cited);
    assert_eq!((attribution.citations, attribution.output_characters), (Some(1), Some(46)));
    assert_eq!(attribution.session_id.as_deref(), Some("agent-session-1"));
    assert_eq!(
        attribution.related_request_ids,
        ["e3c08b20-9f74-4d51-a0bc-76f29d8b4c35", "e3c08b20-9f74-4d51-a0bc-76f29d8b4c36"]
    );
    // without traces, only the citations are known; without the answer, nothing of citations
    let events = fixture("InvokeAgent")["detail"]["response"]["completion"].as_array().unwrap().clone();
    let (chunks, traces): (Vec<Value>, Vec<Value>) =
        events.into_iter().partition(|e| e.get("chunk").is_some());
    let of = |events| read_by(&json!({"response": {"completion": events}}), Route::Direct).unwrap();
    let cited = of(chunks);
    assert_eq!((documents(&cited), cited.attribution.only_cited), (vec![(1, TERMS, Some(true))], true));
    let retrieved = of(traces);
    assert_eq!(documents(&retrieved), [(1, TERMS, None), (2, DRAFT, None), (3, HANDBOOK, None)]);
    assert_eq!((retrieved.attribution.only_cited, retrieved.attribution.citations), (false, None));
}

#[test]
fn the_answers_passages_are_those_of_the_log() {
    let log = std::fs::read_to_string(format!(
        "{}/../../events/incident/invocations.ndjson",
        env!("CARGO_MANIFEST_DIR")
    ));
    let line = log.unwrap().lines().nth(7).unwrap().to_owned();
    let place = crate::evidence::ObjectLocation::file("/log");
    let in_log = crate::invocation::RecordReading::read(line.as_bytes(), 8, &place).unwrap().0;
    let in_log: Vec<_> = in_log.passages.iter().filter_map(|found| found.passage.hash()).collect();
    let retrieved: Vec<_> = read("incident-retrieve").passages.into_iter().map(|found| found.hash).collect();
    assert_eq!(retrieved, in_log);
    let cited = read("incident-answer").passages;
    assert_eq!(cited.into_iter().map(|found| found.hash).collect::<Vec<_>>(), in_log[1..2]);
}

#[test]
fn nothing_inside_a_passage_becomes_structure() {
    let reading = read("hostile-poisoned");
    let expected = [(1, "s3://example-mutual-uploads/claim-17/letter.txt", None), (2, TERMS, None)];
    assert_eq!(documents(&reading), expected);
    let text =
        fixture("hostile-poisoned")["detail"]["response"]["retrievalResults"][0]["content"]["text"].clone();
    assert_eq!(reading.passages[0].text.as_deref(), text.as_str());
    let source = Source::in_response(&reading.attribution, &reading.passages[0], EXCERPT);
    assert!(source.excerpt.unwrap().chars().count() <= EXCERPT);
    let none = Source::in_response(&reading.attribution, &reading.passages[0], 0);
    assert_eq!((none.excerpt, none.said.metadata.len()), (None, 0));
}

#[test]
fn what_an_application_does_not_say_is_taken_from_where_it_is_known() {
    let response = || json!({"retrievalResults": []});
    let id = |response: Value| {
        read_by(&json!({"response": response}), Route::Direct).unwrap().attribution.common.request_id
    };
    let with = |name: &str, value: Value| {
        let mut response = response();
        response[name] = value;
        response
    };
    assert_eq!(id(with("ResponseMetadata", json!({"RequestId": "r-1"}))), "r-1");
    let headers = json!({"HTTPHeaders": {"X-Amzn-RequestId": "r-2"}});
    assert_eq!(id(with("ResponseMetadata", headers)), "r-2");
    assert_eq!(id(with("$metadata", json!({"requestId": "r-3"}))), "r-3");
    let digest = id(response());
    assert!(digest.starts_with("sha256-") && digest.len() == 23, "{digest}");
    assert_eq!(id(with("ResponseMetadata", json!({"RequestId": " "}))).len(), 23);
    assert_eq!(id(with("ResponseMetadata", json!({"RequestId": "r".repeat(90_000)}))).len(), 1_000);
    // however it is laid out, and as text
    assert_eq!(id(json!(response().to_string())), digest);
    assert_eq!(id(json!("{ \"retrievalResults\" : [ ] }")), digest);

    let said =
        json!({"request_id": "own", "occurred_at": "2026-10-15T12:00:00+02:00", "response": response()});
    let reading = read_by(&said, Route::Direct).unwrap().attribution;
    assert_eq!(reading.common.request_id, "own");
    assert_eq!(reading.common.occurred_at, "2026-10-15T10:00:00Z".parse().unwrap());
    assert_eq!(
        (reading.common.account_id.as_str(), reading.common.region.as_str()),
        ("111122223333", "eu-west-1")
    );
    assert_eq!(reading.sender, Sender { route: Route::Direct, account_id: None, event_id: None });
    let at = |response: Value| {
        read_by(&json!({"response": response}), Route::Direct).unwrap().attribution.common.occurred_at
    };
    let dated = json!({"HTTPHeaders": {"date": "Thu, 15 Oct 2026 15:31:03 GMT"}});
    assert_eq!(at(with("ResponseMetadata", dated)), "2026-10-15T15:31:03Z".parse().unwrap());
    assert_eq!(at(response()), here().now);
    let session = json!({"HTTPHeaders": {"x-amz-bedrock-agent-session-id": "s"}});
    let reading = read_by(&json!({"response": with("ResponseMetadata", session)}), Route::Direct).unwrap();
    assert_eq!(reading.attribution.session_id.as_deref(), Some("s"));
}

#[test]
fn the_shape_decides_and_the_operation_names_it() {
    let operation = |said: Value, response: Value| {
        let event = json!({"operation": said, "response": response});
        read_by(&event, Route::Direct).map(|reading| reading.attribution.operation)
    };
    let results = || json!({"retrievalResults": []});
    assert_eq!(operation(json!(null), results()).unwrap(), "Retrieve");
    assert_eq!(operation(json!("retrieve"), results()).unwrap(), "Retrieve");
    assert_eq!(operation(json!("InvokeAgent"), results()).unwrap(), "Retrieve", "it cannot be");
    assert_eq!(operation(json!("AgenticRetrieve"), results()).unwrap(), "AgenticRetrieve", "it is new");
    assert_eq!(operation(json!("all that was said"), results()).unwrap(), "Retrieve", "it is no name");
    let answer = || json!({"output": {"text": "a"}});
    assert_eq!(operation(json!("retrieve_and_generate"), answer()).unwrap(), "RetrieveAndGenerate");
    assert_eq!(operation(json!("RetrieveAndGenerateCommand"), answer()).unwrap(), "RetrieveAndGenerate");
    let agent = || json!([{"chunk": {"bytes": "a"}}]);
    assert_eq!(operation(json!("InvokeInlineAgent"), agent()).unwrap(), "InvokeInlineAgent");
    // of an empty stream only the application can tell
    assert_eq!(
        operation(json!("RetrieveAndGenerateStream"), json!([])).unwrap(),
        "RetrieveAndGenerateStream"
    );
    let of_model =
        json!({"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn"});
    for response in [json!([]), json!({}), json!(7), json!("text"), json!([{"messageStart": {}}]), of_model] {
        assert_eq!(operation(json!(null), response.clone()), Err(Refusal::UnknownShape), "{response}");
    }
    assert_eq!(operation(json!("Retrieve"), json!(7)), Err(Refusal::UnknownShape));
}

#[test]
fn what_is_no_event_of_ours_is_refused() {
    let refused = |event: Value, route| read_by(&event, route).unwrap_err();
    let event = fixture("Retrieve");
    for (member, value) in [("source", "aws.bedrock"), ("detail-type", "Knowledge Base Responses")] {
        let mut other = event.clone();
        other[member] = value.into();
        assert_eq!(refused(other, Route::Event), Refusal::NotOurs, "{member}");
    }
    assert_eq!(
        refused(fixture("direct-detail"), Route::Event),
        Refusal::NotOurs,
        "a bare detail, by the queue"
    );
    assert_eq!(refused(json!([]), Route::Event), Refusal::NoEvent);
    assert_eq!(refused(json!({}), Route::Direct), Refusal::NoResponse);
    assert_eq!(
        refused(json!({"response": null, "response_location": ""}), Route::Direct),
        Refusal::NoResponse
    );
    let newer = json!({"schema": 2, "response": {"retrievalResults": []}});
    assert_eq!(refused(newer, Route::Direct), Refusal::UnknownSchema);
    for schema in [json!(1), json!(1.0), json!("1"), json!(null)] {
        let event = json!({"schema": schema, "response": {"retrievalResults": []}});
        assert!(read_by(&event, Route::Direct).is_ok(), "{schema}");
    }
}

#[test]
fn many_and_large_passages_are_read_and_bounded() {
    let passage = |nth: usize| json!({"content": {"text": format!("{nth} {}", "wörd ".repeat(1_600))}, "location": {"s3Location": {"uri": format!("s3://b/{nth}")}}});
    let results = |count| (0..count).map(passage).collect::<Vec<_>>();
    let of =
        |count| read_by(&json!({"response": {"retrievalResults": results(count)}}), Route::Direct).unwrap();
    let reading = of(200);
    assert_eq!((reading.passages.len(), reading.attribution.sources_left_out), (200, 0));
    let source = Source::in_response(&reading.attribution, &reading.passages[199], usize::MAX);
    assert_eq!(source.excerpt.unwrap().chars().count(), crate::ledger::record::LONGEST_EXCERPT);
    let small = vec![json!({}); 1_003];
    let reading = read_by(&json!({"response": {"retrievalResults": small}}), Route::Direct).unwrap();
    assert_eq!((reading.attribution.sources, reading.attribution.sources_left_out), (1_000, 3));
}
