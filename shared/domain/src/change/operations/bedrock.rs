//! Models, guardrails, automated reasoning, the invocation log, and what all services share: tags and resource policies.

use super::{
    Kind, Operation,
    Severity::{Critical, High, Info, Low, Medium},
    op,
};

/// By name.
pub(super) const OPERATIONS: &[Operation] = &[
    op("BatchDeleteAdvancedPromptOptimizationJob", PROMPT_OPTIMIZATION, Info),
    op("BatchDeleteEvaluationJob", EVALUATION, Info),
    op("CancelAutomatedReasoningPolicyBuildWorkflow", REASONING_BUILD, Info),
    op("CreateAdvancedPromptOptimizationJob", PROMPT_OPTIMIZATION, Info),
    op("CreateAutomatedReasoningPolicy", REASONING, Low),
    op("CreateAutomatedReasoningPolicyTestCase", REASONING_TEST_CASE, Low),
    op("CreateAutomatedReasoningPolicyVersion", REASONING_VERSION, Low),
    op("CreateCustomModel", CUSTOM_MODEL, Low),
    op("CreateCustomModelDeployment", DEPLOYMENT, Low),
    op("CreateEvaluationJob", EVALUATION, Info),
    op("CreateFoundationModelAgreement", AGREEMENT, Medium),
    op("CreateGuardrail", GUARDRAIL, Medium),
    op("CreateGuardrailVersion", GUARDRAIL_VERSION, Low),
    op("CreateInferenceProfile", INFERENCE_PROFILE, Low),
    op("CreateMarketplaceModelEndpoint", MARKETPLACE, Low),
    op("CreateModelCopyJob", COPY, Info),
    op("CreateModelCustomizationJob", CUSTOMIZATION, Info),
    op("CreateModelImportJob", IMPORT, Info),
    op("CreateModelInvocationJob", BATCH_INFERENCE, Info),
    op("CreatePromptRouter", PROMPT_ROUTER, Low),
    op("CreateProvisionedModelThroughput", PROVISIONED, Low),
    op("DeleteAutomatedReasoningPolicy", REASONING, High),
    op("DeleteAutomatedReasoningPolicyBuildWorkflow", REASONING_BUILD, Low),
    op("DeleteAutomatedReasoningPolicyTestCase", REASONING_TEST_CASE, Low),
    op("DeleteCustomModel", CUSTOM_MODEL, Medium),
    op("DeleteCustomModelDeployment", DEPLOYMENT, Medium),
    op("DeleteEnforcedGuardrailConfiguration", ENFORCED, Critical),
    op("DeleteFoundationModelAgreement", AGREEMENT, Medium),
    op("DeleteGuardrail", GUARDRAIL, High),
    op("DeleteImportedModel", IMPORTED_MODEL, Medium),
    op("DeleteInferenceProfile", INFERENCE_PROFILE, Medium),
    op("DeleteMarketplaceModelEndpoint", MARKETPLACE, Medium),
    op("DeleteModelInvocationLoggingConfiguration", LOGGING, Critical),
    op("DeletePromptRouter", PROMPT_ROUTER, Medium),
    op("DeleteProvisionedModelThroughput", PROVISIONED, Medium),
    op("DeleteResourcePolicy", RESOURCE_POLICY, High),
    op("DeregisterMarketplaceModelEndpoint", MARKETPLACE, Medium),
    op("PutEnforcedGuardrailConfiguration", ENFORCED, High),
    op("PutModelInvocationLoggingConfiguration", LOGGING, High),
    op("PutResourcePolicy", RESOURCE_POLICY, High),
    op("PutUseCaseForModelAccess", USE_CASE, Medium),
    op("RegisterMarketplaceModelEndpoint", MARKETPLACE, Low),
    op("StartAutomatedReasoningPolicyBuildWorkflow", REASONING_BUILD, Info),
    op("StartAutomatedReasoningPolicyTestWorkflow", REASONING_TEST, Info),
    op("StopAdvancedPromptOptimizationJob", PROMPT_OPTIMIZATION, Info),
    op("StopEvaluationJob", EVALUATION, Info),
    op("StopModelCustomizationJob", CUSTOMIZATION, Info),
    op("StopModelInvocationJob", BATCH_INFERENCE, Info),
    op("TagResource", TAG, Info),
    op("UntagResource", TAG, Info),
    op("UpdateAutomatedReasoningPolicy", REASONING, High),
    op("UpdateAutomatedReasoningPolicyAnnotations", REASONING_ANNOTATION, Medium),
    op("UpdateAutomatedReasoningPolicyTestCase", REASONING_TEST_CASE, Low),
    op("UpdateCustomModelDeployment", DEPLOYMENT, Medium),
    op("UpdateGuardrail", GUARDRAIL, High),
    op("UpdateMarketplaceModelEndpoint", MARKETPLACE, Medium),
    op("UpdateProvisionedModelThroughput", PROVISIONED, Medium),
];

const GUARDRAIL: Kind = Kind {
    name: "guardrail",
    id: &[&["response.guardrailId", "request.guardrailIdentifier", "response.guardrailArn"]],
    version: &["response.version", "request.guardrailVersion"],
    arn: &["response.guardrailArn", "request.guardrailIdentifier"],
    form: "guardrail/#",
};
const GUARDRAIL_VERSION: Kind = Kind { name: "guardrail-version", ..GUARDRAIL };
const ENFORCED: Kind = Kind {
    name: "enforced-guardrail-configuration",
    id: &[&["response.configId", "request.configId"]],
    version: &[],
    arn: &[],
    form: "",
};
const LOGGING: Kind =
    Kind { name: "model-invocation-logging-configuration", id: &[], version: &[], arn: &[], form: "" };
