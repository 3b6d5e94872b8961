//! The stack, here and in other regions.

use audit_app::ports::{NotAnswered, StackNow};
use audit_domain::check::{Reading, region::Elsewhere};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::{Client, types::Stack};

use crate::error::{is_no_stack, not_answered};

/// `cloudformation:DescribeStacks`.
pub(super) async fn read(client: &Client, name: &str) -> Result<Option<StackNow>, NotAnswered> {
    let answer = client.describe_stacks().stack_name(name).send().await;
    match answer {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next().map(stack_now)),
        Err(error) if is_no_stack(&error) => Ok(None),
        Err(error) => Err(not_answered(&format!("read stack {name}"), &error)),
    }
}

fn stack_now(stack: Stack) -> StackNow {
    let account = stack.stack_id().and_then(|arn| arn.split(':').nth(4)).unwrap_or("unknown").to_owned();
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    let parameters = stack.parameters.unwrap_or_default().into_iter();
    StackNow {
        account_id: account,
        outputs: outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect(),
        parameters: parameters
            .filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value?)))
            .collect(),
    }
}

/// The same in another region, and `bedrock:GetModelInvocationLoggingConfiguration`.
pub(super) async fn elsewhere(config: &SdkConfig, region: &str, stack: &str) -> Elsewhere {
    let found = read(&Client::new(config), stack).await;
    Elsewhere {
        region: region.to_owned(),
        has_stack: found.map(|found| found.is_some()).map_err(|error| error.error.to_string()),
        is_logging: is_logging(config, region).await,
    }
}

async fn is_logging(config: &SdkConfig, region: &str) -> Reading<bool> {
    let client = aws_sdk_bedrock::Client::new(config);
    let answer = client.get_model_invocation_logging_configuration().send().await;
    let answer = answer.map_err(|error| not_answered(&format!("read the log of {region}"), &error));
    answer.map(|answer| answer.logging_config.is_some()).map_err(|error| error.error.to_string())
}
