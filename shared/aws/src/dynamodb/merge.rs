//! Puts that are merged with what is stored: no update is needed, and the order of arrival does not matter.

use audit_app::ports::PortError;
use audit_domain::ledger::state::{Sighting, StateKey};
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::ReturnValuesOnConditionCheckFailure,
};

use super::{
    Ledger,
    item::{Attributes, Reader, Unreadable},
    states,
    writes::MONTH,
};
use crate::error::port_error;

/// So often something is merged anew when another writer was faster.
const MERGES: usize = 8;

/// What is merged with what is stored under its key.
pub(super) trait Merged: Clone + PartialEq {
    /// The attributes that tell whether what is stored is still what was seen.
    const WATCHED: &'static [&'static str];
    /// Takes another one in.
    fn merge(&mut self, other: &Self);
    /// As an item.
    fn encode(&self, key: &StateKey, expires_at: i64) -> Attributes;
    /// Of an item.
    fn decode(item: &Attributes) -> Result<Self, Unreadable>;
}

impl Merged for Sighting {
    const WATCHED: &'static [&'static str] = &["first_seen", "last_seen", "sample_request_id"];

    fn merge(&mut self, other: &Self) {
        Sighting::merge(self, other);
    }

    fn encode(&self, key: &StateKey, expires_at: i64) -> Attributes {
        states::encode_sighting(key, self, expires_at)
    }

    fn decode(item: &Attributes) -> Result<Self, Unreadable> {
        states::decode_sighting(item)
    }
}

impl<K> Ledger<K> {
    /// Puts it, merged with what is there.
    pub(super) async fn put_merged<T: Merged>(
        &self,
        key: &StateKey,
        seen: &T,
        expires_at: i64,
        action: impl Fn() -> String,
    ) -> Result<(), PortError> {
        let (mut merged, mut expires_at) = (seen.clone(), expires_at);
        let mut known: Option<Attributes> = None;
        for _ in 0..MERGES {
            let item = merged.encode(key, expires_at);
            let put = self.put(&self.tables.states, item).await;
            let Err(error) = if_unchanged::<T>(put, known.as_ref()).send().await else {
                return Ok(());
            };
            let stored_item = stored_instead(&error, &action)?;
            let stored = T::decode(&stored_item);
            let stored = stored.map_err(|Unreadable(reason)| PortError::permanent(action(), reason))?;
            let stored_until: i64 = Reader::of(&stored_item).number("expires_at").unwrap_or_default();
            merged.merge(&stored);
            // one that is seen earlier and told later makes it end no sooner
            expires_at = expires_at.max(stored_until);
            if merged == stored && expires_at < stored_until.saturating_add(MONTH) {
                return Ok(());
            }
            known = Some(stored_item);
        }
        Err(PortError::retry(action(), "others kept changing it at the same time"))
    }
}

/// Lets a put go through only if what is stored is still what we know.
fn if_unchanged<T: Merged>(put: PutItemFluentBuilder, known: Option<&Attributes>) -> PutItemFluentBuilder {
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Some(known) = known else {
        return put.condition_expression("attribute_not_exists(subject)");
    };
    let conditions = T::WATCHED.iter().map(|name| match known.get(*name) {
        Some(_) => format!("{name} = :{name}"),
        None => format!("attribute_not_exists({name})"),
    });
    let values = T::WATCHED.iter().filter_map(|name| Some((format!(":{name}"), known.get(*name)?.clone())));
    put.condition_expression(conditions.collect::<Vec<_>>().join(" AND "))
        .set_expression_attribute_values(Some(values.collect()))
}

/// What stands in the way of a put.
fn stored_instead(
    error: &SdkError<PutItemError>,
    action: impl Fn() -> String,
) -> Result<Attributes, PortError> {
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return Err(port_error(&action(), error));
    };
    failed.item().cloned().ok_or_else(|| PortError::retry(action(), "it was there and is gone"))
}
