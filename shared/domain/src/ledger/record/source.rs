//! A retrieved passage behind an answer.

use std::collections::BTreeMap;

use super::Common;
use crate::{
    attribution::{Attribution, retrieved::Retrieved},
    digest::{Sha256, bounded_key},
    invocation::{Invocation, PromptPassage},
    passage::{Certainty, excerpt},
};

/// How many characters of a passage a source shows, unless somebody wants more, or none.
pub const EXCERPT: usize = 300;
/// The most that it shows.
pub const LONGEST_EXCERPT: usize = 4_000;
/// How many characters of a title a source shows.
const TITLE: usize = 300;

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
    /// What a response says of it besides; nothing for one that stood in a prompt.
    pub said: Said,
    /// How certain the passage's bounds are.
    pub certainty: Certainty,
    /// That of the record that carries it: 0 while its answer may still tell whether the passage is cited.
    pub completeness: u8,
}

/// What a response says of a passage besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// `TEXT`, `IMAGE`, `ROW`, `AUDIO`, `VIDEO`: the digest of an image is that of its bytes.
    pub content_type: Option<String>,
    /// `S3`, `WEB`, ..., `SQL`: what kind of name the document has.
    pub location_type: Option<String>,
    /// The data source of the knowledge base.
    pub data_source_id: Option<String>,
    /// The page of the document, from 1.
    pub page_number: Option<f64>,
    /// The customer's own metadata; left out where no excerpts are wanted.
    pub metadata: BTreeMap<String, String>,
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
    pub fn in_prompt(invocation: &Invocation, found: &PromptPassage, excerpt_characters: usize) -> Self {
        Self {
            common: Common::of_invocation(invocation),
            origin: SourceOrigin::Prompt,
            carrier: invocation.evidence.sha256.clone(),
            ordinal: found.passage.ordinal,
            text_sha256: found.passage.hash(),
            excerpt: shown(found.passage.text.as_deref(), excerpt_characters),
            source_uri: found.passage.uri.as_deref().map(bounded_key),
            title: found.passage.title.as_deref().map(|title| excerpt(title, TITLE)),
            found_at: Some(found.passage.found_at.clone()),
            score: found.score,
            cited: found.cited,
            chunk_id: None,
            knowledge_base_id: None,
            said: Said::default(),
            certainty: found.passage.certainty,
            completeness: invocation.completeness,
        }
    }
    /// A passage that a response of the API has.
    pub fn in_response(attribution: &Attribution, found: &Retrieved, excerpt_characters: usize) -> Self {
        let wanted = excerpt_characters > 0;
        Self {
            common: attribution.common.clone(),
            origin: SourceOrigin::Response,
            carrier: attribution.carrier.clone(),
            ordinal: found.ordinal,
            text_sha256: Some(found.hash.clone()),
            excerpt: shown(found.text.as_deref(), excerpt_characters),
            source_uri: found.uri.as_deref().map(bounded_key),
            title: None,
            found_at: Some(found.found_at.clone()),
            score: found.score,
            cited: found.cited,
            chunk_id: found.chunk_id.clone(),
            knowledge_base_id: found.knowledge_base_id.clone(),
            said: Said {
                content_type: found.content_type.clone(),
                location_type: found.location_type.clone(),
                data_source_id: found.data_source_id.clone(),
                page_number: found.page_number,
                metadata: if wanted { found.metadata.clone() } else { BTreeMap::new() },
            },
            certainty: Certainty::Reported,
            completeness: 1,
        }
    }
}

/// The beginning of a passage, as far as it is wanted.
fn shown(text: Option<&str>, characters: usize) -> Option<String> {
    text.filter(|_| characters > 0).map(|text| excerpt(text, characters.min(LONGEST_EXCERPT)))
}
