//! Which documents a passage is from, and how that is known: prompts and responses, joined by the hash of a passage
//! (DESIGN 5.7). The join is made on reading, so that it does not matter what came first.

use jiff::Timestamp;

use crate::{
    digest::{Sha256, bounded_key},
    ledger::{
        document::DocumentSighting,
        record::{Record, Source, SourceOrigin},
    },
    passage::Certainty,
    principal::Principal,
    time,
};

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
        let beside: Vec<_> =
            own.iter().filter(|other| other.origin != source.origin && is_same(other)).collect();
        let seen_in: Vec<_> =
            linked.iter().filter(|other| is_same(other)).map(|other| SeenIn::of(other)).collect();
        let log = in_log(source, &beside, &seen_in);
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
        for other in &seen_in {
            let basis = format!("request {}, which is linked, names it for the same text", other.request_id);
            other.uri.iter().for_each(|uri| add(&mut documents, uri, Certainty::Inferred, basis.clone()));
        }
        for seen in &known.found {
            add(&mut documents, &seen.document_uri, Certainty::Inferred, basis_of(seen));
        }
        let left_out = documents.len().saturating_sub(DOCUMENTS);
        documents.truncate(DOCUMENTS);
        let documents_left_out = known.more + left_out;
        Self { source: source.clone(), certainty, documents, documents_left_out, seen_in }
    }

    /// Whether it stood in the context of a model; `None` where it was retrieved, and nothing says what was made of it.
    pub fn in_context(&self) -> Option<bool> {
        let is_read = self.source.origin == SourceOrigin::Prompt
            || self.certainty == Certainty::Recorded
            || self.source.cited == Some(true);
        is_read.then_some(true)
    }

    /// Whether the answer cites it, as this request or another one of the answer says.
    pub fn cited(&self) -> Option<bool> {
        let others = self.seen_in.iter().filter_map(|other| other.cited);
        self.source.cited.or_else(|| others.max())
    }

    /// The page of the document, as this request or another one of the answer says.
    pub fn page_number(&self) -> Option<f64> {
        self.source.said.page_number.or_else(|| self.seen_in.iter().find_map(|other| other.page_number))
    }

    /// How well it fitted the question, as this request or another one of the answer says.
    pub fn score(&self) -> Option<f64> {
        self.source.score.or_else(|| self.seen_in.iter().find_map(|other| other.score))
    }
}

const RESPONSE: &str = "the response to this request, as an application sent it, names it";

/// Which log has what a response reported.
fn in_log(source: &Source, beside: &[&Source], seen_in: &[SeenIn]) -> Option<String> {
    if source.origin == SourceOrigin::Prompt {
        return None;
    }
    if !beside.is_empty() {
        return Some("the log of this request".to_owned());
    }
    let prompt = seen_in.iter().find(|other| other.origin == SourceOrigin::Prompt)?;
    Some(format!("the log of request {}", prompt.request_id))
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

/// An answer that used a document.
#[derive(Clone, Debug, PartialEq)]
pub struct UsedIn {
    /// The request.
    pub request_id: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The account; `None` where only a part of the request is in the ledger.
    pub account_id: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// `Converse`, `RetrieveAndGenerate`, ...
    pub operation: Option<String>,
    /// The model, where it is known.
    pub model_id: Option<String>,
    /// Who asked; nobody where a response does not say.
    pub principal: Principal,
    /// Where it is known from: the prompt, the response, or both.
    pub origins: Vec<SourceOrigin>,
    /// The numbers of its passages there.
    pub ordinals: Vec<u32>,
    /// The passages.
    pub passages: Vec<Sha256>,
    /// Whether the answer cites one of them.
    pub cited: Option<bool>,
    /// The document; several where a prefix was asked for. The surest first.
    pub documents: Vec<KnownDocument>,
}

impl UsedIn {
    /// How certain it is that the document was used.
    pub fn certainty(&self) -> Certainty {
        self.documents.first().map_or(Certainty::Unknown, |document| document.certainty)
    }
}

impl UsedIn {
    /// What the record says that carries the passages.
    pub fn carried_by(&mut self, record: Option<Record>) {
        match record {
            Some(Record::Invocation(invocation)) => {
                self.request_id = invocation.request_id;
                self.principal = invocation.principal;
                self.account_id = Some(invocation.account_id);
                self.region = Some(invocation.region);
                self.operation = invocation.operation;
                self.model_id = Some(invocation.model_id);
            }
            Some(Record::Attribution(told)) => {
                self.request_id = told.common.request_id;
                self.principal = told.common.principal;
                self.account_id = Some(told.common.account_id);
                self.region = Some(told.common.region);
                self.operation = Some(told.operation);
                self.model_id = told.model_id;
            }
            _ => {}
        }
    }
}

/// The hashes of some sources, each once, in their order.
pub fn hashes(sources: &[Source]) -> Vec<Sha256> {
    let mut seen = std::collections::BTreeSet::new();
    let all = sources.iter().filter_map(|source| source.text_sha256.clone());
    all.filter(|hash| seen.insert(hash.clone())).collect()
}
