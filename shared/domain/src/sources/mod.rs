//! Which documents a passage is from, and how that is known: prompts and responses, joined by the hash of a passage
//! (DESIGN 5.7). The join is made on reading, so that it does not matter what came first.

mod used;

use crate::{
    digest::{Sha256, bounded_key},
    ledger::{
        document::DocumentSighting,
        record::{Source, SourceOrigin},
    },
    passage::Certainty,
    time,
};

pub use self::used::UsedIn;

/// So many documents of a passage are shown; the others are counted.
pub const DOCUMENTS: usize = 10;

/// A document behind a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDocument {
    /// Its name.
    pub uri: String,
    /// How certain it is that the passage is from it.
    pub certainty: Certainty,
    /// What that rests on.
    pub basis: String,
}

/// The documents that the ledger has of a passage: the first ones by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    /// At most as many as were asked for.
    pub found: Vec<DocumentSighting>,
    /// So many more there are, at least.
    pub more: usize,
}

/// The same passage in another request that belongs to the same answer.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenIn {
    /// That request.
    pub request_id: String,
    /// Whether it stood in its prompt, or in its response.
    pub origin: SourceOrigin,
    /// Its number there.
    pub ordinal: u32,
    /// Whether the answer there cites it.
    pub cited: Option<bool>,
    /// How well it fitted the question, where the other request says so.
    pub score: Option<f64>,
    /// The document that is named there.
    pub uri: Option<String>,
    /// Its page, from 1.
    pub page_number: Option<f64>,
}

impl SeenIn {
    /// Of a source of the other request.
    pub fn of(source: &Source) -> Self {
        Self {
            request_id: source.common.request_id.clone(),
            origin: source.origin,
            ordinal: source.ordinal,
            cited: source.cited,
            score: source.score,
            uri: source.source_uri.clone(),
            page_number: source.said.page_number,
        }
    }
}

/// A source of a request with everything that is known of its passage.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedSource {
    /// As the ledger has it.
    pub source: Source,
    /// How certain it is that it was retrieved for this answer: what an application reported is recorded once a log has the
    /// same text.
    pub certainty: Certainty,
    /// Whether the log of this request has its text.
    pub is_in_log: bool,
    /// Its documents, the surest first.
    pub documents: Vec<KnownDocument>,
    /// So many more there are, at least.
    pub documents_left_out: usize,
    /// The same passage in the other requests of this answer.
    pub seen_in: Vec<SeenIn>,
}

impl JoinedSource {
    /// Joins a source of a request with all sources of that request, with the same passage in the others of the answer, and
    /// with the documents that the ledger has of it.
    pub fn of(source: &Source, own: &[Source], linked: &[&Source], known: &Documents) -> Self {
        let is_same =
            |other: &Source| source.text_sha256.is_some() && other.text_sha256 == source.text_sha256;
        // another account's word about a request of this one stays its word
        let is_of_account = |other: &Source| other.common.account_id == source.common.account_id;
        let beside: Vec<_> = own
            .iter()
            .filter(|other| other.origin != source.origin && is_same(other) && is_of_account(other))
            .collect();
        let seen_in: Vec<_> =
            linked.iter().filter(|other| is_same(other)).map(|other| SeenIn::of(other)).collect();
        let is_in_log = source.origin == SourceOrigin::Prompt || !beside.is_empty();
        let logged = linked
            .iter()
            .find(|other| other.origin == SourceOrigin::Prompt && is_same(other) && is_of_account(other));
        let log = in_log(source, &beside, logged.copied());
        let certainty = match (source.origin, &log) {
            (SourceOrigin::Response, Some(_)) => Certainty::Recorded,
            _ => source.certainty,
        };
        let mut documents = Vec::new();
        if let Some(uri) = &source.source_uri {
            let basis = match (source.origin, log) {
                (SourceOrigin::Prompt, _) => "the request itself names it".to_owned(),
                (SourceOrigin::Response, None) => RESPONSE.to_owned(),
                (SourceOrigin::Response, Some(log)) => format!("{RESPONSE}, and {log} has the same text"),
            };
            add(&mut documents, uri, certainty, basis);
        }
        for other in beside {
            let basis = match other.origin {
                SourceOrigin::Prompt => "the request itself names it".to_owned(),
                SourceOrigin::Response => format!("{RESPONSE}, with the same text"),
            };
            other
                .source_uri
                .iter()
                .for_each(|uri| add(&mut documents, uri, Certainty::Recorded, basis.clone()));
        }
        let foreign = own.iter().filter(|other| {
            other.origin == SourceOrigin::Response && is_same(other) && !is_of_account(other)
        });
        for other in foreign {
            let basis = format!("{RESPONSE}, from account {}", other.common.account_id);
            other
                .source_uri
                .iter()
                .for_each(|uri| add(&mut documents, uri, Certainty::Reported, basis.clone()));
        }
        for other in &seen_in {
            let basis = format!("request {}, which is linked, names it for the same text", other.request_id);
            other.uri.iter().for_each(|uri| add(&mut documents, uri, Certainty::Inferred, basis.clone()));
        }
        for seen in &known.found {
            add(&mut documents, &seen.document_uri, Certainty::Inferred, basis_of(seen));
        }
        // some of those that are not listed may be among the ones that requests name
        let all = documents.len().max(known.found.len() + known.more);
        documents.truncate(DOCUMENTS);
        let documents_left_out = all - documents.len();
        Self { source: source.clone(), certainty, is_in_log, documents, documents_left_out, seen_in }
    }

