//! Asks a knowledge base, and sends the response as it is to bedrock-audit.
//!
//! ```sh
//! cargo run -p audit-aws --example send_response -- BUS AUDIT_BUCKET KNOWLEDGE_BASE_ID MODEL_ARN QUESTION
//! ```
//!
//! BUS and AUDIT_BUCKET are the outputs `ApplicationBus` and `AuditBucket` of the stack.

use std::{
    error::Error,
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_bedrockagentruntime::{
    operation::RequestId as _,
    types::{
        KnowledgeBaseRetrieveAndGenerateConfiguration, RetrieveAndGenerateConfiguration,
        RetrieveAndGenerateInput, RetrieveAndGenerateType,
    },
};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Value, json};

/// An event may have 256 KB with all its parts.
const LIMIT: usize = 250 * 1024;

/// Keeps the JSON that the service answered: the SDK hands out types, which cannot be written as JSON again.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Value>>);

#[dyn_dispatch_hint]
impl Intercept for Kept {
    fn name(&self) -> &'static str {
        "Kept"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().map_err(|error| error.to_string())? = serde_json::from_slice(body).unwrap_or_default();
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bus, audit_bucket, knowledge_base, model, question] = arguments.as_slice() else {
        return Err("send_response BUS AUDIT_BUCKET KNOWLEDGE_BASE_ID MODEL_ARN QUESTION".into());
    };
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let kept = Kept::default();
    let answer = aws_sdk_bedrockagentruntime::Client::new(&config)
        .retrieve_and_generate()
        .input(RetrieveAndGenerateInput::builder().text(question).build()?)
        .retrieve_and_generate_configuration(configuration(knowledge_base, model)?)
        .customize()
        .interceptor(kept.clone())
        .send()
        .await?;

    let response = std::mem::take(&mut *kept.0.lock().map_err(|error| error.to_string())?);
    let request_id = answer.request_id().ok_or("the response has no request id")?;
    send(&config, bus, audit_bucket, request_id, response).await?;
    #[expect(clippy::print_stdout, reason = "an example shows what it did")]
    {
        println!("{}", answer.output().map_or("", |output| output.text()));
    }
    Ok(())
}

fn configuration(
    knowledge_base: &str,
    model: &str,
) -> Result<RetrieveAndGenerateConfiguration, Box<dyn Error>> {
    let base = KnowledgeBaseRetrieveAndGenerateConfiguration::builder()
        .knowledge_base_id(knowledge_base)
        .model_arn(model)
        .build()?;
    let configuration = RetrieveAndGenerateConfiguration::builder()
        .r#type(RetrieveAndGenerateType::KnowledgeBase)
        .knowledge_base_configuration(base);
    Ok(configuration.build()?)
}

/// Sends a response; one too large for an event goes into the audit bucket, and the event says where it lies.
async fn send(
    config: &SdkConfig,
    bus: &str,
    audit_bucket: &str,
    request_id: &str,
    response: Value,
) -> Result<(), Box<dyn Error>> {
    let operation = "RetrieveAndGenerate";
    let mut detail =
        json!({"schema": 1, "operation": operation, "request_id": request_id, "response": response});
    let body = response.to_string();
    if body.len() > LIMIT {
        let key = format!("responses/{request_id}.json");
        let s3 = aws_sdk_s3::Client::new(config);
        s3.put_object().bucket(audit_bucket).key(&key).body(body.into_bytes().into()).send().await?;
        detail = json!({"schema": 1, "request_id": request_id, "response_location": key});
    }
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(bus)
        .source("bedrock-audit.application")
        .detail_type("Knowledge Base Response")
        .detail(detail.to_string())
        .build();
    let sent = aws_sdk_eventbridge::Client::new(config).put_events().entries(entry).send().await?;
    // an entry that was not taken is told here, not by an error
    if sent.failed_entry_count() > 0 {
        return Err(format!("the bus did not take the response: {:?}", sent.entries()).into());
    }
    Ok(())
}
