//! Model invocation logs: one record a line.

use crate::{
    bodies::{CALLS, Call, WriteCall},
    json::{ascii, object, string},
    prose::Prose,
};

/// What a record holds beside its bodies, about.
const AROUND: usize = 900;

/// Writes the records of a seed, of about `size` bytes each.
#[derive(Debug)]
pub struct Invocations {
    prose: Prose,
    size: usize,
    left: usize,
}

impl Invocations {
    /// So many records.
    pub fn new(records: usize, size: usize, seed: u64) -> Self {
        Self { prose: Prose::seeded(seed), size, left: records }
    }
}

impl Iterator for Invocations {
    type Item = String;

    /// The next record, with its line end.
    fn next(&mut self) -> Option<String> {
        self.left = self.left.checked_sub(1)?;
        let size = self.prose.number(self.size * 9 / 10..=self.size * 11 / 10);
        let mut record = record(&mut self.prose, size.saturating_sub(AROUND));
        if self.prose.once_in(4) {
            record = ascii(&record);
        }
        record.push('\n');
        Some(record)
    }
}

fn record(prose: &mut Prose, size: usize) -> String {
    let write_call = prose.one_of(&CALLS.iter().map(|call| Some(*call)).collect::<Vec<_>>());
    let call = write_call.map(|write_call: WriteCall| write_call(prose, size));
    let Some(call) = call else { return String::new() };
    let request_id = prose.uuid();
    let (input, output) = match prose.number(0..=39) {
        0 => (None, None),
        1 => (Some(offloaded(&request_id)), Some(output(&call.output))),
        _ => (Some(inline(&call.input)), Some(output(&call.output))),
    };
    let mut members = head(prose, &call, &request_id);
    if input.is_none() {
        members.push(("errorCode", string("ThrottlingException")));
    }
    members.extend(input.map(|input| ("input", input)));
    members.extend(output.map(|output| ("output", output)));
    let role = prose.one_of(&["claims-app/web-7f9c", "claims-desk/desk-18", "letters/batch-2c41"]);
    members.push((
        "identity",
        object([("arn", string(&format!("arn:aws:sts::444455556666:assumed-role/{role}")))]),
    ));
    with_schema(members, prose.once_in(3))
}

fn head(prose: &mut Prose, call: &Call, request_id: &str) -> Vec<(&'static str, String)> {
    let mut members = vec![
        ("timestamp", string(&prose.moment())),
        ("accountId", string("444455556666")),
        ("region", string("eu-central-1")),
        ("requestId", string(request_id)),
        ("operation", string(call.operation)),
        ("modelId", string(call.model_id)),
    ];
    if prose.once_in(5) {
        members.push(("requestMetadata", r#"{"app":"claims","stage":"prod"}"#.to_owned()));
    }
    members
}

/// Old records begin with their schema, new ones end with it.
fn with_schema(members: Vec<(&'static str, String)>, first: bool) -> String {
    let schema = [("schemaType", string("ModelInvocationLog")), ("schemaVersion", string("1.0"))];
    if first { object(schema.into_iter().chain(members)) } else { object(members.into_iter().chain(schema)) }
}

fn inline(body: &str) -> String {
    object([
        ("inputContentType", string("application/json")),
        ("inputBodyJson", body.to_owned()),
        ("inputTokenCount", "811".to_owned()),
        ("cacheReadInputTokenCount", "0".to_owned()),
        ("cacheWriteInputTokenCount", "0".to_owned()),
    ])
}

fn offloaded(request_id: &str) -> String {
    let path = format!(
        "s3://logs/AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/07/13/data/{request_id}_input.json.gz"
    );
    object([
        ("inputContentType", string("application/json")),
        ("inputBodyS3Path", string(&path)),
        ("inputTokenCount", "31408".to_owned()),
    ])
}

fn output(body: &str) -> String {
    object([
        ("outputContentType", string("application/json")),
        ("outputBodyJson", body.to_owned()),
        ("outputTokenCount", "44".to_owned()),
    ])
}
