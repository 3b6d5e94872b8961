//! What a stack is made of.

use audit_app::ports::{PortError, StackPart};
use aws_sdk_cloudformation::{Client, types::ResourceStatus};

use crate::error::port_error;

/// `cloudformation:ListStackResources`, all pages.
pub(super) async fn parts(client: &Client, stack: &str) -> Result<Vec<StackPart>, PortError> {
    let pages = client.list_stack_resources().stack_name(stack).into_paginator().items().send();
    let listed = pages.collect::<Result<Vec<_>, _>>().await;
    let listed = listed.map_err(|error| port_error(&format!("list the parts of stack {stack}"), &error))?;
    let parts =
        listed.into_iter().filter(|part| part.resource_status() != Some(&ResourceStatus::DeleteComplete));
    Ok(parts
        .filter_map(|part| {
            Some(StackPart {
                logical_id: part.logical_resource_id?,
                physical_id: part.physical_resource_id?,
                kind: part.resource_type?,
            })
        })
        .collect())
}
