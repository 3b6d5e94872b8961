//! What every ledger has to keep: the embedded engine, the same behind faults, an emulator, the cloud.

mod documents;
mod overview;
mod sources;

use audit_app::ports::{
    CountSightings, FetchKept, FindRecords, FindSightings, KeepObjects, MarkPromptAlerts, PortError, Put,
    PutDeliveries, PutRecords, PutResourceStates, PutStates, QueryRecords, QueryResourceStates, QueryStates,
    Span,
};
use audit_aws::dynamodb::{Ledger, tables};
use audit_domain::{
    change::{Addendum, Change, Origin, Resource, Severity, TrailEvent, watch::Watching},
    digest::Sha256,
    evidence::ObjectLocation,
    invocation::{BodyState, Invocation, RecordReading},
    ledger::{
        delivery::{Completion, Counts, Delivery},
        prompt_alert::PromptAlert,
        record::{
            AlertMark, Call, Common, Diff, DiffRead, EXCERPT, FieldChange, Link, Record, Source, alert_key,
        },
        state::{Sighting, StateKey},
    },
    passage::Certainty,
    state::{State, Subject, Verdict},
};
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use jiff::Timestamp;

use crate::cloud::table_names;

/// Far from now: nothing is over its retention.
const LATER: i64 = 4_000_000_000;

struct NoObjects;

impl KeepObjects for NoObjects {
    async fn keep(&self, key: &str, _: Vec<u8>) -> Result<(), PortError> {
        Err(PortError::permanent(format!("keep {key}"), "nothing here is that large"))
    }
    fn location(&self, key: &str) -> ObjectLocation {
        ObjectLocation::object("none", key)
    }
}

impl FetchKept for NoObjects {
    async fn fetch(&self, key: &str) -> Result<Vec<u8>, PortError> {
        Err(PortError::permanent(format!("read {key}"), "nothing is kept here"))
    }
}

/// Checks every promise on fresh tables.
pub async fn ledger_keeps(client: &Client) {
    tables::create(client, &table_names()).await.expect("tables are made");
    tables::create(client, &table_names()).await.expect("making them again changes nothing");
    let ledger = Ledger::new(client.clone(), table_names(), NoObjects, at("2026-11-01T00:00:00Z"));
    every_kind_comes_back_as_it_was_put(&ledger).await;
    a_put_is_once_and_completeness_wins(&ledger).await;
    lists_are_in_time_and_hold_what_they_say(&ledger).await;
    keys_over_the_limit_are_cut_and_found_again(&ledger).await;
    what_is_over_its_retention_is_not_shown(&ledger).await;
    sightings_merge_in_any_order(&ledger).await;
    documents::attributions_come_back_with_their_sources(&ledger).await;
    documents::documents_merge_in_any_order(&ledger, client).await;
    sources::sources_are_found_by_passage_in_time(&ledger).await;
    sources::documents_are_found_by_passage_name_and_folder(&ledger).await;
    sources::the_requests_of_a_session_are_found_in_time(&ledger).await;
    documents::a_document_that_is_in_use_stays(&ledger, client).await;
    who_used_what_before_is_found(&ledger).await;
    told_prompts_are_found_by_when_they_were_told(&ledger).await;
    texts_are_kept_whole(&ledger).await;
    states_are_in_order_and_the_newest_is_found(&ledger).await;
    a_delivery_stands_unless_it_broke_off(&ledger, client).await;
    overview::deliveries_are_listed_by_the_day_of_their_object(&ledger).await;
    overview::invocations_are_paged_in_time_and_hold_what_counts(&ledger).await;
}

