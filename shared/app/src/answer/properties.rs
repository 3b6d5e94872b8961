//! In whichever order a log and the responses of applications come, and how often: the answers about sources are the same.

use std::sync::OnceLock;

use audit_domain::{
    attribution::{Surroundings, event::Route},
    evidence::ObjectLocation,
    ledger::record::{EXCERPT, Link, Retention},
    passage::Certainty,
    sources::{DOCUMENTS, JoinedSource, Told, UsedIn},
};
use jiff::Timestamp;
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json, value::RawValue};

use super::{Explanation, explain::gathered, sources};
use crate::{
    index::{Indexing, Takes, bodies::Later, index_object},
    memory::Memory,
    ports::Span,
    prompt_drift::Silent,
    record_attribution::{Recording, record_attribution},
};

const WRONG: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
const ANSWER: &str = "c1a86f0e-7d52-4b3f-8e9a-54d07b6f2a13";
const RETRIEVE: &str = "3f0c7a52-91d4-4c8e-a6b7-2f58d1e0c944";
const EMBEDDING: &str = "10bd2c5f-4273-48d7-a7b6-dd6789d324ef";
const RERANK: &str = "5d1e0f8a-0000-4000-8000-000000000001";
const TURN: &str = "5d1e0f8a-0000-4000-8000-000000000002";
const NEXT_DAY: &str = "5d1e0f8a-0000-4000-8000-000000000003";
const DRAFT: &str = "s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx";
const DRAFT_TEXT: &str = "DRAFT for discussion, March 2023, not approved: Water damage in the home.\nProposal: claims are paid within 90 days after the report, no excess for water damage is charged.";

/// What comes, one delivery each: the lines of the log, and the two responses.
fn deliveries() -> &'static [Value] {
    static ALL: OnceLock<Vec<Value>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = |path: &str| {
            let folder = format!("{}/../../events", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(format!("{folder}/{path}")).unwrap()
        };
        let log = read("incident/invocations.ndjson");
        let mut all: Vec<Value> =
            log.lines().skip(6).map(|line| serde_json::from_str(line).unwrap()).collect();
        let wrong = all[1].clone();
        let told = |id: &str, at: &str| {
            let mut record = wrong.clone();
            record["requestId"] = id.into();
            record["timestamp"] = at.into();
            record
        };
        let mut rerank = told(RERANK, "2026-10-15T15:31:01Z");
        rerank["operation"] = "InvokeModel".into();
        rerank["modelId"] = "amazon.rerank-v1:0".into();
        rerank["input"] = json!({"inputBodyJson": {"query": "How long?", "documents": [DRAFT_TEXT]}});
        rerank["output"] = json!({"outputBodyJson": {"results": [{"index": 0, "relevance_score": 0.9}]}});
        // the next turn of the same caller, and somebody else's request a day later, of which nobody sent anything
        let turn = told(TURN, "2026-10-15T15:50:00Z");
        let mut later = told(NEXT_DAY, "2026-10-16T15:31:02Z");
        later["identity"]["arn"] = "arn:aws:sts::444455556666:assumed-role/claims-desk/desk-18".into();
        all.extend([rerank, turn, later]);
        for name in ["incident-retrieve", "incident-answer"] {
            all.push(serde_json::from_str(&read(&format!("attributions/{name}.json"))).unwrap());
        }
        all
    })
}

async fn deliver(nth: usize, memory: &Memory) {
    let (now, what) = ("2026-10-17T00:00:00Z".parse().unwrap(), &deliveries()[nth]);
    if what.get("detail-type").is_some() {
        let event = RawValue::from_string(what.to_string()).unwrap();
        let recording = Recording {
            retention: Retention::DEFAULT,
            excerpt_characters: EXCERPT,
            audit_bucket: "audit",
            here: Surroundings { account_id: "444455556666", region: "eu-central-1", now },
        };
        record_attribution(&event, Route::Event, memory, memory, &recording).await.unwrap();
        return;
    }
    let location = ObjectLocation::object("logs", format!("{nth}.json"));
    memory.put_object(&location, vec![what.to_string().into_bytes()]);
    let (takes, retention) = (Takes::Everything, Retention::DEFAULT);
    let indexing = Indexing { takes, retention, excerpt_characters: EXCERPT, by_content: false, now };
    let later = Later { queue: memory, allowed: None };
    index_object(memory, memory, &later, &Silent, &location, indexing, &mut |_| {}).await.unwrap();
}

type Answers = (Vec<(Vec<JoinedSource>, Vec<Link>)>, Vec<UsedIn>);

