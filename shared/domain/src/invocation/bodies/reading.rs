//! What is found in a request body.

use std::borrow::Cow;

use crate::{
    passage::{
        Passage, Reference,
        template::{in_region, in_search_results},
    },
    prompt::{InstructionBlock, RETRIEVAL_OPENS},
};

/// No more passages of one request are kept than the ledger's sort key has digits for.
const MOST_PASSAGES: usize = 9_999;

/// What is found in a request body.
#[derive(Debug, Default)]
pub struct BodyReading<'a> {
    /// The blocks of the system prompt, in order.
    pub instructions: Vec<InstructionBlock<'a>>,
    /// The retrieved passages, numbered from 1 in the order in which they stand.
    pub passages: Vec<Passage>,
    /// The shape's name where it can be told more closely than by the members.
    pub dialect: Option<&'static str>,
    documents: u32,
    search_results: u32,
}

impl<'a> BodyReading<'a> {
    /// Adds an instruction block, and the passages that a retrieval put into it.
    pub fn add_instruction(&mut self, path: String, text: Cow<'a, str>) {
        self.add_templated(&text, &path);
        self.add_searched_instruction(path, text);
    }

    /// Adds an instruction block whose passages are added already.
    pub fn add_searched_instruction(&mut self, path: String, text: Cow<'a, str>) {
        self.instructions.push(InstructionBlock { path, text });
    }

    /// Adds the passages that a retrieval put into a text; whether there were any.
    pub fn add_templated(&mut self, text: &str, path: &str) -> bool {
        if !text.contains(RETRIEVAL_OPENS) {
            return false;
        }
        let passages = in_search_results(text, path);
        let any = !passages.is_empty();
        passages.into_iter().for_each(|passage| self.add_passage(passage));
        any
    }

    /// Adds a passage. It goes on counting, so that no two passages of a prompt share a number.
    pub fn add_passage(&mut self, mut passage: Passage) {
        if self.passages.len() < MOST_PASSAGES {
            passage.ordinal = u32::try_from(self.passages.len()).unwrap_or(u32::MAX).saturating_add(1);
            self.passages.push(passage);
        }
    }

    /// Adds what a user's text holds: a rendered retrieval template, or what an agent's functions gave back.
    pub fn add_user_text(&mut self, text: &str, path: &str) {
        if self.add_templated(text, path) {
            return;
        }
        let Some(results) = between(text, "<function_results>", "</function_results>") else { return };
        let passages = in_region(results, path);
        if passages.is_empty() {
            self.add_function_result(results.trim(), path.to_owned());
        }
        passages.into_iter().for_each(|passage| self.add_passage(passage));
    }

    /// Adds the text that a function gave back: the passages in it, or the whole of it.
    pub fn add_function_result(&mut self, text: &str, path: String) {
        if !self.add_templated(text, &path) && !text.trim().is_empty() {
            self.add_passage(Passage { text: Some(text.to_owned()), ..Passage::at(path) });
        }
    }

    /// Adds one of the request's documents: answers refer to it by its place among them.
    pub fn add_document(&mut self, passage: Passage) {
        let reference = Reference::Document(self.documents);
        self.documents += 1;
        self.add_passage(Passage { reference, ..passage });
    }

    /// Adds one of the request's search results: answers refer to it by its place among them.
    pub fn add_search_result(&mut self, passage: Passage) {
        let reference = Reference::SearchResult(self.search_results);
        self.search_results += 1;
        self.add_passage(Passage { reference, ..passage });
    }
}

/// What stands between the outermost of these tags.
fn between<'t>(text: &'t str, opens: &str, closes: &str) -> Option<&'t str> {
    let from = text.find(opens)? + opens.len();
    text.get(from..text.rfind(closes)?)
}
