//! Whatever people type, at whatever time.

use proptest::{prelude::*, sample::select};

use super::*;
use crate::strategies::text;

/// Every moment that there is, the extreme ones often.
fn moment_of_any_time() -> impl Strategy<Value = Timestamp> {
    let seconds = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    prop_oneof![
        1 => select(&[Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH][..]),
        3 => seconds.prop_map(|second| Timestamp::from_second(second).unwrap()),
    ]
}

fn any_offset() -> impl Strategy<Value = Offset> {
    let seconds = Offset::MIN.seconds()..=Offset::MAX.seconds();
    prop_oneof![
        1 => select(&[Offset::MIN, Offset::MAX, Offset::UTC][..]),
        3 => seconds.prop_map(|seconds| Offset::from_seconds(seconds).unwrap()),
    ]
}

fn typed() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "now",
        "today",
        "yesterday",
        "last thursday",
        "Monday",
        "-9999-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59.999",
    ];
    prop_oneof![
        2 => (any::<u64>(), 0_u32..64, "[mhdw]").prop_map(|(n, bits, unit)| format!("{}{unit}", n >> bits)),
        2 => select(WORDS).prop_map(str::to_owned),
        1 => "[-+]?[0-9]{1,6}-[0-9]{2}-[0-9]{2}T?[0-9:.]{0,12}(Z|[+-][0-9]{2}:[0-9]{2})?",
        1 => text(),
    ]
}

proptest! {
    #[test]
    fn any_text_is_a_time_or_a_sentence(typed in typed(), now in moment_of_any_time(), offset in any_offset()) {
        if let Err(sentence) = moment(&typed, now, offset) {
            prop_assert!(sentence.contains("is no time"));
        }
    }

    #[test]
    fn an_age_is_never_in_the_future(count: u32, unit in "[mhdw]", now in moment_of_any_time()) {
        if let Ok(moment) = moment(&format!("{count}{unit}"), now, Offset::UTC) {
            prop_assert!(moment <= now);
        }
    }

    #[test]
    fn any_text_is_an_offset_or_a_sentence(typed in prop_oneof![text(), "[-+][0-9:]{0,8}"]) {
        if let Err(sentence) = utc_offset(&typed) {
            prop_assert!(sentence.contains("is no UTC offset"));
        }
    }
}
