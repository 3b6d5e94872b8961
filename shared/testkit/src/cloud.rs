//! Engines for DynamoDB and S3, a topic that keeps what it is sent, Bedrock's resources, and one gateway in front of them.
//!
//! The engines are real ones; the topic checks what the real one refuses (a subject over 100 characters or not printable,
//! an empty attribute, a body over 256 KB). A function needs one address: `AWS_ENDPOINT_URL` is the gateway's.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use audit_aws::{
    bedrock::BedrockResources,
    dynamodb::{Ledger, TableNames, tables},
};
use audit_domain::evidence::ObjectLocation;
use aws_sdk_dynamodb::{
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::AttributeValue,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::RwLock};

use crate::{
    asked,
    bedrock::{self, Bedrock},
    bus::Bus,
    cloudformation::{ANSWERS, CloudFormation},
    faults::{Fault, Faults},
    log_groups::LogGroups,
    parts::{Parts, refused_figures, refused_function},
};

/// The access key and the secret of everything here.
pub const KEY: &str = "testkit-access-key";
/// The log bucket.
pub const LOGS: &str = "logs";
/// The audit bucket.
pub const AUDIT: &str = "audit";
/// The topic for people.
pub const ALERTS: &str = "arn:aws:sns:eu-central-1:444455556666:alerts";
/// The topic for machines.
pub const CHANGES: &str = "arn:aws:sns:eu-central-1:444455556666:changes";

/// The delay queue for bodies beside the log.
pub const BODIES: &str = "https://sqs.eu-central-1.amazonaws.com/444455556666/bodies";

/// The queue in which `read-baseline` leaves what is still to be read.
pub const BASELINE: &str = "https://sqs.eu-central-1.amazonaws.com/444455556666/baseline";

/// One message that a topic took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The topic's ARN.
    pub topic: String,
    /// The subject, where there was one.
    pub subject: Option<String>,
    /// The body.
    pub message: String,
    /// The attributes, by name.
    pub attributes: HashMap<String, String>,
}

/// The queue's address, and the body of a message.
type Queued = (String, String);

/// Everything of AWS that the functions use, on this machine.
pub struct Cloud {
    /// The faults of the gateway.
    pub faults: Arc<Faults>,
    /// The gateway's address.
    pub endpoint: String,
    /// A client of the tables that meets no faults.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// A client of the buckets that meets no faults.
    pub s3: aws_sdk_s3::Client,
    /// The configuration resources that can be read.
    pub bedrock: Arc<Bedrock>,
    /// The audit's own parts.
    pub parts: Arc<Parts>,
    /// The bus of applications.
    pub bus: Arc<Bus>,
    /// What takes the answers of custom resources.
    pub cloudformation: Arc<CloudFormation>,
    /// The log groups.
    pub log_groups: Arc<LogGroups>,
    published: Arc<Mutex<Vec<Published>>>,
    queued: Arc<Mutex<Vec<Queued>>>,
    _buckets: tempfile::TempDir,
}

struct Gateway {
    http: HttpClient<HttpConnector, Body>,
    dynamodb: String,
    s3: String,
    bedrock: Arc<Bedrock>,
    bus: Arc<Bus>,
    cloudformation: Arc<CloudFormation>,
    log_groups: Arc<LogGroups>,
    parts: Arc<Parts>,
    published: Arc<Mutex<Vec<Published>>>,
    queued: Arc<Mutex<Vec<Queued>>>,
    faults: Arc<Faults>,
}

