//! Passing over records unparsed loses none: whatever is broken between them, what a parser finds is found.

use std::collections::BTreeSet;

use audit_domain::values::{Step, Values};
use proptest::{collection::vec, option, prelude::*, sample::Index};

use super::*;
use crate::strategies::{cut, sizes, text};

type Read = fn(&[u8], u64, &ObjectLocation, &Watching) -> Result<(Found, usize), Unread>;

/// Parses every record.
fn parse(
    bytes: &[u8],
    ordinal: u64,
    location: &ObjectLocation,
    watching: &Watching,
) -> Result<(Found, usize), Unread> {
    let (event, used) = TrailEvent::read(bytes, ordinal, location, Origin::Trail, watching)?;
    Ok((of_event(event), used))
}

/// The event ids of the changes in a file, and how many values were met.
fn found(file: &[u8], sizes: &[usize], read: Read) -> (BTreeSet<String>, u64) {
    let location = ObjectLocation::object("trail", "AWSLogs/1/CloudTrail/x.json.gz");
    let watching = Watching::default();
    let (mut values, mut ids) = (Values::new(), BTreeSet::new());
    let mut pieces = cut(file, sizes).into_iter();
    loop {
        match values.next(|ordinal, bytes| read(bytes, ordinal, &location, &watching)) {
            Step::Value(Found::Change(change)) => drop(ids.insert(change.event_id)),
            Step::Value(_) | Step::Reject(_) => {}
            Step::NeedMore => match pieces.next() {
                Some(piece) => values.push(piece),
                None => values.finish(),
            },
            Step::End => return (ids, values.met()),
        }
    }
}

/// A record of Bedrock, or of somebody else who speaks of it, with an agent's text in it.
fn record(nth: usize, is_ours: bool, agent: &str) -> String {
    let source = if is_ours { "bedrock.amazonaws.com" } else { "ec2.amazonaws.com" };
    serde_json::json!({
        "eventVersion": "1.11", "userAgent": agent, "eventSource": source, "eventName": "UpdateGuardrail",
        "eventTime": "2026-10-15T12:00:00Z", "eventID": nth.to_string(), "readOnly": false,
        "requestParameters": {"policy": "{\"eventSource\":\"bedrock.amazonaws.com\"}", "list": [{}, {"eventVersion": agent}]},
    })
    .to_string()
}

#[derive(Clone, Debug)]
struct Sample {
    is_ours: bool,
    agent: String,
    /// A byte that is lost, or comes in, somewhere in a record that is not ours.
    damage: Option<(Index, Option<u8>)>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let damage =
        option::weighted(0.3, (any::<Index>(), option::of(prop::sample::select(b"\"{}\\[],".to_vec()))));
    (any::<bool>(), text(), damage).prop_map(|(is_ours, agent, damage)| Sample { is_ours, agent, damage })
}

/// A file with these records, and the event ids of those that are ours.
fn file(samples: &[Sample]) -> (Vec<u8>, BTreeSet<String>) {
    let (mut file, mut ours) = (b"{\"Records\":[".to_vec(), BTreeSet::new());
    for (nth, sample) in samples.iter().enumerate() {
        let mut record = record(nth, sample.is_ours, &sample.agent).into_bytes();
        match (&sample.damage, sample.is_ours) {
            (Some((at, Some(byte))), false) => record.insert(at.index(record.len()), *byte),
            (Some((at, None)), false) => drop(record.remove(at.index(record.len()))),
            _ => {}
        }
        if sample.is_ours {
            ours.insert(nth.to_string());
        }
        if nth > 0 {
            file.push(b',');
        }
        file.extend(record);
    }
    file.extend(b"]}");
    (file, ours)
}

proptest! {
    #[test]
    fn what_a_parser_finds_is_found(samples in vec(sample(), 0..12), sizes in sizes()) {
        let (file, ours) = file(&samples);
        let (parsed, _) = found(&file, &[file.len()], parse);
        let (quick, met) = found(&file, &sizes, read);
        prop_assert!(quick.is_superset(&parsed), "{:?} of {:?}", quick, parsed);
        prop_assert!(quick.is_subset(&ours), "what is in somebody else's record is no event: {:?}", quick);
        if samples.iter().all(|sample| sample.is_ours || sample.damage.is_none()) {
            prop_assert_eq!((quick, met), (ours, samples.len() as u64));
        }
    }
}
