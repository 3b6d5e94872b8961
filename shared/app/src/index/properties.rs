//! However a log is split, doubled, reordered and dirtied, the ledger is the same, and every value is counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::OnceLock,
};

use audit_domain::{
    evidence::Evidence,
    ledger::record::{EXCERPT, Record},
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::{
    bodies::{Later, follow_request},
    *,
};
use crate::{
    inflate::PIECE,
    memory::{Content, Memory},
    prompt_drift::Silent,
    strategies::{cut, gzip, sizes, text},
};

const BUCKET: &str = "example-mutual-bedrock-logs";
const BODY: &str =
    r#"{"system":[{"text":"Be brief."}],"messages":[{"role":"user","content":[{"text":"?"}]}]}"#;

fn indexing() -> Indexing {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    Indexing {
        takes: Takes::Everything,
        retention: Retention::DEFAULT,
        excerpt_characters: EXCERPT,
        by_content: false,
        now,
    }
}

fn fixtures(folder: &str) -> Vec<String> {
    let folder = format!("{}/../../events/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files = paths.iter().filter(|path| path.is_file() && !path.ends_with("expected.json"));
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The fixtures, one line each: invocations, changes, and events that are neither.
fn lines() -> &'static [String] {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    LINES.get_or_init(|| {
        let files = ["invocations", "changes", "incident/changes"].into_iter().flat_map(fixtures);
        let mut lines: Vec<_> =
            files.map(|text| serde_json::from_str::<Value>(&text).unwrap().to_string()).collect();
        lines.extend(fixtures("incident")[0].lines().map(str::to_owned));
        // the same request id, told in another way
        let others: Vec<_> = lines.iter().filter_map(|line| told_differently(line)).collect();
        lines.extend(others);
        lines
    })
}

fn told_differently(line: &str) -> Option<String> {
    let mut record: Value = serde_json::from_str(line).unwrap();
    record.get("modelId")?;
    record["modelId"] = "another".into();
    Some(record.to_string())
}

/// A log: some of the records, some of them more than once.
fn log() -> impl Strategy<Value = Vec<String>> {
    vec(select(lines()), 0..14)
}

/// What is no record, and no part of one that a neighbour could complete.
fn garbage() -> impl Strategy<Value = String> {
    let cut_off = (select(lines()), any::<usize>()).prop_map(|(line, at)| {
        let mut at = at % line.len();
        while !line.is_char_boundary(at) {
            at -= 1;
        }
        line[..at].to_owned()
    });
    let other = r#"{"neither":"this","nor":["that"]}"#.to_owned();
    prop_oneof![3 => cut_off, 3 => "[a-z0-9\\[\": \\\\]{0,12}", 1 => Just(other), 1 => text().prop_map(|text| Value::String(text).to_string())]
}

/// One object of a log.
#[derive(Clone, Debug)]
struct Object {
    lines: Vec<String>,
    packed: bool,
    sizes: Vec<usize>,
}

impl Object {
    fn pieces(&self) -> Vec<Vec<u8>> {
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        let bytes = if self.packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        cut(&bytes, &self.sizes).into_iter().map(<[u8]>::to_vec).collect()
    }
}

/// The same records over other objects: each at least once, in another order, with garbage between.
fn told_again(log: Vec<String>) -> impl Strategy<Value = Vec<Object>> {
    let places = vec((any::<u8>(), 0_usize..4, any::<bool>()), log.len());
    let garbage = vec((any::<u8>(), 0_usize..4, garbage()), 0..6);
    let forms = vec((any::<bool>(), sizes()), 4);
    (Just(log), places, garbage, forms).prop_map(|(log, places, garbage, forms)| {
        let mut told: [Vec<(u8, String)>; 4] = Default::default();
        for (line, (order, object, twice)) in log.into_iter().zip(places) {
            if twice {
                told[(object + 1) % 4].push((order.wrapping_mul(31), line.clone()));
            }
            told[object].push((order, line));
        }
        for (order, object, garbage) in garbage {
            told[object].push((order, garbage));
        }
        let in_order = |mut told: Vec<(u8, String)>| -> Vec<String> {
            told.sort_by_key(|(order, _)| *order);
            told.into_iter().map(|(_, line)| line).collect()
        };
        let forms = told.into_iter().map(in_order).zip(forms);
        forms.map(|(lines, (packed, sizes))| Object { lines, packed, sizes }).collect()
    })
}

