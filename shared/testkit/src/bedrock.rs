//! Bedrock's reading operations, answered from documents that a test puts, and those that configure the invocation log.
//!
//! It answers as the service does: a document in the member that wraps it, lists in pages of summaries, the logging
//! configuration that is off as an answer without one, and what is not there as `ResourceNotFoundException`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::Bytes,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use crate::knowledge_base::{self, KnowledgeBases};

/// The version of what has no versions, and of what is not frozen yet.
pub const DRAFT: &str = "DRAFT";
/// So many entries a page of a list has: few, so that tests meet pages.
const PAGE: usize = 2;

/// The documents by kind, id and version, and what is refused.
///
/// Kinds are those of the ledger (`guardrail`, `agent-action-group`, `data-source`); ids of parts begin with the id of
/// the whole (`AGENT:GROUP`, `KB:DS`); the id of a `resource-policy` is the ARN that it is put on.
#[derive(Default)]
pub struct Bedrock {
    /// The knowledge bases that can be asked.
    pub knowledge_bases: KnowledgeBases,
    documents: Mutex<BTreeMap<Key, Value>>,
    refusals: Mutex<BTreeMap<(String, String), Refusal>>,
}

type Key = (String, String, String);

#[derive(Clone)]
struct Refusal {
    status: u16,
    code: String,
    message: String,
}

impl Bedrock {
    /// Puts a document, without the member that wraps it in answers, in place of an earlier one.
    pub fn put(&self, kind: &str, id: &str, version: &str, document: Value) {
        lock(&self.documents).insert(key(kind, id, version), document);
    }

    /// A document, as it was put last.
    pub fn get(&self, kind: &str, id: &str, version: &str) -> Option<Value> {
        lock(&self.documents).get(&key(kind, id, version)).cloned()
    }

    /// Takes a document away.
    pub fn remove(&self, kind: &str, id: &str, version: &str) {
        lock(&self.documents).remove(&key(kind, id, version));
    }

    /// From now on, every call about this one is refused. A list is refused by the id of the whole (`AGENT`),
    /// a list of wholes as [`SINGLETON`].
    pub fn refuse(&self, kind: &str, id: &str, status: u16, code: &str, message: &str) {
        let refusal = Refusal { status, code: code.to_owned(), message: message.to_owned() };
        lock(&self.refusals).insert((kind.to_owned(), id.to_owned()), refusal);
    }

    /// Nothing is refused any more.
    pub fn allow(&self) {
        lock(&self.refusals).clear();
    }

