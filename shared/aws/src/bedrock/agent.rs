//! An agent with everything that decides what it does: action groups, collaborators and knowledge bases of the draft or of
//! a version, and the aliases that say which version is run.
//! `{"agent": ..., "actionGroups": [...], "aliases": [...], "collaborators": [...], "knowledgeBases": [...]}`

use audit_app::ports::PortError;
use audit_domain::state::Subject;
use aws_sdk_bedrockagent::Client;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Names, call, each, pages, unwrapped},
    numbered,
};

const ACTION_GROUP: Names = Names { id: "actionGroupId", wrapper: Some("agentActionGroup") };
const ALIAS: Names = Names { id: "agentAliasId", wrapper: Some("agentAlias") };
const COLLABORATOR: Names = Names { id: "collaboratorId", wrapper: Some("agentCollaborator") };
const KNOWLEDGE_BASE: Names = Names { id: "knowledgeBaseId", wrapper: Some("agentKnowledgeBase") };

/// The draft or a version, and every part of it.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let agent = match numbered(subject) {
        None => draft(client, subject).await?,
        Some(version) => numbered_version(client, subject, version).await?,
    };
    let agent = match agent {
        Ok(agent) => agent,
        Err(why) => return Ok(Err(why)),
    };
    Ok(Ok(json!({
        "agent": agent,
        "actionGroups": action_groups(client, subject).await?,
        "aliases": aliases(client, subject).await?,
        "collaborators": collaborators(client, subject).await?,
        "knowledgeBases": knowledge_bases(client, subject).await?,
    })))
}

/// `bedrock:GetAgent`.
async fn draft(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_agent().agent_id(&subject.resource.id);
    let answer = call(subject, "GetAgent", |capture| get.customize().interceptor(capture).send()).await?;
    Ok(answer.map(|body| unwrapped(body, "agent")))
}

/// `bedrock:GetAgentVersion`.
async fn numbered_version(client: &Client, subject: &Subject, version: &str) -> Answer {
    let get = client.get_agent_version().agent_id(&subject.resource.id).agent_version(version);
    let answer =
        call(subject, "GetAgentVersion", |capture| get.customize().interceptor(capture).send()).await?;
    Ok(answer.map(|body| unwrapped(body, "agentVersion")))
}

/// `bedrock:ListAgentActionGroups`, and `bedrock:GetAgentActionGroup` for each.
async fn action_groups(client: &Client, subject: &Subject) -> Result<Value, PortError> {
    let (agent, version) = (&subject.resource.id, subject.version());
    let listed = pages("actionGroupSummaries", |token| {
        let list = client.list_agent_action_groups().agent_id(agent).agent_version(version);
        let list = list.set_next_token(token);
        call(subject, "ListAgentActionGroups", |capture| list.customize().interceptor(capture).send())
    });
    each(listed.await?, ACTION_GROUP, |id| {
        let get = client.get_agent_action_group().agent_id(agent).agent_version(version).action_group_id(id);
        call(subject, "GetAgentActionGroup", |capture| get.customize().interceptor(capture).send())
    })
    .await
}

/// `bedrock:ListAgentAliases`, and `bedrock:GetAgentAlias` for each.
async fn aliases(client: &Client, subject: &Subject) -> Result<Value, PortError> {
    let agent = &subject.resource.id;
    let listed = pages("agentAliasSummaries", |token| {
        let list = client.list_agent_aliases().agent_id(agent).set_next_token(token);
        call(subject, "ListAgentAliases", |capture| list.customize().interceptor(capture).send())
    });
    each(listed.await?, ALIAS, |id| {
        let get = client.get_agent_alias().agent_id(agent).agent_alias_id(id);
        call(subject, "GetAgentAlias", |capture| get.customize().interceptor(capture).send())
    })
    .await
}

/// `bedrock:ListAgentCollaborators`, and `bedrock:GetAgentCollaborator` for each.
async fn collaborators(client: &Client, subject: &Subject) -> Result<Value, PortError> {
    let (agent, version) = (&subject.resource.id, subject.version());
    let listed = pages("agentCollaboratorSummaries", |token| {
        let list = client.list_agent_collaborators().agent_id(agent).agent_version(version);
        let list = list.set_next_token(token);
        call(subject, "ListAgentCollaborators", |capture| list.customize().interceptor(capture).send())
    });
    each(listed.await?, COLLABORATOR, |id| {
        let get = client.get_agent_collaborator().agent_id(agent).agent_version(version).collaborator_id(id);
        call(subject, "GetAgentCollaborator", |capture| get.customize().interceptor(capture).send())
    })
    .await
}

/// `bedrock:ListAgentKnowledgeBases`, and `bedrock:GetAgentKnowledgeBase` for each.
async fn knowledge_bases(client: &Client, subject: &Subject) -> Result<Value, PortError> {
    let (agent, version) = (&subject.resource.id, subject.version());
    let listed = pages("agentKnowledgeBaseSummaries", |token| {
        let list = client.list_agent_knowledge_bases().agent_id(agent).agent_version(version);
        let list = list.set_next_token(token);
        call(subject, "ListAgentKnowledgeBases", |capture| list.customize().interceptor(capture).send())
    });
    each(listed.await?, KNOWLEDGE_BASE, |id| {
        let get = client.get_agent_knowledge_base().agent_id(agent).agent_version(version);
        let get = get.knowledge_base_id(id);
        call(subject, "GetAgentKnowledgeBase", |capture| get.customize().interceptor(capture).send())
    })
    .await
}
