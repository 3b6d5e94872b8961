//! What is asked and marked when somebody uses a new system prompt.

use std::collections::BTreeSet;

use audit_app::ports::{FindSightings, MarkPromptAlerts, PortError, Put};
use audit_domain::{
    ledger::{
        prompt_alert::{PromptAlert, prompt_alerts_subject},
        schema::STATES,
        state::{SEEN, Sighting, caller_subject, prompt_subject},
    },
    time,
};
use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use jiff::Timestamp;

use super::{
    Ledger,
    item::{Attributes, Unreadable},
    reads::{begins_with, by_key},
    states,
    writes::conditional,
};
use crate::error::port_error;

impl<K: Sync> FindSightings for Ledger<K> {
    async fn is_prompt_seen(&self, id: &str) -> Result<bool, PortError> {
        let action = format!("look whether system prompt {id} was seen before");
        // the newest: where that is over its retention, all are
        let query = begins_with(self.query_states(), &prompt_subject(id), SEEN).scan_index_forward(false);
        let newest = self.first_page(query, 1, &action).await?;
        Ok(newest.iter().any(|item| self.is_current(item)))
    }

    async fn first_of_caller(&self, caller: &str) -> Result<Option<Sighting>, PortError> {
        let action = format!("look since when {caller} is known");
        // one that is over its retention and still there says all the more that the caller is known since long
        let query = begins_with(self.query_states(), &caller_subject(caller), SEEN);
        Ok(decoded(&self.first_page(query, 1, &action).await?, &action)?.pop())
    }

    async fn newest_of_caller(
        &self,
        caller: &str,
        until_day: &str,
        limit: usize,
    ) -> Result<Vec<Sighting>, PortError> {
        let action = format!("look which system prompts {caller} used last");
        let query = self
            .query_states()
            .key_condition_expression("subject = :partition AND version BETWEEN :from AND :to")
            .expression_attribute_values(":partition", AttributeValue::S(caller_subject(caller)))
            .expression_attribute_values(":from", AttributeValue::S(SEEN.to_owned()))
            .expression_attribute_values(":to", AttributeValue::S(format!("{SEEN}{until_day}#~")))
            .scan_index_forward(false);
        let mut items = self.first_page(query, limit, &action).await?;
        items.retain(|item| self.is_current(item));
        decoded(&items, &action)
    }
}

impl<K: Sync> MarkPromptAlerts for Ledger<K> {
    async fn prompt_alerts(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PromptAlert>, PortError> {
        let action = "look which new system prompts were told";
        let mut alerts = Vec::new();
        for day in BTreeSet::from([from, to].map(time::day)) {
            let query = by_key(self.query_states(), STATES.partition, &prompt_alerts_subject(&day));
            let query = query
                .key_condition_expression("#partition = :partition AND version BETWEEN :from AND :to")
                .expression_attribute_values(":from", AttributeValue::S(time::rfc3339(from)))
                .expression_attribute_values(":to", AttributeValue::S(format!("{}#~", time::rfc3339(to))))
                .consistent_read(true);
            alerts.extend(self.all(query, action, states::decode_prompt_alert).await?);
        }
        Ok(alerts)
    }

    async fn put_prompt_alert(&self, alert: &PromptAlert, expires_at: i64) -> Result<Put, PortError> {
        let item = states::encode_prompt_alert(alert, expires_at);
        let put = self.put(&self.tables.states, item).await;
        let action = || format!("mark that system prompt {} was told", alert.system_prompt_id);
        conditional(put.condition_expression("attribute_not_exists(subject)"), action).await
    }
}

impl<K> Ledger<K> {
    /// At most so many items of a query, as they are now, those over their retention included.
    async fn first_page(
        &self,
        query: QueryFluentBuilder,
        limit: usize,
        action: &str,
    ) -> Result<Vec<Attributes>, PortError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let answer = query.limit(limit).consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(action, &error))?;
        Ok(answer.items.unwrap_or_default())
    }
}

fn decoded(items: &[Attributes], action: &str) -> Result<Vec<Sighting>, PortError> {
    let sightings: Result<Vec<_>, _> = items.iter().map(states::decode_sighting).collect();
    sightings.map_err(|Unreadable(reason)| PortError::permanent(action, reason))
}
