//! What is stored comes back as it was put, whatever it holds.

use audit_domain::{
    attribution::{
        Attribution,
        event::{Route, Sender},
    },
    change::{Addendum, Outcome, Resource, Spilled},
    digest::{Sha256, bounded_key},
    evidence::{Evidence, LogStream, ObjectLocation},
    guardrail::GuardrailFinding,
    invocation::{BodyState, Invocation, SystemPrompt, Tokens},
    ledger::record::{Diff, DiffRead, FieldChange, Said, Source, SourceOrigin},
    ledger::texts::{RECORD_FACTS, RECORD_TEXTS},
    prompt::SystemPromptStatus,
    state::Verdict,
};
use jiff::Timestamp;
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};

use super::*;

/// In boxes, here and below: records have so many parts that their strategies would not fit a test's stack.
fn text() -> BoxedStrategy<String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9 .:/äß漢-]{0,8}",
        2 => select(&["", "#", "~", "\0", "\n", "\"", "\\", "\u{202e}", "\u{1f9ea}", "null", "-1"][..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let short = vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    prop_oneof![9 => short.clone(), 1 => short.prop_map(|text| text.repeat(200))].boxed()
}

/// Every moment that a record can have: to the millisecond, from the year 0 to 9999.
fn moment() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_000_i64..253_402_207_200_000).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn digest() -> impl Strategy<Value = Sha256> {
    any::<u64>().prop_map(|seed| Sha256::of(&seed.to_be_bytes()))
}

fn certainty() -> impl Strategy<Value = Certainty> {
    select(&Certainty::NAMES[..]).prop_map(|(certainty, _)| certainty)
}

fn principal() -> impl Strategy<Value = Principal> {
    vec(option::of(text()), 6).prop_map(|texts| {
        let [arn, kind, name, session, invoked_by, credential] = <[_; 6]>::try_from(texts).unwrap();
        Principal { arn, kind, name, session, invoked_by, credential }
    })
}

fn common_part() -> impl Strategy<Value = Common> {
    (text(), moment(), text(), text(), principal()).prop_map(
        |(request_id, occurred_at, account_id, region, principal)| Common {
            request_id,
            occurred_at,
            account_id,
            region,
            principal,
        },
    )
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let log = (text(), text(), option::of(any::<i64>()));
    let log = log.prop_map(|(group, stream, timestamp)| LogStream { group, stream, timestamp });
    let names = (option::of(text()), option::of(log), text(), option::of(text()), option::of(text()));
    (names, any::<u64>(), digest()).prop_map(|((bucket, log, key, version_id, etag), ordinal, sha256)| {
        Evidence { location: ObjectLocation { bucket, log, key, version_id, etag }, ordinal, sha256 }
    })
}

fn guardrail() -> impl Strategy<Value = GuardrailFinding> {
    (certainty(), option::of(text()), option::of(text()), option::of(text()), option::of(text())).prop_map(
        |(certainty, id, version, action, basis)| GuardrailFinding { certainty, id, version, action, basis },
    )
}

prop_compose! {
    fn system_prompt()(
        status in select(&SystemPromptStatus::NAMES[..]),
        id in option::of(digest()),
        found_at in option::of(text()),
    ) -> SystemPrompt {
        SystemPrompt { status: status.0, id, found_at }
    }
}

prop_compose! {
    fn tokens()(counts in any::<[Option<u64>; 4]>()) -> Tokens {
        let [input, output, cache_read, cache_write] = counts;
        Tokens { input, output, cache_read, cache_write }
    }
}

prop_compose! {
    fn invocation()(
        common in common_part().boxed(),
        texts in vec(option::of(text()), 7),
        model_id in text(),
        system_prompt in system_prompt().boxed(),
        guardrail in guardrail().boxed(),
        tokens in tokens().boxed(),
        bodies in (select(&BodyState::NAMES[..]), select(&BodyState::NAMES[..])),
        maps in vec(btree_map(text(), text(), 0..3), 2),
        completeness in 0_u8..2,
        sources: u32,
        body_members in vec(text(), 0..3),
        (evidence, content) in (evidence(), option::of(digest())).boxed(),
    ) -> Invocation {
        let [inference_region, operation, stop_reason, error_code, input_body_path, output_body_path, body_shape] =
            <[_; 7]>::try_from(texts).unwrap();
        let [output_media, request_metadata] = <[_; 2]>::try_from(maps).unwrap();
        Invocation {
            request_id: common.request_id,
            occurred_at: common.occurred_at,
            account_id: common.account_id,
            region: common.region,
            principal: common.principal,
            input_body: bodies.0.0,
            output_body: bodies.1.0,
            inference_region, operation, model_id, system_prompt, guardrail, stop_reason, error_code, tokens,
            input_body_path, output_body_path, output_media, completeness, request_metadata, sources, body_shape,
            body_members, evidence, content,
        }
    }
}

