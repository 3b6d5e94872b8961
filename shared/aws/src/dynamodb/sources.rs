//! The ports that ask for documents and passages: queries, never a scan.

use audit_app::ports::{Order, PortError, QuerySources, Span};
use audit_domain::{
    digest::Sha256,
    ledger::{
        document::DocumentSighting,
        record::PassageLine,
        schema::{BY_PASSAGE, STATES},
        state::{document_subject, documents_subject, passage_subject, session_subject},
        turn::Turn,
    },
    sources::Documents,
    time,
};
use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::AttributeValue};

use super::{
    Ledger,
    item::{Attributes, Unreadable},
    merge::Merged,
    reads::{begins_with, by_key, in_span},
    records, turns,
};
use crate::error::port_error;

/// So many documents of a passage are counted, at most.
const COUNTED: i32 = 1_000;

impl<K: Sync> QuerySources for Ledger<K> {
    async fn documents_of(&self, passage: &Sha256, limit: usize) -> Result<Documents, PortError> {
        let action = "look up the documents of a passage";
        let query = by_key(self.query_states(), STATES.partition, &passage_subject(passage));
        let page = query.limit(COUNTED).send().await.map_err(|error| port_error(action, &error))?;
        let current: Vec<_> = page.items().iter().filter(|item| self.is_current(item)).collect();
        let found = current.iter().take(limit).map(|item| decoded(item, action));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        Ok(Documents { more: current.len() - found.len(), found })
    }

    async fn passages_of(&self, document_uri: &str) -> Result<Vec<DocumentSighting>, PortError> {
        let query = by_key(self.query_states(), STATES.partition, &document_subject(document_uri));
        self.all(query, "list the passages of a document", DocumentSighting::decode).await
    }

    async fn documents_below(&self, authority: &str, path: &str) -> Result<Vec<DocumentSighting>, PortError> {
        let subject = documents_subject(authority);
        let query = if path.is_empty() {
            by_key(self.query_states(), STATES.partition, &subject)
        } else {
            begins_with(self.query_states(), &subject, path)
        };
        self.all(query, "list the documents below a prefix", DocumentSighting::decode).await
    }

    async fn sources_with(
        &self,
        passage: &Sha256,
        span: Span,
        order: Order,
        limit: usize,
    ) -> Result<Vec<PassageLine>, PortError> {
        let query = in_span(
            self.client.query().table_name(&self.tables.records),
            &BY_PASSAGE,
            passage.as_str(),
            span,
        )
        .scan_index_forward(order == Order::OldestFirst);
        self.first(query, limit, "list the answers with a passage", records::passage_line).await
    }

    async fn turns_of(
        &self,
        session_id: &str,
        span: Span,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Turn>, PortError> {
        // `#` follows the moment in a key: what is `until` is no longer part of it
        let (since, until) = (time::rfc3339(span.since), time::rfc3339(span.until));
        let query = self
            .query_states()
            .key_condition_expression("subject = :session AND version BETWEEN :since AND :until")
            .expression_attribute_values(":session", AttributeValue::S(session_subject(session_id)))
            .expression_attribute_values(":since", AttributeValue::S(since))
            .expression_attribute_values(":until", AttributeValue::S(until))
            .scan_index_forward(order == Order::OldestFirst);
        self.first(query, limit, "list the requests of a session", turns::decode).await
    }
}

impl<K: Sync> Ledger<K> {
    /// At most so many items of a query, page by page.
    async fn first<T>(
        &self,
        query: QueryFluentBuilder,
        limit: usize,
        action: &str,
        decode: impl Fn(&Attributes) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, PortError> {
        let page_size = i32::try_from(limit).ok().filter(|limit| *limit <= COUNTED);
        let mut pages = query.set_limit(page_size).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| port_error(action, &error))?;
            for item in page.items().iter().filter(|item| self.is_current(item)) {
                found.push(decode(item).map_err(|Unreadable(reason)| PortError::permanent(action, reason))?);
                if found.len() >= limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }
}

fn decoded(item: &Attributes, action: &str) -> Result<DocumentSighting, PortError> {
    DocumentSighting::decode(item).map_err(|Unreadable(reason)| PortError::permanent(action, reason))
}
