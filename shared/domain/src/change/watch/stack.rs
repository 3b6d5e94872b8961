//! The stack as a whole, and the roles of its functions.

use super::{
    super::{
        Severity::{Critical, High, Medium},
        operations::Kind,
    },
    Area, When, call, kind,
};

/// The source whose calls are deployments in themselves.
pub(in crate::change) const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

pub(super) const STACK: Area = Area {
    name: "CloudFormation: the stack",
    event_source: CLOUDFORMATION,
    concerns: "the stack",
    calls: &[
        call(
            "DeleteStack",
            THE_STACK,
            Critical,
            STACKS_OF_OURS,
            "the audit is taken down; tables and buckets stay",
        ),
        call(
            "ExecuteChangeSet",
            THE_STACK,
            Medium,
            STACKS_OF_OURS,
            "nothing by itself: what the deployment changes is told by its own calls",
        ),
        call(
            "SetStackPolicy",
            THE_STACK,
            High,
            STACKS_OF_OURS,
            "an update may change what was protected from it",
        ),
        call(
            "UpdateStack",
            THE_STACK,
            Medium,
            STACKS_OF_OURS,
            "nothing by itself: what the deployment changes is told by its own calls",
        ),
        call(
            "UpdateTerminationProtection",
            THE_STACK,
            High,
            STACKS_OF_OURS,
            "the stack may be open to deletion",
        ),
    ],
};

const STACKS_OF_OURS: &[When] =
    &[When::Ours(&["request.stackName", "response.stackId", "response.stackName", "request.changeSetName"])];
const THE_STACK: Kind = Kind {
    arn: &["response.stackId", "request.stackName"],
    ..kind("stack", &[&["request.stackName", "response.stackId"]])
};

/// IAM reports to us-east-1 alone: elsewhere these come from the trail's files.
pub(super) const ROLES: Area = Area {
    name: "IAM: the roles of the stack",
    event_source: "iam.amazonaws.com",
    concerns: "the roles of the stack",
    calls: &[
        call(
            "AttachRolePolicy",
            ROLE,
            High,
            ROLES_OF_OURS,
            "a function may do more than it needs, or is denied what it needs",
        ),
        call("DeleteRole", ROLE, Critical, ROLES_OF_OURS, "the function of this role cannot work any more"),
        call(
            "DeleteRolePermissionsBoundary",
            ROLE,
            High,
            ROLES_OF_OURS,
            "the function may do more than it could",
        ),
        call(
            "DeleteRolePolicy",
            ROLE,
            Critical,
            ROLES_OF_OURS,
            "the function of this role cannot read, write or alert any more",
        ),
        call(
            "DetachRolePolicy",
            ROLE,
            Critical,
            ROLES_OF_OURS,
            "the function of this role may no longer do what it needs to",
        ),
        call(
            "PutRolePermissionsBoundary",
            ROLE,
            Critical,
            ROLES_OF_OURS,
            "the function of this role may no longer do what it needs to",
        ),
        call(
            "PutRolePolicy",
            ROLE,
            Critical,
            ROLES_OF_OURS,
            "a function may do more than it needs, or no longer what it needs to",
        ),
        call(
            "UpdateAssumeRolePolicy",
            ROLE,
            Critical,
            ROLES_OF_OURS,
            "others may act as the function, or the function no longer",
        ),
    ],
};

const ROLES_OF_OURS: &[When] = &[When::Ours(&["request.roleName"])];
const ROLE: Kind = kind("iam-role", &[&["request.roleName"]]);
