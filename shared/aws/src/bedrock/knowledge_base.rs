//! A knowledge base, or one of its data sources.

use audit_domain::state::Subject;
use aws_sdk_bedrockagent::Client;

use super::answer::{Answer, call};
use crate::error::Unreadable;

/// `bedrock:GetKnowledgeBase`.
pub(super) async fn read(client: &Client, subject: &Subject) -> Answer {
    let get = client.get_knowledge_base().knowledge_base_id(&subject.resource.id);
    call(subject, "GetKnowledgeBase", |capture| get.customize().interceptor(capture).send()).await
}

/// `bedrock:GetDataSource`; the id is `KB:DS`.
pub(super) async fn read_data_source(client: &Client, subject: &Subject) -> Answer {
    let Some((knowledge_base, data_source)) = subject.resource.id.split_once(':') else {
        let why = format!("{subject} does not name its knowledge base");
        return Ok(Err(Unreadable::Never(why)));
    };
    let get = client.get_data_source().knowledge_base_id(knowledge_base).data_source_id(data_source);
    call(subject, "GetDataSource", |capture| get.customize().interceptor(capture).send()).await
}
