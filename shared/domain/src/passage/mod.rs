//! Retrieved passages inside a prompt: their text, their hash, and how an answer refers to them.
//!
//! A passage's text was written by whoever wrote the document: it is data, and markup inside it never becomes structure
//! (FORMATS 11.27).

pub mod template;

use unicode_normalization::UnicodeNormalization as _;

use crate::digest::Sha256;

/// How certain a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The log says so.
    Recorded,
    /// An application says so.
    Reported,
    /// Derived, with the basis named.
    Inferred,
    /// Not known.
    Unknown,
}

impl Certainty {
    /// Every certainty, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Recorded, "recorded"),
        (Self::Reported, "reported"),
        (Self::Inferred, "inferred"),
        (Self::Unknown, "unknown"),
    ];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(certainty, _)| *certainty == self).map_or("", |(_, name)| name)
    }

    /// The certainty of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(certainty, _)| *certainty)
    }
}

/// One retrieved passage as it stood in a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its number in the prompt, from 1.
    pub ordinal: u32,
    /// The text as it stood there; `None` where the log holds a pointer or bytes instead.
    pub text: Option<String>,
    /// The document, where the request names it.
    pub uri: Option<String>,
    /// The document's title or file name, where the request gives one.
    pub title: Option<String>,
    /// Where in the body: `system[0].text`, `messages[2].content[0].searchResult`.
    pub found_at: String,
    /// How an answer would cite it.
    pub reference: Reference,
    /// Whether the request asks the model to cite it.
    pub citations_asked: bool,
    /// [`Certainty::Inferred`] where markup inside a passage leaves its end in doubt.
    pub certainty: Certainty,
}

impl Passage {
    /// A passage at this place, of which nothing else is known yet; its number comes when it is added to the others.
    pub fn at(found_at: impl Into<String>) -> Self {
        Self {
            ordinal: 0,
            text: None,
            uri: None,
            title: None,
            found_at: found_at.into(),
            reference: Reference::Nothing,
            citations_asked: false,
            certainty: Certainty::Recorded,
        }
    }

    /// The hash by which the same passage is found again elsewhere.
    pub fn hash(&self) -> Option<Sha256> {
        self.text.as_deref().map(hash)
    }
}

/// By what an answer refers to a passage. Each form of request has its own (FORMATS 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// By what stands in `<source>`: a number in Bedrock's default template, an id in others.
    Source(String),
    /// By the index among the request's documents, from 0.
    Document(u32),
    /// By the index among the request's search results, from 0.
    SearchResult(u32),
    /// By the document's own id.
    Id(String),
    /// By the index among the documents to rank, from 0.
    Rank(u32),
    /// By nothing: no answer can tell.
    Nothing,
}

/// The hash of a passage: SHA-256 of its text in NFC, white-space runs as one space, trimmed.
pub fn hash(text: &str) -> Sha256 {
    let mut normal = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        // nothing composes with white space, and ASCII is composed: most words need no look at each character
        if word.is_ascii() {
            normal.push_str(word);
        } else {
            normal.extend(word.nfc());
        }
    }
    Sha256::of(normal.as_bytes())
}

/// At most so many characters of a text, white space folded: what may be shown of a passage.
pub fn excerpt(text: &str, limit: usize) -> String {
    let mut folded = String::new();
    let mut left = limit;
    for word in text.split_whitespace() {
        // no room for a character behind the space
        if !folded.is_empty() && left < 2 {
            break;
        }
        if !folded.is_empty() {
            folded.push(' ');
            left -= 1;
        }
        let before = folded.len();
        folded.extend(word.chars().take(left));
        left -= folded.get(before..).unwrap_or_default().chars().count();
    }
    folded
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_holds() {
        assert_eq!(
            hash(" Cafe\u{301}  opens\n at 9 ").as_str(),
            "026ed8c370723df9119e6ddd95b01d47093ef302b99c8f6f0d4d8dffcfd7b19e"
        );
    }

    #[test]
    fn composing_words_is_composing_the_text() {
        let by_text = |text: &str| {
            let composed: String = text.nfc().collect();
            Sha256::of(composed.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes())
        };
        for c in ('\0'..=char::MAX).filter(|c| c.is_whitespace()).chain(['a', '\u{301}', '\u{ac00}']) {
            for text in [format!("a {c}\u{301}"), format!("e{c}\u{323}\u{301} \u{302}{c}b")] {
                assert_eq!(hash(&text), by_text(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn an_excerpt_is_bounded_in_characters() {
        assert_eq!(excerpt("ä ö\n\nü", 3), "ä ö");
        assert_eq!(excerpt("ä ö\n\nü", 4), "ä ö");
        assert_eq!(excerpt("abc", 0), "");
        assert_eq!(excerpt("  abc  ", 9), "abc");
    }
}
