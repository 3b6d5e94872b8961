//! The ledger's three tables. The same adapter serves the cloud, an emulator and the embedded engine.
//!
//! * [`item`]: attributes by name, written and read.
//! * `records`, `states`, `deliveries`: each kind as an item, by hand, since items are the edge.
//! * `merge`: puts that are merged with what is there; `documents`: which document a passage is from.
//! * `writes`, `reads`: the ports; `drift`: those of new system prompts; `notes`: what a baseline saw; `sources`: those of documents;
//!   `overview`: those of a window, page by page.
//! * [`tables`]: makes the tables where no template does.

mod deliveries;
mod documents;
mod drift;
pub mod item;
mod merge;
mod notes;
mod overview;
mod reads;
mod records;
mod sources;
mod states;
pub mod tables;
mod writes;

use audit_app::ports::{FetchKept, KeepObjects, PortError};
use audit_domain::evidence::ObjectLocation;
use aws_sdk_dynamodb::Client;
use jiff::Timestamp;

/// The names of the three tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    /// Records, by request id.
    pub records: String,
    /// Texts, sightings and configuration.
    pub states: String,
    /// What became of each log object.
    pub deliveries: String,
}

/// The ledger: the tables, and beside them what is too large for an item.
pub struct Ledger<K> {
    client: Client,
    tables: TableNames,
    objects: K,
    as_of: Timestamp,
}

impl<K> Ledger<K> {
    /// The ledger in these tables. What is over its retention `as_of` that time is not shown.
    pub fn new(client: Client, tables: TableNames, objects: K, as_of: Timestamp) -> Self {
        Self { client, tables, objects, as_of }
    }
}

impl<K: KeepObjects> KeepObjects for Ledger<K> {
    async fn keep(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.objects.keep(key, bytes).await
    }

    fn location(&self, key: &str) -> ObjectLocation {
        self.objects.location(key)
    }
}

impl<K: FetchKept> FetchKept for Ledger<K> {
    async fn fetch(&self, key: &str) -> Result<Vec<u8>, PortError> {
        self.objects.fetch(key).await
    }
}
