//! In whichever order events come, how often, and wherever writing them broke off: the ledger is the same.

use std::sync::OnceLock;

use proptest::{collection::vec, prelude::*, sample::subsequence};

use super::*;
use crate::{
    memory::{Content, Memory},
    ports::KeepObjects as _,
};

const LARGE: &str = "responses/2026/10/15/f4d19c31-a085-4e62-b1cd-87a3ae9c5d46.json";

/// The fixtures; one of them lies in the audit bucket.
fn events() -> &'static [Box<RawValue>] {
    static EVENTS: OnceLock<Vec<Box<RawValue>>> = OnceLock::new();
    EVENTS.get_or_init(|| {
        let folder = format!("{}/../../events/attributions", env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|p| RawValue::from_string(std::fs::read_to_string(p).unwrap()).unwrap()).collect()
    })
}

fn memory() -> Memory {
    let memory = Memory::default();
    let response = br#"{"retrievalResults":[{"content":{"text":"large"},"location":{"s3Location":{"uri":"s3://b/large"}}}]}"#;
    memory.put_object(&memory.location(LARGE), response.chunks(7).map(<[u8]>::to_vec).collect());
    memory
}

async fn record(nth: usize, memory: &Memory) -> Result<Recorded, NotRecorded> {
    let recording = Recording {
        retention: Retention::DEFAULT,
        excerpt_characters: 300,
        audit_bucket: "audit",
        here: Surroundings { account_id: "1", region: "r", now: "2026-10-16T00:00:00Z".parse().unwrap() },
    };
    record_attribution(&events()[nth], Route::Direct, memory, memory, &recording).await
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn after(order: &[usize]) -> Content {
    let memory = memory();
    for nth in order {
        record(*nth, &memory).await.unwrap();
    }
    memory.content()
}

proptest! {
    #[test]
    fn in_every_order_and_twice_the_ledger_is_the_same(
        order in subsequence((0..events().len()).collect::<Vec<_>>(), 0..=events().len()).prop_shuffle(),
        again in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut once = order.clone();
        once.sort_unstable();
        let mut often = order.clone();
        if !order.is_empty() {
            for index in again {
                let nth = order[index.index(order.len())];
                often.insert(index.index(often.len() + 1), nth);
            }
        }
        let (once, often) = run(async { (after(&once).await, after(&often).await) });
        prop_assert_eq!(once, often);
    }

    #[test]
    fn broken_off_anywhere_and_sent_again_it_ends_the_same(nth in 0..events().len(), calls in 0_usize..40) {
        let (whole, mended) = run(async {
            let memory = memory();
            memory.fails_after(Some(calls));
            let first = record(nth, &memory).await;
            memory.fails_after(None);
            let again = record(nth, &memory).await.unwrap();
            assert_eq!(again.is_duplicate, first.is_ok(), "an attribution in the ledger is one that is whole");
            (after(&[nth]).await, memory.content())
        });
        prop_assert_eq!(whole, mended);
    }
}

#[test]
fn what_is_too_large_or_elsewhere_is_refused_and_what_is_not_there_yet_comes_again() {
    let of = |location: &str, memory: &Memory| {
        let event = format!(r#"{{"response_location":"{location}"}}"#);
        let event = RawValue::from_string(event).unwrap();
        let recording = Recording {
            retention: Retention::DEFAULT,
            excerpt_characters: 0,
            audit_bucket: "audit",
            here: Surroundings { account_id: "1", region: "r", now: "2026-10-16T00:00:00Z".parse().unwrap() },
        };
        run(record_attribution(&event, Route::Direct, memory, memory, &recording))
    };
    let memory = memory();
    assert_eq!(of(LARGE, &memory).unwrap().sources, 1);
    assert_eq!(of(&format!("s3://audit/{LARGE}"), &memory).unwrap().sources, 1);
    let absent = of("responses/absent.json", &memory);
    assert!(matches!(absent, Err(NotRecorded::Port(error)) if error.remedy == crate::ports::Remedy::Retry));
    let events = memory.location("events/2026-10-15/e.json");
    memory.put_object(&events, vec![br#"{"retrievalResults":[]}"#.to_vec()]);
    for location in
        ["events/2026-10-15/e.json", "responses/../events/2026-10-15/e.json", "s3://logs/responses/a"]
    {
        assert!(matches!(of(location, &memory), Err(NotRecorded::Refused(Refusal::Elsewhere))), "{location}");
    }
    memory.put_object(&memory.location("responses/large"), vec![vec![b' '; 1 << 20]; 33]);
    assert!(matches!(of("responses/large", &memory), Err(NotRecorded::Refused(Refusal::TooLarge))));
    memory.put_object(&memory.location("responses/text"), vec![b"no json".to_vec()]);
    assert!(matches!(of("responses/text", &memory), Err(NotRecorded::Refused(Refusal::UnknownShape))));
}
