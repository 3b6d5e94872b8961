//! The real `index-invocations` and `record-attributions` binaries, and what is then known of an answer's documents.

use audit_app::answer::{self, Explanation};
use audit_domain::{passage::Certainty, sources::UsedIn};
use audit_testkit::{
    cloud::{Cloud, gzip},
    function::{Function, failed, messages},
};
use serde_json::{Value, json};

use super::{index_invocations::created, text};

const WRONG_ANSWER: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
const DRAFT: &str = "s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx";
const KEY: &str = "AWSLogs/sources.json.gz";

/// One thing that arrives.
#[derive(Clone, Copy)]
enum Arrives {
    Log,
    Response(&'static str),
}

struct World {
    cloud: Cloud,
    indexes: Function,
    records: Function,
}

impl World {
    async fn after(order: &[Arrives]) -> Self {
        let cloud = Cloud::start().await;
        let indexes = Function::start("index-invocations", &cloud).await;
        let records = Function::start("record-attributions", &cloud).await;
        let mut world = Self { cloud, indexes, records };
        for arrives in order {
            world.deliver(*arrives).await;
        }
        world
    }

    async fn deliver(&mut self, arrives: Arrives) {
        let (function, message) = match arrives {
            Arrives::Log => {
                let log = text("events/incident/invocations.ndjson") + &named_by_the_prompt().to_string();
                self.cloud.put_log(KEY, gzip(log.as_bytes())).await;
                (&mut self.indexes, created(KEY))
            }
            Arrives::Response(name) => (&mut self.records, text(&format!("events/attributions/{name}.json"))),
        };
        let answer = function.invoke(messages(&[message]), &self.cloud).await.unwrap();
        assert!(failed(&answer).is_empty(), "{answer}");
    }

    async fn explain(&self, request_id: &str) -> Explanation {
        answer::explain(request_id, &self.cloud.ledger()).await.unwrap().unwrap()
    }

    async fn sources(&self, uri: &str) -> Vec<UsedIn> {
        answer::sources(uri, None, usize::MAX, &self.cloud.ledger()).await.unwrap().answers
    }
}

/// A request that names its document itself.
fn named_by_the_prompt() -> Value {
    json!({
        "timestamp": "2026-10-15T16:00:00Z",
        "accountId": "444455556666",
        "region": "eu-central-1",
        "requestId": "named",
        "operation": "Converse",
        "modelId": "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [
            {"searchResult": {"source": "https://example.org/terms", "title": "Terms", "content": [{"text": "30 days."}]}},
            {"text": "How long?"},
        ]}]}},
        "output": {"outputBodyJson": {"stopReason": "end_turn"}},
        "identity": {"arn": "arn:aws:sts::444455556666:assumed-role/claims-app/claims-web-7f9c"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_arrives_first_the_documents_of_an_answer_are_the_same() {
    use Arrives::{Log, Response};
    let (retrieve, answer) = (Response("incident-retrieve"), Response("incident-answer"));
    let world = World::after(&[Log, retrieve, answer]).await;
    let (wrong, used) = (world.explain(WRONG_ANSWER).await, world.sources(DRAFT).await);
    let documents: Vec<_> = wrong
        .sources
        .iter()
        .map(|joined| (joined.documents[0].uri.rsplit('/').next().unwrap(), joined.documents[0].certainty))
        .collect();
    let inferred = |name| (name, Certainty::Inferred);
    assert_eq!(
        documents,
        [inferred("terms-2026.pdf"), inferred("water-damage-proposal.docx"), inferred("handbook.pdf")]
    );
    let relations: Vec<_> = wrong.links.iter().map(|link| link.relation.as_str()).collect();
    assert_eq!(relations, ["retrieval", "retrieval", "retrieval"]);
    assert_eq!(used.len(), 3);
    assert_eq!(world.sources("https://example.org/terms").await[0].certainty(), Certainty::Recorded);
    for order in [
        &[answer, retrieve, Log][..],
        &[retrieve, Log, answer],
        &[answer, Log, Log, answer, retrieve, retrieve],
    ] {
        let world = World::after(order).await;
        let other = world.explain(WRONG_ANSWER).await;
        assert_eq!((&other.sources, &other.links), (&wrong.sources, &wrong.links));
        assert_eq!(world.sources(DRAFT).await, used);
    }
}
