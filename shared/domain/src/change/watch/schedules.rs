//! Schedules that start ingestion jobs: who decides when a knowledge base reads its documents again.

use super::{super::Severity::Medium, super::operations::Kind, Area, When, call, kind};

pub(super) const SCHEDULES: Area = Area {
    name: "EventBridge Scheduler: ingestion of knowledge bases",
    event_source: "scheduler.amazonaws.com",
    concerns: "schedules whose target is `bedrockagent:startIngestionJob`, and those that the ledger knows by then",
    calls: &[
        call(
            "CreateSchedule",
            SCHEDULE,
            Medium,
            TARGET,
            "a knowledge base reads its documents at other times",
        ),
        call(
            "DeleteSchedule",
            SCHEDULE,
            Medium,
            &[When::Known(SCHEDULE)],
            "a knowledge base may no longer read its documents again",
        ),
        call(
            "UpdateSchedule",
            SCHEDULE,
            Medium,
            TARGET_OR_KNOWN,
            "a knowledge base reads its documents at other times, or no longer",
        ),
    ],
};

const STARTS: When =
    When::StartsIngestion(&["request.target.arn", "request.target.Arn", "request.Target.Arn"]);
const TARGET: &[When] = &[STARTS];
const TARGET_OR_KNOWN: &[When] = &[STARTS, When::Known(SCHEDULE)];
const SCHEDULE: Kind = kind(
    "ingestion-schedule",
    &[&["request.groupName", "request.GroupName", "=default"], &["request.name", "request.Name"]],
);

/// Whether a target is the call that starts an ingestion job.
pub(super) fn starts_ingestion(target: &str) -> bool {
    let target = target.to_ascii_lowercase();
    target.contains(":scheduler:::aws-sdk:bedrockagent:startingestionjob")
}
