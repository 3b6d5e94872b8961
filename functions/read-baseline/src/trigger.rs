//! What begins a run: EventBridge's schedule, or the end of a deployment of the stack.

use audit_domain::time;
use jiff::Timestamp;
use serde::Deserialize;

/// The `detail-type` of events that begin a run. Which stack, and in which status, is said by the rule.
const BEGINS: [&str; 2] = ["Scheduled Event", "CloudFormation Stack Status Change"];

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "detail-type")]
    detail_type: String,
    time: String,
}

/// When the run began that an event begins, the same in every delivery; `None` where it begins none.
pub(crate) fn run_of(body: &str) -> Option<Timestamp> {
    let envelope: Envelope = serde_json::from_str(body).ok()?;
    BEGINS.contains(&envelope.detail_type.as_str()).then(|| time::parse(&envelope.time)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_and_a_deployment_begin_a_run() {
        let event = |detail_type: &str| {
            format!(
                r#"{{"version":"0","detail-type":"{detail_type}","time":"2026-10-15T06:00:00Z","detail":{{}}}}"#
            )
        };
        for detail_type in BEGINS {
            assert_eq!(run_of(&event(detail_type)), time::parse("2026-10-15T06:00:00Z"), "{detail_type}");
        }
        for other in [&event("AWS API Call via CloudTrail"), "{}", "", r#"{"detail-type":"Scheduled Event"}"#]
        {
            assert_eq!(run_of(other), None, "{other}");
        }
    }
}
