//! What there is of a kind, page by page, and the versions or parts of one resource: the service's own lists and tokens.

use audit_app::ports::{ListResources, ListedResource, PortError, ResourceList};
use audit_domain::state::SubjectKind;
use aws_sdk_bedrock::types::InferenceProfileType;
use serde_json::Value;

use super::{
    BedrockResources,
    answer::{Answer, call},
};
use crate::error::Unreadable;

/// So many entries a page has, where the service lets us say: each of them is read for the same request, an agent with
/// dozens of calls, and a function has two minutes.
const PAGE: i32 = 10;

/// What the members of a list are called.
struct Entries {
    list: &'static str,
    id: &'static str,
    version: &'static str,
    arn: &'static str,
}

/// Members that no list has.
const NONE: &str = "";

const fn entries(list: &'static str, id: &'static str, version: &'static str, arn: &'static str) -> Entries {
    Entries { list, id, version, arn }
}

impl ListResources for BedrockResources {
    async fn list_resources(
        &self,
        kind: SubjectKind,
        whole: Option<&str>,
        page: Option<&str>,
    ) -> Result<ResourceList, PortError> {
        let page = page.map(str::to_owned);
        let (answer, entries) = match (kind, whole) {
            // there is one, always
            (SubjectKind::InvocationLogging, None) => return Ok(only("default")),
            (SubjectKind::Guardrail, _) => {
                (self.guardrails(whole, page).await?, entries("guardrails", "id", "version", "arn"))
            }
            (SubjectKind::InferenceProfile, None) => {
                let profile =
                    entries("inferenceProfileSummaries", "inferenceProfileId", NONE, "inferenceProfileArn");
                (self.inference_profiles(page).await?, profile)
            }
            (SubjectKind::EnforcedGuardrail, None) => {
                (self.enforced_guardrails(page).await?, entries("guardrailsConfig", "configId", NONE, NONE))
            }
            (SubjectKind::Prompt, _) => {
                (self.prompts(whole, page).await?, entries("promptSummaries", "id", "version", "arn"))
            }
            (SubjectKind::Agent, None) => {
                (self.agents(page).await?, entries("agentSummaries", "agentId", NONE, NONE))
            }
            (SubjectKind::Agent, Some(agent)) => {
                let version = entries("agentVersionSummaries", NONE, "agentVersion", NONE);
                (self.agent_versions(agent, page).await?, version)
            }
            (SubjectKind::Flow, None) => {
                (self.flows(page).await?, entries("flowSummaries", "id", "version", "arn"))
            }
            (SubjectKind::Flow, Some(flow)) => (
                self.flow_versions(flow, page).await?,
                entries("flowVersionSummaries", "id", "version", "arn"),
            ),
            (SubjectKind::KnowledgeBase, None) => {
                let base = entries("knowledgeBaseSummaries", "knowledgeBaseId", NONE, NONE);
                (self.knowledge_bases(page).await?, base)
            }
            (SubjectKind::DataSource, Some(base)) => (
                self.data_sources(base, page).await?,
                entries("dataSourceSummaries", "dataSourceId", NONE, NONE),
            ),
            _ => return Ok(ResourceList::Page { listed: Vec::new(), next: None }),
        };
        Ok(match answer {
            Ok(body) => listed(&body, &entries, kind, whole),
            // it went since it was listed itself
            Err(Unreadable::Gone) => ResourceList::Page { listed: Vec::new(), next: None },
            Err(why) => ResourceList::Denied(why.to_string()),
        })
    }
}

fn only(id: &str) -> ResourceList {
    let listed = vec![ListedResource { id: id.to_owned(), version: None, arn: None }];
    ResourceList::Page { listed, next: None }
}

/// The page of an answer.
fn listed(body: &Value, entries: &Entries, kind: SubjectKind, whole: Option<&str>) -> ResourceList {
    let Some(summaries) = body.get(entries.list).and_then(Value::as_array) else {
        // not taken for an empty one
        return ResourceList::Denied(format!("the answer has no list {}", entries.list));
    };
    let text = |summary: &Value, name: &str| summary.get(name).and_then(Value::as_str).map(str::to_owned);
    let listed = summaries.iter().filter_map(|summary| {
        let own = text(summary, entries.id);
        let id = match (whole, own) {
            // parts are named by the whole, and versions as the whole
            (Some(whole), Some(part)) if kind == SubjectKind::DataSource => format!("{whole}:{part}"),
            (Some(whole), _) => whole.to_owned(),
            (None, own) => own?,
        };
        Some(ListedResource { id, version: text(summary, entries.version), arn: text(summary, entries.arn) })
    });
    let next = text(body, "nextToken").filter(|token| !token.is_empty());
    ResourceList::Page { listed: listed.collect(), next }
}

