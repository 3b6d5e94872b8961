//! The embedded ledger: a DynamoDB engine in this process, in one file. The same adapter speaks to it as to the cloud; its
//! requests are answered here and no port is opened on anybody's machine.

use std::path::Path;

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

/// A client of the engine in this file, which is made if it is not there; in memory where there is none.
///
/// # Errors
/// The file cannot be opened as a ledger.
pub(crate) fn client(file: Option<&Path>) -> Result<Client, String> {
    let database = match file {
        Some(path) => {
            let name = path.to_str().ok_or("the ledger's path is no UTF-8: choose another")?;
            Database::new(name)
                .map_err(|error| format!("could not open the ledger {}: {error}", path.display()))?
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

    #[test]
    fn a_file_that_is_no_ledger_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "not a database, and longer than a header of one would be ".repeat(20))
            .unwrap();
        let message = super::client(Some(&file)).unwrap_err();
        assert!(message.contains("notes.txt"), "{message}");
    }
}
