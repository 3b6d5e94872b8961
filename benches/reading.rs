//! How fast logs are read, in inflated bytes a second: `cargo bench -p benchmarks`.
//!
//! Each benchmark does more than the one before it: the difference is what that part costs.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run says so")]
#![allow(missing_docs, reason = "the benchmarks are named by what they do")]

use std::{io::Write as _, sync::LazyLock};

use audit_app::inflate::{Inflate, PIECE};
use audit_domain::{
    change::{Origin, TrailEvent, watch::Watching},
    digest::Sha256,
    evidence::ObjectLocation,
    invocation::RecordReading,
    values::{Step, Unread, Values},
};
use benchmarks::{invocations::Invocations, ports, trail::Trail};
use divan::{Bencher, black_box, counter::BytesCount};
use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;
use serde_json::value::RawValue;

const SEED: u64 = 7;

fn main() {
    divan::main();
}

/// A generated object, and how many bytes it has inflated.
struct Object {
    name: &'static str,
    gzip: Vec<u8>,
    bytes: usize,
}

impl Object {
    fn of(name: &'static str, pieces: impl Iterator<Item = String>) -> Self {
        let (mut gzip, mut bytes) = (GzEncoder::new(Vec::new(), Compression::default()), 0);
        for piece in pieces {
            bytes += piece.len();
            gzip.write_all(piece.as_bytes()).expect("memory takes everything");
        }
        Self { name, gzip: gzip.finish().expect("memory takes everything"), bytes }
    }
}

impl std::fmt::Display for &'static Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Records of three sizes: a short question, a conversation, a long retrieval.
static LOGS: LazyLock<[Object; 3]> = LazyLock::new(|| {
    [
        Object::of("2.5 KB", Invocations::new(8_000, 2_500, SEED)),
        Object::of("23 KB", Invocations::new(870, 23_000, SEED)),
        Object::of("94 KB", Invocations::new(212, 94_000, SEED)),
    ]
});

static TRAIL: LazyLock<Object> = LazyLock::new(|| Object::of("trail", Trail::new(20_000_000, SEED)));

fn logs() -> impl Iterator<Item = &'static Object> {
    LOGS.iter()
}

fn objects() -> impl Iterator<Item = &'static Object> {
    LOGS.iter().chain([&*TRAIL])
}

/// The roof: every byte is inflated and hashed, and nothing is read.
#[divan::bench(args = objects(), sample_count = 30)]
fn inflate_and_hash(bencher: Bencher<'_, '_>, object: &&'static Object) {
    bencher.counter(BytesCount::new(object.bytes)).bench(|| {
        inflate(object, |bytes| {
            black_box(Sha256::of(bytes));
        });
    });
}

/// What is left to do for anybody: a typed parser that leaves the bodies unread.
#[divan::bench(args = logs(), sample_count = 30)]
fn typed_records(bencher: Bencher<'_, '_>, object: &&'static Object) {
    bencher.counter(BytesCount::new(object.bytes)).bench(|| read_all(object, read_typed));
}

/// The reading side: every record with its bodies, as `index` reads it.
#[divan::bench(args = logs(), sample_count = 30)]
fn read_invocations(bencher: Bencher<'_, '_>, object: &&'static Object) {
    let location = ObjectLocation::object("logs", "generated.json.gz");
    let read = |ordinal, bytes: &[u8]| {
        let (reading, used) = RecordReading::read(bytes, ordinal, &location)?;
        black_box(&reading);
        Ok(((), used))
    };
    bencher.counter(BytesCount::new(object.bytes)).bench(|| read_all(object, read));
}

/// The reading side of a CloudTrail file.
#[divan::bench(sample_count = 30)]
fn read_trail(bencher: Bencher<'_, '_>) {
    let location = ObjectLocation::object("logs", "generated.json.gz");
    let watching = Watching::default();
    let read = |ordinal, bytes: &[u8]| {
        let (event, used) = TrailEvent::read(bytes, ordinal, &location, Origin::Import, &watching)?;
        black_box(&event);
        Ok(((), used))
    };
    bencher.counter(BytesCount::new(TRAIL.bytes)).bench(|| read_all(&TRAIL, read));
}

/// All of `index`, with a ledger that takes everything and keeps nothing.
#[divan::bench(args = objects(), sample_count = 30)]
fn index_object(bencher: Bencher<'_, '_>, object: &&'static Object) {
    bencher
        .counter(BytesCount::new(object.bytes))
        .bench(|| ports::index(|| Ok(object.gzip.as_slice())).expect("the object is sound"));
}

fn inflate(object: &Object, mut take: impl FnMut(&[u8])) {
    let mut inflate = Inflate::new();
    for piece in object.gzip.chunks(PIECE) {
        inflate.push(piece, &mut take).expect("the object is sound");
    }
    inflate.finish(&mut take).expect("the object is sound");
}

/// Reads every value of an object; none of those that are generated is rejected.
fn read_all(object: &Object, mut read: impl FnMut(u64, &[u8]) -> Result<((), usize), Unread>) {
    let mut values = Values::new();
    inflate(object, |bytes| {
        values.push(bytes);
        drain(&mut values, &mut read);
    });
    values.finish();
    drain(&mut values, &mut read);
}

fn drain(values: &mut Values, read: &mut impl FnMut(u64, &[u8]) -> Result<((), usize), Unread>) {
    loop {
        match values.next(&mut *read) {
            Step::Value(()) => {}
            Step::Reject(reject) => unreachable!("{reject:?}"),
            Step::NeedMore | Step::End => return,
        }
    }
}

fn read_typed(_: u64, bytes: &[u8]) -> Result<((), usize), Unread> {
    let (record, used) = audit_domain::values::read_as::<TypedRecord<'_>>(bytes)?;
    black_box(&record);
    black_box(Sha256::of(bytes.get(..used).unwrap_or_default()));
    Ok(((), used))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "what is measured is how it comes to be")]
struct TypedRecord<'a> {
    timestamp: &'a str,
    account_id: &'a str,
    region: &'a str,
    request_id: &'a str,
    operation: &'a str,
    model_id: &'a str,
    error_code: Option<&'a str>,
    #[serde(borrow)]
    identity: Option<TypedIdentity<'a>>,
    #[serde(borrow)]
    input: Option<TypedInput<'a>>,
    #[serde(borrow)]
    output: Option<TypedOutput<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is measured is how it comes to be")]
struct TypedIdentity<'a> {
    arn: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "what is measured is how it comes to be")]
struct TypedInput<'a> {
    #[serde(borrow)]
    input_body_json: Option<&'a RawValue>,
    input_token_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "what is measured is how it comes to be")]
struct TypedOutput<'a> {
    #[serde(borrow)]
    output_body_json: Option<&'a RawValue>,
    output_token_count: Option<u64>,
}
