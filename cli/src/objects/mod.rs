//! Log objects, wherever they lie: files on this machine, objects in a bucket, or events of a log group.

mod bodies;
mod files;
mod kept;

use audit_app::{
    index::bodies::InBuckets,
    ports::{Chunks, ListObjects, ListedPage, PortError, ReadBodies, ReadObjects},
};
use audit_aws::{
    connect,
    logs::{LogGroups, Message},
    s3::{LogObjects, ObjectChunks},
};
use audit_domain::evidence::ObjectLocation;
use bytes::Bytes;
use tokio::sync::OnceCell;

pub(crate) use self::{
    bodies::BodiesInFolders,
    files::{FileChunks, Files, find, looks_like_a_log},
    kept::Folder,
};

/// Log objects of any kind. A client is made when it is first needed.
#[derive(Default)]
pub(crate) struct AnyObjects {
    buckets: OnceCell<LogObjects>,
    log_groups: OnceCell<LogGroups>,
}

impl AnyObjects {
    /// The objects in buckets.
    pub(crate) async fn buckets(&self) -> &LogObjects {
        let connect = || async {
            let config = connect::from_environment().await;
            LogObjects::new(aws_sdk_s3::Client::new(&config))
        };
        self.buckets.get_or_init(connect).await
    }

    async fn log_groups(&self) -> &LogGroups {
        let connect = || async { LogGroups::connect(&connect::from_environment().await) };
        self.log_groups.get_or_init(connect).await
    }

    /// Follows pointers out of records in a bucket, within that bucket.
    pub(crate) fn bodies(&self) -> InBuckets<'_, Self> {
        InBuckets { objects: self, allowed: None }
    }
}

impl ListObjects for AnyObjects {
    async fn list(&self, bucket: &str, prefix: &str, page: Option<String>) -> Result<ListedPage, PortError> {
        self.buckets().await.list(bucket, prefix, page).await
    }
}

impl ReadObjects for AnyObjects {
    type Chunks = AnyChunks;

    async fn open(&self, location: &ObjectLocation) -> Result<AnyChunks, PortError> {
        match (&location.bucket, &location.log) {
            (Some(_), _) => self.buckets().await.open(location).await.map(AnyChunks::Object),
            (None, Some(_)) => self.log_groups().await.open(location).await.map(AnyChunks::Event),
            (None, None) => Files.open(location).await.map(AnyChunks::File),
        }
    }
}

impl ReadBodies for AnyObjects {
    async fn open_if_there(&self, location: &ObjectLocation) -> Result<Option<AnyChunks>, PortError> {
        match (&location.bucket, &location.log) {
            (Some(_), _) => Ok(self.buckets().await.open_if_there(location).await?.map(AnyChunks::Object)),
            (None, Some(_)) => {
                Ok(self.log_groups().await.open_if_there(location).await?.map(AnyChunks::Event))
            }
            (None, None) => Ok(Files.open_if_there(location).await?.map(AnyChunks::File)),
        }
    }
}

/// The pieces of an object of any kind.
pub(crate) enum AnyChunks {
    File(FileChunks),
    Object(ObjectChunks),
    Event(Message),
}

impl Chunks for AnyChunks {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, PortError> {
        match self {
            Self::File(chunks) => chunks.next_chunk().await,
            Self::Object(chunks) => chunks.next_chunk().await,
            Self::Event(message) => message.next_chunk().await,
        }
    }
}
