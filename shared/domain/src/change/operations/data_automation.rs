//! Data Automation: blueprints, projects, libraries.

use super::{
    Kind, Operation,
    Severity::{Info, Low, Medium},
    op,
};

/// By name.
pub(super) const OPERATIONS: &[Operation] = &[
    op("CopyBlueprintStage", BLUEPRINT_STAGE, Medium),
    op("CreateBlueprint", BLUEPRINT, Low),
    op("CreateBlueprintVersion", BLUEPRINT_VERSION, Low),
    op("CreateDataAutomationLibrary", LIBRARY, Low),
    op("CreateDataAutomationProject", PROJECT, Low),
    op("DeleteBlueprint", BLUEPRINT, Medium),
    op("DeleteDataAutomationLibrary", LIBRARY, Medium),
    op("DeleteDataAutomationProject", PROJECT, Medium),
    op("InvokeBlueprintOptimizationAsync", OPTIMIZATION, Info),
    op("InvokeDataAutomationLibraryIngestionJob", LIBRARY_INGESTION, Info),
    op("UpdateBlueprint", BLUEPRINT, Medium),
    op("UpdateDataAutomationLibrary", LIBRARY, Medium),
    op("UpdateDataAutomationProject", PROJECT, Medium),
];

const BLUEPRINT: Kind = Kind {
    name: "blueprint",
    id: &[&["response.blueprint.blueprintArn", "request.blueprintArn"]],
    version: &["response.blueprint.blueprintVersion", "request.blueprintVersion"],
    arn: &["response.blueprint.blueprintArn", "request.blueprintArn"],
    form: "blueprint/#",
};
const BLUEPRINT_VERSION: Kind = Kind { name: "blueprint-version", ..BLUEPRINT };
const BLUEPRINT_STAGE: Kind = Kind { name: "blueprint-stage", ..BLUEPRINT };
const OPTIMIZATION: Kind = Kind {
    name: "blueprint-optimization-async",
    id: &[&["response.invocationArn"]],
    version: &[],
    arn: &["response.invocationArn"],
    form: "blueprint-optimization-invocation/#",
};
const PROJECT: Kind = Kind {
    name: "data-automation-project",
    id: &[&["response.projectArn", "request.projectArn"]],
    version: &[],
    arn: &["response.projectArn", "request.projectArn"],
    form: "data-automation-project/#",
};
const LIBRARY: Kind = Kind {
    name: "data-automation-library",
    id: &[&["response.libraryArn", "request.libraryArn"]],
    version: &[],
    arn: &["response.libraryArn", "request.libraryArn"],
    form: "data-automation-library/#",
};
const LIBRARY_INGESTION: Kind = Kind {
    name: "data-automation-library-ingestion-job",
    id: &[&["request.libraryArn"], &["response.jobArn"]],
    version: &[],
    arn: &["response.jobArn"],
    form: "data-automation-library-ingestion-job/#",
};