prop_compose! {
    fn source()(
        common in common_part().boxed(),
        origin in select(&SourceOrigin::NAMES[..]),
        carrier in digest(),
        ordinal in 1_u32..10_000,
        text_sha256 in option::of(digest()),
        texts in vec(option::of(text()), 9),
        page_number in option::of(-1e3_f64..1e3),
        metadata in btree_map(text(), text(), 0..3),
        score in option::of(-1e100_f64..1e100),
        cited: Option<bool>,
        certainty in certainty(),
        completeness in 0_u8..2,
    ) -> Source {
        let [excerpt, source_uri, title, found_at, chunk_id, knowledge_base_id, content_type, location_type, data_source_id] =
            <[_; 9]>::try_from(texts).unwrap();
        Source {
            origin: origin.0,
            common, carrier, ordinal, text_sha256, excerpt, source_uri, title, found_at, score, cited, chunk_id,
            knowledge_base_id, certainty, completeness,
            said: Said { content_type, location_type, data_source_id, page_number, metadata },
        }
    }
}

prop_compose! {
    fn attribution()(
        common in common_part().boxed(),
        carrier in digest(),
        operation in text(),
        texts in vec(option::of(text()), 7),
        only_cited: bool,
        counts: [u32; 3],
        citations: Option<u32>,
        output_characters: Option<u64>,
        related_request_ids in vec(text(), 0..3),
        route in select(&Route::NAMES[..]),
    ) -> Attribution {
        let [session_id, knowledge_base_id, model_id, guardrail_action, response_key, account_id, event_id] =
            <[_; 7]>::try_from(texts).unwrap();
        let [sources, sources_left_out, empty_citations] = counts;
        Attribution {
            common, carrier, operation, session_id, knowledge_base_id, model_id, guardrail_action, only_cited, sources,
            sources_left_out, citations, empty_citations, output_characters, related_request_ids,
            sender: Sender { route: route.0, account_id, event_id },
            response_key,
        }
    }
}

prop_compose! {
    fn resource()(texts in vec(text(), 4), version in option::of(text()), arn in option::of(text())) -> Resource {
        let [account_id, region, kind, id] = <[_; 4]>::try_from(texts).unwrap();
        Resource { account_id, region, kind, id, version, arn }
    }
}

prop_compose! {
    fn change()(
        common in common_part().boxed(),
        names in (text(), text(), text()),
        resource in resource().boxed(),
        outcome in select(&Outcome::NAMES[..]),
        severity in select(&Severity::NAMES[..]),
        origin in select(&Origin::NAMES[..]),
        texts in vec(option::of(text()), 6),
        mfa: Option<bool>,
        spilled in option::of((text(), digest())),
        [omitted, deployment]: [bool; 2],
        amends in vec(option::of(text()), 4),
        evidence in evidence().boxed(),
    ) -> Change {
        let [error_code, source_ip, user_agent, request_parameters, response_elements, breaks] =
            <[_; 6]>::try_from(texts).unwrap();
        let [reason, updated_fields, original_event_id, original_request_id] = <[_; 4]>::try_from(amends).unwrap();
        let addendum = Addendum { reason, updated_fields, original_event_id, original_request_id };
        let (event_id, event_name, event_source) = names;
        Change {
            request_id: common.request_id,
            occurred_at: common.occurred_at,
            account_id: common.account_id,
            region: common.region,
            principal: common.principal,
            outcome: outcome.0,
            severity: severity.0,
            origin: origin.0,
            spilled: spilled.map(|(key, sha256)| Spilled { key, sha256 }),
            event_id, event_name, event_source, resource, error_code, source_ip, user_agent, mfa,
            addendum: (addendum != Addendum::default()).then_some(addendum),
            amended_by: Vec::new(),
            request_parameters, response_elements, omitted, breaks, deployment, evidence,
        }
    }
}