const USE_CASE: Kind = Kind { name: "use-case-for-model-access", ..LOGGING };

/// Evaluation jobs are named by masked members in some calls: then the id is unknown (FORMATS 5.2).
const EVALUATION: Kind = Kind {
    name: "evaluation-job",
    id: &[&["response.jobArn", "request.jobIdentifier", "request.jobIdentifiers"]],
    version: &[],
    arn: &["response.jobArn", "request.jobIdentifier", "request.jobIdentifiers"],
    form: "evaluation-job/#",
};
const PROMPT_OPTIMIZATION: Kind = Kind {
    name: "advanced-prompt-optimization-job",
    form: "advanced-prompt-optimization-job/#",
    ..EVALUATION
};
const COPY: Kind = Kind { name: "model-copy-job", form: "model-copy-job/#", ..EVALUATION };
const CUSTOMIZATION: Kind =
    Kind { name: "model-customization-job", form: "model-customization-job/*/#", ..EVALUATION };
const IMPORT: Kind = Kind { name: "model-import-job", form: "model-import-job/#", ..EVALUATION };
const BATCH_INFERENCE: Kind =
    Kind { name: "model-invocation-job", form: "model-invocation-job/#", ..EVALUATION };

const CUSTOM_MODEL: Kind = Kind {
    name: "custom-model",
    id: &[&["response.modelArn", "request.modelIdentifier"]],
    version: &[],
    arn: &["response.modelArn", "request.modelIdentifier"],
    form: "custom-model/*/#",
};
const IMPORTED_MODEL: Kind = Kind { name: "imported-model", form: "imported-model/#", ..CUSTOM_MODEL };
const DEPLOYMENT: Kind = Kind {
    name: "custom-model-deployment",
    id: &[&["response.customModelDeploymentArn", "request.customModelDeploymentIdentifier"]],
    version: &[],
    arn: &["response.customModelDeploymentArn", "request.customModelDeploymentIdentifier"],
    form: "custom-model-deployment/#",
};
/// The request comes first: records are known whose answer cuts the model's version off.
const AGREEMENT: Kind = Kind {
    name: "foundation-model-agreement",
    id: &[&["request.modelId", "response.modelId"]],
    version: &[],
    arn: &["request.modelId"],
    form: "foundation-model/#",
};
const INFERENCE_PROFILE: Kind = Kind {
    name: "inference-profile",
    id: &[&["response.inferenceProfileArn", "request.inferenceProfileIdentifier"]],
    version: &[],
    arn: &["response.inferenceProfileArn", "request.inferenceProfileIdentifier"],
    form: "application-inference-profile/#",
};
/// An endpoint of SageMaker; its name is its id.
const MARKETPLACE: Kind = Kind {
    name: "marketplace-model-endpoint",
    id: &[&[
        "response.marketplaceModelEndpoint.endpointArn",
        "request.endpointArn",
        "request.endpointIdentifier",
        "request.endpointName",
    ]],
    version: &[],
    arn: &[
        "response.marketplaceModelEndpoint.endpointArn",
        "request.endpointArn",
        "request.endpointIdentifier",
    ],
    form: "endpoint/#",
};
const PROMPT_ROUTER: Kind = Kind {
    name: "prompt-router",
    id: &[&["response.promptRouterArn", "request.promptRouterArn"]],
    version: &[],
    arn: &["response.promptRouterArn", "request.promptRouterArn"],
    form: "prompt-router/#",
};
const PROVISIONED: Kind = Kind {
    name: "provisioned-model-throughput",
    id: &[&["response.provisionedModelArn", "request.provisionedModelId"]],
    version: &[],
    arn: &["response.provisionedModelArn", "request.provisionedModelId"],
    form: "provisioned-model/#",
};

const REASONING: Kind = Kind {
    name: "automated-reasoning-policy",
    id: &[&["response.policyArn", "request.policyArn"]],
    version: &["response.version"],
    arn: &["response.policyArn", "request.policyArn"],
    form: "automated-reasoning-policy/#",
};
const REASONING_VERSION: Kind = Kind { name: "automated-reasoning-policy-version", ..REASONING };
const REASONING_BUILD: Kind = Kind {
    name: "automated-reasoning-policy-build-workflow",
    id: &[
        &["response.policyArn", "request.policyArn"],
        &["response.buildWorkflowId", "request.buildWorkflowId"],
    ],
    version: &[],
    arn: &[],
    form: "",
};
const REASONING_TEST: Kind = Kind { name: "automated-reasoning-policy-test-workflow", ..REASONING_BUILD };
const REASONING_ANNOTATION: Kind = Kind { name: "automated-reasoning-policy-annotation", ..REASONING_BUILD };
const REASONING_TEST_CASE: Kind = Kind {
    name: "automated-reasoning-policy-test-case",
    id: &[&["response.policyArn", "request.policyArn"], &["response.testCaseId", "request.testCaseId"]],
    version: &[],
    arn: &[],
    form: "",
};

/// The services spell the member in two ways.
const TAG: Kind = Kind {
    name: "tag",
    id: &[&["request.resourceArn", "request.resourceARN", "response.resourceArn"]],
    version: &[],
    arn: &["request.resourceArn", "request.resourceARN", "response.resourceArn"],
    form: "#",
};
const RESOURCE_POLICY: Kind = Kind { name: "resource-policy", ..TAG };
