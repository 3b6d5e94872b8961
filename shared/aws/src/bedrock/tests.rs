//! Each kind against answers that are written after the shapes of the service's model.

use std::sync::{Arc, Mutex};

use audit_app::ports::{Remedy, ResourceRead};
use audit_domain::change::Resource;
use aws_sdk_bedrock::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
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
use serde_json::{Value, json};

use super::*;

/// A request as a line (`GET /guardrails/g`), and what is answered once.
type Exchange = (&'static str, u16, Value);

/// The service: it knows these exchanges, and what was asked.
#[derive(Clone, Debug, Default)]
struct Replay {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.clone().into_shared()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let line = format!("{} {}", request.method(), request.uri().trim_start_matches("http://service"));
        let mut exchanges = self.exchanges.lock().unwrap();
        self.asked.lock().unwrap().push(line.clone());
        let Some(at) = exchanges.iter().position(|(asked, ..)| *asked == line) else {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(
                format!("unexpected: {line}").into(),
            )));
        };
        let (_, status, body) = exchanges.remove(at);
        let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()));
        HttpConnectorFuture::ready(Ok(answer))
    }
}

impl Replay {
    fn of(exchanges: Vec<Exchange>) -> Self {
        Self { exchanges: Arc::new(Mutex::new(exchanges)), asked: Arc::default() }
    }

    fn resources(&self) -> BedrockResources {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(aws_sdk_bedrock::config::SharedCredentialsProvider::new(Credentials::new(
                "key", "key", None, None, "test",
            )))
            .retry_config(
                RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)),
            )
            .endpoint_url("http://service")
            .http_client(self.clone())
            .build();
        BedrockResources::connect(&config)
    }
}

fn subject(kind: &str, id: &str, version: Option<&str>) -> Subject {
    let resource = Resource {
        account_id: "444455556666".to_owned(),
        region: "eu-central-1".to_owned(),
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: version.map(str::to_owned),
        arn: None,
    };
    Subject::of_resource(&resource).expect("it can be read")
}

async fn read(subject: &Subject, exchanges: Vec<Exchange>) -> ResourceRead {
    let replay = Replay::of(exchanges);
    let read = replay.resources().read_resource(subject).await;
    assert_eq!(replay.exchanges.lock().unwrap().as_slice(), [], "{subject}: not asked for");
    read.unwrap_or_else(|error| panic!("{subject}: {error}"))
}

