//! Keys of any length and script.

use proptest::prelude::*;

use super::*;
use crate::strategies::text;

proptest! {
    #[test]
    fn a_key_is_within_its_limit_and_cut_once(key in text(), repeated in 0_usize..40, limit in 17_usize..300) {
        let key = key.repeat(repeated);
        let bounded = bounded_to(&key, limit);
        prop_assert!(bounded.len() <= limit);
        prop_assert_eq!(bounded_to(&bounded, limit), bounded.clone());
        prop_assert_eq!(bounded == key, key.len() <= limit);
        if bounded != key {
            let digest = Sha256::of(key.as_bytes());
            prop_assert!(bounded.strip_suffix(digest.short()).is_some_and(|cut| cut.ends_with('~')));
        }
    }

    #[test]
    fn only_a_digest_is_read_as_one(text in prop_oneof![text(), "[0-9a-fA-F]{62,66}"]) {
        if let Some(digest) = Sha256::from_hex(&text) {
            prop_assert_eq!(digest.as_str(), text);
        }
    }
}
