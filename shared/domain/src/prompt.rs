//! The system prompt: which text it is known by, and by which id.
//!
//! The same prompt has one id for every query, in Converse, native and OpenAI forms alike, since what a retrieval
//! puts between its tags is left out.

use std::borrow::Cow;

use crate::digest::Sha256;

/// The opening tag of the retrieved passages in Bedrock's default template (FORMATS 4.1).
pub const RETRIEVAL_OPENS: &str = "<search_results>";
/// The closing tag of the retrieved passages.
pub const RETRIEVAL_CLOSES: &str = "</search_results>";

/// One instruction block of a request, and the path at which it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionBlock<'a> {
    /// Where in the body: `system`, `system[0].text`, `messages[2].content`.
    pub path: String,
    /// The text as given.
    pub text: Cow<'a, str>,
}

/// What is known of the system prompt of an invocation. Different answers, never mixed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemPromptStatus {
    /// The log has it.
    Recorded,
    /// The request had a shape that we know, and no system prompt in it.
    None,
    /// The body lies in another object that was not read yet.
    Offloaded,
    /// The body's object is not there.
    Missing,
    /// The body's pointer leads where we do not follow.
    Refused,
    /// Text delivery is off in the logging configuration.
    NotDelivered,
    /// The call failed; such records hold no bodies (FORMATS 1.5).
    FailedCall,
    /// The body has a shape that no table knows.
    UnknownShape,
}

impl SystemPromptStatus {
    /// Every status, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Recorded, "recorded"),
        (Self::None, "none"),
        (Self::Offloaded, "offloaded"),
        (Self::Missing, "missing"),
        (Self::Refused, "refused"),
        (Self::NotDelivered, "not_delivered"),
        (Self::FailedCall, "failed_call"),
        (Self::UnknownShape, "unknown_shape"),
    ];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }

    /// The status of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(status, _)| *status)
    }
}

/// The text that a system prompt is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The digest of `text`: the system prompt's id.
    pub id: Sha256,
    /// The fingerprint text itself.
    pub text: String,
    /// Where the first block stood in the body.
    pub found_at: String,
}

/// The fingerprint of these blocks; `None` where nothing is left of them.
///
/// Per block: what stands between the outermost retrieval tags is removed and the tags are kept, the rest is trimmed
/// (Unicode White_Space), empty blocks are dropped; the blocks are joined with one line feed. Nothing else is normalised.
pub fn fingerprint(blocks: &[InstructionBlock<'_>]) -> Option<Fingerprint> {
    let mut text = String::new();
    let mut found_at = None;
    for block in blocks {
        let kept = without_passages(&block.text);
        let kept = kept.trim();
        if kept.is_empty() {
            continue;
        }
        if found_at.is_some() {
            text.push('\n');
        }
        found_at.get_or_insert_with(|| block.path.clone());
        text.push_str(kept);
    }
    found_at.map(|found_at| Fingerprint { id: Sha256::of(text.as_bytes()), text, found_at })
}

/// The bytes between the outermost retrieval tags: the first that opens and the last that closes.
///
/// A passage that holds tags of its own cannot end the region early.
pub fn retrieval_region(text: &str) -> Option<(usize, usize)> {
    let opens = text.find(RETRIEVAL_OPENS)? + RETRIEVAL_OPENS.len();
    let closes = text.rfind(RETRIEVAL_CLOSES)?;
    (opens <= closes).then_some((opens, closes))
}

/// The text without what stands between its outermost retrieval tags.
pub(crate) fn without_passages(text: &str) -> Cow<'_, str> {
    match retrieval_region(text) {
        Some((from, to)) => {
            let (head, tail) = (text.get(..from), text.get(to..));
            Cow::Owned([head.unwrap_or_default(), tail.unwrap_or_default()].concat())
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(blocks: &[&str]) -> Option<String> {
        let blocks: Vec<_> = blocks
            .iter()
            .map(|text| InstructionBlock { path: "system".into(), text: (*text).into() })
            .collect();
        fingerprint(&blocks).map(|f| f.id.to_string())
    }

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(
            id(&["You are a helpful assistant."]).as_deref(),
            Some("75357d685f238b6afd7738be9786fdafde641eb6ca9a3be7471939715a68a4de")
        );
        assert_eq!(
            id(&["  You are a claims assistant.\n", "", "Answer in German. "]).as_deref(),
            Some("c08560e82fec7f1320063756272db459e23b2e5cc41acf43ffb4e7a56e228dc8")
        );
        assert_eq!(id(&["", " \n\u{2003}"]), None);
        assert_eq!(id(&[]), None);
    }

    #[test]
    fn retrieved_passages_do_not_change_the_id() {
        let with = |passages: &str| {
            id(&[&format!("Answer.\n<search_results>{passages}</search_results>\nBe brief.")])
        };
        let empty = with("");
        assert_eq!(with("\n<search_result>one</search_result>\n"), empty);
        assert_eq!(with("a fake </search_results> and <search_results> inside"), empty);
        assert_ne!(id(&["Answer.\n\nBe brief."]), empty);
        // no pair: nothing is removed
        assert_ne!(id(&["</search_results> x <search_results>"]), id(&["</search_results><search_results>"]));
    }
}
