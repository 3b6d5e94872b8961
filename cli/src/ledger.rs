//! Which ledger is asked.

use std::path::{Path, PathBuf};

use audit_app::ports::{FetchKept, KeepObjects, PortError};
use audit_aws::{
    connect,
    dynamodb::{Ledger, TableNames, tables},
    s3::AuditBucket,
    stack,
};
use audit_domain::{
    evidence::ObjectLocation,
    ledger::record::{EXCERPT, Retention},
};
use etcetera::BaseStrategy as _;

use crate::{arguments::Global, embedded, objects::Folder, private};

/// A ledger of either kind.
pub(crate) type AnyLedger = Ledger<Objects>;

/// A ledger, and how what is written to it is kept.
pub(crate) struct Opened {
    pub(crate) ledger: AnyLedger,
    pub(crate) keeping: Keeping,
    /// Whether others write to it at the same time.
    pub(crate) is_shared: bool,
}

/// How records are kept: as the stack keeps its own.
#[derive(Clone, Copy)]
pub(crate) struct Keeping {
    pub(crate) retention: Retention,
    pub(crate) excerpt_characters: usize,
}

impl Keeping {
    const DEFAULT: Self = Self { retention: Retention::DEFAULT, excerpt_characters: EXCERPT };
}

/// Where objects are kept that are too large for an item.
pub(crate) enum Objects {
    Folder(Folder),
    Bucket(AuditBucket),
    /// Tables were named, and no bucket can be known from that.
    Nowhere,
}

/// Which ledger the flags name, as people call it.
pub(crate) fn name(global: &Global) -> Result<String, String> {
    match (&global.stack, &global.tables) {
        (Some(stack), _) => Ok(format!("stack {stack}")),
        (None, Some(tables)) => Ok(format!("tables {tables}")),
        (None, None) => file(global).map(|path| format!("file {}", path.display())),
    }
}

/// The file of the embedded ledger.
fn file(global: &Global) -> Result<PathBuf, String> {
    match &global.ledger {
        Some(path) => Ok(path.clone()),
        None => Ok(data_directory()?.join("ledger.db")),
    }
}

/// Opens the ledger that the flags name. A file that is not there is made only by what writes: a question to a fresh one would
/// be answered as if nothing had happened.
pub(crate) async fn open(global: &Global, may_make: bool) -> Result<Opened, String> {
    if let Some(name) = &global.stack {
        return open_stack(name, global).await;
    }
    if let Some(names) = &global.tables {
        let config = connect::from_environment().await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let ledger = Ledger::new(client, table_names(names)?, Objects::Nowhere, global.now());
        return Ok(Opened { ledger, keeping: Keeping::DEFAULT, is_shared: true });
    }
    let path = file(global)?;
    if !may_make && is_absent(&path)? {
        return Err(format!(
            "there is no ledger at {}; index something first, or name a deployed stack with --stack NAME",
            path.display()
        ));
    }
    let ledger = open_file(&path, global).await?;
    Ok(Opened { ledger, keeping: Keeping::DEFAULT, is_shared: false })
}

/// Whether there is no file, or one that nothing was ever written to.
fn is_absent(path: &Path) -> Result<bool, String> {
    match std::fs::metadata(path) {
        Ok(there) => Ok(there.is_file() && there.len() == 0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(format!("could not look for the ledger {}: {error}", path.display())),
    }
}

/// Opens the embedded ledger in a file, which is made if it is not there.
pub(crate) async fn open_file(path: &Path, global: &Global) -> Result<AnyLedger, String> {
    if let Some(folder) = private::folder_of(path) {
        private::make_folder(folder)
            .map_err(|error| format!("could not make the folder {}: {error}", folder.display()))?;
    }
    let client = embedded::client(Some(path))?;
    let names = TableNames {
        records: "records".to_owned(),
        states: "states".to_owned(),
        deliveries: "deliveries".to_owned(),
    };
    tables::create(&client, &names).await.map_err(|error| error.to_string())?;
    let objects = Objects::Folder(Folder::at(objects_folder(path)));
    Ok(Ledger::new(client, names, objects, global.now()))
}

/// The folder beside an embedded ledger for what is too large for it.
pub(crate) fn objects_folder(ledger: &Path) -> PathBuf {
    let mut name = ledger.file_name().unwrap_or_default().to_owned();
    name.push(".objects");
    ledger.with_file_name(name)
}

/// Where this user's programs keep their data.
pub(crate) fn data_directory() -> Result<PathBuf, String> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        format!("could not find your data directory ({error}): name a file with --ledger")
    })?;
    Ok(strategy.data_dir().join("bedrock-audit"))
}

async fn open_stack(name: &str, global: &Global) -> Result<Opened, String> {
    let config = connect::from_environment().await;
    let stack = stack::describe(&config, name).await.map_err(|error| error.to_string())?;
    let objects = match stack.audit_bucket {
        Some(bucket) => Objects::Bucket(AuditBucket::new(aws_sdk_s3::Client::new(&config), bucket)),
        None => Objects::Nowhere,
    };
    let keeping = Keeping { retention: stack.retention, excerpt_characters: stack.excerpt_characters };
    let ledger = Ledger::new(aws_sdk_dynamodb::Client::new(&config), stack.tables, objects, global.now());
    Ok(Opened { ledger, keeping, is_shared: true })
}

fn table_names(typed: &str) -> Result<TableNames, String> {
    let names: Vec<_> = typed.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    match names.as_slice() {
        [records, states, deliveries] => Ok(TableNames {
            records: (*records).to_owned(),
            states: (*states).to_owned(),
            deliveries: (*deliveries).to_owned(),
        }),
        _ => Err(format!("--tables takes three names, RECORDS,STATES,DELIVERIES, and got {typed:?}")),
    }
}

fn nowhere(key: &str) -> PortError {
    PortError::permanent(
        format!("reach {key} in the audit bucket"),
        "--tables does not say which bucket that is: use --stack",
    )
}

impl KeepObjects for Objects {
    async fn keep(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        match self {
            Self::Folder(folder) => folder.keep(key, bytes).await,
            Self::Bucket(bucket) => bucket.keep(key, bytes).await,
            Self::Nowhere => Err(nowhere(key)),
        }
    }

    fn location(&self, key: &str) -> ObjectLocation {
        match self {
            Self::Folder(folder) => folder.location(key),
            Self::Bucket(bucket) => bucket.location(key),
            Self::Nowhere => ObjectLocation::object("unknown", key),
        }
    }
}

impl FetchKept for Objects {
    async fn fetch(&self, key: &str) -> Result<Vec<u8>, PortError> {
        match self {
            Self::Folder(folder) => folder.fetch(key).await,
            Self::Bucket(bucket) => bucket.fetch(key).await,
            Self::Nowhere => Err(nowhere(key)),
        }
    }
}
