//! `sources`: which answers used a document.
//!
//! A document's passages are in States, the sources with a passage in the index `by-passage`: nothing is looked through. Where
//! a log names a document without its text, the request is in States itself.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{
    digest::{Sha256, bounded_key},
    ledger::{
        document::DocumentSighting,
        record::{PassageLine, Record, SourceOrigin},
        state::authority_and_path,
    },
    passage::Certainty,
    principal::Principal,
    sources::{KnownDocument, UsedIn, basis_of, certainty_of},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{CONCURRENCY, everything};
use crate::ports::{FindRecords, Order, PortError, QueryRecords, QuerySources, Span};

/// Why a name cannot be asked for.
#[derive(Debug)]
pub enum NotAsked {
    /// A prefix has to name the bucket or the host whole.
    TooShort,
    /// Of a port.
    Port(PortError),
}

impl From<PortError> for NotAsked {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl std::fmt::Display for NotAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooShort => {
                f.write_str("a prefix names the bucket or host whole, and ends behind it: s3://bucket/dra*")
            }
            Self::Port(error) => error.fmt(f),
        }
    }
}

/// The answers that used a document, newest first. A name that ends in `/` or `*` stands for all documents that begin like it.
///
/// # Errors
/// The name is a prefix of too much, or a port fails.
pub async fn sources(
    uri: &str,
    span: Option<Span>,
    now: Timestamp,
    ledger: &(impl QuerySources + QueryRecords + FindRecords),
) -> Result<Vec<UsedIn>, NotAsked> {
    let span = span.unwrap_or_else(|| everything(now));
    let named = documents_named(uri, ledger).await?;
    let listed: Vec<_> = stream::iter(named)
        .map(|uri| async move { Ok::<_, PortError>((ledger.passages_of(&uri).await?, uri)) })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut of_passage: BTreeMap<Sha256, Vec<DocumentSighting>> = BTreeMap::new();
    let mut without_text = Vec::new();
    for (sightings, uri) in listed {
        // a key may be cut: what else has the same is another document
        for seen in sightings.into_iter().filter(|seen| seen.document_uri == uri) {
            match seen.text_sha256.clone() {
                Some(hash) => of_passage.entry(hash).or_default().push(seen),
                None if span.holds(seen.first_seen) => without_text.push(seen),
                None => {}
            }
        }
    }
    let hashes: Vec<Sha256> = of_passage.keys().cloned().collect();
    let lines: Vec<Vec<PassageLine>> = stream::iter(hashes)
        .map(|hash| async move { ledger.sources_with(&hash, span, Order::NewestFirst, usize::MAX).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut by_request: BTreeMap<String, Vec<PassageLine>> = BTreeMap::new();
    for line in lines.into_iter().flatten() {
        by_request.entry(line.request_id.clone()).or_default().push(line);
    }
    let of_passage = &of_passage;
    let mut found: Vec<UsedIn> = stream::iter(by_request.into_values())
        .map(|lines| async move { used_in(lines, of_passage, ledger).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    for seen in without_text {
        named_without_text(&seen, &mut found, ledger).await?;
    }
    found.sort_by(|a, b| (b.occurred_at, &b.request_id).cmp(&(a.occurred_at, &a.request_id)));
    Ok(found)
}

/// The documents of a name that somebody typed.
async fn documents_named(uri: &str, ledger: &impl QuerySources) -> Result<BTreeSet<String>, NotAsked> {
    let Some(prefix) = uri.strip_suffix('*').or_else(|| uri.ends_with('/').then_some(uri)) else {
        return Ok([uri.to_owned()].into());
    };
    let rest = prefix.split_once("://").map_or(prefix, |(_, rest)| rest);
    let (authority, path) = authority_and_path(prefix);
    if rest.split_once('/').is_none_or(|(name, _)| name.is_empty()) {
        return Err(NotAsked::TooShort);
    }
    let below = ledger.documents_below(&authority, path).await?;
    Ok(below.into_iter().map(|seen| seen.document_uri).filter(|uri| uri.starts_with(prefix)).collect())
}

/// One answer of all its sources with the passages that are asked for.
async fn used_in(
    mut lines: Vec<PassageLine>,
    of_passage: &BTreeMap<Sha256, Vec<DocumentSighting>>,
    ledger: &impl FindRecords,
) -> Result<UsedIn, PortError> {
    lines.sort_by(|a, b| a.record.cmp(&b.record));
    let has = |origin: SourceOrigin| lines.iter().any(|line| line.origin() == Some(origin));
    let origins =
        SourceOrigin::NAMES.into_iter().map(|(origin, _)| origin).filter(|origin| has(*origin)).collect();
    // the log's own moment, where it is there
    let first = lines.iter().min_by_key(|line| line.origin() != Some(SourceOrigin::Prompt));
    let mut used = UsedIn {
        request_id: first.map(|line| line.request_id.clone()).unwrap_or_default(),
        occurred_at: first.map_or(Timestamp::UNIX_EPOCH, |line| line.occurred_at),
        account_id: None,
        region: None,
        operation: None,
        model_id: None,
        principal: first.map(|line| Principal::from_arn(&line.principal)).unwrap_or_default(),
        origins,
        ordinals: lines.iter().map(|line| line.ordinal).collect::<BTreeSet<_>>().into_iter().collect(),
        passages: lines
            .iter()
            .map(|line| line.text_sha256.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        cited: lines.iter().filter_map(|line| line.cited).max(),
        documents: documents(&lines, of_passage),
    };
    if let Some(key) = first.and_then(PassageLine::carrier_key) {
        used.carried_by(ledger.find_record(&used.request_id, &key).await?);
    }
    Ok(used)
}

/// The documents of an answer, the surest first, and how each is known.
fn documents(
    lines: &[PassageLine],
    of_passage: &BTreeMap<Sha256, Vec<DocumentSighting>>,
) -> Vec<KnownDocument> {
    let mut known: BTreeMap<&str, KnownDocument> = BTreeMap::new();
    let hashes: BTreeSet<_> = lines.iter().map(|line| &line.text_sha256).collect();
    for hash in hashes {
        let named = lines.iter().filter(|line| line.text_sha256 == *hash);
        let named = named.filter_map(|line| Some((line.origin()?, line.source_uri.as_deref())));
        for seen in of_passage.get(hash).into_iter().flatten() {
            let certainty = certainty_of(&seen.document_uri, named.clone());
            let uri = seen.document_uri.as_str();
            if known.get(uri).is_none_or(|known| certainty < known.certainty) {
                let basis = match certainty {
                    Certainty::Inferred | Certainty::Unknown => basis_of(seen),
                    Certainty::Recorded => {
                        "the log of this request has the text, and this request names it".to_owned()
                    }
                    Certainty::Reported => {
                        "the response to this request, as an application sent it, names it".to_owned()
                    }
                };
                known.insert(uri, KnownDocument { uri: uri.to_owned(), certainty, basis });
            }
        }
    }
    let mut documents: Vec<_> = known.into_values().collect();
    documents.sort_by(|a, b| (a.certainty, &a.uri).cmp(&(b.certainty, &b.uri)));
    documents
}

/// A request whose log names a document, and does not have its text.
async fn named_without_text(
    seen: &DocumentSighting,
    found: &mut Vec<UsedIn>,
    ledger: &impl QueryRecords,
) -> Result<(), PortError> {
    let document = KnownDocument {
        uri: seen.document_uri.clone(),
        certainty: Certainty::Recorded,
        basis: "the request itself names it; the log does not have its text".to_owned(),
    };
    if let Some(known) =
        found.iter_mut().find(|known| bounded_key(&known.request_id) == seen.sample_request_id)
    {
        if !known.documents.iter().any(|other| other.uri == document.uri) {
            known.documents.insert(0, document);
        }
        return Ok(());
    }
    let mut sources = Vec::new();
    let mut carrier = None;
    let uri = bounded_key(&seen.document_uri);
    for record in ledger.records_of(&seen.sample_request_id).await? {
        match record {
            Record::Source(source) if source.source_uri.as_ref() == Some(&uri) => sources.push(source),
            Record::Invocation(_) => carrier = Some(record),
            _ => {}
        }
    }
    let Some(first) = sources.first() else { return Ok(()) };
    let mut used = UsedIn {
        request_id: first.common.request_id.clone(),
        occurred_at: first.common.occurred_at,
        account_id: Some(first.common.account_id.clone()),
        region: Some(first.common.region.clone()),
        operation: None,
        model_id: None,
        principal: first.common.principal.clone(),
        origins: vec![SourceOrigin::Prompt],
        ordinals: sources.iter().map(|source| source.ordinal).collect(),
        passages: Vec::new(),
        cited: sources.iter().filter_map(|source| source.cited).max(),
        documents: vec![document],
    };
    used.carried_by(carrier);
    found.push(used);
    Ok(())
}
