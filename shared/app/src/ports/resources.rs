//! Configuration resources: as they are now, and as they were.

use std::future::Future;

use audit_domain::{change::Resource, state::State, state::Subject, state::SubjectKind};

use super::{PortError, Put};

/// Puts what configuration resources look like: `dynamodb:PutItem` on States, `s3:PutObject` for what is too large for it.
pub trait PutResourceStates: Sync {
    /// Puts a state if it is absent. It is kept for good.
    fn put_resource_state(&self, state: &State) -> impl Future<Output = Result<Put, PortError>> + Send;
}

/// Asks what configuration resources looked like: `dynamodb:Query` on States, `s3:GetObject` for what was too large for it.
pub trait QueryResourceStates: Sync {
    /// The newest state of a resource in its version, below this key where one is given.
    fn newest_resource_state(
        &self,
        resource: &Resource,
        below: Option<&str>,
    ) -> impl Future<Output = Result<Option<State>, PortError>> + Send;
    /// Every state of a resource in its version, oldest first.
    fn resource_states(
        &self,
        resource: &Resource,
    ) -> impl Future<Output = Result<Vec<State>, PortError>> + Send;
}

/// What came of reading a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceRead {
    /// What it looks like now.
    Document(serde_json::Value),
    /// It is not there.
    Gone,
    /// Nobody may read it here: why, in the words of the service.
    Denied(String),
    /// It lies where nobody here can ever read it: why.
    Elsewhere(String),
}

/// Reads configuration resources as they are now: `bedrock:Get...` and `bedrock:List...`.
pub trait ReadResources: Sync {
    /// Reads a resource, the parts that belong to it included. An error is worth another try (throttling, outages).
    fn read_resource(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<ResourceRead, PortError>> + Send;
}

/// A configuration resource, as a list names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedResource {
    /// Its id, of a part with that of the whole before it (`KB:DS`).
    pub id: String,
    /// Its version; `None` where it has none, and of the draft where the list does not say.
    pub version: Option<String>,
    /// Its ARN, where the list says it.
    pub arn: Option<String>,
}

/// What came of listing resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceList {
    /// A page.
    Page {
        /// What is on it.
        listed: Vec<ListedResource>,
        /// The service's token of the next page; `None` on the last.
        next: Option<String>,
    },
    /// Nobody may list them here: why, in the words of the service.
    Denied(String),
}

/// Lists configuration resources: `bedrock:List...`.
pub trait ListResources: Sync {
    /// A page of a kind; of the versions or parts of one resource where its id is given. An error is worth another try.
    fn list_resources(
        &self,
        kind: SubjectKind,
        whole: Option<&str>,
        page: Option<&str>,
    ) -> impl Future<Output = Result<ResourceList, PortError>> + Send;
}