/// The ledger after these objects came, one after another, and all bodies beside them were looked for.
fn ledger_of(objects: &[Object], bodies_there: bool) -> Memory {
    let memory = Memory::default();
    if bodies_there {
        put_bodies(&memory);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for (nth, object) in objects.iter().enumerate() {
            let location = ObjectLocation::object(BUCKET, format!("AWSLogs/{nth}.json.gz"));
            memory.put_object(&location, object.pieces());
            let bodies = Later { queue: &memory, allowed: None };
            index_object(&memory, &memory, &bodies, &Silent, &location, indexing(), &mut |_| {})
                .await
                .unwrap();
        }
        while let Some(request) = memory.next_request() {
            follow_request(&request, &memory, None, &memory, &memory, &Silent, indexing()).await.unwrap();
        }
    });
    memory
}

/// An object at the end of every pointer in the fixtures.
fn put_bodies(memory: &Memory) {
    for line in lines() {
        for path in line.split(&format!("\"s3://{BUCKET}/")).skip(1) {
            let key = path.split('"').next().unwrap();
            memory.put_object(&ObjectLocation::object(BUCKET, key), vec![BODY.as_bytes().to_vec()]);
        }
    }
}

/// What is in the ledger, apart from where the evidence lies.
fn content(memory: &Memory) -> Content {
    let mut content = memory.content();
    for record in content.records.values_mut() {
        let evidence = match record {
            Record::Invocation(invocation) => &mut invocation.evidence,
            Record::Change(change) => &mut change.evidence,
            Record::Call(call) => &mut call.evidence,
            _ => continue,
        };
        let sha256 = evidence.sha256.clone();
        *evidence = Evidence { location: ObjectLocation::file(""), ordinal: 0, sha256 };
    }
    content
}

fn differences(once: &Content, again: &Content) -> Vec<String> {
    fn between<K: Ord + Debug, V: PartialEq + Debug>(
        once: &BTreeMap<K, V>,
        again: &BTreeMap<K, V>,
    ) -> Vec<String> {
        let keys: BTreeSet<_> = once.keys().chain(again.keys()).collect();
        let differ = keys.into_iter().filter(|key| once.get(key) != again.get(key));
        differ.map(|key| format!("{key:?}: {:?} once, {:?} again", once.get(key), again.get(key))).collect()
    }
    [
        between(&once.records, &again.records),
        between(&once.sightings, &again.sightings),
        between(&once.texts, &again.texts),
    ]
    .concat()
}

proptest! {
    #[test]
    fn splitting_doubling_and_reordering_never_changes_the_ledger(
        (log, told_again) in log().prop_flat_map(|log| (Just(log.clone()), told_again(log))),
        bodies_there: bool,
    ) {
        let once = Object { lines: log, packed: true, sizes: vec![4_096] };
        let once = ledger_of(&[once], bodies_there);
        let again = ledger_of(&told_again, bodies_there);
        let differences = differences(&content(&once), &content(&again));
        prop_assert!(differences.is_empty(), "{:#?}", differences);
        for memory in [&once, &again] {
            for delivery in memory.deliveries() {
                prop_assert!(delivery.counts.add_up(), "{:?}", delivery);
            }
        }
    }

    #[test]
    fn whatever_an_object_holds_its_counts_add_up(
        parts in vec(prop_oneof![
            3 => select(lines()).prop_map(String::into_bytes),
            3 => garbage().prop_map(String::into_bytes),
            2 => select(&["\n", "\n", "[", "]", ",", "{\"Records\":[", "}", "\u{feff}"][..]).prop_map(|part| part.into()),
            1 => vec(any::<u8>(), 0..30),
        ], 0..20),
        takes in select(&[Takes::Invocations, Takes::Everything][..]),
        sizes in sizes(),
        lost in 0_usize..60,
        packed: bool,
    ) {
        let mut bytes = if packed { gzip(&parts.concat()) } else { parts.concat() };
        bytes.truncate(bytes.len().saturating_sub(lost));
        let read = |sizes: &[usize]| {
            let memory = Memory::default();
            let location = ObjectLocation::object(BUCKET, "AWSLogs/x.json.gz");
            memory.put_object(&location, cut(&bytes, sizes).into_iter().map(<[u8]>::to_vec).collect());
            let bodies = Later { queue: &memory, allowed: None };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let indexing = Indexing { takes, ..indexing() };
            let mut progress = |_| {};
            let indexed = index_object(&memory, &memory, &bodies, &Silent, &location, indexing, &mut progress);
            (runtime.block_on(indexed).unwrap(), memory.content())
        };
        let (delivery, content) = read(&sizes);
        prop_assert!(delivery.counts.add_up(), "{:?}", delivery);
        prop_assert_eq!(delivery.rejects.len() as u64, delivery.counts.rejected);
        // in other pieces it is the same, down to the ordinals of the evidence
        prop_assert_eq!(read(&[PIECE]), (delivery, content));
    }
}
