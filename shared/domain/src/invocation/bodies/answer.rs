//! What is found in an answer body, whole or streamed.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::{
    guardrail::GuardrailTrace,
    json::{Members, count, scalar, text},
    passage::{Passage, Reference, template::cited_sources},
};

/// What is found in an answer body.
#[derive(Debug, Default)]
pub struct Answer {
    /// Why the model stopped, in the words of its family.
    pub stop_reason: Option<String>,
    /// What the answer shows of guardrails.
    pub guardrail: GuardrailTrace,
    scores: BTreeMap<u32, f64>,
    /// Whether the answer cites documents by their id wherever it cites.
    pub cites_by_id: bool,
    wants_citations: bool,
    text: String,
    cited: Vec<Reference>,
}

impl Answer {
    /// An answer whose text and citations are wanted as well: to see which passages it cites.
    pub fn with_citations() -> Self {
        Self { wants_citations: true, ..Self::default() }
    }

    /// Adds a piece of the answer's text.
    pub fn add_text(&mut self, raw: Option<&RawValue>) {
        if let Some(text) = raw.filter(|_| self.wants_citations).and_then(text) {
            self.add_text_of(&text);
        }
    }

    /// Adds a piece of the answer's text that is there already.
    pub fn add_text_of(&mut self, text: &str) {
        if self.wants_citations {
            self.text.push_str(text);
        }
    }

    /// Adds that the answer cites this.
    pub fn add_citation(&mut self, reference: Reference) {
        if self.wants_citations {
            self.cited.push(reference);
        }
    }

    /// Adds that the answer cites the document or search result of this index; `None` is no citation.
    pub fn add_indexed(&mut self, index: Option<&RawValue>, reference: fn(u32) -> Reference) {
        if let Some(index) = index.and_then(count).and_then(|index| u32::try_from(index).ok()) {
            self.add_citation(reference(index));
        }
    }

    /// Adds why the model stopped.
    pub fn add_stop_reason(&mut self, raw: Option<&RawValue>) {
        if let Some(reason) = raw.and_then(text) {
            self.stop_reason = Some(reason.into_owned());
        }
    }

    /// Adds how well a document fitted.
    pub fn add_score(&mut self, result: &Members<'_>) {
        let index = result.get("index").and_then(count).and_then(|index| u32::try_from(index).ok());
        let score = result.get("relevance_score").and_then(scalar).and_then(|score| score.parse().ok());
        // what no ledger can hold as a number is none: not a number, or of another order than any score
        let holds = |score: &f64| *score == 0.0 || (1e-100..=1e100).contains(&score.abs());
        if let (Some(index), Some(score)) = (index, score.filter(holds)) {
            self.scores.insert(index, score);
        }
    }

    /// How well a document fitted, where the answer is a ranking.
    pub fn score(&self, reference: &Reference) -> Option<f64> {
        match reference {
            Reference::Rank(index) => self.scores.get(index).copied(),
            _ => None,
        }
    }

    /// What the answer cites.
    pub fn citations(&self) -> Citations<'_> {
        Citations { sources: cited_sources(&self.text), others: &self.cited, by_id: self.cites_by_id }
    }
}

/// What an answer cites.
#[derive(Debug)]
pub struct Citations<'a> {
    sources: Option<Vec<&'a str>>,
    others: &'a [Reference],
    by_id: bool,
}

impl Citations<'_> {
    /// Whether the answer cites this passage; `None` where it does not tell: it has no citations of that kind at all,
    /// and the request did not ask for them.
    pub fn tell(&self, passage: &Passage) -> Option<bool> {
        let tells = match &passage.reference {
            Reference::Source(source) => {
                return self.sources.as_ref().map(|cited| cited.contains(&source.as_str()));
            }
            Reference::Id(_) => self.by_id,
            Reference::Document(_) | Reference::SearchResult(_) => {
                passage.citations_asked
                    || self.others.iter().any(|other| same_kind(other, &passage.reference))
            }
            Reference::Rank(_) | Reference::Nothing => false,
        };
        tells.then(|| self.others.contains(&passage.reference))
    }
}

fn same_kind(one: &Reference, other: &Reference) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
