//! Whatever the bytes and the pieces in which they come: no panic, no lost value, no lost byte.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};
use serde::de::IgnoredAny;

use super::{skip::object_length, *};
use crate::strategies::{Json, cut, json, object, sizes};

/// What one step came to: an object that was read, or a reject.
#[derive(Clone, Debug, PartialEq)]
enum Met {
    Value(u64, Vec<u8>),
    Reject(Reject),
}

/// Takes objects, as the readers of records do.
fn read_all(bytes: &[u8], sizes: &[usize]) -> Vec<Met> {
    let mut values = Values::new();
    let mut pieces = cut(bytes, sizes).into_iter();
    let mut met = Vec::new();
    loop {
        let step = values.next(|ordinal, bytes| {
            let (_, used) = read_as::<IgnoredAny>(bytes)?;
            match bytes.first() {
                Some(b'{') => Ok((Met::Value(ordinal, bytes[..used].to_vec()), used)),
                _ => foreign(length(bytes)?, "no object"),
            }
        });
        match step {
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

fn objects_in(met: &[Met]) -> Vec<String> {
    let value = |met: &Met| match met {
        Met::Value(_, bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
        Met::Reject(_) => None,
    };
    met.iter().filter_map(value).collect()
}

/// Where one can be after any number of separators.
fn behind_separators(bytes: &[u8], from: BTreeSet<usize>) -> BTreeSet<usize> {
    let wrapper = |bytes: &[u8]| match opening(bytes, true) {
        Opening::Array(length) => Some(length),
        Opening::Nothing | Opening::Unclear => None,
    };
    let mut reached = from;
    let mut waiting: Vec<usize> = reached.iter().copied().collect();
    while let Some(at) = waiting.pop() {
        let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { continue };
        let byte = rest[0];
        let separates = byte.is_ascii_whitespace() || b"[],}\x1e".contains(&byte);
        let mark = rest.starts_with(BYTE_ORDER_MARK).then_some(BYTE_ORDER_MARK.len());
        for length in [separates.then_some(1), mark, wrapper(rest)].into_iter().flatten() {
            if reached.insert(at + length) {
                waiting.push(at + length);
            }
        }
    }
    reached
}

/// Whether the bytes are what was met, in order, with nothing but separators between.
fn accounts_for_every_byte(bytes: &[u8], met: &[Met]) -> bool {
    let mut places = behind_separators(bytes, BTreeSet::from([0]));
    for met in met {
        let fits = |at: &usize| {
            let (length, sha256) = match met {
                Met::Value(_, value) => (value.len(), Sha256::of(value)),
                Met::Reject(reject) => (usize::try_from(reject.bytes).unwrap(), reject.sha256.clone()),
            };
            let end = at + length;
            bytes.get(*at..end).is_some_and(|part| Sha256::of(part) == sha256).then_some(end)
        };
        places = behind_separators(bytes, places.iter().filter_map(fits).collect());
    }
    places.contains(&bytes.len())
}

/// Bytes that are nearly JSON, in every layout.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\n",
        b"\n",
        b"\n{",
        b"\r\n",
        b" ",
        b"\x1e",
        b"1",
        b"23",
        b"-",
        b"1.5e",
        b"tru",
        b"true",
        b"null",
        b"{\"Records\":[",
        b"{ \"Records\" : ",
        b"{\"a\":1}",
        b"{\"a\":",
        b"{\"a\":\"cut",
        b"{\n \"a\": 1\n}",
        b"\"x\"",
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xff",
        b"\\ud83d",
        b"{}",
        b"[]",
        b"{\"a\":1}\n{\"b\":2}\n",
    ];
    let piece = prop_oneof![
        8 => select(PIECES).prop_map(<[u8]>::to_vec),
        2 => json().prop_map(|json| json.compact().into_bytes()),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// How values are put together to a stream.
#[derive(Clone, Copy, Debug)]
enum Put {
    Lines(&'static str),
    Concatenated,
    Array(&'static str),
    Records(&'static str),
}

fn put_together(written: &[String], put: Put) -> String {
    match put {
        Put::Lines(end) => written.iter().map(|value| format!("{value}{end}")).collect(),
        Put::Concatenated => written.concat(),
        Put::Array(between) => format!("[{between}{}{between}]", written.join(&format!(",{between}"))),
        Put::Records(between) => {
            format!("{{{between}\"Records\":{between}[{}]{between}}}", written.join(&format!("{between},")))
        }
    }
}

fn any_put() -> impl Strategy<Value = Put> {
    select(
        &[
            Put::Lines("\n"),
            Put::Lines("\r\n"),
            Put::Lines("\n\n \n"),
            Put::Lines("\n\x1e"),
            Put::Lines("\n\u{feff}"),
            Put::Concatenated,
            Put::Array(""),
            Put::Array("\n"),
            Put::Records(""),
            Put::Records(" \n"),
        ][..],
    )
}

/// A log record never begins as the wrapper of CloudTrail's files does.
fn is_no_wrapper(value: &Json) -> bool {
    !matches!(value, Json::Object(members) if members.first().is_some_and(|(name, _)| name == "\"Records\""))
}

/// One line that is no JSON object and begins nothing that could go on with the good lines behind it. A line that
/// closes what a cut one opened would make one value of them, and of all between: nobody could tell.
fn bad_line() -> impl Strategy<Value = String> {
    let cut_off = (object(), any::<usize>()).prop_map(|(value, at)| {
        let text = value.compact();
        let mut at = at % text.len();
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text[..at].to_owned()
    });
    let damaged = (object(), any::<usize>(), "[x\u{1}\\\\:]").prop_map(|(value, at, with)| {
        let mut text = value.compact();
        let mut at = at % text.len();
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &with);
        text
    });
    prop_oneof![cut_off, damaged, "[a-z0-9äß\\\\:\"\\[ ]{1,12}"]
}

proptest! {
    #[test]
    fn every_cutting_gives_the_same(bytes in nearly_json(), sizes in sizes()) {
        let whole = read_all(&bytes, &[bytes.len().max(1)]);
        prop_assert_eq!(&read_all(&bytes, &sizes), &whole);
        prop_assert_eq!(&read_all(&bytes, &[1]), &whole);
    }

    #[test]
    fn every_byte_is_in_one_value_one_reject_or_a_separator(bytes in nearly_json(), sizes in sizes()) {
        let met = read_all(&bytes, &sizes);
        for (nth, met) in (1..).zip(&met) {
            let ordinal = match met {
                Met::Value(ordinal, _) => *ordinal,
                Met::Reject(reject) => reject.ordinal,
            };
            prop_assert_eq!(ordinal, nth);
        }
        prop_assert!(accounts_for_every_byte(&bytes, &met), "{:?}", met);
    }

    #[test]
    fn an_object_ends_for_who_skips_it_where_it_ends_for_who_parses_it(object in object(), behind in nearly_json()) {
        let text = object.compact();
        let bytes = [text.as_bytes(), &behind].concat();
        prop_assert_eq!(object_length(&bytes), Some(text.len()), "{}", text);
        prop_assert_eq!(object_length(&text.as_bytes()[..text.len() - 1]), None, "{}", text);
    }

    #[test]
    fn arbitrary_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), sizes in sizes()) {
        let met = read_all(&bytes, &sizes);
        prop_assert!(accounts_for_every_byte(&bytes, &met), "{:?}", met);
        prop_assert!(object_length(&bytes).is_none_or(|length| length <= bytes.len()));
    }

    #[test]
    fn good_values_are_found_however_they_are_put_together(
        values in vec(object().prop_filter("a wrapper", is_no_wrapper), 0..6),
        put in any_put(),
        spread: bool,
        mark: bool,
        sizes in sizes(),
    ) {
        let mark = if mark { "\u{feff}" } else { "" };
        let write = |value: &Json| if spread { value.laid_out("\n ", " ") } else { value.compact() };
        let written: Vec<_> = values.iter().map(write).collect();
        let stream = format!("{mark}{}", put_together(&written, put));
        let met = read_all(stream.as_bytes(), &sizes);
        prop_assert_eq!(met.len(), values.len(), "{:?}", met);
        prop_assert_eq!(objects_in(&met), written);
    }

    #[test]
    fn a_bad_line_takes_no_good_line_with_it(
        lines in vec(prop_oneof![
            3 => object().prop_filter("a wrapper", is_no_wrapper).prop_map(|value| (true, value.compact())),
            2 => bad_line().prop_map(|line| (false, line)),
        ], 0..12),
        ends_cleanly: bool,
        sizes in sizes(),
    ) {
        let mut stream = lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
        if ends_cleanly {
            stream.push('\n');
        }
        let found = objects_in(&read_all(stream.as_bytes(), &sizes));
        let good: Vec<_> = lines.iter().filter(|(good, _)| *good).map(|(_, line)| line.clone()).collect();
        // a bad line may hold a good value besides
        let mut found = found.iter();
        for line in good {
            prop_assert!(found.any(|value| *value == line), "{line} is lost");
        }
    }
}
