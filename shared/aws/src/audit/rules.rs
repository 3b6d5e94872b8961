//! A rule and where it passes events to.

use audit_app::ports::PortError;
use audit_domain::check::rule::RuleNow;
use aws_sdk_eventbridge::Client;

use crate::error::present;

/// `events:DescribeRule`, `events:ListTargetsByRule`. A rule has at most five targets: they fit a page.
pub(super) async fn read(client: &Client, physical_id: &str) -> Result<Option<RuleNow>, PortError> {
    let (bus, name) =
        physical_id.split_once('|').map_or((None, physical_id), |(bus, name)| (Some(bus), name));
    let bus = bus.map(str::to_owned);
    let answer = client.describe_rule().name(name).set_event_bus_name(bus.clone()).send().await;
    let Some(rule) = present(&format!("read rule {name}"), answer)? else { return Ok(None) };
    let answer = client.list_targets_by_rule().rule(name).set_event_bus_name(bus).send().await;
    let Some(targets) = present(&format!("list the targets of rule {name}"), answer)? else {
        return Ok(None);
    };
    Ok(Some(RuleNow {
        arn: rule.arn,
        state: rule.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        pattern: rule.event_pattern,
        targets: targets.targets.unwrap_or_default().into_iter().map(|target| target.arn).collect(),
    }))
}
