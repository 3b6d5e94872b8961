//! A flow: the answer about it, and beside its members `aliases`, which say which version is run.

use audit_app::ports::PortError;
use audit_domain::state::Subject;
use aws_sdk_bedrockagent::Client;
use serde_json::Value;

use super::{
    answer::{Answer, Names, call, each, pages},
    numbered,
};

const ALIAS: Names = Names { id: "id", wrapper: None };

/// The draft or a version, and every alias.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let flow = match numbered(subject) {
        None => draft(client, subject).await?,
        Some(version) => numbered_version(client, subject, version).await?,
    };
    let mut flow = match flow {
        Ok(flow) => flow,
        Err(why) => return Ok(Err(why)),
    };
    let aliases = aliases(client, subject).await?;
    if let Some(members) = flow.as_object_mut() {
        members.insert("aliases".to_owned(), aliases);
    }
    Ok(Ok(flow))
}

/// `bedrock:GetFlow`.
async fn draft(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_flow().flow_identifier(&subject.resource.id);
    call(subject, "GetFlow", |capture| get.customize().interceptor(capture).send()).await
}

/// `bedrock:GetFlowVersion`.
async fn numbered_version(client: &Client, subject: &Subject, version: &str) -> Answer {
    let get = client.get_flow_version().flow_identifier(&subject.resource.id).flow_version(version);
    call(subject, "GetFlowVersion", |capture| get.customize().interceptor(capture).send()).await
}

/// `bedrock:ListFlowAliases`, and `bedrock:GetFlowAlias` for each.
async fn aliases(client: &Client, subject: &Subject) -> Result<Value, PortError> {
    let flow = &subject.resource.id;
    let listed = pages("flowAliasSummaries", |token| {
        let list = client.list_flow_aliases().flow_identifier(flow).set_next_token(token);
        call(subject, "ListFlowAliases", |capture| list.customize().interceptor(capture).send())
    });
    each(listed.await?, ALIAS, |id| {
        let get = client.get_flow_alias().flow_identifier(flow).alias_identifier(id);
        call(subject, "GetFlowAlias", |capture| get.customize().interceptor(capture).send())
    })
    .await
}