fn document(read: ResourceRead) -> Value {
    match read {
        ResourceRead::Document(document) => document,
        other => panic!("{other:?}"),
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({"__type": format!("com.amazon.coral.service#{code}"), "message": message})
}

fn a_guardrail(version: &str) -> Value {
    json!({
        "guardrailId": "gr4k2p9x7wzq",
        "guardrailArn": "arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq",
        "name": "claims", "version": version, "status": "READY",
        "createdAt": "2026-10-01T08:00:00Z", "updatedAt": "2026-10-15T13:12:09.379877250Z",
        "blockedInputMessaging": "no", "blockedOutputsMessaging": "no",
        "contentPolicy": {"filters": [
            {"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH", "inputSleight": "NEW"},
        ]},
        "contextualGroundingPolicy": {"filters": [{"type": "GROUNDING", "threshold": 0.7}]},
        "somethingNew": {"nested": [1, null, "x"]},
    })
}

/// What the service answers is the document, with members that no model has.
#[tokio::test]
async fn a_document_is_the_answer_as_it_came() {
    let flow = json!({"id": "FLOW000001", "arn": "a", "name": "n", "status": "Prepared", "version": "DRAFT",
        "executionRoleArn": "r", "createdAt": "2026-10-01T08:00:00Z", "updatedAt": "2026-10-15T13:12:09Z",
        "definition": {"nodes": [{"name": "n", "type": "NewNode", "configuration": {"newNode": {}}}]}});
    for (kind, id, version, request, body) in [
        ("guardrail", "gr4k2p9x7wzq", Some("DRAFT"), "GET /guardrails/gr4k2p9x7wzq", a_guardrail("DRAFT")),
        (
            "guardrail-version",
            "gr4k2p9x7wzq",
            Some("3"),
            "GET /guardrails/gr4k2p9x7wzq?guardrailVersion=3",
            a_guardrail("3"),
        ),
        (
            "prompt",
            "PROMPT0001",
            None,
            "GET /prompts/PROMPT0001",
            json!({"id": "PROMPT0001", "arn": "a", "name": "n", "version": "DRAFT",
                "createdAt": "2026-10-01T08:00:00Z", "updatedAt": "2026-10-15T13:12:09Z",
                "variants": [{"name": "v", "templateType": "TEXT", "new": 1,
                    "templateConfiguration": {"text": {"text": "Answer.", "new": {}}}}]}),
        ),
        (
            "prompt",
            "PROMPT0001",
            Some("2"),
            "GET /prompts/PROMPT0001?promptVersion=2",
            json!({"id": "PROMPT0001", "version": "2", "new": []}),
        ),
        (
            "knowledge-base",
            "KB00000001",
            None,
            "GET /knowledgebases/KB00000001",
            json!({"knowledgeBase": {"knowledgeBaseId": "KB00000001", "name": "n", "roleArn": "r",
                "knowledgeBaseConfiguration": {"type": "NEW_TYPE", "newConfiguration": {}}}}),
        ),
        (
            "data-source",
            "KB00000001:DS00000001",
            None,
            "GET /knowledgebases/KB00000001/datasources/DS00000001",
            json!({"dataSource": {"dataSourceId": "DS00000001", "name": "n", "new": true,
                "dataSourceConfiguration": {"type": "S3", "s3Configuration": {"bucketArn": "b"}}}}),
        ),
        (
            "inference-profile",
            "profile1",
            None,
            "GET /inference-profiles/profile1",
            json!({"inferenceProfileId": "profile1", "models": [{"modelArn": "m", "new": 1}], "type": "NEW"}),
        ),
        (
            "model-invocation-logging-configuration",
            "default",
            None,
            "GET /logging/modelinvocations",
            json!({"loggingConfig": {"textDataDeliveryEnabled": true, "newDataDeliveryEnabled": false,
                "s3Config": {"bucketName": "logs"}}}),
        ),
    ] {
        let subject = subject(kind, id, version);
        assert_eq!(document(read(&subject, vec![(request, 200, body.clone())]).await), body, "{subject}");
    }
    let requests = vec![
        ("GET /flows/FLOW000001", 200, flow.clone()),
        ("GET /flows/FLOW000001/aliases", 200, json!({"flowAliasSummaries": []})),
    ];
    let read = read(&subject("flow-alias", "FLOW000001:ALIAS00001", None), requests).await;
    let mut expected = flow;
    expected["aliases"] = json!([]);
    assert_eq!(document(read), expected);
}

/// The service may change what the SDK takes for certain: the types of members, and that there are any.
#[tokio::test]
async fn an_answer_that_the_sdk_cannot_take_apart_is_the_document_all_the_same() {
    let body = json!({"id": 7, "variants": "none"});
    let exchange = ("GET /prompts/PROMPT0001", 200, body.clone());
    let read = read(&subject("prompt", "PROMPT0001", None), vec![exchange]).await;
    assert_eq!(document(read), body);
}

#[tokio::test]
async fn an_agent_is_read_with_all_pages_of_its_parts() {
    let list = |member: &str, entries: Value, next: Option<&str>| match next {
        Some(next) => json!({ member: entries, "nextToken": next }),
        None => json!({ member: entries }),
    };
    let group = |id: &str| json!({"agentActionGroup": {"actionGroupId": id, "functionSchema": {"new": id}}});
    let exchanges = |agent: (&'static str, Value), version: &'static str| {
        let at = |path: &str| -> &'static str {
            format!("{}{path}", "/agents/AGENT00001/agentversions/".to_owned() + version).leak()
        };
        let line = |method: &str, path: &str| -> &'static str { format!("{method} {}", at(path)).leak() };
        vec![
            (agent.0, 200, agent.1),
            (
                line("POST", "/actiongroups"),
                200,
                list(
                    "actionGroupSummaries",
                    json!([{"actionGroupId": "G1"}, {"actionGroupId": "G2"}]),
                    Some("2"),
                ),
            ),
            (
                line("POST", "/actiongroups"),
                200,
                list("actionGroupSummaries", json!([{"actionGroupId": "G3"}]), None),
            ),
            (line("GET", "/actiongroups/G1"), 200, group("G1")),
            (line("GET", "/actiongroups/G2"), 200, group("G2")),
            (line("GET", "/actiongroups/G3"), 200, group("G3")),
            (
                "POST /agents/AGENT00001/agentaliases",
                200,
                list("agentAliasSummaries", json!([{"agentAliasId": "A1"}]), None),
            ),
            (
                "GET /agents/AGENT00001/agentaliases/A1",
                200,
                json!({"agentAlias": {"agentAliasId": "A1", "routingConfiguration": [{"agentVersion": "1"}]},
                    "besides": 1}),
            ),
            (
                line("POST", "/agentcollaborators"),
                200,
                list("agentCollaboratorSummaries", json!([{"collaboratorId": "C1"}]), None),
            ),
            (
                line("GET", "/agentcollaborators/C1"),
                200,
                json!({"agentCollaborator": {"collaboratorId": "C1", "collaborationInstruction": "help"}}),
            ),
            (
                line("POST", "/knowledgebases"),
                200,
                list("agentKnowledgeBaseSummaries", json!([{"knowledgeBaseId": "K1"}]), None),
            ),
            (
                line("GET", "/knowledgebases/K1"),
                200,
                json!({"agentKnowledgeBase": {"knowledgeBaseId": "K1", "knowledgeBaseState": "ENABLED"}}),
            ),
        ]
    };
    let expected = json!({
        "agent": {"agentId": "AGENT00001", "instruction": "Answer.", "new": 1},
        "actionGroups": [
            {"actionGroupId": "G1", "functionSchema": {"new": "G1"}},
            {"actionGroupId": "G2", "functionSchema": {"new": "G2"}},
            {"actionGroupId": "G3", "functionSchema": {"new": "G3"}},
        ],
        "aliases": [{"agentAliasId": "A1", "routingConfiguration": [{"agentVersion": "1"}], "besides": 1}],
        "collaborators": [{"collaboratorId": "C1", "collaborationInstruction": "help"}],
        "knowledgeBases": [{"knowledgeBaseId": "K1", "knowledgeBaseState": "ENABLED"}],
    });
    let content = json!({"agentId": "AGENT00001", "instruction": "Answer.", "new": 1});
    let draft = ("GET /agents/AGENT00001", json!({"agent": content}));
    let one = ("GET /agents/AGENT00001/agentversions/1", json!({"agentVersion": content}));
    for (version, whole) in [("DRAFT", draft), ("1", one)] {
        let subject = subject("agent-version", "AGENT00001", Some(version));
        assert_eq!(document(read(&subject, exchanges(whole, version)).await), expected, "{version}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_gone_and_what_is_refused_says_why() {
    let guardrail = subject("guardrail", "gr4k2p9x7wzq", None);
    let kms = "User is not authorized to perform kms:Decrypt on arn:aws:kms:eu-central-1:444455556666:key/k";
    let denied = |why: &str| ResourceRead::Denied(why.to_owned());
    let never = |why: &str| ResourceRead::Elsewhere(why.to_owned());
    for (status, code, message, expected) in [
        (404, "ResourceNotFoundException", "none", ResourceRead::Gone),
        (403, "AccessDeniedException", kms, denied(&format!("AccessDeniedException: {kms}"))),
        (403, "KmsAccessDeniedException", kms, denied(&format!("KmsAccessDeniedException: {kms}"))),
        // no word about whether it is there
        (400, "ValidationException", "no such id", never("ValidationException: no such id")),
        (404, "UnknownOperationException", "-", never("UnknownOperationException: -")),
    ] {
        let exchange = ("GET /guardrails/gr4k2p9x7wzq", status, error(code, message));
        assert_eq!(read(&guardrail, vec![exchange]).await, expected, "{code}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_then_worth_another_try() {
    let guardrail = subject("guardrail", "gr4k2p9x7wzq", None);
    let line = "GET /guardrails/gr4k2p9x7wzq";
    for (status, code) in
        [(429, "ThrottlingException"), (500, "InternalServerException"), (503, "ServiceUnavailableException")]
    {
        let failing = (line, status, error(code, "later"));
        let fine = (line, 200, a_guardrail("DRAFT"));
        assert_eq!(
            document(read(&guardrail, vec![failing.clone(), fine]).await),
            a_guardrail("DRAFT"),
            "the body of the last attempt counts, not that of {code}"
        );
        let replay = Replay::of(vec![failing.clone(), failing]);
        let error = replay.resources().read_resource(&guardrail).await.unwrap_err();
        assert_eq!(error.remedy, Remedy::Retry);
        assert_eq!(
            error.to_string(),
            format!("could not read guardrail/gr4k2p9x7wzq@DRAFT with GetGuardrail: {code}: later")
        );
    }
    let error = Replay::default().resources().read_resource(&guardrail).await.unwrap_err();
    assert_eq!(error.remedy, Remedy::Retry, "nobody answered: {error}");
}

/// A part that was not read is never shown as one that is not there.
#[tokio::test]
async fn a_part_that_was_not_read_says_so() {
    let flow = json!({"id": "FLOW000001"});
    let whole = || ("GET /flows/FLOW000001/versions/2", 200, flow.clone());
    let aliases = "GET /flows/FLOW000001/aliases";
    let denied = || error("AccessDeniedException", "not you");
    for (exchanges, expected) in [
        (vec![(aliases, 403, denied())], json!({"unread": "AccessDeniedException: not you"})),
        (vec![(aliases, 404, error("ResourceNotFoundException", "-"))], json!({"unread": "it is not there"})),
        (vec![(aliases, 200, json!({}))], json!({"unread": "the answer has no list flowAliasSummaries"})),
        (
            vec![
                (aliases, 200, json!({"flowAliasSummaries": [{"id": "A"}, {"id": "B"}], "nextToken": "t"})),
                (
                    "GET /flows/FLOW000001/aliases?nextToken=t",
                    200,
                    json!({"flowAliasSummaries": [{"name": "C"}]}),
                ),
                ("GET /flows/FLOW000001/aliases/A", 403, denied()),
                ("GET /flows/FLOW000001/aliases/B", 200, json!({"id": "B", "name": "b"})),
            ],
            json!([
                {"id": "A", "unread": "AccessDeniedException: not you"},
                {"id": "B", "name": "b"},
                {"name": "C", "unread": "the list does not say its id"},
            ]),
        ),
        (
            vec![
                (aliases, 200, json!({"flowAliasSummaries": [], "nextToken": "t"})),
                ("GET /flows/FLOW000001/aliases?nextToken=t", 403, denied()),
            ],
            json!({"unread": "AccessDeniedException: not you"}),
        ),
    ] {
        let exchanges = [whole()].into_iter().chain(exchanges).collect();
        let read = read(&subject("flow", "FLOW000001", Some("2")), exchanges).await;
        assert_eq!(document(read), json!({"id": "FLOW000001", "aliases": expected}));
    }
    // throttling of a part is worth another try of the whole
    let replay = Replay::of(vec![
        whole(),
        (aliases, 429, error("ThrottlingException", "-")),
        (aliases, 429, error("ThrottlingException", "-")),
    ]);
    let error = replay.resources().read_resource(&subject("flow", "FLOW000001", Some("2"))).await;
    assert_eq!(error.unwrap_err().remedy, Remedy::Retry);
    // and a list without end ends
    let page = json!({"flowAliasSummaries": [], "nextToken": "t"});
    let replay = Replay::of(vec![
        whole(),
        (aliases, 200, page.clone()),
        ("GET /flows/FLOW000001/aliases?nextToken=t", 200, page),
    ]);
    let error = replay.resources().read_resource(&subject("flow", "FLOW000001", Some("2"))).await;
    assert!(error.unwrap_err().to_string().contains("a page names itself as the next"));
}

#[tokio::test]
async fn settings_that_are_off_are_gone() {
    let logging = subject("model-invocation-logging-configuration", "default", None);
    for body in [json!({}), json!({"loggingConfig": null})] {
        let exchange = ("GET /logging/modelinvocations", 200, body);
        assert_eq!(read(&logging, vec![exchange]).await, ResourceRead::Gone);
    }
    let first = json!({"guardrailsConfig": [{"configId": "one"}], "nextToken": "t"});
    let second = json!({"guardrailsConfig": [{"configId": "two", "guardrailVersion": "3", "new": 1}]});
    let exchanges = || {
        vec![
            ("GET /enforcedGuardrailsConfiguration", 200, first.clone()),
            ("GET /enforcedGuardrailsConfiguration?nextToken=t", 200, second.clone()),
        ]
    };
    let enforced = |id: &str| subject("enforced-guardrail-configuration", id, None);
    let found = document(read(&enforced("two"), exchanges()).await);
    assert_eq!(found, second["guardrailsConfig"][0]);
    assert_eq!(read(&enforced("three"), exchanges()).await, ResourceRead::Gone);
    let denied = ("GET /enforcedGuardrailsConfiguration", 403, error("AccessDeniedException", "-"));
    let read = read(&enforced("two"), vec![denied]).await;
    assert_eq!(read, ResourceRead::Denied("AccessDeniedException: -".to_owned()));
}

#[tokio::test]
async fn a_policy_is_read_by_the_arn_that_it_is_put_on() {
    let line = "GET /resource-policy/arn%3Aaws%3Abedrock%3Aeu-central-1%3A444455556666%3Aguardrail%2Fg";
    let policy = json!({"resourcePolicy": "{\"Statement\":[]}", "new": 1});
    let on = |arn: Option<&str>| {
        let mut subject = subject("resource-policy", "g", None);
        subject.resource.arn = arn.map(str::to_owned);
        subject
    };
    let guardrail = on(Some("arn:aws:bedrock:eu-central-1:444455556666:guardrail/g"));
    assert_eq!(document(read(&guardrail, vec![(line, 200, policy.clone())]).await), policy);
    assert_eq!(read(&guardrail, vec![(line, 200, json!({}))]).await, ResourceRead::Gone);
    let why = "the record does not name the ARN that the policy is put on".to_owned();
    assert_eq!(read(&on(None), vec![]).await, ResourceRead::Elsewhere(why));
    let gateway = on(Some("arn:aws:bedrock-agentcore:eu-central-1:444455556666:gateway/g"));
    let why = "policies of bedrock-agentcore are not read".to_owned();
    assert_eq!(read(&gateway, vec![]).await, ResourceRead::Elsewhere(why));
}

/// Whoever asks in the wrong place is told that nothing is there: so nobody asks.
#[tokio::test]
async fn what_lies_elsewhere_is_not_taken_for_gone() {
    let replay = Replay::default();
    let resources = replay.resources().of_account("111122223333");
    let mut guardrail = subject("guardrail", "g", None);
    let read = resources.read_resource(&guardrail).await.unwrap();
    let why = "it belongs to account 444455556666, and is not read from another".to_owned();
    assert_eq!(read, ResourceRead::Elsewhere(why));
    guardrail.resource.region = "us-east-1".to_owned();
    let read = resources.read_resource(&guardrail).await.unwrap();
    let why = "it lies in us-east-1, and is not read from another region".to_owned();
    assert_eq!(read, ResourceRead::Elsewhere(why));
    assert_eq!(*replay.asked.lock().unwrap(), Vec::<String>::new());
}
