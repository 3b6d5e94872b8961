//! The table of documents: what in each of them changes by itself, what its lists mean, and where its texts are.
//!
//! Patterns name places and not members alone: a tool may well have a parameter called `status`. Whatever stands in no
//! line is configuration, a list in its order, and no text.

use super::{
    SubjectKind,
    parts::{OF_AGENT, OF_FLOW, Part},
    path::Path,
};

/// What is known of the documents of one kind.
pub(super) struct Shape {
    /// What changes without anybody changing the configuration, or only repeats the rest.
    pub(super) volatile: &'static [&'static str],
    /// Lists whose order has no meaning. An empty one is the same as none.
    pub(super) lists: &'static [(&'static str, Order)],
    /// Objects that are told as one where they come or go; of others it is told what is in them.
    pub(super) whole: &'static [&'static str],
    /// JSON documents inside a string.
    pub(super) embedded: &'static [&'static str],
    /// What models are told or what is told to people: never in an alert.
    pub(super) texts: &'static [&'static str],
    /// Lists of parts that are read in calls of their own.
    pub(super) parts: &'static [Part],
}

/// What the order of a list is.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// That of a member, which names the element.
    By(&'static str),
    /// None: a set of scalars.
    Set,
}

use Order::{By, Set};

const NONE: Shape = Shape { volatile: &[], lists: &[], whole: &[], embedded: &[], texts: &[], parts: &[] };

/// Of every kind: what SDKs add to an answer, and tags.
const EVERY: Shape = Shape {
    volatile: &["ResponseMetadata", "$metadata", "nextToken"],
    lists: &[("tags", By("key"))],
    ..NONE
};

const GUARDRAIL: Shape = Shape {
    // which version it is says nothing of what is in it
    volatile: &["createdAt", "updatedAt", "status", "statusReasons", "failureRecommendations", "version"],
    lists: &[
        ("contentPolicy.filters", By("type")),
        ("contentPolicy.filters[*].inputModalities|outputModalities", Set),
        ("topicPolicy.topics", By("name")),
        ("topicPolicy.topics[*].examples", Set),
        ("wordPolicy.words", By("text")),
        ("wordPolicy.managedWordLists", By("type")),
        ("sensitiveInformationPolicy.piiEntities", By("type")),
        ("sensitiveInformationPolicy.regexes", By("name")),
        ("contextualGroundingPolicy.filters", By("type")),
        ("automatedReasoningPolicy.policies", Set),
    ],
    texts: &[
        "description",
        "blockedInputMessaging",
        "blockedOutputsMessaging",
        "topicPolicy.topics[*].definition",
        "topicPolicy.topics[*].examples",
        "wordPolicy.words[*].text",
        "sensitiveInformationPolicy.regexes[*].pattern",
        "sensitiveInformationPolicy.regexes[*].description",
    ],
    ..NONE
};

const ENFORCED_GUARDRAIL: Shape = Shape {
    volatile: &["createdAt", "createdBy", "updatedAt", "updatedBy"],
    lists: &[("modelEnforcement.includedModels|excludedModels", Set)],
    ..NONE
};

const INVOCATION_LOGGING: Shape = Shape {
    whole: &[
        "loggingConfig.s3Config",
        "loggingConfig.cloudWatchConfig",
        "loggingConfig.cloudWatchConfig.largeDataDeliveryS3Config",
    ],
    ..NONE
};

const PROMPT: Shape = Shape {
    volatile: &["createdAt", "updatedAt", "version", "arn"],
    lists: &[
        ("variants", By("name")),
        ("variants[*].metadata", By("key")),
        ("variants[*].templateConfiguration.text|chat.inputVariables", By("name")),
        ("variants[*].inferenceConfiguration.text.stopSequences", Set),
    ],
    texts: &[
        "description",
        "variants[*].templateConfiguration.**",
        "variants[*].inferenceConfiguration.text.stopSequences",
        "variants[*].additionalModelRequestFields.**",
        "variants[*].metadata[*].value",
    ],
    ..NONE
};

/// `agent` as `GetAgent` has it; in `actionGroups`, `aliases`, `collaborators` and `knowledgeBases` what the calls for each
/// of them have.
const AGENT: Shape = Shape {
    volatile: &[
        "agent.createdAt|updatedAt|preparedAt|clientToken",
        "agent.agentStatus|failureReasons|recommendedActions",
        "actionGroups|aliases|collaborators|knowledgeBases[*].createdAt|updatedAt|lastUpdatedAt|clientToken",
        "aliases[*].agentAliasStatus|failureReasons|agentAliasHistoryEvents",
    ],
    lists: &[
        ("agent.promptOverrideConfiguration.promptConfigurations", By("promptType")),
        (
            "agent.promptOverrideConfiguration.promptConfigurations[*].inferenceConfiguration.stopSequences",
            Set,
        ),
        ("agent.memoryConfiguration.enabledMemoryTypes", Set),
        ("actionGroups", By("actionGroupId")),
        ("actionGroups[*].functionSchema.functions", By("name")),
        ("aliases", By("agentAliasId")),
        ("collaborators", By("collaboratorId")),
        ("knowledgeBases", By("knowledgeBaseId")),
    ],
    texts: &[
        "agent.instruction|description",
        "agent.promptOverrideConfiguration.promptConfigurations[*].basePromptTemplate",
        "agent.promptOverrideConfiguration.promptConfigurations[*].additionalModelRequestFields.**",
        "agent.promptOverrideConfiguration.promptConfigurations[*].inferenceConfiguration.stopSequences",
        "actionGroups|aliases|knowledgeBases[*].description",
        "actionGroups[*].apiSchema.payload",
        "actionGroups[*].functionSchema.functions[*].description",
        "actionGroups[*].functionSchema.functions[*].parameters.*.description",
        "collaborators[*].collaborationInstruction",
    ],
    parts: OF_AGENT,
    ..NONE
};

