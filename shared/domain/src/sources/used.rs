//! An answer that used a document.

use jiff::Timestamp;

use super::KnownDocument;
use crate::{
    digest::Sha256,
    ledger::record::{Record, SourceOrigin},
    passage::Certainty,
    principal::Principal,
};

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
    /// So many more that are asked for have the same text: the first ten of them by name are listed.
    pub documents_left_out: usize,
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
