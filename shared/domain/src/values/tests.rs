//! The values of a stream, whatever is broken between them.

use super::*;
use serde_json::Value;

/// Reads everything, the input cut into pieces of `size` bytes: values as compact text, rejects by ordinal.
type Numbered = Vec<(u64, String)>;

fn read_all(input: &[u8], size: usize) -> (Numbered, Numbered) {
    let mut values = Values::new();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let mut chunks = input.chunks(size);
    loop {
        let step = values.next(|ordinal, bytes| {
            let (value, used) = read_as::<Value>(bytes)?;
            if !value.is_object() {
                return refused(used, "not an object");
            }
            Ok(((ordinal, value.to_string()), used))
        });
        match step {
            Step::Value(value) => good.push(value),
            Step::Reject(reject) => bad.push((reject.ordinal, reject.reason)),
            Step::NeedMore => match chunks.next() {
                Some(chunk) => values.push(chunk),
                None => values.finish(),
            },
            Step::End => return (good, bad),
        }
    }
}

fn check(input: &str, good: &[(u64, &str)], bad: &[u64]) {
    for size in [1, 3, 7, 64, 4096] {
        let (got_good, got_bad) = read_all(input.as_bytes(), size);
        let got_good: Vec<_> = got_good.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(got_good, good, "values of {input:?} in pieces of {size}: rejects {got_bad:?}");
        let got_bad: Vec<_> = got_bad.iter().map(|(n, _)| *n).collect();
        assert_eq!(got_bad, bad, "rejects of {input:?} in pieces of {size}");
    }
}