impl Cloud {
    /// Starts the engines, with the tables and the buckets made.
    pub async fn start() -> Self {
        let dynamodb = start_dynamodb().await;
        let buckets = tempfile::tempdir().expect("a folder for buckets");
        for bucket in [LOGS, AUDIT] {
            std::fs::create_dir(buckets.path().join(bucket)).expect("a bucket");
        }
        let s3 = start_s3(buckets.path()).await;
        let published = Arc::new(Mutex::new(Vec::new()));
        let queued = Arc::new(Mutex::new(Vec::new()));
        let faults = Arc::new(Faults::default());
        let bedrock = Arc::new(Bedrock::default());
        let parts = Arc::new(Parts::default());
        let bus = Arc::new(Bus::default());
        let cloudformation = Arc::new(CloudFormation::default());
        let log_groups = Arc::new(LogGroups::default());
        let gateway = Arc::new(Gateway {
            http: HttpClient::builder(TokioExecutor::new()).build_http(),
            dynamodb: dynamodb.clone(),
            s3: s3.clone(),
            bedrock: bedrock.clone(),
            parts: parts.clone(),
            bus: bus.clone(),
            cloudformation: cloudformation.clone(),
            log_groups: log_groups.clone(),
            published: published.clone(),
            queued: queued.clone(),
            faults: faults.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(gateway);
        tokio::spawn(async move { axum::serve(listener, app).await.expect("the gateway serves") });
        let cloud = Self {
            faults,
            endpoint,
            dynamodb: dynamodb_client(&format!("http://{dynamodb}")),
            s3: s3_client(&format!("http://{s3}")),
            bedrock,
            parts,
            bus,
            cloudformation,
            log_groups,
            published,
            queued,
            _buckets: buckets,
        };
        tables::create(&cloud.dynamodb, &table_names()).await.expect("the tables");
        cloud
    }

    /// A client of the tables that meets the faults, and tries again soon.
    pub fn faulty_dynamodb(&self) -> aws_sdk_dynamodb::Client {
        dynamodb_client(&self.endpoint)
    }

    /// The configuration resources as a function reads them, behind the faults.
    pub fn resources(&self) -> BedrockResources {
        let retries =
            RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(1));
        let models = aws_sdk_bedrock::Config::builder()
            .behavior_version(aws_sdk_bedrock::config::BehaviorVersion::latest())
            .region(aws_sdk_bedrock::config::Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "testkit"))
            .retry_config(retries.clone())
            .endpoint_url(&self.endpoint)
            .build();
        let agents = aws_sdk_bedrockagent::Config::builder()
            .behavior_version(aws_sdk_bedrockagent::config::BehaviorVersion::latest())
            .region(aws_sdk_bedrockagent::config::Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "testkit"))
            .retry_config(retries)
            .endpoint_url(&self.endpoint)
            .build();
        BedrockResources::new(
            aws_sdk_bedrock::Client::from_conf(models),
            aws_sdk_bedrockagent::Client::from_conf(agents),
        )
    }

    /// The ledger, to ask it.
    pub fn ledger(&self) -> Ledger<audit_aws::s3::AuditBucket> {
        let audit = audit_aws::s3::AuditBucket::new(self.s3.clone(), AUDIT);
        Ledger::new(self.dynamodb.clone(), table_names(), audit, Timestamp::UNIX_EPOCH)
    }

    /// What the topics took so far.
    pub fn published(&self) -> Vec<Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The messages that wait in the queue of bodies; the queue is empty afterwards.
    pub fn take_queued(&self) -> Vec<String> {
        self.take_from(BODIES)
    }

    /// The messages that wait in a queue, oldest first; it is empty afterwards.
    pub fn take_from(&self, queue: &str) -> Vec<String> {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.extract_if(.., |(url, _)| url == queue).map(|(_, body)| body).collect()
    }

    /// Puts an object into the log bucket.
    pub async fn put_log(&self, key: &str, bytes: Vec<u8>) -> ObjectLocation {
        let put = self.s3.put_object().bucket(LOGS).key(key).body(bytes.into()).send().await;
        put.expect("the object is put");
        ObjectLocation::object(LOGS, key)
    }

    /// The keys in the audit bucket.
    pub async fn audit_keys(&self) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket(AUDIT).send().await.expect("the bucket is listed");
        list.contents().iter().filter_map(|object| object.key()).map(str::to_owned).collect()
    }

    /// As if every difference without a date had been seen that much earlier: functions ask the real clock.
    pub async fn set_first_sights_back(&self, by: jiff::SignedDuration) {
        let found = self.dynamodb.scan().table_name("states").send().await.expect("the table is scanned");
        let text =
            |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().expect(name).clone();
        for item in found.items().iter().filter(|item| text(item, "subject").starts_with("sight/")) {
            let seen: Timestamp = text(item, "seen_at").parse().expect("a moment");
            let earlier = audit_domain::time::rfc3339(seen - by);
            let put = self.dynamodb.put_item().table_name("states").set_item(Some(item.clone()));
            let put = put.item("seen_at", AttributeValue::S(earlier));
            put.send().await.expect("the item is put");
        }
    }

    /// How many items a table has (`records`, `states`, `deliveries`).
    pub async fn count(&self, table: &str) -> usize {
        let answer = self.dynamodb.scan().table_name(table).send().await.expect("the table is scanned");
        answer.items().len()
    }

    /// Every item of a table as text, in order: equal ledgers have equal texts.
    pub async fn dump(&self, table: &str) -> Vec<String> {
        let answer = self.dynamodb.scan().table_name(table).send().await.expect("the table is scanned");
        let mut items: Vec<String> = answer
            .items()
            .iter()
            .map(|item| {
                let sorted: std::collections::BTreeMap<_, _> = item
                    .iter()
                    .filter(|(name, _)| {
                        !["expires_at", "indexed_at", "published_at"].contains(&name.as_str())
                    })
                    .map(|(name, value)| (name, sorted_value(value)))
                    .collect();
                format!("{sorted:?}")
            })
            .collect();
        items.sort();
        items
    }
}