    pub(crate) fn answer(&self, method: &Method, uri: &Uri, body: &Bytes) -> Response {
        if knowledge_base::is_question(method, uri.path()) {
            return self.knowledge_bases.answer(body);
        }
        let Some((route, names)) = route(method, uri) else {
            return refusal(404, "UnknownOperationException", "the testkit does not know this operation");
        };
        let refused = lock(&self.refusals).get(&(route.kind.to_owned(), names.id.clone())).cloned();
        if let Some(Refusal { status, code, message }) = refused {
            return refusal(status, &code, &message);
        }
        match route.answer {
            Answer::One(wrapper) => match self.document(route, &names) {
                Some(document) => ok(&wrapped(wrapper, document)),
                None => refusal(
                    404,
                    "ResourceNotFoundException",
                    &format!("Could not find {} {}", route.kind, names.id),
                ),
            },
            Answer::Setting(wrapper) => {
                let document = self.document(route, &names);
                ok(&document.map_or_else(|| json!({}), |document| wrapped(Some(wrapper), document)))
            }
            Answer::Put(wrapper) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let document = body[wrapper].clone();
                // the service wants a place to log to, and checks that it may write there
                if ["s3Config", "cloudWatchConfig"].iter().all(|place| !document[place].is_object()) {
                    return refusal(400, "ValidationException", "no destination is configured");
                }
                self.put(route.kind, &names.id, &names.version, document);
                ok(&json!({}))
            }
            Answer::Delete => {
                self.remove(route.kind, &names.id, &names.version);
                ok(&json!({}))
            }
            Answer::Index(member, which, [id, version]) => {
                let token = names.token.clone().or_else(|| token_of(body));
                let entries = self.index(route, &names.id, which, [id, version]);
                ok(&page(entries, member, &[], token.as_deref()))
            }
            Answer::List(member, summary) => {
                let token = names.token.or_else(|| token_of(body));
                ok(&page(self.entries(route, &names.id, &names.version), member, summary, token.as_deref()))
            }
        }
    }

    fn document(&self, route: &Route, names: &Names) -> Option<Value> {
        lock(&self.documents).get(&key(route.kind, &names.id, &names.version)).cloned()
    }

    /// Summaries of what there is of a kind: their ids, versions and ARNs.
    fn index(&self, route: &Route, whole: &str, which: Which, [id, version]: [&str; 2]) -> Vec<Value> {
        let is_one = whole != SINGLETON;
        let documents = lock(&self.documents);
        let of_kind = documents.keys().filter(|(kind, ..)| kind == route.kind);
        let wanted = of_kind.filter(|(_, named, at)| match which {
            Which::Wholes if is_one => named == whole,
            Which::Wholes => at == DRAFT,
            Which::Versions => named == whole,
            Which::Parts => named.starts_with(&format!("{whole}:")),
        });
        wanted
            .map(|(kind, named, at)| {
                let own = named.rsplit(':').next().unwrap_or(named);
                json!({
                    id: own,
                    version: at,
                    "arn": format!("arn:aws:bedrock:eu-central-1:444455556666:{kind}/{own}"),
                })
            })
            .collect()
    }

    /// The documents of a kind that belong to a whole.
    fn entries(&self, route: &Route, whole: &str, version: &str) -> Vec<Value> {
        let prefix = if whole == SINGLETON { String::new() } else { format!("{whole}:") };
        let documents = lock(&self.documents);
        let of_whole = documents
            .iter()
            .filter(|((kind, id, at), _)| kind == route.kind && id.starts_with(&prefix) && at == version);
        of_whole.map(|(_, document)| document.clone()).collect()
    }
}

/// An operation, as the service's model has it.
struct Route {
    operation: &'static str,
    method: &'static str,
    /// `{}` is (a part of) an id, `{version}` a version.
    path: &'static str,
    kind: &'static str,
    answer: Answer,
}

#[derive(Clone, Copy)]
enum Which {
    /// The drafts of all; of one that the query names every version.
    Wholes,
    /// Every version of one.
    Versions,
    /// What hangs on one.
    Parts,
}

