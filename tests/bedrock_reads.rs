//! Configuration resources read through the gateway, as a function reads them.

use std::collections::BTreeSet;

use audit_app::ports::{ReadResources as _, Remedy, ResourceRead};
use audit_domain::{change::Resource, state::Subject};
use audit_testkit::{bedrock::DRAFT, cloud::Cloud, faults::Fault};
use serde_json::{Value, json};

use super::text;

fn subject(kind: &str, id: &str, version: Option<&str>) -> Subject {
    let resource = Resource {
        account_id: "444455556666".to_owned(),
        region: "eu-central-1".to_owned(),
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: version.map(str::to_owned),
        arn: (kind == "resource-policy").then(|| GUARDRAIL_ARN.to_owned()),
    };
    Subject::of_resource(&resource).expect("it can be read")
}

const GUARDRAIL_ARN: &str = "arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq";

/// One resource of each kind, and an agent with more parts than a page has.
pub(super) fn furnish(cloud: &Cloud) {
    let put = |kind: &str, id: &str, version: &str, document: Value| {
        cloud.bedrock.put(kind, id, version, document);
    };
    put("guardrail", "gr4k2p9x7wzq", DRAFT, json!({"version": DRAFT, "new": {}}));
    put("guardrail", "gr4k2p9x7wzq", "3", json!({"version": "3"}));
    put("prompt", "PROMPT0001", DRAFT, json!({"id": "PROMPT0001", "version": DRAFT}));
    put("prompt", "PROMPT0001", "2", json!({"id": "PROMPT0001", "version": "2"}));
    put("knowledge-base", "KB00000001", DRAFT, json!({"knowledgeBaseId": "KB00000001"}));
    put("data-source", "KB00000001:DS00000001", DRAFT, json!({"dataSourceId": "DS00000001"}));
    put("inference-profile", "profile1", DRAFT, json!({"inferenceProfileId": "profile1"}));
    put("resource-policy", GUARDRAIL_ARN, DRAFT, json!({"resourcePolicy": "{}"}));
    let logging = json!({"textDataDeliveryEnabled": true});
    put("model-invocation-logging-configuration", "default", DRAFT, logging);
    for config in ["config1", "config2", "config3"] {
        put("enforced-guardrail-configuration", config, DRAFT, json!({"configId": config}));
    }
    for version in [DRAFT, "1"] {
        put("agent", "AGENT00001", version, json!({"agentId": "AGENT00001", "instruction": "Answer."}));
        put("flow", "FLOW000001", version, json!({"id": "FLOW000001", "version": version}));
        for nth in 1..=5 {
            let group = json!({"actionGroupId": format!("G{nth}"), "parentActionSignature": "only here"});
            put("agent-action-group", &format!("AGENT00001:G{nth}"), version, group);
        }
        put("agent-collaborator", "AGENT00001:C1", version, json!({"collaboratorId": "C1"}));
        put(
            "agent-knowledge-base",
            "AGENT00001:KB00000001",
            version,
            json!({"knowledgeBaseId": "KB00000001"}),
        );
    }
    put("agent-alias", "AGENT00001:A1", DRAFT, json!({"agentAliasId": "A1", "agentAliasHistoryEvents": []}));
    put("flow-alias", "FLOW000001:F1", DRAFT, json!({"id": "F1"}));
    // of nobody who is asked for
    put("agent-alias", "AGENT00002:A2", DRAFT, json!({"agentAliasId": "A2"}));
}

async fn read(cloud: &Cloud, kind: &str, id: &str, version: Option<&str>) -> ResourceRead {
    let subject = subject(kind, id, version);
    let read = cloud.resources().read_resource(&subject).await;
    read.unwrap_or_else(|error| panic!("{subject}: {error}"))
}

fn denied(why: &str) -> ResourceRead {
    ResourceRead::Denied(why.to_owned())
}

/// What is read, and how the document says which one it is.
pub(super) const EVERY_KIND: [(&str, &str, Option<&str>, &str, &str); 13] = [
    ("guardrail", "gr4k2p9x7wzq", None, "/version", DRAFT),
    ("guardrail", "gr4k2p9x7wzq", Some("3"), "/version", "3"),
    ("prompt", "PROMPT0001", Some(DRAFT), "/version", DRAFT),
    ("prompt-version", "PROMPT0001", Some("2"), "/version", "2"),
    ("agent", "AGENT00001", None, "/agent/instruction", "Answer."),
    ("agent-version", "AGENT00001", Some("1"), "/actionGroups/4/parentActionSignature", "only here"),
    ("flow", "FLOW000001", None, "/aliases/0/id", "F1"),
    ("flow-version", "FLOW000001", Some("1"), "/version", "1"),
    ("knowledge-base", "KB00000001", None, "/knowledgeBase/knowledgeBaseId", "KB00000001"),
    ("data-source", "KB00000001:DS00000001", None, "/dataSource/dataSourceId", "DS00000001"),
    ("inference-profile", "profile1", None, "/inferenceProfileId", "profile1"),
    ("enforced-guardrail-configuration", "config3", None, "/configId", "config3"),
    ("resource-policy", "gr4k2p9x7wzq", None, "/resourcePolicy", "{}"),
];

