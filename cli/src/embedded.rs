//! The embedded ledger: a DynamoDB engine in this process, in one file. The same adapter speaks to it as to the cloud; its
//! requests are answered here and no port is opened on anybody's machine.

use std::{io::Read as _, path::Path};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared as _,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, errors::DynoxideError};
use serde::{Serialize, de::DeserializeOwned};

use crate::private;

/// How a file of the engine begins; one that is empty is new.
const BEGINNING: &[u8] = b"SQLite format 3\0";

/// A client of the engine in this file, which is made if it is not there, with the mode 0600 that the engine gives the files
/// beside it as well; in memory where there is none.
///
/// # Errors
/// The file cannot be opened as a ledger.
pub(crate) fn client(file: Option<&Path>) -> Result<Client, String> {
    let database = match file {
        Some(path) => {
            let name = path.to_str().ok_or("the ledger's path is no UTF-8: choose another")?;
            check(path)?;
            Database::new(name).map_err(|error| not_opened(path, &error.to_string()))?
        }
        None => Database::memory().map_err(|error| format!("could not open a ledger in memory: {error}"))?,
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(Credentials::for_engine())
        .endpoint_url("http://embedded.ledger")
        .retry_config(RetryConfig::disabled())
        .http_client(Engine(database))
        .build();
    Ok(Client::from_conf(config))
}

/// Whether the engine will take this file. Its own words about one that it does not are of no help.
fn check(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Err(format!("{} is no ledger: it is a folder", path.display()));
    }
    private::make_file(path).map_err(|error| not_written(path, &error.to_string()))?;
    let mut beginning = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut beginning));
    file.map_err(|error| format!("could not read the ledger {}: {error}", path.display()))?;
    if beginning.is_empty() || beginning == BEGINNING {
        return Ok(());
    }
    Err(format!("{} is no ledger", path.display()))
}

fn not_written(path: &Path, why: &str) -> String {
    format!(
        "{} cannot be written: {why}; the engine writes into it and beside it even when it is only asked: copy it to where you may write",
        path.display()
    )
}

/// The engine makes files beside its own: where it may not, it calls the file itself read-only.
fn not_opened(path: &Path, why: &str) -> String {
    match why {
        why if why.contains("readonly database") => not_written(path, "nothing can be made in its folder"),
        why => format!("could not open the ledger {}: {why}", path.display()),
    }
}

trait ForEngine {
    /// The engine asks for some credentials, and checks none.
    fn for_engine() -> Credentials;
}

impl ForEngine for Credentials {
    fn for_engine() -> Credentials {
        Credentials::new("embedded", "embedded", None, None, "embedded ledger")
    }
}

/// Answers the SDK's requests from the database.
#[derive(Clone)]
struct Engine(Database);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.clone().into_shared()
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl Engine {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let db = &self.0;
        let (status, json) = match operation {
            "CreateTable" => call(body, |request| db.create_table(request)),
            "PutItem" => call(body, |request| db.put_item(request)),
            "GetItem" => call(body, |request| db.get_item(request)),
            "BatchGetItem" => call(body, |request| db.batch_get_item(request)),
            "Query" => call(body, |request| db.query(request)),
            other => refused(&DynoxideError::ValidationException(format!(
                "the embedded ledger does not answer {other}"
            ))),
        };
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .body(SdkBody::from(json))
            .map_err(|error| ConnectorError::user(error.into()))?;
        HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
    }
}

fn call<Request: DeserializeOwned, Answer: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
) -> (u16, String) {
    let invalid = |error: serde_json::Error| DynoxideError::ValidationException(error.to_string());
    let answer = serde_json::from_slice(body)
        .map_err(invalid)
        .and_then(operation)
        .and_then(|answer| serde_json::to_string(&answer).map_err(invalid));
    match answer {
        Ok(json) => (200, json),
        Err(error) => refused(&error),
    }
}

fn refused(error: &DynoxideError) -> (u16, String) {
    (error.status_code(), error.to_json())
}

#[cfg(test)]
mod tests {
    use audit_testkit::contract;

    #[tokio::test]
    async fn the_embedded_ledger_keeps_the_contract() {
        contract::ledger_keeps(&super::client(None).unwrap()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.db");
        contract::ledger_keeps(&super::client(Some(&file)).unwrap()).await;
    }

    /// They are there as long as the ledger is open, and hold what was written last.
    #[cfg(unix)]
    #[tokio::test]
    async fn the_files_beside_a_ledger_are_its_owners_alone() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let client = super::client(Some(&folder.path().join("ledger.db"))).unwrap();
        contract::ledger_keeps(&client).await;
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap()).collect();
        assert!(files.len() > 1, "{files:?}");
        for file in files {
            assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{file:?}");
        }
    }

    #[test]
    fn a_file_that_is_no_ledger_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "not a database, and longer than a header of one would be ".repeat(20))
            .unwrap();
        let message = super::client(Some(&file)).unwrap_err();
        assert!(message.contains("notes.txt"), "{message}");
        assert!(message.ends_with("notes.txt is no ledger"), "{message}");
        let message = super::client(Some(folder.path())).unwrap_err();
        assert!(message.ends_with("is no ledger: it is a folder"), "{message}");
    }
}
