//! Agents, flows, knowledge bases and prompts.

use super::{
    Kind, Operation,
    Severity::{High, Info, Low, Medium},
    op,
};

/// By name.
pub(super) const OPERATIONS: &[Operation] = &[
    op("AssociateAgentCollaborator", COLLABORATOR, Medium),
    op("AssociateAgentKnowledgeBase", AGENT_KNOWLEDGE_BASE, Medium),
    op("CreateAgent", AGENT, Low),
    op("CreateAgentActionGroup", ACTION_GROUP, Medium),
    op("CreateAgentAlias", AGENT_ALIAS, Low),
    op("CreateDataSource", DATA_SOURCE, Medium),
    op("CreateFlow", FLOW, Low),
    op("CreateFlowAlias", FLOW_ALIAS, Low),
    op("CreateFlowVersion", FLOW_VERSION, Low),
    op("CreateKnowledgeBase", KNOWLEDGE_BASE, Low),
    op("CreatePrompt", PROMPT, Low),
    op("CreatePromptVersion", PROMPT_VERSION, Low),
    op("DeleteAgent", AGENT, High),
    op("DeleteAgentActionGroup", ACTION_GROUP, Medium),
    op("DeleteAgentAlias", AGENT_ALIAS, Medium),
    op("DeleteAgentVersion", AGENT_VERSION, Medium),
    op("DeleteDataSource", DATA_SOURCE, Medium),
    op("DeleteFlow", FLOW, Medium),
    op("DeleteFlowAlias", FLOW_ALIAS, Medium),
    op("DeleteFlowVersion", FLOW_VERSION, Medium),
    op("DeleteKnowledgeBase", KNOWLEDGE_BASE, High),
    op("DeleteKnowledgeBaseDocuments", DOCUMENT, Low),
    op("DeletePrompt", PROMPT, Medium),
    op("DisassociateAgentCollaborator", COLLABORATOR, Medium),
    op("DisassociateAgentKnowledgeBase", AGENT_KNOWLEDGE_BASE, Medium),
    op("IngestKnowledgeBaseDocuments", DOCUMENT, Info),
    op("PrepareAgent", AGENT, Medium),
    op("PrepareFlow", FLOW, Medium),
    op("StartIngestionJob", INGESTION_JOB, Info),
    op("StopIngestionJob", INGESTION_JOB, Info),
    op("UpdateAgent", AGENT, Medium),
    op("UpdateAgentActionGroup", ACTION_GROUP, Medium),
    op("UpdateAgentAlias", AGENT_ALIAS, Medium),
    op("UpdateAgentCollaborator", COLLABORATOR, Medium),
    op("UpdateAgentKnowledgeBase", AGENT_KNOWLEDGE_BASE, Medium),
    op("UpdateDataSource", DATA_SOURCE, Medium),
    op("UpdateFlow", FLOW, Medium),
    op("UpdateFlowAlias", FLOW_ALIAS, Medium),
    op("UpdateKnowledgeBase", KNOWLEDGE_BASE, High),
    op("UpdatePrompt", PROMPT, Medium),
];

const AGENT: Kind = Kind {
    name: "agent",
    id: &[&["response.agent.agentId", "response.agentId", "request.agentId"]],
    version: &["response.agent.agentVersion", "response.agentVersion", "request.agentVersion"],
    arn: &["response.agent.agentArn"],
    form: "agent/#",
};
const AGENT_VERSION: Kind = Kind { name: "agent-version", ..AGENT };
const AGENT_ALIAS: Kind = Kind {
    name: "agent-alias",
    id: &[
        &["response.agentAlias.agentId", "response.agentId", "request.agentId"],
        &["response.agentAlias.agentAliasId", "response.agentAliasId", "request.agentAliasId"],
    ],
    version: &[],
    arn: &["response.agentAlias.agentAliasArn"],
    form: "agent-alias/#/#",
};
/// Its version is the agent's, as of everything that hangs on one.
const ACTION_GROUP: Kind = Kind {
    name: "agent-action-group",
    id: &[
        &["response.agentActionGroup.agentId", "request.agentId"],
        &["response.agentActionGroup.actionGroupId", "request.actionGroupId"],
    ],
    version: &["response.agentActionGroup.agentVersion", "request.agentVersion"],
    arn: &[],
    form: "",
};
const COLLABORATOR: Kind = Kind {
    name: "agent-collaborator",
    id: &[
        &["response.agentCollaborator.agentId", "request.agentId"],
        &["response.agentCollaborator.collaboratorId", "request.collaboratorId"],
    ],
    version: &["response.agentCollaborator.agentVersion", "request.agentVersion"],
    arn: &[],
    form: "",
};
const AGENT_KNOWLEDGE_BASE: Kind = Kind {
    name: "agent-knowledge-base",
    id: &[
        &["response.agentKnowledgeBase.agentId", "request.agentId"],
        &["response.agentKnowledgeBase.knowledgeBaseId", "request.knowledgeBaseId"],
    ],
    version: &["response.agentKnowledgeBase.agentVersion", "request.agentVersion"],
    arn: &[],
    form: "",
};

const KNOWLEDGE_BASE: Kind = Kind {
    name: "knowledge-base",
    id: &[&["response.knowledgeBase.knowledgeBaseId", "response.knowledgeBaseId", "request.knowledgeBaseId"]],
    version: &[],
    arn: &["response.knowledgeBase.knowledgeBaseArn"],
    form: "knowledge-base/#",
};
const DATA_SOURCE: Kind = Kind {
    name: "data-source",
    id: &[
        &["response.dataSource.knowledgeBaseId", "response.knowledgeBaseId", "request.knowledgeBaseId"],
        &["response.dataSource.dataSourceId", "response.dataSourceId", "request.dataSourceId"],
    ],
    version: &[],
    arn: &[],
    form: "",
};
/// Many documents in one call: known by the data source that they go into.
const DOCUMENT: Kind = Kind { name: "knowledge-base-document", ..DATA_SOURCE };
const INGESTION_JOB: Kind = Kind {
    name: "ingestion-job",
    id: &[
        &["response.ingestionJob.knowledgeBaseId", "request.knowledgeBaseId"],
        &["response.ingestionJob.dataSourceId", "request.dataSourceId"],
        &["response.ingestionJob.ingestionJobId", "request.ingestionJobId"],
    ],
    version: &[],
    arn: &[],
    form: "",
};

const FLOW: Kind = Kind {
    name: "flow",
    id: &[&["response.id", "request.flowIdentifier", "response.arn"]],
    version: &["response.version", "request.flowVersion"],
    arn: &["response.arn", "request.flowIdentifier"],
    form: "flow/#",
};
const FLOW_VERSION: Kind = Kind { name: "flow-version", ..FLOW };
const FLOW_ALIAS: Kind = Kind {
    name: "flow-alias",
    id: &[&["response.flowId", "request.flowIdentifier"], &["response.id", "request.aliasIdentifier"]],
    version: &[],
    arn: &["response.arn", "request.aliasIdentifier"],
    form: "flow/#/alias/#",
};
const PROMPT: Kind = Kind {
    name: "prompt",
    id: &[&["response.id", "request.promptIdentifier", "request.promptId", "request.id", "response.arn"]],
    version: &["response.version", "request.promptVersion"],
    arn: &["response.arn", "request.promptIdentifier"],
    form: "prompt/#",
};
const PROMPT_VERSION: Kind = Kind { name: "prompt-version", ..PROMPT };