#[test]
fn every_layout_gives_the_same_values() {
    let good = [(1, r#"{"a":1}"#), (2, r#"{"b":{"c":[1,2]}}"#)];
    for input in [
        "{\"a\":1}\n{\"b\":{\"c\":[1,2]}}\n",
        "{\"a\":1}\r\n\r\n{\"b\":{\"c\":[1,2]}}",
        "{\"a\":1}{\"b\":{\"c\":[1,2]}}",
        "\u{feff}{\n \"a\": 1\n}\n{\n \"b\": {\n  \"c\": [\n1,\n2]}}\n",
        "[{\"a\":1},{\"b\":{\"c\":[1,2]}}]",
        "[\n{\"a\":1},\n{\"b\":{\"c\":[1,2]}}\n]\n",
        "{\"Records\":[{\"a\":1},{\"b\":{\"c\":[1,2]}}]}",
        "{ \"Records\" : [\n  {\"a\":1},\n{\"b\":\n{\"c\":[1,2]}}\n]\n}\n",
        "{\"Records\":[{\"a\":1}]}{\"Records\":[{\"b\":{\"c\":[1,2]}}]}",
        "\n\u{feff}{\"a\":1}\n\u{feff}{\"b\":{\"c\":[1,2]}}\n",
    ] {
        check(input, &good, &[]);
    }
    check("", &[], &[]);
    check("[]", &[], &[]);
    check("\n\n", &[], &[]);
}

#[test]
fn a_bad_neighbour_takes_nobody_down() {
    let cases = [
        ("garbage\n{\"a\":1}\n", vec![(2, r#"{"a":1}"#)], vec![1]),
        ("{\"a\":1}\n{\"b\":\n{\"c\":3}\n", vec![(1, r#"{"a":1}"#), (3, r#"{"c":3}"#)], vec![2]),
        ("{\"a\":1\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
        ("{\"a\":\"cut\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
        ("{\"a\":1}xyz\n{\"c\":3}\n", vec![(1, r#"{"a":1}"#), (3, r#"{"c":3}"#)], vec![2]),
        ("{\"a\":1}\n{\"c\":3", vec![(1, r#"{"a":1}"#)], vec![2]),
        ("{\n \"a\": 1,\n}\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
        ("12\n{\"c\":3}\n\"x\"\n", vec![(2, r#"{"c":3}"#)], vec![1, 3]),
        ("[{\"a\":},{\"c\":3}]", vec![(2, r#"{"c":3}"#)], vec![1]),
        ("[1,{\"c\":3},tru]", vec![(2, r#"{"c":3}"#)], vec![1, 3]),
        ("[{\"c\":3},{\"a\":", vec![(1, r#"{"c":3}"#)], vec![2]),
        ("[{\"a\":\"cut\n{\"c\":3}\n{\"d\":4}\n", vec![(2, r#"{"c":3}"#), (3, r#"{"d":4}"#)], vec![1]),
        ("[broken line\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
        // where the next object begins is waited for, and where a number ends
        ("{\"a\":\"cut\nno json\nnor this\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
        ("{\"a\":\n{\"b\":12.5}\n}\n", vec![(1, r#"{"a":{"b":12.5}}"#)], vec![]),
        ("[1234,{\"c\":3}]", vec![(2, r#"{"c":3}"#)], vec![1]),
    ];
    for (input, good, bad) in cases {
        check(input, &good, &bad);
    }
}

/// Real records are larger than the pieces in which they come, and an object is larger than the largest value.
#[test]
fn records_of_every_size_are_all_found_in_every_layout() {
    for size in [9_000, 27_000, 94_000, 1_500_000] {
        let count = (MAX_VALUE * 5 / 4) / size + 2;
        let record = |n: usize| format!("{{\"n\":{n},\"a\":\"{}\"}}", "x".repeat(size));
        let pretty = |n: usize| format!("{{\n \"n\": {n},\n \"a\": \"{}\"\n}}", "x".repeat(size));
        let all = |one: &dyn Fn(usize) -> String, between: &str| {
            (0..count).map(one).collect::<Vec<_>>().join(between)
        };
        for input in [
            all(&record, "\n"),
            all(&pretty, "\n"),
            all(&record, ""),
            format!("[{}]", all(&record, ",")),
            format!("{{\"Records\":[{}]}}", all(&pretty, ",\n")),
        ] {
            let (good, bad) = read_all(input.as_bytes(), 4096);
            assert_eq!((good.len(), bad), (count, vec![]), "{size} {}", &input[..20]);
        }
    }
}

#[test]
fn many_small_values_on_one_line_are_read_in_one_pass() {
    let (good, bad) = read_all(("{}".repeat(300_000) + "\n").as_bytes(), 4096);
    assert_eq!((good.len(), bad), (300_000, vec![]));
}

/// Each of these lines could go on as far as the end, or as far as the place where it breaks.
#[test]
fn lines_that_all_go_on_are_read_once_and_not_once_for_each() {
    const LINES: usize = 50_000;
    let nested = "{\"a\":\n".repeat(LINES);
    for (input, good) in [(nested.clone(), 0), (format!("[{nested}"), 0), (nested + "x\n{\"c\":3}\n", 1)] {
        let (got_good, got_bad) = read_all(input.as_bytes(), 4096);
        assert_eq!((got_good.len(), got_bad.len()), (good, LINES));
    }
}

#[test]
fn a_value_over_the_limit_is_one_reject_and_is_not_kept() {
    let huge = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(MAX_VALUE + 100_000));
    let (good, bad) = read_all(huge.as_bytes(), 8192);
    assert_eq!(good, [(2, r#"{"b":1}"#.to_owned())]);
    assert_eq!(bad.len(), 1);
    assert!(bad[0].1.contains("over the limit"), "{}", bad[0].1);
}

#[test]
fn the_limit_is_the_same_however_large_the_pieces_are() {
    let at_limit = |over: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_VALUE - 8 + over));
    let broken = format!("{{\n \"a\":,\n{}", " \"b\": 1,\n".repeat(MAX_VALUE / 8));
    for (first, found) in [(at_limit(0), 2), (at_limit(1), 1), (broken, 1)] {
        let input = format!("{first}\n{{\"b\":1}}\n");
        let whole = read_all(input.as_bytes(), usize::MAX);
        assert_eq!(whole.0.len(), found);
        assert_eq!(read_all(input.as_bytes(), 100_000), whole);
    }
}

#[test]
fn a_reject_holds_no_text_of_the_input() {
    let (_, bad) = read_all(b"{\"secret\": my-password}\n", 4096);
    assert_eq!(bad.len(), 1);
    assert!(!bad[0].1.contains("password") && !bad[0].1.contains("secret"), "{}", bad[0].1);
}