/// The answers about sources: of every request, and of the document.
async fn answers(memory: &Memory) -> Answers {
    let mut explained = Vec::new();
    for id in [WRONG, ANSWER, RETRIEVE, EMBEDDING, RERANK, TURN, NEXT_DAY] {
        let Explanation { sources, links, .. } = gathered(id, memory).await.unwrap().unwrap();
        explained.push((sources, links));
    }
    (explained, sources(DRAFT, None, usize::MAX, memory).await.unwrap().answers)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn after(order: impl IntoIterator<Item = usize>) -> Memory {
    let memory = Memory::default();
    for nth in order {
        deliver(nth, &memory).await;
    }
    memory
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_every_order_and_twice_the_answers_are_the_same(
        order in Just((0..deliveries().len()).collect::<Vec<_>>()).prop_shuffle(),
        again in subsequence((0..deliveries().len()).collect::<Vec<_>>(), 0..=deliveries().len()),
    ) {
        let expected = run(async { answers(&after(0..deliveries().len()).await).await });
        let found = run(async { answers(&after(order.into_iter().chain(again)).await).await });
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_passage_of_any_prompt_has_its_document_and_its_answer_its_steps() {
    let memory = run(after(0..deliveries().len()));
    let of = |id: &str| run(gathered(id, &memory)).unwrap().unwrap();
    let wrong = of(WRONG);
    assert_eq!(wrong.sources.len(), 3);
    let draft = &wrong.sources[1];
    assert_eq!((draft.documents[0].uri.as_str(), draft.documents[0].certainty), (DRAFT, Certainty::Inferred));
    assert_eq!(
        (draft.cited(), draft.score(), draft.in_context()),
        (Told::Own(true), Told::Linked(0.69417), Told::Own(true))
    );
    assert_eq!(wrong.sources[0].cited(), Told::Own(false));
    let links = |found: &Explanation| -> Vec<(String, String)> {
        let of = |link: &Link| (link.relation.clone(), link.other_request_id.clone());
        assert!(found.links.iter().all(|link| link.certainty == Certainty::Inferred));
        assert!(found.links.iter().all(|link| !link.basis.is_empty()));
        found.links.iter().map(of).collect()
    };
    let expected = |links: &[(&str, &str)]| -> Vec<(String, String)> {
        links.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    assert_eq!(
        links(&wrong),
        expected(&[
            ("retrieval", RETRIEVE),
            ("session", TURN),
            ("rerank", RERANK),
            ("retrieval", ANSWER),
            ("retrieval", EMBEDDING),
        ])
    );
    // what only the response tells is told as such, and recorded once a log has the text
    let answer = of(ANSWER);
    assert_eq!(answer.sources[0].certainty, Certainty::Recorded);
    assert!(answer.sources[0].documents[0].basis.contains(WRONG), "{:?}", answer.sources[0].documents);
    assert!(links(&answer).contains(&("generation".to_owned(), WRONG.to_owned())));
    let alone = run(after([deliveries().len() - 1]));
    let told = run(gathered(ANSWER, &alone)).unwrap().unwrap();
    assert_eq!((told.sources[0].certainty, told.links.len()), (Certainty::Reported, 0));
    assert_eq!(told.sources[0].documents[0].certainty, Certainty::Reported);
    // the embedding of the question leads to what was answered
    let embedding = of(EMBEDDING);
    assert!(
        links(&embedding).contains(&("generation".to_owned(), WRONG.to_owned())),
        "{:?}",
        embedding.links
    );
    assert!(
        embedding.links[0].basis.contains("that knowledge base has its passages"),
        "{:?}",
        embedding.links
    );
    // nobody sent anything for this one
    let later = of(NEXT_DAY);
    assert_eq!(later.sources[1].documents[0].uri, DRAFT);
    assert_eq!(later.sources[1].documents[0].certainty, Certainty::Inferred);
    assert_eq!(later.links, []);
    // without any response nothing is known
    let log_alone = run(after(0..deliveries().len() - 2));
    let unknown = run(gathered(WRONG, &log_alone)).unwrap().unwrap();
    assert!(unknown.sources.iter().all(|source| source.documents.is_empty()));
}

#[test]
fn the_answers_of_a_document_are_found_newest_first() {
    let memory = run(after(0..deliveries().len()));
    let of = |uri: &str| run(sources(uri, None, usize::MAX, &memory)).map(|used| used.answers);
    let found = of(DRAFT).unwrap();
    let ids: Vec<_> = found.iter().map(|used| used.request_id.as_str()).collect();
    assert_eq!(ids, [NEXT_DAY, TURN, ANSWER, WRONG, RERANK, RETRIEVE]);
    let certainties: Vec<_> = found.iter().map(|used| used.certainty().name()).collect();
    // as `explain` has it: what a response reports is recorded once a log that belongs to it has the same text
    assert_eq!(certainties, ["inferred", "inferred", "recorded", "inferred", "inferred", "recorded"]);
    let newest = run(sources(DRAFT, None, 2, &memory)).unwrap();
    assert_eq!((&newest.answers[..], newest.more), (&found[..2], 4));
    // a window is about answers: what is said of one rests on all that is known of it
    let second = Span {
        since: "2026-10-15T15:31:03Z".parse().unwrap(),
        until: "2026-10-15T15:31:04Z".parse().unwrap(),
    };
    assert_eq!(run(sources(DRAFT, Some(second), 9, &memory)).unwrap().answers, found[2..3]);
    assert_eq!(found[3].cited, Some(true));
    assert_eq!(found[3].principal.session.as_deref(), Some("claims-web-7f9c"));
    assert!(found[3].model_id.as_ref().unwrap().contains("claude"));
    // a folder, the whole bucket, and what is no whole bucket
    assert_eq!(of("s3://example-mutual-policies/drafts/").unwrap(), found);
    assert_eq!(of("s3://example-mutual-policies/dra*").unwrap(), found);
    let all = of("s3://example-mutual-policies/").unwrap();
    assert_eq!((all.len(), all[3].documents.len()), (6, 3));
    assert_eq!(of("s3://example-mutual-policies/other/").unwrap(), []);
    assert_eq!(of("s3://example-mutual-policies/drafts").unwrap(), []);
    assert!(of("s3://example-mut*").is_err() && of("s3://").is_err() && of("*").is_err());
}

#[test]
fn a_document_that_only_the_prompt_names_is_found() {
    let memory = Memory::default();
    let mut record = deliveries()[1].clone();
    record["input"]["inputBodyJson"] = json!({"messages": [{"role": "user", "content": [
        {"searchResult": {"source": "https://example.org/terms", "title": "Terms", "content": [{"text": "Within 30 days."}]}},
        {"document": {"name": "attached", "format": "pdf", "source": {"s3Location": {"uri": "s3://uploads/a.pdf"}}}},
        {"text": "How long?"},
    ]}]});
    let location = ObjectLocation::object("logs", "named.json");
    memory.put_object(&location, vec![record.to_string().into_bytes()]);
    let now: Timestamp = "2026-10-17T00:00:00Z".parse().unwrap();
    let indexing = Indexing {
        takes: Takes::Invocations,
        retention: Retention::DEFAULT,
        excerpt_characters: 0,
        by_content: false,
        now,
    };
    let later = Later { queue: &memory, allowed: None };
    run(index_object(&memory, &memory, &later, &Silent, &location, indexing, &mut |_| {})).unwrap();
    for uri in ["https://example.org/terms", "s3://uploads/a.pdf", "https://example.org/*", "s3://uploads/"] {
        let found = run(sources(uri, None, usize::MAX, &memory)).unwrap().answers;
        let found: Vec<_> = found.iter().map(|used| (used.request_id.as_str(), used.certainty())).collect();
        assert_eq!(found, [(WRONG, Certainty::Recorded)], "{uri}");
    }
    let explained = run(gathered(WRONG, &memory)).unwrap().unwrap();
    let documents: Vec<_> = explained.sources.iter().map(|joined| joined.documents.len()).collect();
    assert_eq!(documents, [1, 1], "{:?}", explained.sources);
}

#[test]
fn a_passage_of_many_documents_shows_the_first_and_counts_the_others() {
    let memory = run(after([1]));
    let results: Vec<_> = (0..25)
        .map(|nth| json!({"content": {"text": DRAFT_TEXT}, "location": {"s3Location": {"uri": format!("s3://b/{nth:02}")}}}))
        .collect();
    let event = json!({"request_id": "many", "occurred_at": "2026-01-01T00:00:00Z", "response": {"retrievalResults": results}});
    let event = RawValue::from_string(event.to_string()).unwrap();
    let recording = Recording {
        retention: Retention::DEFAULT,
        excerpt_characters: 0,
        audit_bucket: "audit",
        here: Surroundings { account_id: "1", region: "r", now: Timestamp::UNIX_EPOCH },
    };
    run(record_attribution(&event, Route::Direct, &memory, &memory, &recording)).unwrap();
    let draft = &run(gathered(WRONG, &memory)).unwrap().unwrap().sources[1];
    assert_eq!((draft.documents.len(), draft.documents_left_out), (DOCUMENTS, 25 - DOCUMENTS));
    assert_eq!(draft.documents[0].uri, "s3://b/00");
}

#[test]
fn a_response_that_is_told_a_day_later_gives_the_same_documents() {
    let documents = |memory: &Memory| -> Vec<(String, Certainty)> {
        let explained = run(gathered(WRONG, memory)).unwrap().unwrap();
        let all = explained.sources.into_iter().flat_map(|joined| joined.documents);
        all.map(|document| (document.uri, document.certainty)).collect()
    };
    let log = 0..deliveries().len() - 2;
    let (at_once, later) = (run(after(0..deliveries().len())), run(after(log)));
    for told in &deliveries()[deliveries().len() - 2..] {
        let mut told = told.clone();
        told["time"] = "2026-10-16T15:31:04Z".into();
        let event = RawValue::from_string(told.to_string()).unwrap();
        let recording = Recording {
            retention: Retention::DEFAULT,
            excerpt_characters: EXCERPT,
            audit_bucket: "audit",
            here: Surroundings { account_id: "1", region: "r", now: "2026-10-17T00:00:00Z".parse().unwrap() },
        };
        run(record_attribution(&event, Route::Event, &later, &later, &recording)).unwrap();
    }
    assert_eq!(documents(&later), documents(&at_once));
    assert_eq!(documents(&later).len(), 3);
}

#[test]
fn of_many_that_fit_some_are_shown_and_it_is_said_that_others_fit_as_well() {
    let memory = run(after([1]));
    for nth in 0..8 {
        let mut told = deliveries()[deliveries().len() - 1].clone();
        told["detail"]["request_id"] = format!("another-{nth}").into();
        let event = RawValue::from_string(told.to_string()).unwrap();
        let recording = Recording {
            retention: Retention::DEFAULT,
            excerpt_characters: 0,
            audit_bucket: "audit",
            here: Surroundings { account_id: "1", region: "r", now: Timestamp::UNIX_EPOCH },
        };
        run(record_attribution(&event, Route::Direct, &memory, &memory, &recording)).unwrap();
    }
    let wrong = run(gathered(WRONG, &memory)).unwrap().unwrap();
    assert_eq!((wrong.links.len(), wrong.links_left_out), (5, 3));
    assert!(wrong.links.iter().all(|link| link.basis.ends_with("7 more share as many")), "{:?}", wrong.links);
}

/// A turn of the session of the incident's answer, with a passage of its own, as some account tells it.
fn turn(id: &str, at: &str, account: &str, memory: &Memory) {
    let mut told = deliveries()[deliveries().len() - 1].clone();
    let passage = json!({"text": format!("What {id} is about.")});
    told["account"] = account.into();
    told["detail"]["request_id"] = id.into();
    told["detail"]["occurred_at"] = at.into();
    told["detail"]["response"]["citations"][0]["retrievedReferences"][0]["content"] = passage;
    let event = RawValue::from_string(told.to_string()).unwrap();
    let recording = Recording {
        retention: Retention::DEFAULT,
        excerpt_characters: 0,
        audit_bucket: "audit",
        here: Surroundings { account_id: "444455556666", region: "eu-central-1", now: Timestamp::UNIX_EPOCH },
    };
    run(record_attribution(&event, Route::Event, memory, memory, &recording)).unwrap();
}

#[test]
fn the_requests_of_a_session_are_shown_together_whatever_their_passages_are() {
    let memory = run(after([1, deliveries().len() - 1]));
    turn("later", "2026-10-15T16:40:00Z", "444455556666", &memory);
    turn("earlier", "2026-10-15T09:00:00Z", "444455556666", &memory);
    turn("foreign", "2026-10-15T15:40:00Z", "111122223333", &memory);
    let turns = |of: &str| -> Vec<(String, Certainty)> {
        let explained = run(gathered(of, &memory)).unwrap().unwrap();
        let turns = explained.links.into_iter().filter(|link| link.relation == "session");
        turns.map(|link| (link.other_request_id, link.certainty)).collect()
    };
    let two = |certainty| vec![("earlier".to_owned(), certainty), ("later".to_owned(), certainty)];
    assert_eq!(turns(ANSWER), two(Certainty::Reported));
    // the model's call is of the session only by the response that belongs to it
    assert_eq!(turns(WRONG), two(Certainty::Inferred));
    assert_eq!(
        turns("later"),
        [("earlier".to_owned(), Certainty::Reported), (ANSWER.to_owned(), Certainty::Reported)]
    );
    assert_eq!(turns("foreign"), []);
}
