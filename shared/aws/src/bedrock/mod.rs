//! Bedrock's configuration resources, as they are now.
//!
//! A document is the JSON that the service answered, as it came: members that the SDK does not know yet are kept. What is
//! read in several calls is put together: an agent with its parts, a flow with its aliases. Where the whole was read and a part
//! was not, the document says so instead of showing less: `{"unread": "why"}` stands in place of a list, and an entry that
//! was only listed is its summary with the member `unread`.
//!
//! * [`answer`]: one call, all pages of a list, each entry of a list.
//! * one file for each kind of resource; `list` says what there is of each.
//! * [`InvocationLogging`]: the logging of model invocations, configured.
//! * [`KnowledgeBases`]: questions to knowledge bases, whose response is kept as it came, too.

mod agent;
mod answer;
mod ask;
mod configure;
mod enforced_guardrail;
mod flow;
mod guardrail;
mod inference_profile;
mod invocation_logging;
mod knowledge_base;
mod list;
mod prompt;
mod resource_policy;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::{ask::KnowledgeBases, configure::InvocationLogging};

use audit_app::ports::{PortError, ReadResources, ResourceRead};
use audit_domain::{
    change::UNKNOWN,
    state::{Subject, SubjectKind},
};
use aws_config::SdkConfig;
use aws_smithy_types::timeout::TimeoutConfig;

/// So long one attempt may take: an answer that is late is asked for again.
const ATTEMPT: Duration = Duration::from_secs(5);
/// So long a call may take with all its attempts. The first call that fails ends a read, and a function has a minute.
const CALL: Duration = Duration::from_secs(15);

/// The configuration resources of one region, and of one account where that is known.
pub struct BedrockResources {
    models: aws_sdk_bedrock::Client,
    agents: aws_sdk_bedrockagent::Client,
    account_id: Option<String>,
}

impl BedrockResources {
    /// With clients of this configuration that give up in time.
    pub fn connect(config: &SdkConfig) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build();
        let models = aws_sdk_bedrock::config::Builder::from(config).timeout_config(timeouts.clone()).build();
        let agents = aws_sdk_bedrockagent::config::Builder::from(config).timeout_config(timeouts).build();
        Self::new(aws_sdk_bedrock::Client::from_conf(models), aws_sdk_bedrockagent::Client::from_conf(agents))
    }

    /// With these clients, of one region.
    pub fn new(models: aws_sdk_bedrock::Client, agents: aws_sdk_bedrockagent::Client) -> Self {
        Self { models, agents, account_id: None }
    }

    /// The clients are those of this account: what lies in another is denied, and not taken for gone.
    #[must_use]
    pub fn of_account(self, account_id: impl Into<String>) -> Self {
        Self { account_id: Some(account_id.into()), ..self }
    }

    /// Why a resource cannot be seen from here. A service that is asked in the wrong place says that it is not there.
    fn out_of_sight(&self, subject: &Subject) -> Option<String> {
        let resource = &subject.resource;
        let is_other =
            |named: &str, ours: Option<&str>| named != UNKNOWN && ours.is_some_and(|ours| ours != named);
        let region = self.models.config().region().map(AsRef::as_ref);
        if is_other(&resource.region, region) {
            return Some(format!("it lies in {}, and is not read from another region", resource.region));
        }
        is_other(&resource.account_id, self.account_id.as_deref())
            .then(|| format!("it belongs to account {}, and is not read from another", resource.account_id))
    }
}

impl ReadResources for BedrockResources {
    async fn read_resource(&self, subject: &Subject) -> Result<ResourceRead, PortError> {
        if let Some(why) = self.out_of_sight(subject) {
            return Ok(ResourceRead::Elsewhere(why));
        }
        let (models, agents) = (&self.models, &self.agents);
        let read = match subject.kind {
            SubjectKind::Guardrail => guardrail::read(models, subject).await,
            SubjectKind::Prompt => prompt::read(agents, subject).await,
            SubjectKind::Agent => agent::read(agents, subject).await,
            SubjectKind::Flow => flow::read(agents, subject).await,
            SubjectKind::KnowledgeBase => knowledge_base::read(agents, subject).await,
            SubjectKind::DataSource => knowledge_base::read_data_source(agents, subject).await,
            SubjectKind::InferenceProfile => inference_profile::read(models, subject).await,
            SubjectKind::EnforcedGuardrail => enforced_guardrail::read(models, subject).await,
            SubjectKind::ResourcePolicy => resource_policy::read(models, subject).await,
            SubjectKind::InvocationLogging => invocation_logging::read(models, subject).await,
        };
        read.map(answer::resource_read)
    }
}

/// The version to ask for by number; `None` for the draft, which is asked for by naming no version.
fn numbered(subject: &Subject) -> Option<&str> {
    Some(subject.version()).filter(|version| *version != "DRAFT")
}
