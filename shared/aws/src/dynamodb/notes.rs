//! What a baseline saw: a list of resources, so that one that is gone is missed without a scan; and when a difference was
//! first seen, where its document does not say.

use audit_app::ports::{NoteResources, NotedResource, PortError, QueryNotedResources};
use audit_domain::{
    ledger::{schema::STATES, state::StateKey},
    state::Subject,
    time,
};
use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::Timestamp;

use super::{Ledger, item::Unreadable, states};
use crate::error::port_error;

impl<K: Sync> NoteResources for Ledger<K> {
    async fn note_resource(
        &self,
        subject: &Subject,
        seen_at: Timestamp,
        expires_at: i64,
    ) -> Result<(), PortError> {
        let put = self
            .put(&self.tables.states, states::encode_noted(&subject.resource, seen_at, expires_at))
            .await
            // an earlier run that comes late says nothing new
            .condition_expression("attribute_not_exists(subject) OR seen_at < :seen_at")
            .expression_attribute_values(":seen_at", AttributeValue::S(time::rfc3339(seen_at)));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(port_error(&format!("note {subject}"), &error)),
            },
        }
    }

    async fn first_sight(
        &self,
        subject: &Subject,
        difference: &str,
        now: Timestamp,
        expires_at: i64,
    ) -> Result<Timestamp, PortError> {
        let action = format!("note that {subject} is not as it was");
        let key = StateKey::first_sight(&subject.resource, difference);
        let put = self
            .put(&self.tables.states, states::encode_first_sight(&key, now, expires_at))
            .await
            .condition_expression("attribute_not_exists(subject) OR expires_at < :now")
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(now) };
        let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(port_error(&action, &error));
        };
        let item = failed.item().ok_or_else(|| PortError::retry(&action, "it was there and is gone"))?;
        let first = states::decode_first_sight(item);
        first.map_err(|Unreadable(reason)| PortError::permanent(action, reason))
    }
}

impl<K: Sync> QueryNotedResources for Ledger<K> {
    async fn noted_resources(
        &self,
        list: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<NotedResource>, Option<String>), PortError> {
        let action = format!("list {list}");
        let query = self
            .query_states()
            .key_condition_expression("subject = :list")
            .expression_attribute_values(":list", AttributeValue::S(list.to_owned()))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match after {
            None => query,
            Some(after) => query
                .key_condition_expression("subject = :list AND version > :after")
                .expression_attribute_values(":after", AttributeValue::S(after.to_owned())),
        };
        let answer = query.send().await.map_err(|error| port_error(&action, &error))?;
        let mut noted = Vec::new();
        for item in answer.items().iter().filter(|item| self.is_current(item)) {
            let one = states::decode_noted(item);
            noted.push(one.map_err(|Unreadable(reason)| PortError::permanent(&action, reason))?);
        }
        let last = answer.last_evaluated_key().and_then(|key| key.get(STATES.sort)?.as_s().ok().cloned());
        Ok((noted, last))
    }
}
