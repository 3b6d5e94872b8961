//! The ports that ask: queries, never a scan. What is over its retention is not shown.

use audit_app::ports::{
    CountSightings, FetchKept, FindDeliveries, KnowChanges, KnowInvocations, PortError, QueryRecords,
    QueryResourceStates, QueryStates, Span,
};
use audit_domain::{
    change::Resource,
    digest::bounded_key,
    evidence::ObjectLocation,
    invocation::Invocation,
    ledger::{
        record::{ChangeLine, InvocationLine, Record, change_bucket, invocation_bucket},
        schema::{BY_RESOURCE, BY_TIME, DELIVERIES, Index, RECORDS, STATES},
        state::{
            SEEN, Sighting, caller_subject, days_subject, list_subject, prompt_subject, resource_subject,
        },
        texts::{RECORD_FACTS, STATE_FACTS},
    },
    state::State,
};
use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Select},
};

use super::{
    Ledger, deliveries,
    item::{Attributes, Reader, Unreadable},
    records,
    states::{self, FoundText},
};
use crate::error::port_error;

impl<K: Sync> QueryRecords for Ledger<K> {
    async fn records_of(&self, request_id: &str) -> Result<Vec<Record>, PortError> {
        let query = self.query_whole_records().consistent_read(true);
        let query = by_key(query, RECORDS.partition, &bounded_key(request_id));
        self.all(query, &format!("look up request {request_id}"), records::decode).await
    }

    async fn changes_in(&self, month: &str, span: Span) -> Result<Vec<ChangeLine>, PortError> {
        let query = in_span(self.query_records(), &BY_TIME, &change_bucket(month), span);
        self.all(query, &format!("list the changes of {month}"), records::change_line).await
    }

    async fn changes_of(&self, resource: &str, span: Span) -> Result<Vec<ChangeLine>, PortError> {
        let query = in_span(self.query_records(), &BY_RESOURCE, &bounded_key(resource), span);
        self.all(query, &format!("list the changes of {resource}"), records::change_line).await
    }

    async fn invocations_in(
        &self,
        day: &str,
        shard: u8,
        span: Span,
    ) -> Result<Vec<InvocationLine>, PortError> {
        let query = in_span(self.query_records(), &BY_TIME, &invocation_bucket(day, shard), span);
        self.all(query, &format!("list the invocations of {day}"), records::invocation_line).await
    }
}

impl<K: Sync> KnowInvocations for Ledger<K> {
    async fn invocations_of(&self, request_id: &str) -> Result<Vec<Invocation>, PortError> {
        let query = by_key(self.query_records(), RECORDS.partition, &bounded_key(request_id));
        let query = query
            .consistent_read(true)
            .key_condition_expression("#partition = :partition AND begins_with(#record, :kind)")
            .expression_attribute_names("#record", RECORDS.sort)
            .expression_attribute_values(":kind", AttributeValue::S("invocation#".to_owned()));
        let action = format!("look whether {request_id} is known");
        let found = query.limit(25).send().await.map_err(|error| port_error(&action, &error))?;
        let invocation = |item| match records::decode(item) {
            Ok(Record::Invocation(invocation)) => Some(*invocation),
            // what cannot be read is no reason to keep another record out of the ledger
            Ok(_) | Err(_) => None,
        };
        Ok(found.items().iter().filter(|item| self.is_current(item)).filter_map(invocation).collect())
    }
}

impl<K: Sync> KnowChanges for Ledger<K> {
    async fn has_change_of(&self, resource: &Resource) -> Result<bool, PortError> {
        let resource = resource.to_string();
        let query = by_key(self.query_records(), BY_RESOURCE.partition, &bounded_key(&resource));
        let newest = query.index_name(BY_RESOURCE.name).select(Select::Count).limit(1).send().await;
        let newest = newest.map_err(|e| port_error(&format!("look for a change of {resource}"), &e))?;
        Ok(newest.count() > 0)
    }
}

