//! What a deployed stack says of itself: the names of its tables and buckets, and how it keeps records.

use std::collections::BTreeMap;

use audit_app::ports::PortError;
use audit_domain::ledger::record::{EXCERPT, Retention};
use aws_config::SdkConfig;

use crate::{dynamodb::TableNames, error::port_error};

/// What a stack's outputs and parameters say.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Its tables.
    pub tables: TableNames,
    /// Its audit bucket.
    pub audit_bucket: Option<String>,
    /// How long it keeps records.
    pub retention: Retention,
    /// How many characters of a passage it keeps.
    pub excerpt_characters: usize,
}

/// Reads the outputs of a stack: `cloudformation:DescribeStacks`.
///
/// # Errors
/// The stack is not there or may not be read, or has no tables of ours.
pub async fn describe(config: &SdkConfig, name: &str) -> Result<Stack, PortError> {
    let action = format!("read the outputs of stack {name}");
    let client = aws_sdk_cloudformation::Client::new(config);
    let answer = client
        .describe_stacks()
        .stack_name(name)
        .send()
        .await
        .map_err(|error| port_error(&action, &error))?;
    let outputs: BTreeMap<String, String> = answer
        .stacks()
        .iter()
        .flat_map(|stack| stack.outputs())
        .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
        .collect();
    let parameter = |name: &str| {
        let mut all = answer.stacks().iter().flat_map(|stack| stack.parameters());
        all.find(|parameter| parameter.parameter_key() == Some(name))?.parameter_value()
    };
    let needed = |key: &str| {
        outputs.get(key).cloned().ok_or_else(|| {
            PortError::permanent(&action, format!("it has no output {key}: is it a bedrock-audit stack?"))
        })
    };
    Ok(Stack {
        tables: TableNames {
            records: needed("RecordsTable")?,
            states: needed("StatesTable")?,
            deliveries: needed("DeliveriesTable")?,
        },
        audit_bucket: outputs.get("AuditBucket").cloned(),
        // a stack that has no such parameter keeps as it always did
        retention: parameter("RetentionDays")
            .and_then(|days| days.parse().ok())
            .map_or(Retention::DEFAULT, Retention::of_days),
        excerpt_characters: parameter("ExcerptCharacters")
            .and_then(|count| count.parse().ok())
            .unwrap_or(EXCERPT),
    })
}