async fn every_kind_comes_back_as_it_was_put(ledger: &Ledger<NoObjects>) {
    let reading = reading("every-kind");
    let invocation = reading.invocation.clone();
    let mut change = change("every-kind", "2026-10-15T14:07:21Z", "gr1");
    change.addendum = Some(Addendum {
        reason: Some("UPDATED_DATA".into()),
        updated_fields: None,
        original_event_id: Some("earlier".into()),
        original_request_id: Some("every-kind".into()),
    });
    change.principal.invoked_by = Some("cloudformation.amazonaws.com".into());
    change.principal.credential = Some("bedrock-api-key".into());
    let common = Common::of_invocation(&invocation);
    let records = [
        Record::Invocation(Box::new(invocation.clone())),
        Record::Source(Box::new(Source::in_prompt(&invocation, &reading.passages[0], EXCERPT))),
        Record::Link(Link {
            common: common.clone(),
            other_request_id: "other".into(),
            relation: "retrieval".into(),
            basis: "the same question".into(),
            certainty: Certainty::Inferred,
        }),
        Record::Change(Box::new(change.clone())),
        Record::Diff(Box::new(Diff {
            common: Common::of_change(&change),
            event_id: change.event_id.clone(),
            read: DiffRead::Denied,
            reason: Some("not allowed to read it".into()),
            observed_at: Some(at("2026-10-15T14:07:25Z")),
            updated_at: Some(at("2026-10-15T14:07:21Z")),
            before_at: Some(at("2026-10-14T08:00:00Z")),
            severity: Some(Severity::Critical),
            state_before: Some(Sha256::of(b"before")),
            state_after: Some(Sha256::of(b"after")),
            verdict: Some(Verdict::Weaker),
            fields: vec![FieldChange {
                path: "contentPolicy.filters.HATE.inputStrength".into(),
                before: Some("\"HIGH\"".into()),
                after: None,
                effect: Some("weaker".into()),
            }],
            fields_left_out: 3,
        })),
        Record::Alert(AlertMark {
            common: Common::of_change(&change),
            event_id: change.event_id.clone(),
            follow_up: true,
            with_diff: true,
            published_at: at("2026-10-15T14:10:00Z"),
            message_id: "m".into(),
        }),
        Record::Call(Box::new(Call {
            common,
            event_id: "e".into(),
            operation: "Retrieve".into(),
            resource: Some("KB".into()),
            source_ip: Some("203.0.113.1".into()),
            user_agent: None,
            error_code: None,
            evidence: change.evidence.clone(),
        })),
    ];
    for record in &records {
        assert_eq!(ledger.put_record(record, LATER).await.unwrap(), Put::Stored);
    }
    let mut found = ledger.records_of("every-kind").await.unwrap();
    let mut expected = records.to_vec();
    found.sort_by_key(Record::sort_key);
    expected.sort_by_key(Record::sort_key);
    assert_eq!(found, expected);
    let find = async |follow_up| {
        ledger.find_record("every-kind", &alert_key(&change.event_id, follow_up)).await.unwrap()
    };
    assert!(matches!(find(true).await, Some(Record::Alert(mark)) if mark.follow_up));
    assert_eq!(find(false).await, None);
    assert_eq!(ledger.records_of("nobody").await.unwrap(), []);
}

async fn a_put_is_once_and_completeness_wins(ledger: &Ledger<NoObjects>) {
    let mut invocation = reading("once").invocation;
    let put = async |invocation: &Invocation| {
        ledger.put_record(&Record::Invocation(Box::new(invocation.clone())), LATER).await.unwrap()
    };
    (invocation.input_body, invocation.completeness) = (BodyState::Offloaded, 0);
    assert_eq!(put(&invocation).await, Put::Stored);
    assert_eq!(put(&invocation).await, Put::Duplicate);
    (invocation.input_body, invocation.completeness) = (BodyState::Inline, 1);
    assert_eq!(put(&invocation).await, Put::Stored, "the complete one replaces the incomplete one");
    (invocation.input_body, invocation.completeness) = (BodyState::Offloaded, 0);
    assert_eq!(put(&invocation).await, Put::Duplicate, "and never the other way round");
    let found = ledger.records_of("once").await.unwrap();
    assert!(matches!(found.as_slice(), [Record::Invocation(i)] if i.input_body == BodyState::Inline));

    // another record with the same request id lands beside the first
    invocation.evidence.sha256 = Sha256::of(b"another record");
    assert_eq!(put(&invocation).await, Put::Stored);
    assert_eq!(ledger.records_of("once").await.unwrap().len(), 2);

    // another change with the same event id is no duplicate of it
    let mut first = change("twice", "2026-10-15T09:00:00Z", "g");
    let put = async |change: &Change| {
        ledger.put_record(&Record::Change(Box::new(change.clone())), LATER).await.unwrap()
    };
    assert_eq!((put(&first).await, put(&first).await), (Put::Stored, Put::Duplicate));
    first.event_name = "DeleteGuardrail".to_owned();
    assert_eq!(put(&first).await, Put::Taken);
    first.tell_apart();
    assert_eq!((put(&first).await, put(&first).await), (Put::Stored, Put::Duplicate));
    assert_eq!(ledger.records_of("twice").await.unwrap().len(), 2);
}