impl<K: FetchKept> QueryResourceStates for Ledger<K> {
    async fn newest_resource_state(
        &self,
        resource: &Resource,
        below: Option<&str>,
    ) -> Result<Option<State>, PortError> {
        let query = by_key(self.query_states(), STATES.partition, &resource_subject(resource));
        let query = match below {
            None => query,
            Some(key) => query
                .key_condition_expression("#partition = :partition AND version < :below")
                .expression_attribute_values(":below", AttributeValue::S(key.to_owned())),
        };
        let action = format!("look up what {} looked like", resource.short());
        let answer = query.scan_index_forward(false).limit(1).consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(&action, &error))?;
        match answer.items().first() {
            Some(item) => self.state_of(item, &action).await.map(Some),
            None => Ok(None),
        }
    }

    async fn resource_states(&self, resource: &Resource) -> Result<Vec<State>, PortError> {
        let query = by_key(self.query_states(), STATES.partition, &resource_subject(resource));
        let action = format!("list what {} looked like", resource.short());
        let mut states = Vec::new();
        for item in self.all(query, &action, |item| Ok(item.clone())).await? {
            states.push(self.state_of(&item, &action).await?);
        }
        Ok(states)
    }
}

impl<K: FetchKept> Ledger<K> {
    async fn state_of(&self, item: &Attributes, action: &str) -> Result<State, PortError> {
        let document = if self.texts { self.kept_text(item, action).await? } else { "null".to_owned() };
        states::decode_state(item, &document)
            .map_err(|Unreadable(reason)| PortError::permanent(action, reason))
    }

    /// The text of an item, which may lie beside the ledger.
    async fn kept_text(&self, item: &Attributes, action: &str) -> Result<String, PortError> {
        let unreadable = |Unreadable(reason): Unreadable| PortError::permanent(action, reason);
        match states::find_text(item).map_err(unreadable)? {
            FoundText::Here(text) => Ok(text),
            FoundText::Kept(key) => states::unpack(&self.objects.fetch(&key).await?).map_err(unreadable),
        }
    }
}

impl<K: FetchKept> QueryStates for Ledger<K> {
    fn shows_texts(&self) -> bool {
        self.texts
    }

    async fn prompt_text(&self, id: &str) -> Result<Option<String>, PortError> {
        if !self.texts {
            return Ok(None);
        }
        let action = format!("read the text of system prompt {id}");
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.states)
            .key(STATES.partition, AttributeValue::S(bounded_key(&prompt_subject(id))))
            .key(STATES.sort, AttributeValue::S("text".to_owned()))
            .send()
            .await
            .map_err(|error| port_error(&action, &error))?;
        let Some(item) = answer.item().filter(|item| self.is_current(item)) else { return Ok(None) };
        self.kept_text(item, &action).await.map(Some)
    }

    async fn prompt_sightings(&self, id: &str) -> Result<Vec<Sighting>, PortError> {
        let query = begins_with(self.query_states(), &bounded_key(&prompt_subject(id)), SEEN);
        self.all(query, &format!("list the sightings of {id}"), states::decode_sighting).await
    }

    async fn prompts_listed(&self, month: &str) -> Result<Vec<Sighting>, PortError> {
        let query = by_key(self.query_states(), STATES.partition, &list_subject(month));
        self.all(query, &format!("list the system prompts of {month}"), states::decode_sighting).await
    }

    async fn invocation_days(&self, month: &str) -> Result<Vec<String>, PortError> {
        let query = by_key(self.query_states(), STATES.partition, &days_subject(month));
        self.all(query, &format!("list the days of {month}"), states::decode_day).await
    }

    async fn caller_sightings(
        &self,
        caller: &str,
        from_day: &str,
        to_day: &str,
    ) -> Result<Vec<Sighting>, PortError> {
        let query = self
            .query_states()
            .key_condition_expression("subject = :partition AND version BETWEEN :from AND :to")
            .expression_attribute_values(":partition", AttributeValue::S(caller_subject(caller)))
            .expression_attribute_values(":from", AttributeValue::S(format!("{SEEN}{from_day}")))
            .expression_attribute_values(":to", AttributeValue::S(format!("{SEEN}{to_day}#~")));
        self.all(query, &format!("list the system prompts of {caller}"), states::decode_sighting).await
    }
}

