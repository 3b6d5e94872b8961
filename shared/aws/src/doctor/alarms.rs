//! Alarms.

use std::collections::BTreeMap;

use audit_app::ports::PortError;
use audit_domain::check::alarm::AlarmNow;
use aws_sdk_cloudwatch::{Client, types::MetricAlarm};

use crate::error::port_error;

/// So many names a call takes.
const NAMES: usize = 100;

/// `cloudwatch:DescribeAlarms`.
pub(super) async fn read(client: &Client, names: &[&str]) -> Result<BTreeMap<String, AlarmNow>, PortError> {
    let mut alarms = BTreeMap::new();
    for names in names.chunks(NAMES) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let asked = client.describe_alarms().set_alarm_names(Some(names)).max_records(100);
        let answer = asked.send().await.map_err(|error| port_error("read the alarms", &error))?;
        let found = answer.metric_alarms.unwrap_or_default().into_iter();
        alarms.extend(found.filter_map(|alarm| Some((alarm.alarm_name.clone()?, now(alarm)))));
    }
    Ok(alarms)
}

fn now(alarm: MetricAlarm) -> AlarmNow {
    AlarmNow {
        state: alarm.state_value().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        // where the answer does not say that they are off, they are on
        is_told: alarm.actions_enabled() != Some(false) && !alarm.alarm_actions().is_empty(),
        arn: alarm.alarm_arn,
        reason: alarm.state_reason,
        description: alarm.alarm_description,
    }
}