fn sorted_value(value: &AttributeValue) -> String {
    match value.as_m() {
        Ok(map) => {
            let sorted: std::collections::BTreeMap<_, _> = map.iter().collect();
            format!("{sorted:?}")
        }
        Err(other) => format!("{other:?}"),
    }
}

/// The names of the tables here.
pub fn table_names() -> TableNames {
    TableNames {
        records: "records".to_owned(),
        states: "states".to_owned(),
        deliveries: "deliveries".to_owned(),
    }
}

/// Bytes as gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn dynamodb_client(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "testkit"))
        .retry_config(
            RetryConfig::standard().with_max_attempts(8).with_initial_backoff(Duration::from_millis(1)),
        )
        .endpoint_url(endpoint)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

fn s3_client(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("eu-central-1"))
        .credentials_provider(aws_sdk_s3::config::Credentials::new(KEY, KEY, None, None, "testkit"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn start_dynamodb() -> String {
    let database = dynoxide::Database::memory().expect("an engine");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    address
}

async fn start_s3(folder: &std::path::Path) -> String {
    let mut builder = s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).expect("a folder"));
    builder.set_auth(s3s::auth::SimpleAuth::from_single(KEY, KEY));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    // S3 puts an object as a whole; the engine puts its bytes and then its checksum
    let whole = Arc::new(RwLock::new(()));
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (service, whole) = (service.clone(), whole.clone());
        async move {
            if matches!(*request.method(), Method::GET | Method::HEAD) {
                let _reading = whole.read().await;
                return service.call(request.map(s3s::Body::from)).await;
            }
            let _writing = whole.write().await;
            service.call(request.map(s3s::Body::from)).await
        }
    });
    tokio::spawn(async move {
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        loop {
            let (socket, _) = listener.accept().await.expect("a connection");
            let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
            // a caller that is killed breaks its connection off: that is what some tests are about
            tokio::spawn(async move { connection.await.ok() });
        }
    });
    address
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let target = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = parts
        .headers
        .get("content-type")
        .is_some_and(|v| v.as_bytes().starts_with(b"application/x-www-form"));
    let bucket_asked = asked::of_bucket(&parts.method, &parts.uri);
    let (action, upstream) = if parts.uri.path() == ANSWERS {
        ("cloudformation:answer".to_owned(), Upstream::CloudFormation)
    } else if target == "DynamoDB_20120810.DescribeTimeToLive" {
        ("dynamodb:DescribeTimeToLive".to_owned(), Upstream::Parts)
    } else if let Some((_, operation)) = target.split_once("DynamoDB_20120810.") {
        (format!("dynamodb:{operation}"), Upstream::Engine(&gateway.dynamodb))
    } else if let Some((_, operation)) = target.split_once("TrentService.") {
        (format!("kms:{operation}"), Upstream::Parts)
    } else if let Some((_, operation)) =
        parts.uri.path().split_once("/service/GraniteServiceVersion20100801/operation/")
    {
        (format!("cloudwatch:{operation}"), Upstream::Figures)
    } else if parts.uri.path().starts_with("/2015-03-31/") {
        (asked::of_function(&parts.method, &parts.uri), Upstream::Functions)
    } else if let Some((_, operation)) = target.split_once("AmazonSQS.") {
        let upstream = if operation == "SendMessage" { Upstream::Queue } else { Upstream::Parts };
        (format!("sqs:{operation}"), upstream)
    } else if let Some((_, operation)) = target.split_once("CloudTrail_20131101.") {
        (format!("cloudtrail:{operation}"), Upstream::Parts)
    } else if let Some((_, operation)) = target.split_once("AWSEvents.") {
        let upstream = if operation == "PutEvents" { Upstream::Bus } else { Upstream::Parts };
        (format!("events:{operation}"), upstream)
    } else if let Some((_, operation)) = target.split_once("Logs_20140328.") {
        (format!("logs:{operation}"), Upstream::Logs)
    } else if let Some((service, operation)) = form.then(|| asked::by_form(&bytes)).flatten() {
        (format!("{service}:{operation}"), Upstream::Parts)
    } else if form {
        ("sns:Publish".to_owned(), Upstream::Topic)
    } else if is_for_bedrock(&parts.headers) {
        (bedrock::action(&parts.method, &parts.uri), Upstream::Bedrock)
    } else if let Some(action) = bucket_asked {
        (action.to_owned(), Upstream::Bucket)
    } else {
        (format!("s3:{}", parts.method), Upstream::Engine(&gateway.s3))
    };
    let fault = gateway.faults.meet(&action, &bytes);
    match fault {
        Some(Fault::Refuse(status, code)) => return refusal(&action, status, code),
        Some(Fault::KillBefore) => {
            gateway.faults.kill();
            return std::future::pending().await;
        }
        _ => {}
    }
    let region = asked::elsewhere(&parts.headers);
    let response = match upstream {
        Upstream::Parts | Upstream::Bedrock if region.is_some() => {
            gateway.parts.answer_elsewhere(&action, &region.unwrap_or_default())
        }
        Upstream::Bucket => {
            let bucket = parts.uri.path().trim_matches('/');
            gateway.parts.answer_of_bucket(&action, bucket, &bytes)
        }
        Upstream::Figures => gateway.parts.answer_figures(&action, &bytes),
        Upstream::Functions => gateway.parts.answer_functions(&action, parts.uri.path()),
        Upstream::Engine(upstream) => forward(&gateway.http, upstream, parts, bytes).await,
        Upstream::Topic => publish(&gateway.published, &bytes),
        Upstream::Queue => enqueue(&gateway.queued, &bytes),
        Upstream::Parts => {
            let form = |_| serde_urlencoded::from_bytes(&bytes).unwrap_or_default();
            gateway.parts.answer(&action, &serde_json::from_slice(&bytes).unwrap_or_else(form))
        }
        Upstream::Bus => {
            let taken = gateway.bus.answer(&serde_json::from_slice(&bytes).unwrap_or_default());
            taken.unwrap_or_else(|| refusal(&action, 400, "ValidationException"))
        }
        Upstream::CloudFormation => gateway.cloudformation.answer(&parts.headers, &bytes),
        Upstream::Logs => {
            let found = gateway.log_groups.answer(&serde_json::from_slice(&bytes).unwrap_or_default());
            found.unwrap_or_else(|| refusal(&action, 400, "ResourceNotFoundException"))
        }
        Upstream::Bedrock => gateway.bedrock.answer(&parts.method, &parts.uri, &bytes),
    };
    if fault == Some(Fault::KillAfter) {
        gateway.faults.kill();
        return std::future::pending().await;
    }
    response
}

