//! The ledger's three tables. The same adapter serves the cloud, an emulator and the embedded engine.
//!
//! * [`item`]: attributes by name, written and read.
//! * `records`, `states`, `deliveries`: each kind as an item, by hand, since items are the edge.
//! * `merge`: puts that are merged with what is there; `documents`: which document a passage is from; `turns`: which
//!   requests a session has.
//! * `writes`, `reads`: the ports; `pace`: no faster than that; `drift`: those of new system prompts; `notes`: what a baseline saw; `sources`: those of documents;
//!   `overview`: those of a window, page by page.
//! * [`tables`]: makes the tables where no template does.

mod deliveries;
mod documents;
mod drift;
pub mod item;
mod merge;
mod notes;
mod overview;
mod pace;
mod reads;
mod records;
mod sources;
mod states;
pub mod tables;
mod turns;
mod writes;

use audit_app::ports::{FetchKept, KeepObjects, PortError};
use audit_domain::evidence::ObjectLocation;
use aws_sdk_dynamodb::{Client, operation::put_item::builders::PutItemFluentBuilder};
use jiff::Timestamp;

use self::item::Attributes;
pub use self::pace::Pace;

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
    pace: Option<Pace>,
    texts: bool,
}

impl<K> Ledger<K> {
    /// The ledger in these tables. What is over its retention `as_of` that time is not shown.
    pub fn new(client: Client, tables: TableNames, objects: K, as_of: Timestamp) -> Self {
        Self { client, tables, objects, as_of, pace: None, texts: true }
    }

    /// The same ledger, which writes no faster than this.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// A put of an item, once it is its turn: every write begins here.
    async fn put(&self, table: &str, item: Attributes) -> PutItemFluentBuilder {
        if let Some(pace) = &self.pace {
            pace.turn().await;
        }
        self.client.put_item().table_name(table).set_item(Some(item))
    }

    /// The same ledger, of which no text is asked for: neither an attribute that holds one, nor what lies beside the ledger. It is
    /// for questions alone.
    #[must_use]
    pub fn without_texts(self) -> Self {
        Self { texts: false, ..self }
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
