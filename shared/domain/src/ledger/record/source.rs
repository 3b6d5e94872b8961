//! A retrieved passage behind an answer.

use super::Common;
use crate::{
    digest::{Sha256, bounded_key},
    invocation::{Invocation, PromptPassage},
    passage::{Certainty, excerpt},
};

/// How many characters of a passage a source shows.
pub const EXCERPT: usize = 300;

/// One retrieved passage behind an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What every item has.
    pub common: Common,
    /// Where we know it from.
    pub origin: SourceOrigin,
    /// The digest of the record or response that carried it.
    pub carrier: Sha256,
    /// Its number there, from 1.
    pub ordinal: u32,
    /// The passage's hash; absent where the log holds a pointer or bytes in place of its text.
    pub text_sha256: Option<Sha256>,
    /// The beginning of its text.
    pub excerpt: Option<String>,
    /// The document, where the origin names it.
    pub source_uri: Option<String>,
    /// The document's title or file name.
    pub title: Option<String>,
    /// Where in the request's body it stood.
    pub found_at: Option<String>,
    /// How well it fitted, where the origin says so.
    pub score: Option<f64>,
    /// Whether the answer cites it; `None` where that is not known.
    pub cited: Option<bool>,
    /// The chunk of the document.
    pub chunk_id: Option<String>,
    /// The knowledge base.
    pub knowledge_base_id: Option<String>,
    /// How certain the passage's bounds are.
    pub certainty: Certainty,
    /// That of the record that carries it: 0 while its answer may still tell whether the passage is cited.
    pub completeness: u8,
}

/// Where a source is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceOrigin {
    /// From the prompt that the model was given.
    Prompt,
    /// From the API's response, as an application sent it.
    Response,
}

impl SourceOrigin {
    /// Every origin, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Prompt, "prompt"), (Self::Response, "response")];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(origin, _)| *origin == self).map_or("", |(_, name)| name)
    }

    /// The origin of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(origin, _)| *origin)
    }
}

impl Source {
    /// A passage that stood in the prompt of an invocation.
    pub fn in_prompt(invocation: &Invocation, found: &PromptPassage) -> Self {
        Self {
            common: Common::of_invocation(invocation),
            origin: SourceOrigin::Prompt,
            carrier: invocation.evidence.sha256.clone(),
            ordinal: found.passage.ordinal,
            text_sha256: found.passage.hash(),
            excerpt: found.passage.text.as_deref().map(|text| excerpt(text, EXCERPT)),
            source_uri: found.passage.uri.as_deref().map(bounded_key),
            title: found.passage.title.as_deref().map(|title| excerpt(title, EXCERPT)),
            found_at: Some(found.passage.found_at.clone()),
            score: found.score,
            cited: found.cited,
            chunk_id: None,
            knowledge_base_id: None,
            certainty: found.passage.certainty,
            completeness: invocation.completeness,
        }
    }
}