enum Answer {
    /// One document, in this member.
    One(Option<&'static str>),
    /// One that there always is, if only empty.
    Setting(&'static str),
    /// None: the document in this member is put in place of an earlier one.
    Put(&'static str),
    /// None: the document is taken away.
    Delete,
    /// Pages of what there is, in the first member, with an id and a version in these members.
    Index(&'static str, Which, [&'static str; 2]),
    /// Pages of these members of documents (all of them, where none are named), in this member.
    List(&'static str, &'static [&'static str]),
}

const fn get(
    operation: &'static str,
    path: &'static str,
    kind: &'static str,
    wrapper: Option<&'static str>,
) -> Route {
    Route { operation, method: "GET", path, kind, answer: Answer::One(wrapper) }
}

const fn list(
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    kind: &'static str,
    answer: Answer,
) -> Route {
    Route { operation, method, path, kind, answer }
}

const ROUTES: &[Route] = &[
    list(
        "ListGuardrails",
        "GET",
        "/guardrails",
        "guardrail",
        Answer::Index("guardrails", Which::Wholes, ["id", "version"]),
    ),
    list(
        "ListInferenceProfiles",
        "GET",
        "/inference-profiles",
        "inference-profile",
        Answer::Index("inferenceProfileSummaries", Which::Wholes, ["inferenceProfileId", "-"]),
    ),
    list(
        "ListPrompts",
        "GET",
        "/prompts",
        "prompt",
        Answer::Index("promptSummaries", Which::Wholes, ["id", "version"]),
    ),
    list(
        "ListAgents",
        "POST",
        "/agents",
        "agent",
        Answer::Index("agentSummaries", Which::Wholes, ["agentId", "-"]),
    ),
    list(
        "ListAgentVersions",
        "POST",
        "/agents/{}/agentversions",
        "agent",
        Answer::Index("agentVersionSummaries", Which::Versions, ["-", "agentVersion"]),
    ),
    list(
        "ListFlows",
        "GET",
        "/flows",
        "flow",
        Answer::Index("flowSummaries", Which::Wholes, ["id", "version"]),
    ),
    list(
        "ListFlowVersions",
        "GET",
        "/flows/{}/versions",
        "flow",
        Answer::Index("flowVersionSummaries", Which::Versions, ["id", "version"]),
    ),
    list(
        "ListKnowledgeBases",
        "POST",
        "/knowledgebases",
        "knowledge-base",
        Answer::Index("knowledgeBaseSummaries", Which::Wholes, ["knowledgeBaseId", "-"]),
    ),
    list(
        "ListDataSources",
        "POST",
        "/knowledgebases/{}/datasources",
        "data-source",
        Answer::Index("dataSourceSummaries", Which::Parts, ["dataSourceId", "-"]),
    ),
    get("GetGuardrail", "/guardrails/{}", "guardrail", None),
    get("GetInferenceProfile", "/inference-profiles/{}", "inference-profile", None),
    get("GetResourcePolicy", "/resource-policy/{}", "resource-policy", None),
    Route {
        operation: "GetModelInvocationLoggingConfiguration",
        method: "GET",
        path: "/logging/modelinvocations",
        kind: "model-invocation-logging-configuration",
        answer: Answer::Setting("loggingConfig"),
    },
    Route {
        operation: "PutModelInvocationLoggingConfiguration",
        method: "PUT",
        path: "/logging/modelinvocations",
        kind: "model-invocation-logging-configuration",
        answer: Answer::Put("loggingConfig"),
    },
    Route {
        operation: "DeleteModelInvocationLoggingConfiguration",
        method: "DELETE",
        path: "/logging/modelinvocations",
        kind: "model-invocation-logging-configuration",
        answer: Answer::Delete,
    },
    list(
        "ListEnforcedGuardrailsConfiguration",
        "GET",
        "/enforcedGuardrailsConfiguration",
        "enforced-guardrail-configuration",
        Answer::List("guardrailsConfig", &[]),
    ),
    get("GetPrompt", "/prompts/{}", "prompt", None),
    get("GetKnowledgeBase", "/knowledgebases/{}", "knowledge-base", Some("knowledgeBase")),
    get("GetDataSource", "/knowledgebases/{}/datasources/{}", "data-source", Some("dataSource")),
    get("GetFlow", "/flows/{}", "flow", None),
    get("GetFlowVersion", "/flows/{}/versions/{version}", "flow", None),
    get("GetFlowAlias", "/flows/{}/aliases/{}", "flow-alias", None),
    list(
        "ListFlowAliases",
        "GET",
        "/flows/{}/aliases",
        "flow-alias",
        Answer::List("flowAliasSummaries", &[]),
    ),
    get("GetAgent", "/agents/{}", "agent", Some("agent")),
    get("GetAgentVersion", "/agents/{}/agentversions/{version}", "agent", Some("agentVersion")),
    get(
        "GetAgentActionGroup",
        "/agents/{}/agentversions/{version}/actiongroups/{}",
        "agent-action-group",
        Some("agentActionGroup"),
    ),
    list(
        "ListAgentActionGroups",
        "POST",
        "/agents/{}/agentversions/{version}/actiongroups",
        "agent-action-group",
        Answer::List(
            "actionGroupSummaries",
            &["actionGroupId", "actionGroupName", "actionGroupState", "description", "updatedAt"],
        ),
    ),
    get("GetAgentAlias", "/agents/{}/agentaliases/{}", "agent-alias", Some("agentAlias")),
    list(
        "ListAgentAliases",
        "POST",
        "/agents/{}/agentaliases",
        "agent-alias",
        Answer::List(
            "agentAliasSummaries",
            &["agentAliasId", "agentAliasName", "agentAliasStatus", "routingConfiguration", "updatedAt"],
        ),
    ),
    get(
        "GetAgentCollaborator",
        "/agents/{}/agentversions/{version}/agentcollaborators/{}",
        "agent-collaborator",
        Some("agentCollaborator"),
    ),
    list(
        "ListAgentCollaborators",
        "POST",
        "/agents/{}/agentversions/{version}/agentcollaborators",
        "agent-collaborator",
        Answer::List("agentCollaboratorSummaries", &[]),
    ),
    get(
        "GetAgentKnowledgeBase",
        "/agents/{}/agentversions/{version}/knowledgebases/{}",
        "agent-knowledge-base",
        Some("agentKnowledgeBase"),
    ),
    list(
        "ListAgentKnowledgeBases",
        "POST",
        "/agents/{}/agentversions/{version}/knowledgebases",
        "agent-knowledge-base",
        Answer::List(
            "agentKnowledgeBaseSummaries",
            &["knowledgeBaseId", "knowledgeBaseState", "description", "updatedAt"],
        ),
    ),
];

/// The id of what there is one of, and of a list of everything.
pub const SINGLETON: &str = "default";

/// What a request names.
struct Names {
    id: String,
    version: String,
    token: Option<String>,
}

/// The action of a request, as policies name it: `bedrock:GetGuardrail`.
pub(crate) fn action(method: &Method, uri: &Uri) -> String {
    let operation = match route(method, uri) {
        Some((route, _)) => route.operation,
        None if knowledge_base::is_question(method, uri.path()) => knowledge_base::OPERATION,
        None => "Unknown",
    };
    format!("bedrock:{operation}")
}

fn route(method: &Method, uri: &Uri) -> Option<(&'static Route, Names)> {
    ROUTES.iter().filter(|route| route.method == method).find_map(|route| Some((route, names(route, uri)?)))
}

/// What the path and the query name, if the path is that of the route.
fn names(route: &Route, uri: &Uri) -> Option<Names> {
    let query: BTreeMap<String, String> =
        serde_urlencoded::from_str(uri.query().unwrap_or_default()).unwrap_or_default();
    let in_query = query.iter().find(|(name, _)| name.ends_with("Version")).map(|(_, version)| version);
    let mut version = in_query.cloned().unwrap_or_else(|| DRAFT.to_owned());
    let mut ids = Vec::new();
    let segments = |path: &'static str| path.split('/').filter(|segment| !segment.is_empty());
    let given: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    if segments(route.path).count() != given.len() {
        return None;
    }
    for (expected, given) in segments(route.path).zip(given) {
        match expected {
            "{}" => ids.push(decoded(given)),
            "{version}" => version = decoded(given),
            word if word == given => {}
            _ => return None,
        }
    }
    // a list of versions names whose
    ids.extend(query.iter().find(|(name, _)| name.ends_with("Identifier")).map(|(_, id)| id.clone()));
    let id = if ids.is_empty() { SINGLETON.to_owned() } else { ids.join(":") };
    Some(Names { id, version, token: query.get("nextToken").cloned() })
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

fn wrapped(wrapper: Option<&str>, document: Value) -> Value {
    match wrapper {
        Some(wrapper) => json!({ wrapper: document }),
        None => document,
    }
}

/// The page that a token names, the first without one.
fn page(entries: Vec<Value>, member: &str, summary: &[&str], token: Option<&str>) -> Value {
    let start: usize = token.and_then(|token| token.strip_prefix("from-")?.parse().ok()).unwrap_or(0);
    let is_last = start + PAGE >= entries.len();
    let shown: Vec<Value> =
        entries.into_iter().skip(start).take(PAGE).map(|entry| summarised(entry, summary)).collect();
    let mut page = json!({ member: shown });
    if !is_last {
        page["nextToken"] = format!("from-{}", start + PAGE).into();
    }
    page
}

fn summarised(entry: Value, summary: &[&str]) -> Value {
    match entry {
        Value::Object(members) if !summary.is_empty() => {
            let shown: Map<_, _> =
                members.into_iter().filter(|(name, _)| summary.contains(&name.as_str())).collect();
            Value::Object(shown)
        }
        other => other,
    }
}

fn token_of(body: &Bytes) -> Option<String> {
    let call: Value = serde_json::from_slice(body).ok()?;
    call["nextToken"].as_str().map(str::to_owned)
}

fn ok(body: &Value) -> Response {
    ([("content-type", "application/json")], body.to_string()).into_response()
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", code)];
    (status, headers, json!({ "message": message }).to_string()).into_response()
}

fn key(kind: &str, id: &str, version: &str) -> Key {
    (kind.to_owned(), id.to_owned(), version.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