async fn lists_are_in_time_and_hold_what_they_say(ledger: &Ledger<NoObjects>) {
    for (id, when, guardrail) in [
        ("list-c", "2025-03-31T23:59:59Z", "list"),
        ("list-a", "2025-03-01T00:00:00Z", "list"),
        ("list-b", "2025-03-15T12:00:00Z", "other"),
        ("list-d", "2025-04-01T00:00:00Z", "list"),
    ] {
        let record = Record::Change(Box::new(change(id, when, guardrail)));
        ledger.put_record(&record, LATER).await.unwrap();
    }
    let ids = |lines: Vec<audit_domain::ledger::record::ChangeLine>| -> Vec<String> {
        lines.into_iter().map(|line| line.request_id).collect()
    };
    let march = span("2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z");
    assert_eq!(ids(ledger.changes_in("2025-03", march).await.unwrap()), ["list-a", "list-b", "list-c"]);
    let half = span("2025-03-01T00:00:01Z", "2025-03-31T23:59:59Z");
    assert_eq!(ids(ledger.changes_in("2025-03", half).await.unwrap()), ["list-b"], "from on, and before");
    let all = span("2023-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let resource = "444455556666/eu-central-1/guardrail/list";
    assert_eq!(ids(ledger.changes_of(resource, all).await.unwrap()), ["list-a", "list-c", "list-d"]);

    let mut listed = 0;
    ledger.put_record(&Record::Invocation(Box::new(reading("listed").invocation)), LATER).await.unwrap();
    for shard in 0..audit_domain::ledger::record::SHARDS {
        let lines = ledger.invocations_in("2026-10-15", shard, all).await.unwrap();
        listed += lines.iter().filter(|line| line.request_id == "listed").count();
    }
    assert_eq!(listed, 1);
}

async fn keys_over_the_limit_are_cut_and_found_again(ledger: &Ledger<NoObjects>) {
    let long = "x".repeat(5_000);
    let record = Record::Change(Box::new(change(&long, "2025-05-01T00:00:00Z", &long)));
    assert_eq!(ledger.put_record(&record, LATER).await.unwrap(), Put::Stored);
    assert_eq!(ledger.records_of(&long).await.unwrap(), [record]);
}

async fn what_is_over_its_retention_is_not_shown(ledger: &Ledger<NoObjects>) {
    let record = Record::Change(Box::new(change("over", "2024-01-01T00:00:00Z", "over")));
    ledger.put_record(&record, at("2026-10-31T00:00:00Z").as_second()).await.unwrap();
    assert_eq!(ledger.records_of("over").await.unwrap(), []);
}

async fn sightings_merge_in_any_order(ledger: &Ledger<NoObjects>) {
    let seen = |when: &str, request: &str| Sighting {
        system_prompt_id: "p".into(),
        first_seen: at(when),
        last_seen: at(when),
        sample_request_id: request.into(),
        model_id: "m".into(),
        caller: "arn:c".into(),
    };
    let key = StateKey::prompt_seen("p", "2026-10-15");
    for (when, request) in [
        ("2026-10-15T12:00:00Z", "noon"),
        ("2026-10-15T09:00:00Z", "morning"),
        ("2026-10-15T18:00:00Z", "evening"),
        ("2026-10-15T12:00:00Z", "noon"),
    ] {
        ledger.put_sighting(&key, &seen(when, request), LATER).await.unwrap();
    }
    let merged = ledger.prompt_sightings("p").await.unwrap();
    assert_eq!(merged.len(), 1);
    assert_eq!(merged[0].first_seen, at("2026-10-15T09:00:00Z"));
    assert_eq!(merged[0].last_seen, at("2026-10-15T18:00:00Z"));
    assert_eq!(merged[0].sample_request_id, "morning");

    for (day, id) in [("2026-10-14", "q"), ("2026-10-15", "q"), ("2026-10-15", "r"), ("2026-10-17", "q")] {
        let key = StateKey::caller_seen("arn:c", day, id);
        ledger.put_sighting(&key, &seen("2026-10-15T12:00:00Z", "x"), LATER).await.unwrap();
    }
    assert_eq!(ledger.caller_sightings("arn:c", "2026-10-14", "2026-10-15").await.unwrap().len(), 3);
    assert_eq!(ledger.count_sightings("arn:c", "2026-10-15", 1_000).await.unwrap(), 2);
    assert_eq!(ledger.count_sightings("arn:c", "2026-10-15", 1).await.unwrap(), 1);
    ledger.put_sighting(&StateKey::prompt_listed("2026-10", "p"), &merged[0], LATER).await.unwrap();
    assert_eq!(ledger.prompts_listed("2026-10").await.unwrap(), merged);
    for (day, put) in
        [("2026-10-07", Put::Stored), ("2026-10-06", Put::Stored), ("2026-10-07", Put::Duplicate)]
    {
        assert_eq!(ledger.put_invocation_day(day, LATER).await.unwrap(), put, "{day}");
    }
    assert_eq!(ledger.invocation_days("2026-10").await.unwrap(), ["2026-10-06", "2026-10-07"]);
    assert_eq!(ledger.invocation_days("2026-11").await.unwrap(), [""; 0]);
}

async fn states_are_in_order_and_the_newest_is_found(ledger: &Ledger<NoObjects>) {
    let change = change("state", "2026-10-15T14:07:21Z", "gs");
    let subject = Subject::of(&change).expect("a guardrail has states");
    let state = |text: &str, updated_at: &str| State {
        subject: subject.clone(),
        document: serde_json::json!({"name": text, "threshold": 0.85}),
        sha256: Sha256::of(text.as_bytes()),
        is_tombstone: false,
        observed_at: at("2026-10-15T15:00:00Z"),
        updated_at: Some(at(updated_at)),
        caused_at: change.occurred_at,
        cause: change.event_id.clone(),
    };
    let (old, new) = (state("old", "2026-10-01T00:00:00Z"), state("new", "2026-10-15T14:07:21Z"));
    let gone = State::tombstone(&change, &subject, Some(&new), at("2026-10-16T00:00:00Z"));
    let resource = &subject.resource;
    assert_eq!(ledger.newest_resource_state(resource, None).await.unwrap(), None);
    // in any order, and once
    for (state, put) in [(&new, Put::Stored), (&old, Put::Stored), (&new, Put::Duplicate)] {
        assert_eq!(ledger.put_resource_state(state).await.unwrap(), put);
    }
    assert_eq!(ledger.newest_resource_state(resource, None).await.unwrap().as_ref(), Some(&new));
    let below = new.key().version;
    assert_eq!(ledger.newest_resource_state(resource, Some(&below)).await.unwrap().as_ref(), Some(&old));
    ledger.put_resource_state(&gone).await.unwrap();
    assert_eq!(ledger.resource_states(resource).await.unwrap().len(), 3);
    let other = Resource { version: Some("4".into()), ..resource.clone() };
    assert_eq!(ledger.resource_states(&other).await.unwrap(), []);
}

async fn who_used_what_before_is_found(ledger: &Ledger<NoObjects>) {
    let id = "f".repeat(64);
    let (caller, other) = ("arn:aws:sts::1:assumed-role/found", "arn:aws:sts::1:assumed-role/found-too");
    let note = async |caller: &str, when: &str, id: &str, expires_at: i64| {
        let at = at(when);
        let sighting = Sighting {
            system_prompt_id: id.to_owned(),
            first_seen: at,
            last_seen: at,
            sample_request_id: when.to_owned(),
            model_id: "m".into(),
            caller: caller.to_owned(),
        };
        let day = &when[..10];
        for key in [StateKey::prompt_seen(id, day), StateKey::caller_seen(caller, day, id)] {
            ledger.put_sighting(&key, &sighting, expires_at).await.unwrap();
        }
    };
    assert!(!ledger.is_prompt_seen(&id).await.unwrap());
    assert_eq!(ledger.first_of_caller(caller).await.unwrap(), None);
    for (when, id) in [
        ("2026-10-14T10:00:00Z", "b"),
        ("2026-10-15T10:00:00Z", id.as_str()),
        ("2026-10-01T10:00:00Z", "c"),
        ("2026-10-15T23:00:00Z", "e"),
        ("2026-10-16T00:00:00Z", "d"),
    ] {
        note(caller, when, id, LATER).await;
    }
    note(other, "2026-09-01T10:00:00Z", "g", LATER).await;
    assert!(ledger.is_prompt_seen(&id).await.unwrap());
    assert!(!ledger.is_prompt_seen(&id[1..]).await.unwrap());
    let first = ledger.first_of_caller(caller).await.unwrap().unwrap();
    assert_eq!(first.sample_request_id, "2026-10-01T10:00:00Z");
    let newest = async |limit| {
        let found = ledger.newest_of_caller(caller, "2026-10-15", limit).await.unwrap();
        found.into_iter().map(|seen| seen.sample_request_id[..10].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(newest(3).await, ["2026-10-15", "2026-10-15", "2026-10-14"]);
    assert_eq!(newest(10).await.len(), 4, "those of later days are not among them");
    // what is over its retention says nothing of a prompt, and that its caller is known since long
    note(caller, "2025-01-01T00:00:00Z", "expired", 1).await;
    assert!(!ledger.is_prompt_seen("expired").await.unwrap());
    let first = ledger.first_of_caller(caller).await.unwrap().unwrap();
    assert_eq!(first.sample_request_id, "2025-01-01T00:00:00Z");
}

async fn told_prompts_are_found_by_when_they_were_told(ledger: &Ledger<NoObjects>) {
    let alert = |when: &str, id: &str| PromptAlert {
        system_prompt_id: id.to_owned(),
        caller: "arn:aws:iam::1:user/kim".to_owned(),
        published_at: at(when),
        message_id: "m".to_owned(),
    };
    let alerts = [
        alert("2026-10-14T23:30:00Z", "a"),
        alert("2026-10-15T00:10:00Z", "b"),
        alert("2026-10-15T00:10:00Z", "c"),
        alert("2026-10-15T00:10:00.001Z", "d"),
    ];
    for alert in &alerts {
        assert_eq!(ledger.put_prompt_alert(alert, LATER).await.unwrap(), Put::Stored);
        assert_eq!(ledger.put_prompt_alert(alert, LATER).await.unwrap(), Put::Duplicate);
    }
    let found = async |from, to| ledger.prompt_alerts(at(from), at(to)).await.unwrap();
    assert_eq!(found("2026-10-14T23:10:00Z", "2026-10-15T00:10:00Z").await, alerts[..3], "over midnight");
    assert_eq!(found("2026-10-14T23:30:00.001Z", "2026-10-15T00:09:59Z").await, []);
    assert_eq!(found("2026-10-15T00:10:00Z", "2026-10-15T01:10:00Z").await, alerts[1..]);
}

async fn texts_are_kept_whole(ledger: &Ledger<NoObjects>) {
    let long: String = (0..90_000_u32).map(|n| format!("{n:x} ")).collect();
    for text in ["short\u{0}ü", &long] {
        let id = Sha256::of(text.as_bytes());
        assert_eq!(ledger.put_prompt_text(&id, text, LATER).await.unwrap(), Put::Stored);
        assert_eq!(ledger.put_prompt_text(&id, text, LATER).await.unwrap(), Put::Duplicate);
        assert_eq!(ledger.prompt_text(id.as_str()).await.unwrap().as_deref(), Some(text));
    }
    assert_eq!(ledger.prompt_text("none").await.unwrap(), None);

    // a text that is still in use is renewed before it is over
    let id = Sha256::of(b"in use");
    let over = at("2026-10-31T00:00:00Z").as_second();
    ledger.put_prompt_text(&id, "in use", over).await.unwrap();
    assert_eq!(ledger.prompt_text(id.as_str()).await.unwrap(), None);
    assert_eq!(ledger.put_prompt_text(&id, "in use", LATER).await.unwrap(), Put::Stored);
    assert_eq!(ledger.prompt_text(id.as_str()).await.unwrap().as_deref(), Some("in use"));
}

async fn a_delivery_stands_unless_it_broke_off(ledger: &Ledger<NoObjects>, client: &Client) {
    let delivery = |indexed: u64, completion: Completion, etag: &str| {
        let mut location = ObjectLocation::object("logs", "key");
        location.etag = Some(etag.to_owned());
        Delivery {
            location,
            counts: Counts { received: 3, indexed, duplicate: 3 - indexed, ..Counts::default() },
            completion,
            rejects: vec![],
            bytes: 10,
            indexed_at: at("2026-10-15T15:00:00Z"),
        }
    };
    let stored = async || {
        let key = AttributeValue::S("s3://logs/key".into());
        let item = client
            .get_item()
            .table_name("deliveries")
            .key("object", key)
            .key("version_id", AttributeValue::S("-".into()))
            .send()
            .await
            .unwrap();
        item.item().unwrap()["indexed"].as_n().unwrap().clone()
    };
    let partial = || Completion::Partial("cut".into());
    ledger.put_delivery(&delivery(2, partial(), "a"), LATER).await.unwrap();
    ledger.put_delivery(&delivery(3, Completion::Done, "a"), LATER).await.unwrap();
    assert_eq!(stored().await, "3", "a whole reading replaces one that broke off");
    ledger.put_delivery(&delivery(0, Completion::Done, "a"), LATER).await.unwrap();
    assert_eq!(stored().await, "3", "the same object again changes nothing");
    ledger.put_delivery(&delivery(1, Completion::Done, "b"), LATER).await.unwrap();
    assert_eq!(stored().await, "1", "another object under the same key is another delivery");
}

fn reading(request_id: &str) -> RecordReading {
    let json = format!(
        r#"{{"timestamp":"2026-10-15T15:31:02Z","accountId":"444455556666","region":"eu-central-1","requestId":"{request_id}","operation":"Converse","modelId":"m","identity":{{"arn":"arn:aws:sts::444455556666:assumed-role/app/web"}},"requestMetadata":{{"application":"web"}},"input":{{"inputTokenCount":7,"inputBodyJson":{{"messages":[],"system":[{{"text":"Answer.<search_results><search_result><content>A passage.</content><source>1</source></search_result></search_results>"}}]}}}},"output":{{"outputTokenCount":3,"outputBodyJson":{{"stopReason":"end_turn"}}}}}}"#
    );
    RecordReading::read(json.as_bytes(), 1, &ObjectLocation::object("logs", "key")).unwrap().0
}

fn change(id: &str, when: &str, guardrail: &str) -> Change {
    let json = format!(
        r#"{{"eventName":"UpdateGuardrail","eventSource":"bedrock.amazonaws.com","eventTime":"{when}","eventID":"event-{id}","requestID":"{id}","recipientAccountId":"444455556666","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.7","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::444455556666:user/kim","userName":"kim"}},"requestParameters":{{"guardrailIdentifier":"{guardrail}"}},"responseElements":{{"version":"DRAFT"}}}}"#
    );
    let place = ObjectLocation::object("audit", "events/x.json");
    match TrailEvent::read(json.as_bytes(), 1, &place, Origin::Eventbridge, &Watching::default()).unwrap().0 {
        TrailEvent::Change(change) => *change,
        other => panic!("{other:?}"),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn span(since: &str, until: &str) -> Span {
    Span { since: at(since), until: at(until) }
}
