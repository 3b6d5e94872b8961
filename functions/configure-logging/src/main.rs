//! configure-logging: request of CloudFormation -> model invocation logging on, and back as it was with the end of the stack.
//!
//! Trigger: a custom resource of the template, since CloudFormation has no resource for the logging of model invocations.

use audit_app::configure_logging::{self, Outcome};
use audit_aws::{bedrock::InvocationLogging, cloudformation::CloudFormation, connect, s3::AuditBucket};
use audit_domain::invocation_logging::request::Request;
use audit_lambda::{
    custom_resource::{self, HandleRequests, Until},
    environment::{AUDIT_BUCKET, Environment},
    run, telemetry,
};
use lambda_runtime::Error;

const FUNCTION: &str = "configure-logging";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let audit_bucket = Environment::of_process().text(AUDIT_BUCKET)?;
    let config = connect::from_environment().await;
    let function = Function {
        logging: InvocationLogging::connect(&config),
        kept: AuditBucket::new(aws_sdk_s3::Client::new(&config), audit_bucket),
    };
    custom_resource::run(FUNCTION, function, CloudFormation::connect(&config)?).await
}

struct Function {
    logging: InvocationLogging,
    kept: AuditBucket,
}

impl HandleRequests for Function {
    async fn handle(&self, request: &Request, until: &Until) -> Outcome {
        configure_logging::handle(request, &self.logging, &self.kept, until, run::now()).await
    }
}
