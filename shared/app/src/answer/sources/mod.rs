//! `sources`: which answers used a document.
//!
//! A document's passages are in States, the sources with a passage in the index `by-passage`: nothing is looked through. Where
//! a log names a document without its text, the request is in States itself.

mod group;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use audit_domain::{
    digest::{Sha256, bounded_key},
    ledger::{
        document::DocumentSighting,
        record::{PassageLine, Record, SourceOrigin},
        state::authority_and_path,
    },
    passage::Certainty,
    sources::{KnownDocument, UsedIn},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use self::group::{Carried, Group, Logs};
use super::{CONCURRENCY, earlier, later, links::STEPS};
use crate::ports::{FindRecords, Order, PortError, QueryRecords, QuerySources, Span};

/// The log and the responses of one request lie so far apart, at most, in a list of a span.
const APART: SignedDuration = SignedDuration::from_hours(48);

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

/// The answers that used a document, newest first: at most `limit`. A name that ends in `/` or `*` stands for all documents that
/// begin like it, too.
///
/// # Errors
/// The name is a prefix of too much, or a port fails.
pub async fn sources(
    uri: &str,
    span: Option<Span>,
    limit: usize,
    ledger: &(impl QuerySources + QueryRecords + FindRecords),
) -> Result<Used, NotAsked> {
    let (of_passage, without_text) = sightings(uri, span, ledger).await?;
    let (groups, beside): (Vec<_>, Vec<_>) = groups(&of_passage, span, ledger)
        .await?
        .into_iter()
        .partition(|group| span.is_none_or(|span| span.holds(group.moment)));
    let named: BTreeSet<&str> = groups.iter().map(|group| group.request_id.as_str()).collect();
    let others = without_text.iter().filter(|seen| !named.contains(seen.sample_request_id.as_str())).count();
    let all = groups.len() + others;
    // what is not shown may be the log of what is
    let mut shown = groups;
    let not_shown = shown.split_off(limit.min(shown.len()));
    let beside = near(&shown, not_shown.into_iter().chain(beside)).take(limit).collect();
    let carried = carried(shown, ledger).await?;
    let logs = Logs::of(carried.iter().chain(&self::carried(beside, ledger).await?));
    let mut answers: Vec<_> = carried.into_iter().map(|answer| answer.used_in(&of_passage, &logs)).collect();
    for seen in without_text.into_iter().take(limit) {
        named_without_text(&seen, &mut answers, ledger).await?;
    }
    answers.sort_by(|a, b| (b.occurred_at, &b.request_id).cmp(&(a.occurred_at, &a.request_id)));
    answers.truncate(limit);
    Ok(Used { more: all.saturating_sub(answers.len()), answers })
}

async fn carried(groups: Vec<Group>, ledger: &impl FindRecords) -> Result<Vec<Carried>, PortError> {
    stream::iter(groups).map(|group| group.carried(ledger)).buffered(CONCURRENCY).try_collect().await
}

/// Those of other requests that may be steps of an answer among these.
fn near(shown: &[Group], others: impl Iterator<Item = Group>) -> impl Iterator<Item = Group> {
    let moments = || shown.iter().map(|group| group.moment);
    let (first, last) = (moments().min(), moments().max());
    others.filter(move |other| {
        first.is_some_and(|first| earlier(first, STEPS) <= other.moment)
            && last.is_some_and(|last| other.moment <= later(last, STEPS))
    })
}

/// Answers that used a document.
#[derive(Debug, Default)]
pub struct Used {
    /// The newest first.
    pub answers: Vec<UsedIn>,
    /// So many more there are.
    pub more: usize,
}

/// The documents that are asked for, by passage.
type OfPassage = BTreeMap<Sha256, Vec<DocumentSighting>>;

/// The passages of the documents that are asked for, and the requests of a span that name one of them without its text, newest
/// first.
async fn sightings(
    uri: &str,
    span: Option<Span>,
    ledger: &impl QuerySources,
) -> Result<(OfPassage, Vec<DocumentSighting>), NotAsked> {
    let named = documents_named(uri, ledger).await?;
    let listed: Vec<_> = stream::iter(named)
        .map(|uri| async move { Ok::<_, PortError>((ledger.passages_of(&uri).await?, uri)) })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut of_passage = OfPassage::new();
    let mut without_text = Vec::new();
    for (sightings, uri) in listed {
        // a key may be cut: what else has the same is another document
        for seen in sightings.into_iter().filter(|seen| seen.document_uri == uri) {
            match seen.text_sha256.clone() {
                Some(hash) => of_passage.entry(hash).or_default().push(seen),
                None if span.is_none_or(|span| span.holds(seen.first_seen)) => without_text.push(seen),
                None => {}
            }
        }
    }
    without_text.sort_by_key(|seen| Reverse(seen.first_seen));
    Ok((of_passage, without_text))
}

/// The requests of a span, and some from around it, with one of these passages, newest first.
async fn groups(
    of_passage: &OfPassage,
    span: Option<Span>,
    ledger: &impl QuerySources,
) -> Result<Vec<Group>, PortError> {
    // a request is of one moment, however far apart its log and its responses are: what is said of it rests on all of them
    let wide = match span {
        Some(span) => Span { since: earlier(span.since, APART), until: later(span.until, APART) },
        None => Span { since: Timestamp::MIN, until: Timestamp::MAX },
    };
    let lines: Vec<Vec<PassageLine>> = stream::iter(of_passage.keys())
        .map(|hash| async move { ledger.sources_with(hash, wide, Order::NewestFirst, usize::MAX).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut by_request: BTreeMap<String, Vec<PassageLine>> = BTreeMap::new();
    for line in lines.into_iter().flatten() {
        by_request.entry(line.request_id.clone()).or_default().push(line);
    }
    let mut groups: Vec<_> = by_request.into_values().filter_map(Group::of).collect();
    groups.sort_by(|a, b| (b.moment, &b.request_id).cmp(&(a.moment, &a.request_id)));
    Ok(groups)
}

/// The documents of a name that somebody typed.
async fn documents_named(uri: &str, ledger: &impl QuerySources) -> Result<BTreeSet<String>, NotAsked> {
    let exact: BTreeSet<String> = [uri.to_owned()].into();
    let Some(prefix) = uri.strip_suffix('*').or_else(|| uri.ends_with('/').then_some(uri)) else {
        return Ok(exact);
    };
    let rest = prefix.split_once("://").map_or(prefix, |(_, rest)| rest);
    let (authority, path) = authority_and_path(prefix);
    if rest.split_once('/').is_none_or(|(name, _)| name.is_empty()) {
        // a document may be called like that: a page of a host, a query
        let is_there = !ledger.passages_of(uri).await?.is_empty();
        return if is_there { Ok(exact) } else { Err(NotAsked::TooShort) };
    }
    let below = ledger.documents_below(&authority, path).await?;
    let begin_like_it = below.into_iter().map(|seen| seen.document_uri).filter(|uri| uri.starts_with(prefix));
    Ok(begin_like_it.chain(exact).collect())
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
        documents_left_out: 0,
    };
    used.carried_by(carrier);
    found.push(used);
    Ok(())
}