/// Who answers a call.
enum Upstream<'a> {
    Engine(&'a str),
    Topic,
    Queue,
    Parts,
    Bucket,
    Figures,
    Functions,
    Bus,
    CloudFormation,
    Logs,
    Bedrock,
}

/// Its paths could be those of buckets, but a signature names its service.
fn is_for_bedrock(headers: &HeaderMap) -> bool {
    let signature = headers.get("authorization").and_then(|value| value.to_str().ok());
    signature.is_some_and(|signature| signature.contains("/bedrock/aws4_request"))
}

/// Takes a message as the real queue does.
fn enqueue(queued: &Mutex<Vec<Queued>>, json: &[u8]) -> Response {
    let call: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let body = call["MessageBody"].as_str().unwrap_or_default();
    let url = call["QueueUrl"].as_str().unwrap_or_default();
    let is_delay_fine = call["DelaySeconds"].as_i64().is_none_or(|delay| (0..=900).contains(&delay));
    if ![BODIES, BASELINE].contains(&url) || body.is_empty() || body.len() > 1 << 20 || !is_delay_fine {
        return refusal("sqs:SendMessage", 400, "InvalidParameterValue");
    }
    queued.lock().unwrap_or_else(PoisonError::into_inner).push((url.to_owned(), body.to_owned()));
    ([("content-type", "application/x-amz-json-1.0")], r#"{"MessageId":"message"}"#).into_response()
}

async fn forward(
    http: &HttpClient<HttpConnector, Body>,
    upstream: &str,
    mut parts: axum::http::request::Parts,
    body: Bytes,
) -> Response {
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_else(|| "/".to_owned());
    parts.uri = format!("http://{upstream}{path}").parse::<Uri>().expect("an address");
    parts.headers.remove("transfer-encoding");
    match http.request(Request::from_parts(parts, Body::from(body))).await {
        Ok(response) => response.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

fn refusal(action: &str, status: u16, code: &str) -> Response {
    if action.starts_with("bedrock:") {
        return bedrock::refusal(status, code, "by the testkit");
    }
    if action.starts_with("lambda:") {
        return refused_function(code);
    }
    if action.starts_with("cloudwatch:") {
        return refused_figures(status, code);
    }
    let status = StatusCode::from_u16(status).expect("a status");
    if ["dynamodb:", "sqs:", "cloudtrail:", "events:", "logs:", "kms:"]
        .iter()
        .any(|service| action.starts_with(service))
    {
        let json =
            format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by the testkit"}}"#);
        return (status, [("content-type", "application/x-amz-json-1.0")], json).into_response();
    }
    let xml = if action.starts_with("sns:") || action.starts_with("cloudformation:") {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>by the testkit</Message></Error></ErrorResponse>"
        )
    } else {
        format!("<Error><Code>{code}</Code><Message>by the testkit</Message></Error>")
    };
    (status, [("content-type", "text/xml")], xml).into_response()
}

/// Takes a message as the real topic does, and refuses what that refuses.
fn publish(published: &Mutex<Vec<Published>>, form: &[u8]) -> Response {
    let form: HashMap<String, String> = serde_urlencoded::from_bytes(form).unwrap_or_default();
    let get = |name: &str| form.get(name).cloned();
    let mut attributes = HashMap::new();
    for nth in 1..=100 {
        let prefix = format!("MessageAttributes.entry.{nth}");
        let Some(name) = get(&format!("{prefix}.Name")) else { break };
        attributes.insert(name, get(&format!("{prefix}.Value.StringValue")).unwrap_or_default());
    }
    let message = Published {
        topic: get("TopicArn").unwrap_or_default(),
        subject: get("Subject"),
        message: get("Message").unwrap_or_default(),
        attributes,
    };
    let subject_is_fine = message.subject.as_deref().is_none_or(|subject| {
        !subject.is_empty() && subject.len() < 100 && subject.bytes().all(|b| (32..127).contains(&b))
    });
    let fine = subject_is_fine
        && !message.message.is_empty()
        && message.message.len() <= 256 << 10
        && message.attributes.len() <= 10
        && message.attributes.values().all(|value| !value.is_empty());
    if !fine {
        return refusal("sns:Publish", 400, "InvalidParameter");
    }
    let mut all = published.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(message);
    let id = all.len();
    let xml = format!(
        r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>message-{id}</MessageId></PublishResult></PublishResponse>"#
    );
    ([("content-type", "text/xml")], xml).into_response()
}