/// Invariant 10, for reads: the role may make the calls that are made, and no others.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_read_with_the_calls_that_the_role_allows() {
    let cloud = Cloud::start().await;
    furnish(&cloud);
    for (kind, id, version, pointer, expected) in EVERY_KIND {
        let ResourceRead::Document(document) = read(&cloud, kind, id, version).await else {
            panic!("{kind}")
        };
        assert_eq!(document.pointer(pointer), Some(&expected.into()), "{kind} {version:?}: {document}");
    }
    let logging = read(&cloud, "model-invocation-logging-configuration", "default", None).await;
    let on = json!({"loggingConfig": {"textDataDeliveryEnabled": true}});
    assert_eq!(logging, ResourceRead::Document(on));

    let called: BTreeSet<String> = cloud.faults.seen().into_iter().collect();
    let template = text("template.yaml");
    for role in ["RecordChangesRole", "IndexTrailRole"] {
        let block = template.split(&format!("\n  {role}:\n")).nth(1).expect(role);
        let block = block.split("\n\n").next().unwrap();
        let allowed: BTreeSet<String> = block
            .lines()
            .map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: "))
            .filter(|line| line.starts_with("bedrock:"))
            .map(str::to_owned)
            .collect();
        assert_eq!(called, allowed, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_away_is_gone() {
    let cloud = Cloud::start().await;
    for (kind, id, version, ..) in EVERY_KIND {
        assert_eq!(read(&cloud, kind, id, version).await, ResourceRead::Gone, "{kind} {version:?}");
    }
    let logging = "model-invocation-logging-configuration";
    assert_eq!(read(&cloud, logging, "default", None).await, ResourceRead::Gone);
    furnish(&cloud);
    cloud.bedrock.remove("guardrail", "gr4k2p9x7wzq", "3");
    assert_eq!(read(&cloud, "guardrail", "gr4k2p9x7wzq", Some("3")).await, ResourceRead::Gone);
    assert!(matches!(read(&cloud, "guardrail", "gr4k2p9x7wzq", None).await, ResourceRead::Document(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_shows_which_of_its_parts_were_refused() {
    let cloud = Cloud::start().await;
    furnish(&cloud);
    let (code, why) = ("AccessDeniedException", "AccessDeniedException: not you");
    cloud.bedrock.refuse("agent-alias", "AGENT00001", 403, code, "not you");
    cloud.bedrock.refuse("agent-action-group", "AGENT00001:G2", 403, code, "not you");
    let ResourceRead::Document(document) = read(&cloud, "agent", "AGENT00001", None).await else { panic!() };
    assert_eq!(document["aliases"], json!({"unread": why}));
    assert_eq!(document["actionGroups"][1], json!({"actionGroupId": "G2", "unread": why}));
    assert_eq!(document["actionGroups"].as_array().unwrap().len(), 5);
    assert_eq!(document["knowledgeBases"], json!([{"knowledgeBaseId": "KB00000001"}]));
    cloud.bedrock.refuse("agent", "AGENT00001", 403, code, "not you");
    assert_eq!(read(&cloud, "agent", "AGENT00001", None).await, denied(why));
    cloud.bedrock.allow();
    let ResourceRead::Document(document) = read(&cloud, "agent", "AGENT00001", None).await else { panic!() };
    assert_eq!(document["aliases"], json!([{"agentAliasId": "A1", "agentAliasHistoryEvents": []}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_pass_or_are_worth_another_try() {
    let cloud = Cloud::start().await;
    furnish(&cloud);
    let group = subject("agent-action-group", "AGENT00001:G2", None);
    for (action, code) in [
        ("bedrock:GetAgent", "ThrottlingException"),
        ("bedrock:ListAgentActionGroups", "InternalServerException"),
        ("bedrock:GetAgentKnowledgeBase", "ThrottlingException"),
    ] {
        cloud.faults.add(action, 0, 2, Fault::Refuse(500, code));
        let read = cloud.resources().read_resource(&group).await.unwrap();
        assert!(!format!("{read:?}").contains("unread"), "{action}: {read:?}");
        cloud.faults.add(action, 0, usize::MAX, Fault::Refuse(500, code));
        let error = cloud.resources().read_resource(&group).await.unwrap_err();
        assert_eq!(error.remedy, Remedy::Retry, "{action}");
        assert!(error.cause.starts_with(code), "{error}");
        cloud.faults.clear();
    }
    cloud.faults.add("bedrock:GetGuardrail", 0, 1, Fault::Refuse(403, "AccessDeniedException"));
    let read = read(&cloud, "guardrail", "gr4k2p9x7wzq", None).await;
    assert_eq!(read, denied("AccessDeniedException: by the testkit"));
}

/// Each call has a capture of its own: answers do not get mixed up.
#[tokio::test(flavor = "multi_thread")]
async fn many_reads_at_once_get_their_own_answers() {
    let cloud = Cloud::start().await;
    for nth in 0..40 {
        cloud.bedrock.put("prompt", &format!("P{nth}"), DRAFT, json!({"id": format!("P{nth}")}));
    }
    let resources = std::sync::Arc::new(cloud.resources());
    let reads: Vec<_> = (0..40)
        .map(|nth| {
            let resources = resources.clone();
            tokio::spawn(async move {
                resources.read_resource(&subject("prompt", &format!("P{nth}"), None)).await.unwrap()
            })
        })
        .collect();
    for (nth, read) in reads.into_iter().enumerate() {
        assert_eq!(read.await.unwrap(), ResourceRead::Document(json!({"id": format!("P{nth}")})));
    }
}
