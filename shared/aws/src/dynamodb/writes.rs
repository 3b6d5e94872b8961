//! The ports that write: conditional puts, never an update, a delete or a batch.

use audit_app::ports::{
    FindRecords, KeepObjects, PortError, Put, PutDeliveries, PutRecords, PutResourceStates, PutStates,
};
use audit_domain::{
    digest::{Sha256, bounded_key},
    ledger::{
        delivery::Delivery,
        record::Record,
        schema::RECORDS,
        state::{Sighting, StateKey},
    },
    state::State,
};
use aws_sdk_dynamodb::{
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    Ledger, deliveries,
    item::{Attributes, Unreadable},
    records,
    states::{self, KeptText},
};
use crate::error::port_error;

/// Thirty days in seconds.
pub(super) const MONTH: i64 = 30 * 24 * 60 * 60;
/// So many rejects are written at a time.
const CONCURRENCY: usize = 16;

impl<K: Sync> PutRecords for Ledger<K> {
    async fn put_record(&self, record: &Record, expires_at: i64) -> Result<Put, PortError> {
        let put = self
            .put(&self.tables.records, records::encode(record, expires_at))
            .await
            .condition_expression("attribute_not_exists(request_id) OR completeness < :completeness")
            .expression_attribute_values(
                ":completeness",
                AttributeValue::N(record.completeness().to_string()),
            );
        let action = || format!("put {}", record.sort_key());
        let Record::Change(change) = record else { return conditional(put, action).await };
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(Put::Stored),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let same = failed.item().is_none_or(|item| records::is_of_change(item, change));
                    Ok(if same { Put::Duplicate } else { Put::Taken })
                }
                _ => Err(port_error(&action(), &error)),
            },
        }
    }
}

impl<K: Sync> FindRecords for Ledger<K> {
    async fn find_record(&self, request_id: &str, sort_key: &str) -> Result<Option<Record>, PortError> {
        let action = format!("look for {sort_key}");
        if !self.texts {
            // one item by a query: a policy can say of a query alone that it must name its attributes
            let query = self
                .query_whole_records()
                .consistent_read(true)
                .key_condition_expression("#partition = :request AND #sort = :record")
                .expression_attribute_names("#partition", RECORDS.partition)
                .expression_attribute_names("#sort", RECORDS.sort)
                .expression_attribute_values(":request", AttributeValue::S(bounded_key(request_id)))
                .expression_attribute_values(":record", AttributeValue::S(sort_key.to_owned()));
            return Ok(self.all(query, &action, records::decode).await?.pop());
        }
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.records)
            .key("request_id", AttributeValue::S(bounded_key(request_id)))
            .key("record", AttributeValue::S(sort_key.to_owned()))
            .consistent_read(true)
            .send()
            .await;
        let answer = answer.map_err(|error| port_error(&action, &error))?;
        let record = answer.item().map(records::decode).transpose();
        record.map_err(|Unreadable(reason)| PortError::permanent(action, reason))
    }
}

impl<K: KeepObjects> PutStates for Ledger<K> {
    async fn put_prompt_text(&self, id: &Sha256, text: &str, expires_at: i64) -> Result<Put, PortError> {
        let action = || format!("keep the text of system prompt {id}");
        let kept = states::keep_text(id, text, expires_at)
            .map_err(|error| PortError::permanent(action(), error.to_string()))?;
        let item = self.spilled(kept).await?;
        conditional(self.put_and_renew(item, expires_at).await, action).await
    }

    async fn put_invocation_day(&self, day: &str, expires_at: i64) -> Result<Put, PortError> {
        let item = states::encode_day(day, expires_at);
        conditional(self.put_and_renew(item, expires_at).await, || format!("note the day {day}")).await
    }

    async fn put_sighting(
        &self,
        key: &StateKey,
        sighting: &Sighting,
        expires_at: i64,
    ) -> Result<(), PortError> {
        let action = || format!("note that a system prompt was seen ({})", key.version);
        self.put_merged(key, sighting, expires_at, action).await
    }
}

impl<K: KeepObjects> PutResourceStates for Ledger<K> {
    async fn put_resource_state(&self, state: &State) -> Result<Put, PortError> {
        let action = || format!("keep what {} looks like", state.subject);
        let kept =
            states::keep_state(state).map_err(|error| PortError::permanent(action(), error.to_string()))?;
        let item = self.spilled(kept).await?;
        let put = self.put(&self.tables.states, item).await;
        conditional(put.condition_expression("attribute_not_exists(subject)"), action).await
    }
}

impl<K: KeepObjects> Ledger<K> {
    /// The item of a text; what is too large for it is put beside the ledger first.
    async fn spilled(&self, kept: KeptText) -> Result<Attributes, PortError> {
        match kept {
            KeptText::Inline(item) => Ok(item),
            KeptText::Spilled { item, key, bytes } => {
                self.objects.keep(&key, bytes).await?;
                Ok(item)
            }
        }
    }
}

impl<K> Ledger<K> {
    /// A put of what is put once, and renewed while it is in use, once a month.
    pub(super) async fn put_and_renew(&self, item: Attributes, expires_at: i64) -> PutItemFluentBuilder {
        self.put(&self.tables.states, item)
            .await
            .condition_expression("attribute_not_exists(subject) OR expires_at < :renew")
            .expression_attribute_values(":renew", AttributeValue::N((expires_at - MONTH).to_string()))
    }
}

impl<K: Sync> PutDeliveries for Ledger<K> {
    async fn put_delivery(&self, delivery: &Delivery, expires_at: i64) -> Result<(), PortError> {
        let action = || format!("write down the delivery of {}", delivery.location);
        let put_reject = |reject| {
            let item = deliveries::encode_reject(delivery, reject, expires_at);
            async move { self.put(&self.tables.deliveries, item).await.send().await }
        };
        let rejects: Vec<_> = delivery.rejects.iter().map(put_reject).collect();
        stream::iter(rejects)
            .buffer_unordered(CONCURRENCY)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(|error| port_error(&action(), &error))?;
        // the line of the day's list first: while the delivery is not there, the object comes again
        for item in [deliveries::encode_line(delivery, expires_at), deliveries::encode(delivery, expires_at)]
        {
            conditional(self.put_whole_reading(item, delivery).await, action).await?;
        }
        Ok(())
    }
}

impl<K> Ledger<K> {
    /// The first whole reading stands; an object that was replaced or broke off is written down anew.
    async fn put_whole_reading(&self, item: Attributes, delivery: &Delivery) -> PutItemFluentBuilder {
        let etag = delivery.location.etag.clone().unwrap_or_else(|| "-".to_owned());
        self.put(&self.tables.deliveries, item)
            .await
            .condition_expression("attribute_not_exists(#object) OR etag <> :etag OR #status = :partial")
            .expression_attribute_names("#object", "object")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":etag", AttributeValue::S(etag))
            .expression_attribute_values(":partial", AttributeValue::S("partial".to_owned()))
    }
}

/// A failed condition is a duplicate.
pub(super) async fn conditional(
    put: PutItemFluentBuilder,
    action: impl Fn() -> String,
) -> Result<Put, PortError> {
    match put.send().await {
        Ok(_) => Ok(Put::Stored),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Put::Duplicate),
            _ => Err(port_error(&action(), &error)),
        },
    }
}
