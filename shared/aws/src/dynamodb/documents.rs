//! Which document a passage is from, and which passages a document has, as items of the States table.

use audit_app::ports::{PortError, PutDocuments};
use audit_domain::{
    digest::Sha256,
    ledger::{document::DocumentSighting, state::StateKey},
};

use super::{
    Ledger,
    item::{Attributes, Reader, Unreadable},
    merge::Merged,
    states::keyed,
};

impl<K: Sync> PutDocuments for Ledger<K> {
    async fn put_document(
        &self,
        key: &StateKey,
        sighting: &DocumentSighting,
        expires_at: i64,
    ) -> Result<(), PortError> {
        // an address may hold what is nobody's business in a log
        let action = || "note which document a passage is from".to_owned();
        self.put_merged(key, sighting, expires_at, action).await
    }
}

impl Merged for DocumentSighting {
    const WATCHED: &'static [&'static str] =
        &["first_seen", "last_seen", "sample_request_id", "knowledge_base_id", "chunk_id"];

    fn merge(&mut self, other: &Self) {
        DocumentSighting::merge(self, other);
    }

    fn encode(&self, key: &StateKey, expires_at: i64) -> Attributes {
        keyed(key)
            .text("kind", "document")
            .number("expires_at", expires_at)
            .text("document_uri", &self.document_uri)
            .maybe("text_sha256", self.text_sha256.as_ref().map(Sha256::as_str))
            .maybe("knowledge_base_id", self.knowledge_base_id.as_deref())
            .maybe("chunk_id", self.chunk_id.as_deref())
            .moment("first_seen", self.first_seen)
            .moment("last_seen", self.last_seen)
            .text("sample_request_id", &self.sample_request_id)
            .finish()
    }

    fn decode(item: &Attributes) -> Result<Self, Unreadable> {
        let item = Reader::of(item);
        Ok(Self {
            document_uri: item.text("document_uri")?,
            text_sha256: item.maybe_digest("text_sha256"),
            knowledge_base_id: item.maybe("knowledge_base_id"),
            chunk_id: item.maybe("chunk_id"),
            first_seen: item.moment("first_seen")?,
            last_seen: item.moment("last_seen")?,
            sample_request_id: item.text("sample_request_id")?,
        })
    }
}
