//! The alarms of the stack.

use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of alarms.
pub const KIND: &str = "alarm";

/// An alarm of the stack.
pub type Alarm = Part<AlarmNow>;

/// An alarm as it is.
#[derive(Clone, Debug, Default)]
pub struct AlarmNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why, in the words of the service.
    pub reason: Option<String>,
    /// What it means, as the template says it.
    pub description: Option<String>,
    /// Whether it tells anybody.
    pub is_told: bool,
}

impl Now for AlarmNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "AlarmGone",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "an alarm of the stack is gone",
    breaks: "nobody is told of what it watched",
    mend: "aws cloudwatch put-metric-alarm --alarm-name {id} --region {region}   # with the properties of \
           {logical_id} in template.yaml",
    look: |seen| part::gone(alarms(seen)),
};

/// It says that something is wrong.
pub(super) const RAISED: Check = Check {
    name: "AlarmRaised",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "an alarm is in state ALARM",
    breaks: "what its description says",
    mend: "aws cloudwatch describe-alarm-history --alarm-name {id} --history-item-type StateUpdate --max-items 5 \
           --region {region}",
    look: |seen| {
        let raised = present(alarms(seen)).filter(|(_, now)| now.state == "ALARM");
        raised
            .map(|(alarm, now)| alarm.fault(json!({"description": now.description, "reason": now.reason})))
            .collect()
    },
};

/// It tells nobody.
pub(super) const SILENCED: Check = Check {
    name: "AlarmSilenced",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "the actions of an alarm are switched off, or it has none",
    breaks: "nobody is told of what it watches",
    mend: "aws cloudwatch enable-alarm-actions --alarm-names {id} --region {region}   # where it has none, they are \
           in template.yaml",
    look: |seen| {
        let silenced = present(alarms(seen)).filter(|(_, now)| !now.is_told);
        silenced.map(|(alarm, now)| alarm.fault(json!({"state": now.state}))).collect()
    },
};

fn alarms(seen: &Seen) -> &[Alarm] {
    seen.parts.as_ref().map(|parts| parts.alarms.as_slice()).unwrap_or_default()
}