impl<K: Sync> CountSightings for Ledger<K> {
    async fn count_sightings(&self, caller: &str, day: &str, limit: usize) -> Result<usize, PortError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let query = begins_with(self.query_states(), &caller_subject(caller), &format!("{SEEN}{day}#"))
            .select(Select::Count)
            .limit(limit);
        let answer = query.send().await;
        let answer =
            answer.map_err(|error| port_error(&format!("count the system prompts of {caller}"), &error))?;
        Ok(usize::try_from(answer.count()).unwrap_or_default())
    }
}

impl<K: Sync> FindDeliveries for Ledger<K> {
    async fn was_delivered(&self, location: &ObjectLocation) -> Result<bool, PortError> {
        let query = self.client.query().table_name(&self.tables.deliveries);
        let query = by_key(query, DELIVERIES.partition, &bounded_key(&location.to_string()));
        let action = format!("look up the delivery of {location}");
        let says_done = |item: &Attributes| Ok(deliveries::says_done(item, location.etag.as_deref()));
        Ok(self.all(query, &action, says_done).await?.contains(&true))
    }
}

impl<K> Ledger<K> {
    pub(super) fn query_records(&self) -> QueryFluentBuilder {
        self.client.query().table_name(&self.tables.records)
    }

    /// Of the table itself: lines of indexes have no texts.
    pub(super) fn query_whole_records(&self) -> QueryFluentBuilder {
        self.shown(self.query_records(), RECORD_FACTS)
    }

    pub(super) fn query_states(&self) -> QueryFluentBuilder {
        self.shown(self.client.query().table_name(&self.tables.states), STATE_FACTS)
    }

    /// Asks for facts alone, where texts are not to be shown: each by its name, as a policy wants it.
    fn shown(&self, query: QueryFluentBuilder, facts: &[&str]) -> QueryFluentBuilder {
        if self.texts {
            return query;
        }
        let placeholders: Vec<_> = (0..facts.len()).map(|nth| format!("#f{nth}")).collect();
        let query = query.select(Select::SpecificAttributes).projection_expression(placeholders.join(","));
        placeholders
            .into_iter()
            .zip(facts)
            .fold(query, |query, (placeholder, name)| query.expression_attribute_names(placeholder, *name))
    }

    /// Every item of a query, all pages, as `decode` reads them.
    pub(super) async fn all<T>(
        &self,
        query: QueryFluentBuilder,
        action: &str,
        decode: impl Fn(&Attributes) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, PortError> {
        let mut pages = query.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| port_error(action, &error))?;
            for item in page.items().iter().filter(|item| self.is_current(item)) {
                found.push(decode(item).map_err(|Unreadable(reason)| {
                    let record = Reader::of(item).maybe(RECORDS.sort).unwrap_or_default();
                    PortError::permanent(action, format!("item {record}: {reason}"))
                })?);
            }
        }
        Ok(found)
    }

    pub(super) fn is_current(&self, item: &Attributes) -> bool {
        let expires_at: Option<i64> = Reader::of(item).number("expires_at");
        expires_at.is_none_or(|at| at > self.as_of.as_second())
    }
}

pub(super) fn by_key(query: QueryFluentBuilder, name: &str, value: &str) -> QueryFluentBuilder {
    query
        .key_condition_expression("#partition = :partition")
        .expression_attribute_names("#partition", name)
        .expression_attribute_values(":partition", AttributeValue::S(value.to_owned()))
}

pub(super) fn begins_with(query: QueryFluentBuilder, subject: &str, prefix: &str) -> QueryFluentBuilder {
    query
        .key_condition_expression("subject = :partition AND begins_with(version, :prefix)")
        .expression_attribute_values(":partition", AttributeValue::S(subject.to_owned()))
        .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
}

pub(super) fn in_span(
    query: QueryFluentBuilder,
    index: &Index,
    value: &str,
    span: Span,
) -> QueryFluentBuilder {
    let (since, until) = records::index_range(span.since, span.until);
    query
        .index_name(index.name)
        .key_condition_expression("#partition = :partition AND #sort BETWEEN :since AND :until")
        .expression_attribute_names("#partition", index.partition)
        .expression_attribute_names("#sort", index.sort)
        .expression_attribute_values(":partition", AttributeValue::S(value.to_owned()))
        .expression_attribute_values(":since", AttributeValue::S(since))
        .expression_attribute_values(":until", AttributeValue::S(until))
}