impl BedrockResources {
    /// `bedrock:ListGuardrails`: the drafts, or the versions of one.
    async fn guardrails(&self, whole: Option<&str>, page: Option<String>) -> Answer {
        let list = self.models.list_guardrails().max_results(PAGE).set_next_token(page);
        let list = list.set_guardrail_identifier(whole.map(str::to_owned));
        call("guardrails", "ListGuardrails", |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListInferenceProfiles`: the account's own; the others are AWS's.
    async fn inference_profiles(&self, page: Option<String>) -> Answer {
        let list = self.models.list_inference_profiles().max_results(PAGE).set_next_token(page);
        let list = list.type_equals(InferenceProfileType::Application);
        let operation = "ListInferenceProfiles";
        call("inference profiles", operation, |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListEnforcedGuardrailsConfiguration`.
    async fn enforced_guardrails(&self, page: Option<String>) -> Answer {
        let list = self.models.list_enforced_guardrails_configuration().set_next_token(page);
        let operation = "ListEnforcedGuardrailsConfiguration";
        call("enforced guardrails", operation, |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListPrompts`: the drafts, or the versions of one.
    async fn prompts(&self, whole: Option<&str>, page: Option<String>) -> Answer {
        let list = self.agents.list_prompts().max_results(PAGE).set_next_token(page);
        let list = list.set_prompt_identifier(whole.map(str::to_owned));
        call("prompts", "ListPrompts", |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListAgents`.
    async fn agents(&self, page: Option<String>) -> Answer {
        let list = self.agents.list_agents().max_results(PAGE).set_next_token(page);
        call("agents", "ListAgents", |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListAgentVersions`.
    async fn agent_versions(&self, agent: &str, page: Option<String>) -> Answer {
        let list = self.agents.list_agent_versions().agent_id(agent).max_results(PAGE).set_next_token(page);
        let operation = "ListAgentVersions";
        call("versions of an agent", operation, |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListFlows`.
    async fn flows(&self, page: Option<String>) -> Answer {
        let list = self.agents.list_flows().max_results(PAGE).set_next_token(page);
        call("flows", "ListFlows", |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListFlowVersions`.
    async fn flow_versions(&self, flow: &str, page: Option<String>) -> Answer {
        let list =
            self.agents.list_flow_versions().flow_identifier(flow).max_results(PAGE).set_next_token(page);
        let operation = "ListFlowVersions";
        call("versions of a flow", operation, |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListKnowledgeBases`.
    async fn knowledge_bases(&self, page: Option<String>) -> Answer {
        let list = self.agents.list_knowledge_bases().max_results(PAGE).set_next_token(page);
        let operation = "ListKnowledgeBases";
        call("knowledge bases", operation, |capture| list.customize().interceptor(capture).send()).await
    }

    /// `bedrock:ListDataSources`.
    async fn data_sources(&self, base: &str, page: Option<String>) -> Answer {
        let list =
            self.agents.list_data_sources().knowledge_base_id(base).max_results(PAGE).set_next_token(page);
        let operation = "ListDataSources";
        call("data sources", operation, |capture| list.customize().interceptor(capture).send()).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VERSIONS: Entries = entries("agentVersionSummaries", NONE, "agentVersion", NONE);
    const SOURCES: Entries = entries("dataSourceSummaries", "dataSourceId", NONE, NONE);
    const GUARDRAILS: Entries = entries("guardrails", "id", "version", "arn");

    fn one(id: &str, version: Option<&str>, arn: Option<&str>) -> ListedResource {
        ListedResource { id: id.to_owned(), version: version.map(Into::into), arn: arn.map(Into::into) }
    }

    #[test]
    fn a_page_names_what_is_on_it_and_the_next_one() {
        let drafts = json!({"guardrails": [{"id": "g", "arn": "arn:g", "version": "DRAFT", "name": "n"}, {}],
            "nextToken": "t"});
        let versions =
            json!({"agentVersionSummaries": [{"agentName": "n", "agentVersion": "3"}], "nextToken": ""});
        let sources = json!({"dataSourceSummaries": [{"dataSourceId": "DS", "knowledgeBaseId": "KB"}]});
        let none = ResourceList::Denied("the answer has no list guardrails".to_owned());
        let page = |one: ListedResource, next: Option<&str>| ResourceList::Page {
            listed: vec![one],
            next: next.map(Into::into),
        };
        for (body, entries, kind, whole, expected) in [
            (
                &drafts,
                &GUARDRAILS,
                SubjectKind::Guardrail,
                None,
                page(one("g", Some("DRAFT"), Some("arn:g")), Some("t")),
            ),
            (&versions, &VERSIONS, SubjectKind::Agent, Some("A"), page(one("A", Some("3"), None), None)),
            (&sources, &SOURCES, SubjectKind::DataSource, Some("KB"), page(one("KB:DS", None, None), None)),
            (&sources, &GUARDRAILS, SubjectKind::Guardrail, None, none),
        ] {
            assert_eq!(listed(body, entries, kind, whole), expected, "{body}");
        }
    }
}
