//! What is read as a moment can be written and read again.

use proptest::{prelude::*, sample::select};

use super::*;
use crate::strategies::text;

fn written() -> impl Strategy<Value = String> {
    const EXTREME: &[&str] = &[
        "-009999-01-02T01:59:59Z",
        "-000001-12-31T23:59:59.999999999Z",
        "0000-01-01T00:00:00Z",
        "1969-12-31T23:59:59.9999Z",
        "9999-12-30T22:00:00.999999999Z",
        "2026-10-07T07:51:60Z",
    ];
    prop_oneof![
        1 => select(EXTREME).prop_map(str::to_owned),
        4 => "([-+]00)?[0-9]{4}-(0[1-9]|1[0-2])-[0-2][0-9][T ][01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])?",
        1 => text(),
    ]
}

proptest! {
    #[test]
    fn a_moment_comes_back_as_it_was_written_down(written in written()) {
        if let Some(moment) = parse(&written) {
            prop_assert_eq!(parse(&rfc3339(moment)), Some(moment), "{}", rfc3339(moment));
            prop_assert_eq!(day(moment), &rfc3339(moment)[..10]);
            prop_assert_eq!(month(moment), &rfc3339(moment)[..7]);
        }
    }

    #[test]
    fn text_order_is_time_order(one in written(), other in written()) {
        if let Some((one, other)) = parse(&one).zip(parse(&other)) {
            prop_assert_eq!(one.cmp(&other), rfc3339(one).cmp(&rfc3339(other)));
        }
    }
}
