#![no_main]

use audit_domain::values::{Reject, Step, Unread, Values, foreign, read_as};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

#[derive(Debug, PartialEq)]
enum Met {
    Value(u64, String),
    Reject(Reject),
}

fn read(ordinal: u64, bytes: &[u8]) -> Result<(Met, usize), Unread> {
    let (value, used) = read_as::<&RawValue>(bytes)?;
    match value.get().starts_with('{') {
        true => Ok((Met::Value(ordinal, value.get().to_owned()), used)),
        false => foreign(used, "no object"),
    }
}

fn read_all(bytes: &[u8], size: usize) -> Vec<Met> {
    let (mut values, mut pieces, mut met) = (Values::new(), bytes.chunks(size), Vec::new());
    loop {
        match values.next(read) {
            Step::Value(value) => met.push(value),
            Step::Reject(reject) => met.push(Met::Reject(reject)),
            Step::NeedMore => match pieces.next() {
                Some(piece) => values.push(piece),
                None => values.finish(),
            },
            Step::End => {
                assert_eq!(values.met(), met.len() as u64);
                return met;
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = read_all(bytes, bytes.len().max(1));
    assert_eq!(read_all(bytes, usize::from(*size).max(1)), whole);
    assert_eq!(read_all(bytes, 1), whole);
});
