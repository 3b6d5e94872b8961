//! The passages of a request with their documents.

use std::collections::BTreeMap;

use audit_domain::{
    digest::Sha256,
    ledger::record::Source,
    sources::{DOCUMENTS, Documents, JoinedSource, hashes},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::CONCURRENCY;
use crate::ports::{PortError, QuerySources};

/// The documents of these sources' passages, by hash.
pub(super) async fn documents(
    sources: &[Source],
    ledger: &impl QuerySources,
) -> Result<BTreeMap<Sha256, Documents>, PortError> {
    stream::iter(hashes(sources))
        .map(|hash| async move { Ok((hash.clone(), ledger.documents_of(&hash, DOCUMENTS).await?)) })
        .buffered(CONCURRENCY)
        .try_collect()
        .await
}

/// The sources of a request, joined with the linked ones and with the documents of their passages.
pub(super) fn joined(
    sources: &[Source],
    linked: &[Source],
    documents: &BTreeMap<Sha256, Documents>,
) -> Vec<JoinedSource> {
    let none = Documents::default();
    let mut by_passage: BTreeMap<&Sha256, Vec<&Source>> = BTreeMap::new();
    for source in linked {
        if let Some(hash) = &source.text_sha256 {
            by_passage.entry(hash).or_default().push(source);
        }
    }
    let join = |source: &Source| {
        let hash = source.text_sha256.as_ref();
        let linked = hash.and_then(|hash| by_passage.get(hash)).map(Vec::as_slice).unwrap_or_default();
        let known = hash.and_then(|hash| documents.get(hash)).unwrap_or(&none);
        JoinedSource::of(source, sources, linked, known)
    };
    sources.iter().map(join).collect()
}