prop_compose! {
    fn field()(path in text(), before in option::of(text()), after in option::of(text()), effect in option::of(text()))
        -> FieldChange
    {
        FieldChange { path, before, after, effect }
    }
}

prop_compose! {
    fn diff()(
        common in common_part().boxed(),
        event_id in text(),
        read in select(DiffRead::NAMES.to_vec()),
        reason in option::of(text()),
        moments in (option::of(moment()), option::of(moment()), option::of(moment())),
        states in (option::of(digest()), option::of(digest())),
        verdict in option::of(select(Verdict::NAMES.to_vec())),
        severity in option::of(select(Severity::NAMES.to_vec())),
        fields in vec(field(), 0..4),
        fields_left_out: u32,
    ) -> Diff {
        Diff {
            read: read.0,
            observed_at: moments.0,
            updated_at: moments.1,
            before_at: moments.2,
            state_before: states.0,
            state_after: states.1,
            verdict: verdict.map(|(verdict, _)| verdict),
            severity: severity.map(|(severity, _)| severity),
            common, event_id, reason, fields, fields_left_out,
        }
    }
}

prop_compose! {
    fn call()(common in common_part().boxed(), event_id in text(), operation in text(), texts in vec(option::of(text()), 4), evidence in evidence()) -> Call {
        let [resource, source_ip, user_agent, error_code] = <[_; 4]>::try_from(texts).unwrap();
        Call { common, event_id, operation, resource, source_ip, user_agent, error_code, evidence }
    }
}

fn link() -> impl Strategy<Value = Link> {
    (common_part(), text(), text(), text(), certainty()).prop_map(
        |(common, other_request_id, relation, basis, certainty)| Link {
            common,
            other_request_id,
            relation,
            basis,
            certainty,
        },
    )
}

fn alert() -> impl Strategy<Value = AlertMark> {
    (common_part(), text(), any::<[bool; 2]>(), moment(), text()).prop_map(
        |(common, event_id, [follow_up, with_diff], published_at, message_id)| AlertMark {
            common,
            event_id,
            follow_up,
            with_diff,
            published_at,
            message_id,
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        invocation().boxed().prop_map(|invocation| Record::Invocation(Box::new(invocation))),
        source().boxed().prop_map(|source| Record::Source(Box::new(source))),
        attribution().boxed().prop_map(|attribution| Record::Attribution(Box::new(attribution))),
        link().boxed().prop_map(Record::Link),
        change().boxed().prop_map(|change| Record::Change(Box::new(change))),
        diff().boxed().prop_map(|diff| Record::Diff(Box::new(diff))),
        alert().boxed().prop_map(Record::Alert),
        call().boxed().prop_map(|call| Record::Call(Box::new(call))),
    ]
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_was_put(record in record()) {
        let item = encode(&record, 1);
        match decode(&item) {
            Ok(read) => prop_assert_eq!(read, record.clone()),
            Err(Unreadable(reason)) => prop_assert!(false, "{}: {:?}", reason, record),
        }
    }

    #[test]
    fn every_attribute_holds_a_text_or_may_be_shown_without_texts(record in record()) {
        for name in encode(&record, 1).keys() {
            let holds_text = RECORD_TEXTS.contains(&name.as_str());
            prop_assert!(holds_text != RECORD_FACTS.contains(&name.as_str()), "{}", name);
        }
    }

    #[test]
    fn the_keys_of_an_item_are_within_the_limits(record in record()) {
        let item = encode(&record, 1);
        for key in ["request_id", "record", "time_bucket", "occurred_at_id", "resource"] {
            // `resource` is a key of changes only
            let is_key = key != "resource" || matches!(record, Record::Change(_));
            if let Some(value) = item.get(key).filter(|_| is_key).and_then(|value| value.as_s().ok()) {
                prop_assert!(value.len() <= 1_000, "{}: {}", key, value.len());
                prop_assert_eq!(&bounded_key(value), value);
            }
        }
    }
}
