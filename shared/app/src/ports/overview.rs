//! A window of the ledger, page by page: nothing of it has to be in memory at once.

use std::future::Future;

use audit_domain::{
    ledger::delivery::DeliveryLine,
    overview::{CountedInvocation, RejectLine},
};

use super::{PortError, Span};

/// Where a page of invocations ended: its last line's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationPlace {
    /// The request, as the table's key.
    pub request_id: String,
    /// The record's sort key.
    pub record: String,
    /// Its place in time.
    pub occurred_at_id: String,
}

/// Asks the Records table for what counts of invocations: `dynamodb:Query` on `by-time`, and `dynamodb:BatchGetItem` for what
/// the index does not hold, by the names of the attributes.
pub trait PageInvocations: Sync {
    /// A page of a day (`2026-10-15`) and shard, in the order of time, and where it ended; `None` on the last.
    fn invocation_page(
        &self,
        day: &str,
        shard: u8,
        span: Span,
        after: Option<&InvocationPlace>,
    ) -> impl Future<Output = Result<(Vec<CountedInvocation>, Option<InvocationPlace>), PortError>> + Send;
}

/// Asks what became of objects: `dynamodb:Query` on Deliveries.
pub trait QueryDeliveries: Sync {
    /// A page of the objects that are of a day (`2026-10-15`) and of a span, in the order of time, behind the sort key after
    /// which it begins; and after which the next one does.
    fn delivery_page(
        &self,
        day: &str,
        span: Span,
        after: Option<&str>,
    ) -> impl Future<Output = Result<(Vec<DeliveryLine>, Option<String>), PortError>> + Send;
    /// The rejects that were kept of an object.
    fn rejects_of(
        &self,
        delivery: &DeliveryLine,
    ) -> impl Future<Output = Result<Vec<RejectLine>, PortError>> + Send;
}
