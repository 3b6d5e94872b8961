//! A window of the ledger, page by page.

use std::{collections::HashMap, time::Duration};

use audit_app::ports::{InvocationPlace, PageInvocations, PortError, QueryDeliveries, Span};
use audit_domain::{
    digest::bounded_key,
    ledger::{
        delivery::{DeliveryLine, list_of_day, rejects_prefix},
        record::invocation_bucket,
        schema::{BY_TIME, DELIVERIES, RECORDS},
    },
    overview::{CountedInvocation, RejectLine},
};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::{
    Ledger, deliveries,
    item::{Attributes, Reader, Unreadable},
    reads::in_span,
    records::{self, COUNTED, index_range},
};
use crate::error::port_error;

/// So many invocations make a page: as many items as one BatchGetItem takes.
const PAGE: i32 = 100;
/// So often what DynamoDB left out of a batch is asked for again.
const TRIES: u32 = 8;

impl<K: Sync> PageInvocations for Ledger<K> {
    async fn invocation_page(
        &self,
        day: &str,
        shard: u8,
        span: Span,
        after: Option<&InvocationPlace>,
    ) -> Result<(Vec<CountedInvocation>, Option<InvocationPlace>), PortError> {
        let action = format!("list the invocations of {day}");
        let bucket = invocation_bucket(day, shard);
        let mut query = in_span(self.query_records(), &BY_TIME, &bucket, span).limit(PAGE);
        if let Some(place) = after {
            query = query.set_exclusive_start_key(Some(start(place, &bucket)));
        }
        let answer = query.send().await.map_err(|error| port_error(&action, &error))?;
        let keys: Vec<_> = answer.items().iter().filter_map(keys).collect();
        let mut found = self.counted(&keys, &action).await?;
        // in the order of the index; what the retention took meanwhile is in the index alone
        let page = keys.iter().filter_map(|key| found.remove(key)).collect();
        let end = answer.last_evaluated_key().and_then(|key| {
            let text = |name: &str| key.get(name)?.as_s().ok().cloned();
            Some(InvocationPlace {
                request_id: text(RECORDS.partition)?,
                record: text(RECORDS.sort)?,
                occurred_at_id: text(BY_TIME.sort)?,
            })
        });
        Ok((page, end))
    }
}

/// The keys of an item: its request and its sort key.
type Keys = (String, String);

fn keys(item: &Attributes) -> Option<Keys> {
    let item = Reader::of(item);
    Some((item.maybe(RECORDS.partition)?, item.maybe(RECORDS.sort)?))
}

fn start(place: &InvocationPlace, bucket: &str) -> Attributes {
    let key = [
        (RECORDS.partition, &place.request_id),
        (RECORDS.sort, &place.record),
        (BY_TIME.sort, &place.occurred_at_id),
        (BY_TIME.partition, &bucket.to_owned()),
    ];
    key.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone()))).collect()
}

impl<K: Sync> Ledger<K> {
    /// What counts of the invocations under these keys, by the names of its attributes: no excerpt, no body, no metadata.
    async fn counted(
        &self,
        keys: &[Keys],
        action: &str,
    ) -> Result<HashMap<Keys, CountedInvocation>, PortError> {
        let mut found = HashMap::new();
        let mut asked = wanted(keys).map_err(|error| PortError::permanent(action, error))?;
        for attempt in 0..TRIES {
            let Some(request) = asked.take() else { return Ok(found) };
            let batch = self.client.batch_get_item().request_items(&self.tables.records, request);
            let answer = batch.send().await.map_err(|error| port_error(action, &error))?;
            let items = answer.responses().and_then(|tables| tables.get(&self.tables.records));
            for item in items.into_iter().flatten().filter(|item| self.is_current(item)) {
                let counted =
                    records::counted(item).map_err(|Unreadable(why)| PortError::permanent(action, why))?;
                found.extend(self::keys(item).map(|keys| (keys, counted)));
            }
            asked = answer.unprocessed_keys().and_then(|tables| tables.get(&self.tables.records)).cloned();
            if asked.is_some() {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
        }
        match asked {
            None => Ok(found),
            Some(_) => Err(PortError::retry(action, "the table answered only in part, again and again")),
        }
    }
}

/// The request for these items; none where there are none.
fn wanted(keys: &[Keys]) -> Result<Option<KeysAndAttributes>, String> {
    if keys.is_empty() {
        return Ok(None);
    }
    let text = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
    let key = |(request, record): &Keys| {
        HashMap::from([text(RECORDS.partition, request), text(RECORDS.sort, record)])
    };
    // some of the names are words of the query language
    let names: HashMap<_, _> = COUNTED.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect();
    let projection = COUNTED.map(|name| format!("#{name}")).join(", ");
    KeysAndAttributes::builder()
        .set_keys(Some(keys.iter().map(key).collect()))
        .projection_expression(projection)
        .set_expression_attribute_names(Some(names))
        .build()
        .map(Some)
        .map_err(|error| error.to_string())
}

impl<K: Sync> QueryDeliveries for Ledger<K> {
    async fn delivery_page(
        &self,
        day: &str,
        span: Span,
        after: Option<&str>,
    ) -> Result<(Vec<DeliveryLine>, Option<String>), PortError> {
        let action = format!("list the deliveries of {day}");
        let list = list_of_day(day);
        let (since, until) = index_range(span.since, span.until);
        let start = after.map(|after| {
            let key = [(DELIVERIES.partition, list.as_str()), (DELIVERIES.sort, after)];
            key.into_iter()
                .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
                .collect()
        });
        let answer = self
            .client
            .query()
            .table_name(&self.tables.deliveries)
            .key_condition_expression("#partition = :list AND #sort BETWEEN :since AND :until")
            .expression_attribute_names("#partition", DELIVERIES.partition)
            .expression_attribute_names("#sort", DELIVERIES.sort)
            .expression_attribute_values(":list", AttributeValue::S(list.clone()))
            .expression_attribute_values(":since", AttributeValue::S(since))
            .expression_attribute_values(":until", AttributeValue::S(until))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| port_error(&action, &error))?;
        let current = answer.items().iter().filter(|item| self.is_current(item));
        let lines = current.map(deliveries::decode_line).collect::<Result<_, _>>();
        let lines = lines.map_err(|Unreadable(reason)| PortError::permanent(&action, reason))?;
        let end = answer.last_evaluated_key().and_then(|key| key.get(DELIVERIES.sort)?.as_s().ok().cloned());
        Ok((lines, end))
    }

    async fn rejects_of(&self, delivery: &DeliveryLine) -> Result<Vec<RejectLine>, PortError> {
        let query = self
            .client
            .query()
            .table_name(&self.tables.deliveries)
            .key_condition_expression("#partition = :object AND begins_with(#sort, :rejects)")
            .expression_attribute_names("#partition", DELIVERIES.partition)
            .expression_attribute_names("#sort", DELIVERIES.sort)
            .expression_attribute_values(":object", AttributeValue::S(bounded_key(&delivery.object)))
            .expression_attribute_values(":rejects", AttributeValue::S(rejects_prefix(&delivery.version)));
        let action = format!("list the rejects of {}", delivery.object);
        let decode = |item: &Attributes| {
            if !deliveries::is_reject_of(item, delivery.etag.as_deref()) {
                return Ok(None);
            }
            Ok(Some(RejectLine {
                moment: delivery.moment,
                object: delivery.object.clone(),
                version: delivery.version.clone(),
                reject: deliveries::decode_reject(item)?,
            }))
        };
        Ok(self.all(query, &action, decode).await?.into_iter().flatten().collect())
    }
}
