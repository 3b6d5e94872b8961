//! AgentCore: runtimes, gateways, tools, memory, identities, policies, payments, registries.

use super::{
    Kind, Operation,
    Severity::{High, Info, Low, Medium},
    op,
};

/// By name.
pub(super) const OPERATIONS: &[Operation] = &[
    op("CreateAgentRuntime", RUNTIME, Low),
    op("CreateAgentRuntimeEndpoint", ENDPOINT, Low),
    op("CreateApiKeyCredentialProvider", API_KEY, Low),
    op("CreateBrowser", BROWSER, Low),
    op("CreateBrowserProfile", BROWSER_PROFILE, Low),
    op("CreateCodeInterpreter", CODE_INTERPRETER, Low),
    op("CreateConfigurationBundle", BUNDLE, Low),
    op("CreateEvaluator", EVALUATOR, Info),
    op("CreateGateway", GATEWAY, Low),
    op("CreateGatewayRule", GATEWAY_RULE, Medium),
    op("CreateGatewayTarget", GATEWAY_TARGET, Medium),
    op("CreateHarness", HARNESS, Low),
    op("CreateMemory", MEMORY, Low),
    op("CreateOauth2CredentialProvider", OAUTH2, Low),
    op("CreateOnlineEvaluationConfig", ONLINE_EVALUATION, Info),
    op("CreatePaymentConnector", PAYMENT_CONNECTOR, Medium),
    op("CreatePaymentCredentialProvider", PAYMENT_CREDENTIAL, Low),
    op("CreatePaymentManager", PAYMENT_MANAGER, Low),
    op("CreatePolicy", POLICY, Medium),
    op("CreatePolicyEngine", POLICY_ENGINE, Low),
    op("CreateRegistry", REGISTRY, Low),
    op("CreateRegistryRecord", RECORD, Low),
    op("CreateWorkloadIdentity", WORKLOAD_IDENTITY, Low),
    op("DeleteAgentRuntime", RUNTIME, High),
    op("DeleteAgentRuntimeEndpoint", ENDPOINT, Medium),
    op("DeleteApiKeyCredentialProvider", API_KEY, High),
    op("DeleteBrowser", BROWSER, Medium),
    op("DeleteBrowserProfile", BROWSER_PROFILE, Medium),
    op("DeleteCodeInterpreter", CODE_INTERPRETER, Medium),
    op("DeleteConfigurationBundle", BUNDLE, Medium),
    op("DeleteEvaluator", EVALUATOR, Info),
    op("DeleteGateway", GATEWAY, High),
    op("DeleteGatewayRule", GATEWAY_RULE, Medium),
    op("DeleteGatewayTarget", GATEWAY_TARGET, Medium),
    op("DeleteHarness", HARNESS, High),
    op("DeleteMemory", MEMORY, High),
    op("DeleteOauth2CredentialProvider", OAUTH2, High),
    op("DeleteOnlineEvaluationConfig", ONLINE_EVALUATION, Medium),
    op("DeletePaymentConnector", PAYMENT_CONNECTOR, High),
    op("DeletePaymentCredentialProvider", PAYMENT_CREDENTIAL, High),
    op("DeletePaymentManager", PAYMENT_MANAGER, High),
    op("DeletePolicy", POLICY, High),
    op("DeletePolicyEngine", POLICY_ENGINE, High),
    op("DeleteRegistry", REGISTRY, Medium),
    op("DeleteRegistryRecord", RECORD, Medium),
    op("DeleteWorkloadIdentity", WORKLOAD_IDENTITY, High),
    op("SetTokenVaultCMK", TOKEN_VAULT_KEY, High),
    op("StartPolicyGeneration", POLICY_GENERATION, Info),
    op("SubmitRegistryRecordForApproval", RECORD_FOR_APPROVAL, Low),
    op("SynchronizeGatewayTargets", GATEWAY_TARGETS, Medium),
    op("UpdateAgentRuntime", RUNTIME, High),
    op("UpdateAgentRuntimeEndpoint", ENDPOINT, Medium),
    op("UpdateApiKeyCredentialProvider", API_KEY, High),
    op("UpdateConfigurationBundle", BUNDLE, Medium),
    op("UpdateEvaluator", EVALUATOR, Info),
    op("UpdateGateway", GATEWAY, High),
    op("UpdateGatewayRule", GATEWAY_RULE, Medium),
    op("UpdateGatewayTarget", GATEWAY_TARGET, Medium),
    op("UpdateHarness", HARNESS, High),
    op("UpdateMemory", MEMORY, Medium),
    op("UpdateOauth2CredentialProvider", OAUTH2, High),
    op("UpdateOnlineEvaluationConfig", ONLINE_EVALUATION, Medium),
    op("UpdatePaymentConnector", PAYMENT_CONNECTOR, High),
    op("UpdatePaymentCredentialProvider", PAYMENT_CREDENTIAL, High),
    op("UpdatePaymentManager", PAYMENT_MANAGER, High),
    op("UpdatePolicy", POLICY, High),
    op("UpdatePolicyEngine", POLICY_ENGINE, Medium),
    op("UpdateRegistry", REGISTRY, High),
    op("UpdateRegistryRecord", RECORD, Medium),
    op("UpdateRegistryRecordStatus", RECORD_STATUS, Medium),
    op("UpdateWorkloadIdentity", WORKLOAD_IDENTITY, High),
];

