//! A call of a runtime API, as CloudTrail recorded it: who, from where, what was called. Some are management events and some
//! data events (FORMATS 4.4); what was asked and answered is in neither.

use super::{resource::Parameters, wire::TrailRecord};
use crate::{
    evidence::Evidence,
    ledger::record::{Call, Common},
};

/// What is called, by the member of the request that names it; the best first.
const CALLED: &[&str] = &[
    "request.knowledgeBaseId",
    "request.retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.knowledgeBaseId",
    "request.agentAliasId",
    "request.agentId",
    "request.flowAliasIdentifier",
    "request.flowIdentifier",
    "request.guardrailIdentifier",
    "request.promptIdentifier",
    "request.modelId",
    "request.agentRuntimeArn",
];

impl TrailRecord<'_> {
    /// The call that the record tells of.
    pub(super) fn into_call(self, evidence: Evidence) -> Call {
        let (account_id, region) = self.place();
        let event_id = self.event_id(None);
        let parameters = Parameters::of(&self.members);
        Call {
            common: Common {
                request_id: self.filled("requestID").unwrap_or_else(|| event_id.clone()),
                occurred_at: self.event_time,
                account_id,
                region,
                principal: self.principal(),
            },
            event_id,
            resource: called(&parameters),
            source_ip: self.filled("sourceIPAddress"),
            user_agent: self.filled("userAgent"),
            error_code: self.filled("errorCode"),
            operation: self.event_name,
            evidence,
        }
    }
}

/// What was called: the ARN in CloudTrail's list, else what the request names.
fn called(parameters: &Parameters<'_>) -> Option<String> {
    parameters.only_arn().or_else(|| parameters.first(CALLED))
}