/// `GetFlow`, and in `aliases` what `GetFlowAlias` has. A loop holds a definition of its own. The conditions of a node are
/// tried in their order, so they have one.
const FLOW: Shape = Shape {
    volatile: &["createdAt", "updatedAt", "status", "validations", "aliases[*].createdAt|updatedAt"],
    lists: &[
        ("aliases", By("id")),
        ("definition.nodes|connections", By("name")),
        ("definition.**.definition.nodes|connections", By("name")),
        ("definition.**.nodes[*].inputs|outputs", By("name")),
        ("definition.**.templateConfiguration.text|chat.inputVariables", By("name")),
        ("definition.**.text.stopSequences", Set),
    ],
    texts: &[
        "description",
        "aliases[*].description",
        "definition.**.templateConfiguration.**",
        "definition.**.promptTemplate.**",
        "definition.**.additionalModelRequestFields.**",
        "definition.**.stopSequences",
        "definition.**.expression",
        "definition.**.inlineCode.code",
    ],
    parts: OF_FLOW,
    ..NONE
};

const KNOWLEDGE_BASE: Shape = Shape {
    volatile: &["knowledgeBase.createdAt|updatedAt|status|failureReasons"],
    lists: &[
        ("knowledgeBase.metadataConfigurations", By("name")),
        ("knowledgeBase.**.generationContext.tables", By("name")),
        ("knowledgeBase.**.generationContext.tables[*].columns", By("name")),
        ("knowledgeBase.**.awsDataCatalogConfiguration.tableNames", Set),
    ],
    texts: &["knowledgeBase.description", "knowledgeBase.**.generationContext.**"],
    ..NONE
};

const DATA_SOURCE: Shape = Shape {
    volatile: &["dataSource.createdAt|updatedAt|status|failureReasons"],
    lists: &[
        ("dataSource.dataSourceConfiguration.s3Configuration.inclusionPrefixes", Set),
        ("dataSource.dataSourceConfiguration.webConfiguration.**.seedUrls", By("url")),
        ("dataSource.dataSourceConfiguration.**.inclusionFilters|exclusionFilters|siteUrls", Set),
        ("dataSource.dataSourceConfiguration.**.patternObjectFilter.filters", By("objectType")),
    ],
    texts: &["dataSource.description", "dataSource.**.parsingPrompt.**"],
    ..NONE
};

const INFERENCE_PROFILE: Shape = Shape {
    volatile: &["createdAt", "updatedAt", "status"],
    lists: &[("models", By("modelArn"))],
    texts: &["description"],
    ..NONE
};

const RESOURCE_POLICY: Shape = Shape {
    lists: &[
        ("resourcePolicy.Statement", By("Sid")),
        ("resourcePolicy.Statement[*].Action|NotAction|Resource|NotResource", Set),
        ("resourcePolicy.Statement[*].Principal|NotPrincipal.*", Set),
        ("resourcePolicy.Statement[*].Condition.*.*", Set),
    ],
    embedded: &["resourcePolicy"],
    ..NONE
};

impl Shape {
    /// Of a kind.
    pub(super) fn of(kind: SubjectKind) -> &'static Self {
        match kind {
            SubjectKind::Guardrail => &GUARDRAIL,
            SubjectKind::EnforcedGuardrail => &ENFORCED_GUARDRAIL,
            SubjectKind::InvocationLogging => &INVOCATION_LOGGING,
            SubjectKind::Prompt => &PROMPT,
            SubjectKind::Agent => &AGENT,
            SubjectKind::Flow => &FLOW,
            SubjectKind::KnowledgeBase => &KNOWLEDGE_BASE,
            SubjectKind::DataSource => &DATA_SOURCE,
            SubjectKind::InferenceProfile => &INFERENCE_PROFILE,
            SubjectKind::ResourcePolicy => &RESOURCE_POLICY,
        }
    }

    pub(super) fn is_volatile(&self, path: &Path) -> bool {
        fits_any(path, self.volatile.iter().chain(EVERY.volatile))
    }

    pub(super) fn is_whole(&self, path: &Path) -> bool {
        fits_any(path, self.whole)
    }

    pub(super) fn is_embedded(&self, path: &Path) -> bool {
        fits_any(path, self.embedded)
    }

    pub(super) fn is_text(&self, path: &Path) -> bool {
        fits_any(path, self.texts)
    }

    /// The order of the list at a place; `None` where its order has a meaning.
    pub(super) fn order(&self, path: &Path) -> Option<Order> {
        let mut lists = self.lists.iter().chain(EVERY.lists);
        lists.find(|(pattern, _)| path.matches(pattern)).map(|(_, order)| *order)
    }
}

fn fits_any<'a>(path: &Path, patterns: impl IntoIterator<Item = &'a &'static str>) -> bool {
    patterns.into_iter().any(|pattern| path.matches(pattern))
}