const RUNTIME: Kind = Kind {
    name: "agent-runtime",
    id: &[&["response.agentRuntimeId", "request.agentRuntimeId", "response.agentRuntimeArn"]],
    version: &["response.agentRuntimeVersion", "request.agentRuntimeVersion"],
    arn: &["response.agentRuntimeArn"],
    form: "runtime/#",
};
/// Known by its name, which some records mask. Its version is the one of the runtime that it serves from now on.
const ENDPOINT: Kind = Kind {
    name: "agent-runtime-endpoint",
    id: &[
        &["response.agentRuntimeId", "request.agentRuntimeId", "response.agentRuntimeArn"],
        &["response.endpointName", "request.endpointName", "request.name"],
    ],
    version: &["response.targetVersion", "request.agentRuntimeVersion"],
    arn: &["response.agentRuntimeEndpointArn"],
    form: "runtime/#/runtime-endpoint/#",
};
const HARNESS: Kind = Kind {
    name: "harness",
    id: &[&["response.harness.harnessId", "request.harnessId"]],
    version: &["response.harness.harnessVersion"],
    arn: &["response.harness.arn"],
    form: "harness/#",
};
const BUNDLE: Kind = Kind {
    name: "configuration-bundle",
    id: &[&["response.bundleId", "request.bundleId"]],
    version: &["response.versionId"],
    arn: &["response.bundleArn"],
    form: "configuration-bundle/#",
};

const BROWSER: Kind = Kind {
    name: "browser",
    id: &[&["response.browserId", "request.browserId"]],
    version: &[],
    arn: &["response.browserArn"],
    form: "browser-custom/#",
};
const BROWSER_PROFILE: Kind = Kind {
    name: "browser-profile",
    id: &[&["response.profileId", "request.profileId"]],
    version: &[],
    arn: &["response.profileArn"],
    form: "browser-profile/#",
};
const CODE_INTERPRETER: Kind = Kind {
    name: "code-interpreter",
    id: &[&["response.codeInterpreterId", "request.codeInterpreterId"]],
    version: &[],
    arn: &["response.codeInterpreterArn"],
    form: "code-interpreter-custom/#",
};
const MEMORY: Kind = Kind {
    name: "memory",
    id: &[&["response.memory.id", "response.memoryId", "request.memoryId"]],
    version: &[],
    arn: &["response.memory.arn"],
    form: "memory/#",
};
const EVALUATOR: Kind = Kind {
    name: "evaluator",
    id: &[&["response.evaluatorId", "request.evaluatorId"]],
    version: &[],
    arn: &["response.evaluatorArn"],
    form: "evaluator/#",
};
const ONLINE_EVALUATION: Kind = Kind {
    name: "online-evaluation-config",
    id: &[&["response.onlineEvaluationConfigId", "request.onlineEvaluationConfigId"]],
    version: &[],
    arn: &["response.onlineEvaluationConfigArn"],
    form: "online-evaluation-config/#",
};

