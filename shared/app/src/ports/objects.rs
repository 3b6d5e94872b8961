//! Log objects, bodies beside them, and what is kept in the audit bucket.

use std::future::Future;

use audit_domain::{
    evidence::ObjectLocation, invocation::pointer::BodyPointer, invocation::pointer::Followed,
};
use bytes::Bytes;

use super::PortError;
use crate::body_request::BodyRequest;

/// The pieces of one object, in order.
pub trait Chunks: Send {
    /// The next piece; `None` at the end.
    fn next_chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, PortError>> + Send;
}

/// Reads log objects: `s3:GetObject`, and `s3:GetObjectVersion` where a notification names a version, on the log buckets.
pub trait ReadObjects: Sync {
    /// The pieces of an object.
    type Chunks: Chunks;
    /// Opens an object. One that is not there yet is worth another try.
    fn open(&self, location: &ObjectLocation)
    -> impl Future<Output = Result<Self::Chunks, PortError>> + Send;
}

/// An object of a bucket, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Where it lies, with its entity tag.
    pub location: ObjectLocation,
    /// Its size in bytes.
    pub size: u64,
}

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedPage {
    /// The objects, by key.
    pub objects: Vec<ListedObject>,
    /// The token of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Lists the objects of a bucket: `s3:ListBucket`.
pub trait ListObjects: Sync {
    /// The objects under a prefix, page by page.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        page: Option<String>,
    ) -> impl Future<Output = Result<ListedPage, PortError>> + Send;
}

/// Reads bodies that lie beside a log: `s3:GetObject` on the log buckets.
pub trait ReadBodies: ReadObjects {
    /// Opens a body; `None` where nothing is there, or nothing that may be read: S3 says 403 of what is not there to
    /// whoever may not list.
    fn open_if_there(
        &self,
        location: &ObjectLocation,
    ) -> impl Future<Output = Result<Option<Self::Chunks>, PortError>> + Send;
}

/// Follows the pointers of records.
pub trait FollowBodies: Sync {
    /// Follows a pointer out of a record that lies at `record_at`.
    fn follow(
        &self,
        record_at: &ObjectLocation,
        pointer: &BodyPointer,
    ) -> impl Future<Output = Result<Followed, PortError>> + Send;
}

/// Asks for bodies later: `sqs:SendMessage` to the queue of bodies.
pub trait AwaitBodies: Sync {
    /// Takes the request.
    fn await_bodies(&self, request: &BodyRequest) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Keeps what is too large for the ledger, and raw events: `s3:PutObject` in the audit bucket.
pub trait KeepObjects: Sync {
    /// Keeps these bytes under a key, unless something is there already.
    fn keep(&self, key: &str, bytes: Vec<u8>) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Where a kept object lies.
    fn location(&self, key: &str) -> ObjectLocation;
}

/// Reads what was kept: `s3:GetObject` in the audit bucket.
pub trait FetchKept: Sync {
    /// The bytes under a key.
    fn fetch(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, PortError>> + Send;
}

/// Looks for what may have been kept: `s3:GetObject` in the audit bucket, and `s3:ListBucket`, without which S3 does not tell
/// what is not there from what may not be read.
pub trait FindKept: Sync {
    /// The bytes under a key; `None` where nothing was kept there.
    fn find(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, PortError>> + Send;
}
