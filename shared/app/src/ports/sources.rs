//! Which documents passages are from, and which answers used them.

use std::future::Future;

use audit_domain::{
    digest::Sha256, ledger::document::DocumentSighting, ledger::record::PassageLine, ledger::state::StateKey,
    ledger::turn::Turn, sources::Documents,
};

use super::{PortError, Put, Span};

/// Puts which document a passage is from, and which passages a document has: `dynamodb:PutItem` on States.
pub trait PutDocuments: Sync {
    /// Merges a sighting with the one that is stored under this key, which is kept as long as the longer-lived of the two.
    fn put_document(
        &self,
        key: &StateKey,
        sighting: &DocumentSighting,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Puts which requests a session has: `dynamodb:PutItem` on States.
pub trait PutTurns: Sync {
    /// Puts a turn, once.
    fn put_turn(&self, turn: &Turn, expires_at: i64) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Which end of a span a list begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// Asks which documents and passages stand behind answers: `dynamodb:Query` on States and on the index `by-passage`.
pub trait QuerySources: Sync {
    /// The documents of a passage: the first `limit` by name, and how many more there are, as far as one page tells.
    fn documents_of(
        &self,
        passage: &Sha256,
        limit: usize,
    ) -> impl Future<Output = Result<Documents, PortError>> + Send;
    /// The passages of a document, and the requests that name it without a text.
    fn passages_of(
        &self,
        document_uri: &str,
    ) -> impl Future<Output = Result<Vec<DocumentSighting>, PortError>> + Send;
    /// The documents whose names begin like this: an authority (`s3://bucket`), and the beginning of a path, which may be
    /// empty.
    fn documents_below(
        &self,
        authority: &str,
        path: &str,
    ) -> impl Future<Output = Result<Vec<DocumentSighting>, PortError>> + Send;
    /// The sources with a passage, at most `limit`.
    fn sources_with(
        &self,
        passage: &Sha256,
        span: Span,
        order: Order,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PassageLine>, PortError>> + Send;
    /// The requests of a session, at most `limit`.
    fn turns_of(
        &self,
        session_id: &str,
        span: Span,
        order: Order,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Turn>, PortError>> + Send;
}