const GATEWAY: Kind = Kind {
    name: "gateway",
    id: &[&["response.gatewayId", "request.gatewayIdentifier", "response.gatewayArn"]],
    version: &[],
    arn: &["response.gatewayArn", "request.gatewayIdentifier"],
    form: "gateway/#",
};
const GATEWAY_RULE: Kind = Kind {
    name: "gateway-rule",
    id: &[&["request.gatewayIdentifier", "response.gatewayArn"], &["response.ruleId", "request.ruleId"]],
    version: &[],
    arn: &[],
    form: "",
};
const GATEWAY_TARGET: Kind = Kind {
    name: "gateway-target",
    id: &[&["request.gatewayIdentifier", "response.gatewayArn"], &["response.targetId", "request.targetId"]],
    version: &[],
    arn: &[],
    form: "",
};
/// One or more of a gateway's targets; only one has an id.
const GATEWAY_TARGETS: Kind =
    Kind { id: &[&["request.gatewayIdentifier"], &["request.targetIdList"]], ..GATEWAY_TARGET };

/// Credential providers and workload identities are known by their names.
const API_KEY: Kind = Kind {
    name: "api-key-credential-provider",
    id: &[&["response.name", "request.name", "response.credentialProviderArn"]],
    version: &[],
    arn: &["response.credentialProviderArn"],
    form: "apikeycredentialprovider/#",
};
const OAUTH2: Kind =
    Kind { name: "oauth2-credential-provider", form: "oauth2credentialprovider/#", ..API_KEY };
const PAYMENT_CREDENTIAL: Kind =
    Kind { name: "payment-credential-provider", form: "paymentcredentialprovider/#", ..API_KEY };
const WORKLOAD_IDENTITY: Kind = Kind {
    name: "workload-identity",
    id: &[&["response.name", "request.name"]],
    version: &[],
    arn: &["response.workloadIdentityArn"],
    form: "workload-identity/#",
};
const TOKEN_VAULT_KEY: Kind = Kind {
    name: "token-vault-c-m-k",
    id: &[&["response.tokenVaultId", "request.tokenVaultId"]],
    version: &[],
    arn: &[],
    form: "token-vault/#",
};

const PAYMENT_MANAGER: Kind = Kind {
    name: "payment-manager",
    id: &[&["response.paymentManagerId", "request.paymentManagerId"]],
    version: &[],
    arn: &["response.paymentManagerArn"],
    form: "payment-manager/#",
};
const PAYMENT_CONNECTOR: Kind = Kind {
    name: "payment-connector",
    id: &[
        &["response.paymentManagerId", "request.paymentManagerId"],
        &["response.paymentConnectorId", "request.paymentConnectorId"],
    ],
    version: &[],
    arn: &[],
    form: "",
};

const POLICY_ENGINE: Kind = Kind {
    name: "policy-engine",
    id: &[&["response.policyEngineId", "request.policyEngineId"]],
    version: &[],
    arn: &["response.policyEngineArn"],
    form: "policy-engine/#",
};
const POLICY: Kind = Kind {
    name: "policy",
    id: &[&["response.policyEngineId", "request.policyEngineId"], &["response.policyId", "request.policyId"]],
    version: &[],
    arn: &["response.policyArn"],
    form: "policy-engine/#/policy/#",
};
const POLICY_GENERATION: Kind = Kind {
    name: "policy-generation",
    id: &[&["response.policyEngineId", "request.policyEngineId"], &["response.policyGenerationId"]],
    version: &[],
    arn: &["response.policyGenerationArn"],
    form: "policy-engine/#/policy-generation/#",
};

const REGISTRY: Kind = Kind {
    name: "registry",
    id: &[&["response.registryId", "request.registryId", "response.registryArn"]],
    version: &[],
    arn: &["response.registryArn", "request.registryId"],
    form: "registry/#",
};
const RECORD: Kind = Kind {
    name: "registry-record",
    id: &[
        &["request.registryId", "response.registryArn"],
        &["response.recordId", "request.recordId", "response.recordArn"],
    ],
    version: &["response.recordVersion", "request.recordVersion"],
    arn: &["response.recordArn", "request.recordId"],
    form: "registry/#/record/#",
};
const RECORD_FOR_APPROVAL: Kind = Kind { name: "registry-record-for-approval", ..RECORD };
const RECORD_STATUS: Kind = Kind { name: "registry-record-status", ..RECORD };
