//! What happened, by request id, and what became of each log object.

use std::future::Future;

use audit_domain::{
    change::Resource, evidence::ObjectLocation, invocation::Invocation, ledger::delivery::Delivery,
    ledger::record::ChangeLine, ledger::record::InvocationLine, ledger::record::Record,
};

use super::{PortError, Put, Span};

/// Puts records: `dynamodb:PutItem` on Records.
pub trait PutRecords: Sync {
    /// Puts a record if it is absent, or less complete there. A change is [`Put::Taken`] where another change has its event
    /// id; records of other kinds have their digest in their key.
    fn put_record(
        &self,
        record: &Record,
        expires_at: i64,
    ) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Looks a record up: `dynamodb:GetItem` on Records.
pub trait FindRecords: Sync {
    /// The record under this key, as it is now.
    fn find_record(
        &self,
        request_id: &str,
        sort_key: &str,
    ) -> impl Future<Output = Result<Option<Record>, PortError>> + Send;
}

/// Knows what is known of a request: `dynamodb:Query` on Records.
pub trait KnowInvocations: Sync {
    /// The first 25 invocations under a request id, as they are now: an honest one has one, or two that came by two ways.
    fn invocations_of(
        &self,
        request_id: &str,
    ) -> impl Future<Output = Result<Vec<Invocation>, PortError>> + Send;
}

/// Knows whether there was a change of a resource before: `dynamodb:Query` on the index `by-resource` of Records.
pub trait KnowChanges: Sync {
    /// Whether the ledger has a change of this resource. One that was put a moment ago may not be seen yet.
    fn has_change_of(&self, resource: &Resource) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// Writes down what became of an object: `dynamodb:PutItem` on Deliveries.
pub trait PutDeliveries: Sync {
    /// Writes it down, unless the same object was read to its end before.
    fn put_delivery(
        &self,
        delivery: &Delivery,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Looks deliveries up: `dynamodb:Query` on Deliveries.
pub trait FindDeliveries: Sync {
    /// Whether the object, as its entity tag has it, was read to its end, with nothing outstanding.
    fn was_delivered(
        &self,
        location: &ObjectLocation,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// Asks the Records table: `dynamodb:Query` on it and its indexes.
pub trait QueryRecords: Sync {
    /// Everything about one request.
    fn records_of(&self, request_id: &str) -> impl Future<Output = Result<Vec<Record>, PortError>> + Send;
    /// Changes by time, oldest first, within one calendar month (`2026-10`).
    fn changes_in(
        &self,
        month: &str,
        span: Span,
    ) -> impl Future<Output = Result<Vec<ChangeLine>, PortError>> + Send;
    /// Changes of one resource (`<account>/<region>/<kind>/<id>`), oldest first.
    fn changes_of(
        &self,
        resource: &str,
        span: Span,
    ) -> impl Future<Output = Result<Vec<ChangeLine>, PortError>> + Send;
    /// Invocations by time, oldest first, within one day (`2026-10-15`) and shard.
    fn invocations_in(
        &self,
        day: &str,
        shard: u8,
        span: Span,
    ) -> impl Future<Output = Result<Vec<InvocationLine>, PortError>> + Send;
}
