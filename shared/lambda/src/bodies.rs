//! The queue of bodies beside the log, where there is one.

use audit_app::{
    body_request::BodyRequest,
    ports::{AwaitBodies, PortError},
};

use crate::environment::BODY_QUEUE_URL;

/// Without a queue bodies stay outstanding, and are counted as such.
pub struct MaybeAwaited<Q>(pub Option<Q>);

impl<Q: AwaitBodies> AwaitBodies for MaybeAwaited<Q> {
    async fn await_bodies(&self, request: &BodyRequest) -> Result<(), PortError> {
        match &self.0 {
            Some(queue) => queue.await_bodies(request).await,
            None => {
                tracing::warn!(object = %request.location, "no {BODY_QUEUE_URL}: bodies stay outstanding");
                Ok(())
            }
        }
    }
}
