//! Who may use Bedrock: policies that name its actions, and the organisation's.

use super::{
    super::{
        Severity::{High, Low, Medium},
        operations::Kind,
    },
    Area, When, call, kind,
};

/// IAM reports to us-east-1 alone: elsewhere these come from the trail's files.
pub(super) const POLICIES: Area = Area {
    name: "IAM: policies that name Bedrock",
    event_source: "iam.amazonaws.com",
    concerns: "documents whose `Action` or `NotAction` names Bedrock; managed policies with `bedrock` in their names, and \
               those that the ledger knows by then",
    calls: &[
        call(
            "AttachGroupPolicy",
            GROUP_POLICY,
            Medium,
            ATTACHED,
            "whoever is in this group may do other things in Bedrock",
        ),
        call(
            "AttachRolePolicy",
            ROLE_POLICY,
            Medium,
            ATTACHED,
            "whoever has this role may do other things in Bedrock",
        ),
        call("AttachUserPolicy", USER_POLICY, Medium, ATTACHED, "this user may do other things in Bedrock"),
        call(
            "CreatePolicy",
            POLICY,
            Low,
            DOCUMENT,
            "nothing yet: it says who may do what in Bedrock once it is attached",
        ),
        call(
            "CreatePolicyVersion",
            POLICY,
            Medium,
            DOCUMENT,
            "whoever has this policy may do other things in Bedrock",
        ),
        call(
            "DeleteGroupPolicy",
            GROUP_POLICY,
            Medium,
            &[When::Known(GROUP_POLICY)],
            "whoever is in this group may do other things in Bedrock",
        ),
        call(
            "DeletePolicy",
            POLICY,
            Medium,
            NAMED,
            "what this policy said of Bedrock does not hold any more",
        ),
        call(
            "DeletePolicyVersion",
            POLICY,
            Low,
            NAMED,
            "what an earlier version of this policy said of Bedrock is gone",
        ),
        call(
            "DeleteRolePolicy",
            ROLE_POLICY,
            Medium,
            &[When::Known(ROLE_POLICY)],
            "whoever has this role may do other things in Bedrock",
        ),
        call(
            "DeleteUserPolicy",
            USER_POLICY,
            Medium,
            &[When::Known(USER_POLICY)],
            "this user may do other things in Bedrock",
        ),
        call(
            "DetachGroupPolicy",
            GROUP_POLICY,
            Medium,
            ATTACHED,
            "whoever is in this group may do other things in Bedrock",
        ),
        call(
            "DetachRolePolicy",
            ROLE_POLICY,
            Medium,
            ATTACHED,
            "whoever has this role may do other things in Bedrock",
        ),
        call("DetachUserPolicy", USER_POLICY, Medium, ATTACHED, "this user may do other things in Bedrock"),
        call(
            "PutGroupPolicy",
            GROUP_POLICY,
            Medium,
            DOCUMENT,
            "whoever is in this group may do other things in Bedrock",
        ),
        call(
            "PutRolePolicy",
            ROLE_POLICY,
            Medium,
            DOCUMENT,
            "whoever has this role may do other things in Bedrock",
        ),
        call("PutUserPolicy", USER_POLICY, Medium, DOCUMENT, "this user may do other things in Bedrock"),
        call(
            "SetDefaultPolicyVersion",
            POLICY,
            Medium,
            NAMED,
            "whoever has this policy may do other things in Bedrock",
        ),
    ],
};

const DOCUMENT: &[When] = &[When::NamesBedrock(&["request.policyDocument"])];
const NAMED: &[When] = &[When::SaysBedrock(&["request.policyArn"]), When::Known(POLICY)];
const ATTACHED: &[When] = NAMED;

const POLICY: Kind = Kind {
    arn: &["request.policyArn", "response.policy.arn"],
    ..kind("iam-policy", &[&["request.policyArn", "response.policy.policyName", "request.policyName"]])
};
/// A policy of one role: its own, or a managed one that is attached.
const ROLE_POLICY: Kind =
    kind("iam-role-policy", &[&["request.roleName"], &["request.policyName", "request.policyArn"]]);
const USER_POLICY: Kind =
    kind("iam-user-policy", &[&["request.userName"], &["request.policyName", "request.policyArn"]]);
const GROUP_POLICY: Kind =
    kind("iam-group-policy", &[&["request.groupName"], &["request.policyName", "request.policyArn"]]);

/// Organizations reports to us-east-1 alone, in the account that manages the organisation.
pub(super) const ORGANIZATION: Area = Area {
    name: "Organizations: policies for Bedrock",
    event_source: "organizations.amazonaws.com",
    concerns: "policies of type `BEDROCK_POLICY`, those whose document names Bedrock, and those that the ledger knows by then",
    calls: &[
        call(
            "AttachPolicy",
            ORGANIZATION_POLICY,
            High,
            TARGETED,
            "what holds for Bedrock in whole accounts is another",
        ),
        call(
            "CreatePolicy",
            ORGANIZATION_POLICY,
            Low,
            WRITTEN,
            "nothing yet: it says what holds for Bedrock once it is attached",
        ),
        call(
            "DeletePolicy",
            ORGANIZATION_POLICY,
            High,
            TARGETED,
            "what this policy said of Bedrock does not hold any more",
        ),
        call(
            "DetachPolicy",
            ORGANIZATION_POLICY,
            High,
            TARGETED,
            "what this policy said of Bedrock does not hold there any more",
        ),
        call(
            "DisablePolicyType",
            POLICY_TYPE,
            High,
            OF_TYPE,
            "no policy of the organisation holds for Bedrock any more",
        ),
        call(
            "EnablePolicyType",
            POLICY_TYPE,
            Medium,
            OF_TYPE,
            "policies of the organisation hold for Bedrock",
        ),
        call(
            "UpdatePolicy",
            ORGANIZATION_POLICY,
            High,
            REWRITTEN,
            "what holds for Bedrock in whole accounts is another",
        ),
    ],
};

const TYPE: When = When::Is(&["request.type", "response.policy.policySummary.type"], "BEDROCK_POLICY");
const CONTENT: When = When::NamesBedrock(&["request.content", "response.policy.content"]);
const WRITTEN: &[When] = &[TYPE, CONTENT];
const REWRITTEN: &[When] = &[TYPE, CONTENT, When::Known(ORGANIZATION_POLICY)];
const TARGETED: &[When] = &[When::Known(ORGANIZATION_POLICY)];
const OF_TYPE: &[When] = &[When::Is(&["request.policyType"], "BEDROCK_POLICY")];

const ORGANIZATION_POLICY: Kind = Kind {
    arn: &["response.policy.policySummary.arn"],
    ..kind("organization-policy", &[&["request.policyId", "response.policy.policySummary.id"]])
};
const POLICY_TYPE: Kind = kind("organization-policy-type", &[&["request.policyType"]]);
