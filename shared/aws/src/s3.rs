//! Log objects, and the audit bucket.

use audit_app::ports::{
    Chunks, FetchKept, FindKept, KeepObjects, ListObjects, ListedObject, ListedPage, PortError, ReadBodies,
    ReadObjects,
};
use audit_domain::evidence::ObjectLocation;
use aws_sdk_s3::{
    Client,
    operation::get_object::{GetObjectError, builders::GetObjectFluentBuilder},
    primitives::ByteStream,
    types::Object,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use bytes::Bytes;

use crate::error::port_error;

/// The log buckets: `s3:GetObject`.
pub struct LogObjects {
    client: Client,
}

impl LogObjects {
    /// With this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn get(&self, location: &ObjectLocation, action: &str) -> Result<GetObjectFluentBuilder, PortError> {
        let Some(bucket) = &location.bucket else {
            return Err(PortError::permanent(action, "it lies in no bucket"));
        };
        let get = self.client.get_object().bucket(bucket).key(&location.key);
        Ok(get.set_version_id(location.version_id.clone()))
    }
}

impl ReadObjects for LogObjects {
    type Chunks = ObjectChunks;

    async fn open(&self, location: &ObjectLocation) -> Result<ObjectChunks, PortError> {
        let action = format!("read {location}");
        let answer =
            self.get(location, &action)?.send().await.map_err(|error| port_error(&action, &error))?;
        Ok(ObjectChunks { body: answer.body, action })
    }
}

impl ListObjects for LogObjects {
    async fn list(&self, bucket: &str, prefix: &str, page: Option<String>) -> Result<ListedPage, PortError> {
        let list = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let answer = list.set_continuation_token(page).send().await;
        let answer = answer.map_err(|error| port_error(&format!("list s3://{bucket}/{prefix}"), &error))?;
        let objects = answer.contents().iter().filter_map(|object| listed(bucket, object)).collect();
        Ok(ListedPage { objects, next: answer.next_continuation_token })
    }
}

fn listed(bucket: &str, object: &Object) -> Option<ListedObject> {
    let mut location = ObjectLocation::object(bucket, object.key()?);
    let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    // some stores that speak like S3 list no entity tags
    let written = || object.last_modified().map(|at| format!("{size}-{}", at.as_nanos()));
    location.etag = object.e_tag().map(|etag| etag.trim_matches('"').to_owned()).or_else(written);
    Some(ListedObject { location, size })
}

impl ReadBodies for LogObjects {
    async fn open_if_there(&self, location: &ObjectLocation) -> Result<Option<ObjectChunks>, PortError> {
        let action = format!("read {location}");
        match self.get(location, &action)?.send().await {
            Ok(answer) => Ok(Some(ObjectChunks { body: answer.body, action })),
            Err(error) => {
                let code = error.as_service_error().and_then(|service| service.code());
                let absent = matches!(code, Some("NoSuchKey" | "NotFound" | "AccessDenied" | "Forbidden"));
                if absent { Ok(None) } else { Err(port_error(&action, &error)) }
            }
        }
    }
}

/// The body of one object.
pub struct ObjectChunks {
    body: ByteStream,
    action: String,
}

impl Chunks for ObjectChunks {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, PortError> {
        self.body.try_next().await.map_err(|error| PortError::retry(&self.action, error.to_string()))
    }
}

/// The audit bucket: `s3:PutObject`, and `s3:GetObject` for who reads it.
pub struct AuditBucket {
    client: Client,
    bucket: String,
}

impl AuditBucket {
    /// This bucket, with this client.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    fn get(&self, key: &str) -> GetObjectFluentBuilder {
        self.client.get_object().bucket(&self.bucket).key(key)
    }
}

impl KeepObjects for AuditBucket {
    async fn keep(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/json")
            .if_none_match("*")
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            // the same object, delivered again
            Err(error) if error.as_service_error().and_then(|e| e.code()) == Some("PreconditionFailed") => {
                Ok(())
            }
            Err(error) => Err(port_error(&format!("keep {}", self.location(key)), &error)),
        }
    }

    fn location(&self, key: &str) -> ObjectLocation {
        ObjectLocation::object(&self.bucket, key)
    }
}

impl FetchKept for AuditBucket {
    async fn fetch(&self, key: &str) -> Result<Vec<u8>, PortError> {
        let action = format!("read {}", self.location(key));
        let answer = self.get(key).send().await.map_err(|error| port_error(&action, &error))?;
        body(&action, answer.body).await
    }
}

impl FindKept for AuditBucket {
    async fn find(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let action = format!("read {}", self.location(key));
        match self.get(key).send().await {
            Ok(answer) => body(&action, answer.body).await.map(Some),
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => Ok(None),
            Err(error) => Err(port_error(&action, &error)),
        }
    }
}

async fn body(action: &str, body: ByteStream) -> Result<Vec<u8>, PortError> {
    let body = body.collect().await;
    body.map(|body| body.to_vec()).map_err(|error| PortError::retry(action, error.to_string()))
}
