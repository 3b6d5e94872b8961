//! Questions to knowledge bases.

use std::time::Duration;

use audit_app::ports::{Answered, AskKnowledgeBases, NotAnswered, Obstacle, PortError, Question};
use aws_config::SdkConfig;
use aws_sdk_bedrockagentruntime::{
    Client,
    config::{Builder, ProvideCredentials as _},
    error::BuildError,
    operation::RequestId as _,
    types::{
        KnowledgeBaseRetrieveAndGenerateConfiguration, RetrieveAndGenerateConfiguration,
        RetrieveAndGenerateInput, RetrieveAndGenerateType,
    },
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::timeout::TimeoutConfig;

use super::answer::Capture;
use crate::error::{is_of_the_service, not_answered};

/// The knowledge bases of one region.
pub struct KnowledgeBases {
    client: Client,
    config: SdkConfig,
    patience: Duration,
}

impl KnowledgeBases {
    /// With a client of this configuration that waits so long for an answer, all attempts included.
    pub fn connect(config: SdkConfig, patience: Duration) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(patience).build();
        let client = Client::from_conf(Builder::from(&config).timeout_config(timeouts).build());
        Self { client, config, patience }
    }

    /// The account of the credentials, where these say it.
    async fn account_id(&self) -> Result<Option<String>, String> {
        let Some(provider) = self.config.credentials_provider() else {
            return Err("there are none".to_owned());
        };
        let credentials = provider.provide_credentials().await.map_err(|error| error.to_string())?;
        Ok(credentials.account_id().map(|id| id.as_str().to_owned()))
    }

    fn region(&self) -> Option<String> {
        self.config.region().map(ToString::to_string)
    }

    /// What stands behind an error that did not come from the service: the caller's settings come first.
    async fn explained(&self, action: &str, found: NotAnswered) -> NotAnswered {
        let because =
            |obstacle, cause: String| NotAnswered { obstacle, error: PortError::retry(action, cause) };
        if self.region().is_none() {
            return because(Obstacle::NoRegion, "no region is set".to_owned());
        }
        if found.obstacle == Obstacle::Late {
            return because(Obstacle::Late, format!("no answer within {} s", self.patience.as_secs()));
        }
        match self.account_id().await {
            Err(why) => because(Obstacle::NoCredentials, format!("no credentials: {why}")),
            Ok(_) => found,
        }
    }
}

impl AskKnowledgeBases for KnowledgeBases {
    async fn ask(&self, question: &Question<'_>) -> Result<Answered, NotAnswered> {
        let action = format!("ask the knowledge base {}", question.knowledge_base_id);
        let unsendable = |error: BuildError| NotAnswered {
            obstacle: Obstacle::Invalid,
            error: PortError::permanent(&action, error.to_string()),
        };
        let input = RetrieveAndGenerateInput::builder().text(question.text).build().map_err(unsendable)?;
        let capture = Capture::default();
        let sent = self
            .client
            .retrieve_and_generate()
            .input(input)
            .retrieve_and_generate_configuration(configuration(question).map_err(unsendable)?)
            .customize()
            .interceptor(capture.clone())
            .send()
            .await;
        // what the service answered counts, also where this SDK can make nothing of it
        match (capture.take(), sent) {
            (Some(response), sent) => {
                let request_id = match &sent {
                    Ok(output) => output.request_id(),
                    Err(error) => error.request_id(),
                };
                Ok(Answered {
                    response,
                    request_id: request_id.map(str::to_owned),
                    account_id: self.account_id().await.unwrap_or_default(),
                    region: self.region(),
                })
            }
            (None, Ok(_)) => Err(NotAnswered {
                obstacle: Obstacle::Unavailable,
                error: PortError::retry(&action, "the answer is no JSON"),
            }),
            (None, Err(error)) if let Some(cause) = error.raw_response().and_then(no_json) => {
                Err(NotAnswered { obstacle: Obstacle::Unreadable, error: PortError::retry(action, cause) })
            }
            (None, Err(error)) if is_of_the_service(&error) => Err(not_answered(&action, &error)),
            (None, Err(error)) => Err(self.explained(&action, not_answered(&action, &error)).await),
        }
    }
}

fn configuration(question: &Question<'_>) -> Result<RetrieveAndGenerateConfiguration, BuildError> {
    let base = KnowledgeBaseRetrieveAndGenerateConfiguration::builder()
        .knowledge_base_id(question.knowledge_base_id)
        .model_arn(question.model_arn)
        .build()?;
    RetrieveAndGenerateConfiguration::builder()
        .r#type(RetrieveAndGenerateType::KnowledgeBase)
        .knowledge_base_configuration(base)
        .build()
}

/// What came in place of JSON.
fn no_json(response: &HttpResponse) -> Option<String> {
    let kind = response.headers().get("content-type").unwrap_or("no content type");
    let status = response.status().as_u16();
    (!kind.contains("json")).then(|| format!("HTTP {status} with {kind} in place of JSON"))
}
