//! Passing over records unparsed loses none: whatever is broken between them, what a parser finds is found.

use std::collections::BTreeSet;

use audit_domain::{
    invocation::pointer::AllowedPlaces,
    values::{Step, Values},
};
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
    let places = AllowedPlaces::parse("our-logs").unwrap();
    let watching = Watching::new("bedrock-audit", [], places);
    let (mut values, mut ids) = (Values::new(), BTreeSet::new());
    let mut pieces = cut(file, sizes).into_iter();
    loop {
        match values.next(|ordinal, bytes| read(bytes, ordinal, &location, &watching)) {
            Step::Value(Found::Change(change) | Found::IfKnown(change, _)) => {
                ids.insert(change.event_id);
            }
            Step::Value(_) | Step::Reject(_) => {}
            Step::NeedMore => match pieces.next() {
                Some(piece) => values.push(piece),
                None => values.finish(),
            },
            Step::End => return (ids, values.met()),
        }
    }
}

/// Whose a record is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    Bedrocks,
    /// A call of another service that counts or does not, by what it is about.
    Watched(usize),
    Foreign,
}

/// Calls of other services: some concern the audit or Bedrock, some nearly do.
const WATCHED: &[(&str, &str, &str)] = &[
    (
        "iam",
        "PutRolePolicy",
        r#"{"roleName":"r","policyDocument":"{\"Statement\":[{\"Action\":\"bedrock:*\"}]}"}"#,
    ),
    (
        "iam",
        "PutRolePolicy",
        r#"{"roleName":"r","policyDocument":"{\"Statement\":[{\"Action\":\"\\u0062edrock:*\"}]}"}"#,
    ),
    (
        "iam",
        "PutRolePolicy",
        r#"{"roleName":"r","policyDocument":"{\"Statement\":[{\"Action\":\"logs:*\"}]}"}"#,
    ),
    ("iam", "PutRolePolicy", r#"{"roleName":"BEDROCK-audit-IndexTrailRole-1A2B"}"#),
    ("iam", "PutRolePolicy", "null"),
    ("iam", "PutRolePolicy", "{}"),
    ("iam", "PutUserPolicy", r#"{"omitted":"true","reason":"requestParameters too large"}"#),
    ("iam", "CreatePolicy", r#"{"policyName":"p","policyDocument":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#),
    ("iam", "DeleteRolePolicy", r#"{"roleName":"r","policyName":"p"}"#),
    ("s3", "PutBucketPolicy", r#"{"bucketName":"Bedrock-Audit-auditbucket-1a"}"#),
    ("s3", "PutBucketPolicy", r#"{"bucketName":"orders"}"#),
    ("s3", "DeleteBucket", r#"{"bucketName":"our-logs"}"#),
    ("sqs", "PurgeQueue", r#"{"queueUrl":"https:\/\/sqs.eu-central-1.amazonaws.com\/1\/bedrock-audit-q"}"#),
    ("lambda", "UpdateFunctionCode20150331v2", r#"{"functionName":"bedrock-audit-RecordChanges-1A"}"#),
    ("lambda", "UpdateFunctionCode20150331v2", r#"{"functionName":"orders"}"#),
    ("kms", "DisableKey", r#"{"keyId":"1234"}"#),
    (
        "scheduler",
        "CreateSchedule",
        r#"{"name":"n","target":{"arn":"arn:aws:scheduler:::aws-sdk:bedrockagent:startIngestionJob"}}"#,
    ),
    (
        "scheduler",
        "CreateSchedule",
        r#"{"name":"n","target":{"arn":"arn:aws:scheduler:::aws-sdk:ec2:startInstances"}}"#,
    ),
    ("cloudtrail", "StopLogging", r#"{"name":"trail"}"#),
];

/// A record with an agent's text in it, which speaks of Bedrock where the record is foreign.
fn record(nth: usize, whose: Whose, agent: &str) -> String {
    let (source, name, parameters) = match whose {
        Whose::Watched(at) => WATCHED[at % WATCHED.len()],
        Whose::Bedrocks => ("bedrock", "UpdateGuardrail", SPEAKS_OF_BEDROCK),
        Whose::Foreign => ("ec2", "UpdateGuardrail", SPEAKS_OF_BEDROCK),
    };
    let parameters: serde_json::Value = serde_json::from_str(parameters).unwrap();
    serde_json::json!({
        "eventVersion": "1.11", "userAgent": agent, "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
        "eventTime": "2026-10-15T12:00:00Z", "eventID": nth.to_string(), "readOnly": false,
        "requestParameters": parameters,
    })
    .to_string()
}

const SPEAKS_OF_BEDROCK: &str =
    r#"{"policy":"{\"eventSource\":\"bedrock.amazonaws.com\"}","list":[{},{"eventVersion":"1"}]}"#;

#[derive(Clone, Debug)]
struct Sample {
    whose: Whose,
    agent: String,
    /// A byte that is lost, or comes in, somewhere in a foreign record.
    damage: Option<(Index, Option<u8>)>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let damage =
        option::weighted(0.3, (any::<Index>(), option::of(prop::sample::select(b"\"{}\\[],".to_vec()))));
    let whose = prop_oneof![
        Just(Whose::Bedrocks),
        Just(Whose::Foreign),
        (0..WATCHED.len()).prop_map(Whose::Watched),
    ];
    (whose, text(), damage).prop_map(|(whose, agent, damage)| Sample { whose, agent, damage })
}

/// A file with these records, and the event ids of those that are ours.
fn file(samples: &[Sample]) -> (Vec<u8>, BTreeSet<String>) {
    let (mut file, mut ours) = (b"{\"Records\":[".to_vec(), BTreeSet::new());
    for (nth, sample) in samples.iter().enumerate() {
        let mut record = record(nth, sample.whose, &sample.agent).into_bytes();
        match (&sample.damage, sample.whose) {
            (Some((at, Some(byte))), Whose::Foreign) => record.insert(at.index(record.len()), *byte),
            (Some((at, None)), Whose::Foreign) => drop(record.remove(at.index(record.len()))),
            _ => {}
        }
        if sample.whose == Whose::Bedrocks {
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
        let foreign = |id: &String| samples[id.parse::<usize>().unwrap()].whose == Whose::Foreign;
        prop_assert!(!quick.iter().any(foreign), "what is in somebody else's record is no event: {:?}", quick);
        prop_assert!(quick.is_superset(&ours) || samples.iter().any(|sample| sample.damage.is_some()));
        if samples.iter().all(|sample| sample.damage.is_none()) {
            prop_assert_eq!((quick, met), (parsed, samples.len() as u64));
        }
    }
}
