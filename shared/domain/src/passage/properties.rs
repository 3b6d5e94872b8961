//! Whatever is written in a passage, it stays in it.

use proptest::{collection::vec, prelude::*, sample::select};
use unicode_normalization::UnicodeNormalization as _;

use super::*;
use crate::strategies::text;
use template::{cited_sources, in_region, in_search_results};

fn rendered(passages: &[String]) -> String {
    let results: String = (1..)
        .zip(passages)
        .map(|(n, text)| {
            format!(
                "<search_result>\n<content>\n{text}\n</content>\n<source>\n{n}\n</source>\n</search_result>\n"
            )
        })
        .collect();
    format!("Answer from these:\n<search_results>\n{results}</search_results>\nBe brief.")
}

/// The template puts line ends around a passage: those of its own cannot be told from them.
fn bare(text: &str) -> &str {
    text.trim_matches(['\n', '\r'])
}

/// A text with ends of passages in it, most of them with a number that may fit.
fn hostile() -> impl Strategy<Value = String> {
    let end = (0_u32..6, select(&["", "\n", " "][..]), any::<bool>()).prop_map(|(n, space, opens)| {
        let opening = if opens { "<search_result><content>" } else { "" };
        format!("</content>{space}<source>{n}{space}</source>{space}</search_result>{opening}")
    });
    vec(prop_oneof![2 => end, 3 => text()], 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn passages_are_found_exactly_and_in_order(
        texts in vec(text().prop_filter("an end", |text| !text.contains("</content>")), 1..7),
    ) {
        let found = in_search_results(&rendered(&texts), "system");
        prop_assert_eq!(found.len(), texts.len());
        for (n, (passage, text)) in (1..).zip(found.iter().zip(&texts)) {
            prop_assert_eq!(passage.ordinal, n);
            prop_assert_eq!(passage.text.as_deref(), Some(bare(text)));
            prop_assert_eq!(passage.certainty, Certainty::Recorded);
            prop_assert_eq!(&passage.reference, &Reference::Source(n.to_string()));
        }
    }

    #[test]
    fn what_is_recorded_is_what_was_there(texts in vec(hostile(), 1..6)) {
        let found = in_search_results(&rendered(&texts), "system");
        prop_assert_eq!(found.len(), texts.len());
        for (passage, text) in found.iter().zip(&texts) {
            if passage.certainty == Certainty::Recorded {
                prop_assert_eq!(passage.text.as_deref(), Some(bare(text)));
            }
        }
    }

    #[test]
    fn any_text_is_survived(text in prop_oneof![text(), hostile()]) {
        let (inside, alone) = (in_search_results(&text, "x"), in_region(&text, "x"));
        prop_assert!(inside.len() + alone.len() <= 2 * text.matches("</content>").count());
        let _ = cited_sources(&text);
    }

    #[test]
    fn white_space_and_composition_do_not_change_the_hash(text in text()) {
        let folded = text.split_whitespace().collect::<Vec<_>>().join("\n\u{2003} ");
        prop_assert_eq!(hash(&folded), hash(&text));
        prop_assert_eq!(hash(&text.nfd().collect::<String>()), hash(&text));
        prop_assert_eq!(hash(&text.nfc().collect::<String>()), hash(&text));
    }

    #[test]
    fn an_excerpt_is_within_its_limit_and_of_itself_the_same(text in text(), limit in 0_usize..40) {
        let short = excerpt(&text, limit);
        prop_assert!(short.chars().count() <= limit);
        prop_assert!(excerpt(&text, usize::MAX).starts_with(&short));
        prop_assert_eq!(excerpt(&short, limit), short);
    }
}
