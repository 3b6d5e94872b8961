//! What a run over every resource goes on with, and remembers.

use std::future::Future;

use audit_domain::{change::Resource, state::Subject};
use jiff::Timestamp;

use super::PortError;
use crate::baseline::BaselineRequest;

/// Goes on with a baseline later: `sqs:SendMessage` to the queue of the baseline.
pub trait ContinueBaseline: Sync {
    /// Takes the request.
    fn go_on(&self, request: &BaselineRequest) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A resource in the list of those that were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedResource {
    /// Which one.
    pub resource: Resource,
    /// The beginning of the run that saw it last.
    pub seen_at: Timestamp,
}

/// Keeps a list of the resources that were seen: `dynamodb:PutItem` on States.
pub trait NoteResources: Sync {
    /// Notes that a run saw a resource.
    fn note_resource(
        &self,
        subject: &Subject,
        seen_at: Timestamp,
        expires_at: i64,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Notes that a difference was seen, and says when it was first.
    fn first_sight(
        &self,
        subject: &Subject,
        difference: &str,
        now: Timestamp,
        expires_at: i64,
    ) -> impl Future<Output = Result<Timestamp, PortError>> + Send;
}

/// Asks which resources were seen: `dynamodb:Query` on States.
pub trait QueryNotedResources: Sync {
    /// So many resources of a kind in an account and region, behind the one after which the page begins; and after which the
    /// next page does.
    fn noted_resources(
        &self,
        list: &str,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<NotedResource>, Option<String>), PortError>> + Send;
}

/// Waits a little between reads, so that others who read the same service are not throttled.
pub trait Pause: Sync {
    /// Waits.
    fn pause(&self) -> impl Future<Output = ()> + Send;
}
