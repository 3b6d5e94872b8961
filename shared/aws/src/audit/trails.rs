//! The trails that serve a region, what they do there, and which events they take.

use audit_app::ports::PortError;
use audit_domain::check::{
    Reading,
    trail::{Selector, Status, Trail},
};
use aws_sdk_cloudtrail::{
    Client,
    types::{AdvancedEventSelector, EventSelector},
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::port_error;

/// `cloudtrail:DescribeTrails`; of each one `cloudtrail:GetTrailStatus` and `cloudtrail:GetEventSelectors`.
pub(super) async fn read(client: &Client) -> Result<Vec<Trail>, PortError> {
    let answer = client.describe_trails().include_shadow_trails(true).send().await;
    let listed = answer.map_err(|error| port_error("list the trails", &error))?.trail_list;
    let mut trails = Vec::new();
    for listed in listed.unwrap_or_default() {
        // a trail of another region or of the organization is known by its ARN only
        let name = listed.name.unwrap_or_default();
        let arn = listed.trail_arn.unwrap_or_else(|| name.clone());
        trails.push(Trail {
            status: status(client, &arn).await,
            selectors: selectors(client, &arn).await,
            bucket: listed.s3_bucket_name,
            is_validated: listed.log_file_validation_enabled.unwrap_or_default(),
            name,
            arn,
        });
    }
    Ok(trails)
}

async fn status(client: &Client, arn: &str) -> Reading<Status> {
    let answer = client.get_trail_status().name(arn).send().await;
    let status =
        answer.map_err(|error| port_error(&format!("read the status of trail {arn}"), &error).to_string())?;
    Ok(Status {
        is_logging: status.is_logging.unwrap_or_default(),
        delivery_error: status.latest_delivery_error,
        delivered_at: status.latest_delivery_time.as_ref().and_then(moment),
        started_at: status.start_logging_time.as_ref().and_then(moment),
    })
}

async fn selectors(client: &Client, arn: &str) -> Reading<Vec<Selector>> {
    let answer = client.get_event_selectors().trail_name(arn).send().await;
    let answer = answer
        .map_err(|error| port_error(&format!("read which events trail {arn} takes"), &error).to_string())?;
    let basic = answer.event_selectors().iter().map(document);
    let advanced = answer.advanced_event_selectors().iter().map(advanced_document);
    Ok(basic.chain(advanced).filter_map(|selector| Selector::of(&selector)).collect())
}

fn document(selector: &EventSelector) -> Value {
    json!({
        "ReadWriteType": selector.read_write_type().map(|kind| kind.as_str()),
        "IncludeManagementEvents": selector.include_management_events(),
        "ExcludeManagementEventSources": selector.exclude_management_event_sources(),
    })
}

fn advanced_document(selector: &AdvancedEventSelector) -> Value {
    let fields = selector.field_selectors().iter().map(|field| {
        json!({
            "Field": field.field(),
            "Equals": field.equals(),
            "StartsWith": field.starts_with(),
            "EndsWith": field.ends_with(),
            "NotEquals": field.not_equals(),
            "NotStartsWith": field.not_starts_with(),
            "NotEndsWith": field.not_ends_with(),
        })
    });
    json!({ "FieldSelectors": fields.collect::<Value>() })
}

fn moment(moment: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(moment.secs()).ok()
}
