//! The embedding of a question: a call by the role of a knowledge base, with nothing else in common with the answer. Found from
//! the answer, and the answer from it.

use std::collections::BTreeSet;

use audit_domain::{
    ledger::record::{Common, InvocationLine, Link, Record, SHARDS},
    passage::Certainty,
    principal::Principal,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    CANDIDATES, CONCURRENCY, Center, GENERATION, RETRIEVAL, apart, days, documents, earlier, is_rerank, later,
};
use crate::ports::{PortError, QueryRecords, QuerySources, Span};

/// A question is embedded so shortly before the model is called.
const EMBEDDED: SignedDuration = SignedDuration::from_secs(15);
/// So many passages of another request are looked up.
const LOOKED_UP: usize = 10;
/// How sessions begin in which a knowledge base embeds questions (FORMATS 4.1).
const EMBEDDERS: [&str; 2] = ["BKB-Retrieve-", "BedrockQueryKnowledgeBaseSession-"];

/// The embeddings of a question: calls of a knowledge base's role shortly before the model was called.
pub(super) async fn embeddings(
    center: &Center<'_>,
    called: Timestamp,
    knowledge_bases: &BTreeSet<String>,
    ledger: &impl QueryRecords,
) -> Result<Vec<Link>, PortError> {
    let has_passages = center.sources.iter().any(|source| source.text_sha256.is_some());
    let own = center.principal().and_then(embedder);
    let Some(common) = center.common().filter(|_| has_passages && own.is_none()) else {
        return Ok(Vec::new());
    };
    let span = Span { since: earlier(called, EMBEDDED), until: later(called, SignedDuration::from_secs(1)) };
    let lines = calls_in(span, &common, ledger).await?;
    let mut embedded: Vec<_> = lines
        .into_iter()
        .filter(|line| line.system_prompt_id.is_none() && line.request_id != center.request_id)
        .filter_map(|line| Some((embedder(&Principal::from_arn(&line.principal))?, line)))
        .filter(|(knowledge_base, _)| knowledge_bases.is_empty() || knowledge_bases.contains(knowledge_base))
        .collect();
    embedded.sort_by(|(_, a), (_, b)| (b.occurred_at, &a.request_id).cmp(&(a.occurred_at, &b.request_id)));
    let others = match embedded.len() {
        0 | 1 => String::new(),
        many => format!("; {} more did so about that time", many - 1),
    };
    let link = |(knowledge_base, line): (String, InvocationLine)| {
        let known = if knowledge_bases.is_empty() { "" } else { ", which has these passages" };
        Link {
            common: common.clone(),
            other_request_id: line.request_id,
            relation: RETRIEVAL.to_owned(),
            basis: format!(
                "the role of knowledge base {knowledge_base}{known} embedded a question, {}{others}",
                apart(line.occurred_at.duration_since(called))
            ),
            certainty: Certainty::Inferred,
        }
    };
    Ok(embedded.into_iter().map(link).collect())
}

/// The answers to the question that this request embedded: calls shortly after it, whose passages its knowledge base has.
pub(super) async fn answers(
    center: &Center<'_>,
    embedded: Timestamp,
    ledger: &(impl QueryRecords + QuerySources),
) -> Result<Vec<Link>, PortError> {
    let own = center.principal().and_then(embedder);
    let (Some(knowledge_base), Some(common)) = (own, center.common()) else { return Ok(Vec::new()) };
    let span = Span { since: embedded, until: later(embedded, EMBEDDED) };
    let mut calls = calls_in(span, &common, ledger).await?;
    calls.retain(|line| {
        line.request_id != center.request_id && embedder(&Principal::from_arn(&line.principal)).is_none()
    });
    calls.sort_by(|a, b| (a.occurred_at, &a.request_id).cmp(&(b.occurred_at, &b.request_id)));
    calls.truncate(CANDIDATES);
    let mut links = Vec::new();
    for line in calls {
        let Some(is_told) = has_passages_of(&knowledge_base, &line.request_id, ledger).await? else {
            continue;
        };
        let passages = if is_told {
            "that knowledge base has its passages"
        } else {
            "where its passages are from is not known"
        };
        let distance = apart(line.occurred_at.duration_since(embedded));
        links.push(Link {
            common: common.clone(),
            other_request_id: line.request_id,
            relation: GENERATION.to_owned(),
            basis: format!(
                "the role of knowledge base {knowledge_base} embedded the question of this request; the other came {distance}, and {passages}"
            ),
            certainty: Certainty::Inferred,
        });
    }
    Ok(links)
}

/// Whether a request's passages are told to be of a knowledge base; `None` where it has none, or those of another.
async fn has_passages_of(
    knowledge_base: &str,
    request_id: &str,
    ledger: &(impl QueryRecords + QuerySources),
) -> Result<Option<bool>, PortError> {
    let records = ledger.records_of(request_id).await?;
    if records.iter().any(|record| matches!(record, Record::Invocation(invocation) if is_rerank(invocation)))
    {
        return Ok(None);
    }
    let sources: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Source(source) => Some(*source),
            _ => None,
        })
        .take(LOOKED_UP)
        .collect();
    if sources.is_empty() {
        return Ok(None);
    }
    let documents = documents(&sources, ledger).await?;
    let seen = documents.values().flat_map(|documents| &documents.found);
    let told: BTreeSet<_> = seen.filter_map(|seen| seen.knowledge_base_id.as_deref()).collect();
    Ok((told.is_empty() || told.contains(knowledge_base)).then_some(!told.is_empty()))
}

/// The calls of a span in an account and region.
async fn calls_in(
    span: Span,
    common: &Common,
    ledger: &impl QueryRecords,
) -> Result<Vec<InvocationLine>, PortError> {
    let buckets = days(span).into_iter().flat_map(|day| (0..SHARDS).map(move |shard| (day.clone(), shard)));
    let lines: Vec<_> = stream::iter(buckets)
        .map(|(day, shard)| async move { ledger.invocations_in(&day, shard, span).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let is_here = |line: &InvocationLine| {
        line.account_id.as_ref().is_none_or(|account| *account == common.account_id)
            && line.region.as_ref().is_none_or(|region| *region == common.region)
    };
    Ok(lines.into_iter().flatten().filter(is_here).collect())
}

/// The knowledge base in whose session a question was embedded.
pub(super) fn embedder(principal: &Principal) -> Option<String> {
    let session = principal.session.as_deref()?;
    let rest = EMBEDDERS.iter().find_map(|begins| session.strip_prefix(begins))?;
    Some(rest.split('-').next().unwrap_or(rest).to_owned())
}