    /// Whether it stood in the context of this request's model; `None` where it was retrieved, and nothing says what was made
    /// of it.
    pub fn in_context(&self) -> Told<bool> {
        let is_told = self.is_in_log || self.source.cited == Some(true);
        Told::of(is_told.then_some(true), || {
            self.seen_in.iter().any(|other| other.origin == SourceOrigin::Prompt).then_some(true)
        })
    }

    /// Whether the answer cites it.
    pub fn cited(&self) -> Told<bool> {
        Told::of(self.source.cited, || self.seen_in.iter().filter_map(|other| other.cited).max())
    }

    /// How well it fitted the question.
    pub fn score(&self) -> Told<f64> {
        Told::of(self.source.score, || self.seen_in.iter().find_map(|other| other.score))
    }

    /// The page of the passage in a document, from 1, as this request or another one of the answer says.
    pub fn page_in(&self, uri: &str) -> Option<f64> {
        let own = (self.source.source_uri.as_deref(), self.source.said.page_number);
        let others = self.seen_in.iter().map(|other| (other.uri.as_deref(), other.page_number));
        [own].into_iter().chain(others).find_map(|(named, page)| page.filter(|_| named == Some(uri)))
    }
}

/// What a request says of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<T> {
    /// The request itself says so, or its own response.
    Own(T),
    /// Another request of the same answer says so, as it seems: links are inferred.
    Linked(T),
    /// Nobody says so.
    Nobody,
}

impl<T> Told<T> {
    fn of(own: Option<T>, linked: impl FnOnce() -> Option<T>) -> Self {
        match own {
            Some(own) => Self::Own(own),
            None => linked().map_or(Self::Nobody, Self::Linked),
        }
    }

    /// The surer of two.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Own(own), _) | (_, Self::Own(own)) => Self::Own(own),
            (Self::Linked(told), _) | (Self::Nobody, Self::Linked(told)) => Self::Linked(told),
            (Self::Nobody, Self::Nobody) => Self::Nobody,
        }
    }

    /// What the request itself says.
    pub fn own(self) -> Option<T> {
        match self {
            Self::Own(own) => Some(own),
            Self::Linked(_) | Self::Nobody => None,
        }
    }
}

const RESPONSE: &str = "the response to this request, as an application sent it, names it";

/// Which log has what a response reported.
fn in_log(source: &Source, beside: &[&Source], logged: Option<&Source>) -> Option<String> {
    if source.origin == SourceOrigin::Prompt {
        return None;
    }
    if !beside.is_empty() {
        return Some("the log of this request".to_owned());
    }
    Some(format!("the log of request {}, which is linked,", logged?.common.request_id))
}

/// What an inferred document rests on.
pub fn basis_of(seen: &DocumentSighting) -> String {
    format!(
        "the same text was told of this document, first at {} by request {}",
        time::rfc3339(seen.first_seen),
        seen.sample_request_id
    )
}

/// Adds a document that is not there yet: the surest come first. A source's name of one may be cut.
fn add(documents: &mut Vec<KnownDocument>, uri: &str, certainty: Certainty, basis: String) {
    if documents.iter().any(|known| bounded_key(&known.uri) == bounded_key(uri)) {
        return;
    }
    documents.push(KnownDocument { uri: uri.to_owned(), certainty, basis });
}

/// How certain it is that a passage of a request is from a document, by what its sources with this passage name. Each is an
/// origin and the document that it names.
pub fn certainty_of<'a>(
    uri: &str,
    sources: impl Iterator<Item = (SourceOrigin, Option<&'a str>)> + Clone,
) -> Certainty {
    let uri = bounded_key(uri);
    let names = |wanted: SourceOrigin| {
        sources.clone().any(|(origin, named)| origin == wanted && named == Some(uri.as_str()))
    };
    let is_in_prompt = sources.clone().any(|(origin, _)| origin == SourceOrigin::Prompt);
    match (names(SourceOrigin::Prompt), names(SourceOrigin::Response)) {
        (true, _) => Certainty::Recorded,
        (false, true) if is_in_prompt => Certainty::Recorded,
        (false, true) => Certainty::Reported,
        (false, false) => Certainty::Inferred,
    }
}

/// The hashes of some sources, each once, in their order.
pub fn hashes(sources: &[Source]) -> Vec<Sha256> {
    let mut seen = std::collections::BTreeSet::new();
    let all = sources.iter().filter_map(|source| source.text_sha256.clone());
    all.filter(|hash| seen.insert(hash.clone())).collect()
}

#[cfg(test)]
mod tests;
