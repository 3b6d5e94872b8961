//! The embedding of a question: a call by the role of a knowledge base, with nothing else in common with the answer.

use std::collections::BTreeSet;

use audit_domain::{
    ledger::record::{InvocationLine, Link, SHARDS},
    passage::Certainty,
    principal::Principal,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::{CONCURRENCY, Center, RETRIEVAL, apart, days, earlier, later};
use crate::ports::{PortError, QueryRecords, Span};

/// A question is embedded so shortly before the model is called.
const EMBEDDED: SignedDuration = SignedDuration::from_secs(15);
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
    let buckets = days(span).into_iter().flat_map(|day| (0..SHARDS).map(move |shard| (day.clone(), shard)));
    let lines: Vec<_> = stream::iter(buckets)
        .map(|(day, shard)| async move { ledger.invocations_in(&day, shard, span).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut embedded: Vec<_> = lines
        .into_iter()
        .flatten()
        .filter(|line| line.account_id.as_ref().is_none_or(|account| *account == common.account_id))
        .filter(|line| line.region.as_ref().is_none_or(|region| *region == common.region))
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

/// The knowledge base in whose session a question was embedded.
pub(super) fn embedder(principal: &Principal) -> Option<String> {
    let session = principal.session.as_deref()?;
    let rest = EMBEDDERS.iter().find_map(|begins| session.strip_prefix(begins))?;
    Some(rest.split('-').next().unwrap_or(rest).to_owned())
}
