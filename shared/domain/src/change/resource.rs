//! Which resource a call is about: identifiers may be an id or an ARN, in the request or only in the answer.

use std::fmt;

use serde_json::value::RawValue;

use super::operations::Operation;
use crate::json::{Members, boolean, scalar};

/// The resource kind of an operation that no table knows.
pub const UNKNOWN: &str = "unknown";

/// One configuration resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The account that it belongs to.
    pub account_id: String,
    /// Its region.
    pub region: String,
    /// Its kind, in kebab case: `guardrail`, `model-invocation-logging-configuration`, `unknown`.
    pub kind: String,
    /// Its id; nested ids joined with `:`; `default` for a singleton; `unknown` where the record names none.
    pub id: String,
    /// `DRAFT`, or a number.
    pub version: Option<String>,
    /// Its ARN, where the record has it.
    pub arn: Option<String>,
}

impl Resource {
    pub(super) fn of(
        operation: Option<&Operation>,
        event_name: &str,
        parameters: &Parameters<'_>,
        account_id: &str,
        region: &str,
    ) -> Self {
        let mut resource = Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            kind: operation.map_or(UNKNOWN, |operation| operation.kind).to_owned(),
            id: event_name.to_owned(),
            version: parameters.version(),
            arn: None,
        };
        let Some(operation) = operation else { return resource };
        if operation.id.is_empty() {
            resource.id = "default".to_owned();
            return resource;
        }
        let mut parts = Vec::new();
        for candidates in operation.id {
            let values: Vec<_> = candidates.iter().filter_map(|path| parameters.text(path)).collect();
            resource.arn = resource.arn.or_else(|| values.iter().find(|v| is_arn(v)).cloned());
            let Some(value) = values.first() else { continue };
            let (id, version) = split_identifier(value);
            parts.push(id.to_owned());
            resource.version = resource.version.or_else(|| version.map(str::to_owned));
        }
        resource.id = if parts.is_empty() { UNKNOWN.to_owned() } else { parts.join(":") };
        resource.arn = resource.arn.or_else(|| parameters.arn_of(&resource.id));
        resource
    }

    /// `guardrail/abc123`: how people name it.
    pub fn short(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }
}

/// `<account>/<region>/<kind>/<id>`: how the ledger names it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.account_id, self.region, self.kind, self.id)
    }
}

/// The id in an identifier, and the version where an ARN ends in one (`...:prompt/ABC:3`).
pub fn split_identifier(identifier: &str) -> (&str, Option<&str>) {
    if !is_arn(identifier) {
        return (identifier, None);
    }
    let resource = identifier.splitn(6, ':').nth(5).unwrap_or(identifier);
    let last = resource.rsplit('/').next().unwrap_or(resource);
    match last.split_once(':') {
        Some((id, version)) => (id, Some(version)),
        None => (last, None),
    }
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// `requestParameters` and `responseElements` of a record.
pub(super) struct Parameters<'a> {
    pub(super) request: Members<'a>,
    pub(super) response: Members<'a>,
}

impl<'a> Parameters<'a> {
    /// The scalar at `request.a.b` or `response.a.b`; a masked value is absent.
    fn text(&self, path: &str) -> Option<String> {
        let mut names = path.split('.');
        let root = match names.next()? {
            "request" => &self.request,
            _ => &self.response,
        };
        let names: Vec<_> = names.collect();
        let value: &'a RawValue = root.at(&names)?;
        scalar(value)
            .filter(|text| !text.is_empty() && text != "HIDDEN_DUE_TO_SECURITY_REASONS")
            .map(String::from)
    }

    fn version(&self) -> Option<String> {
        const PATHS: [&str; 4] =
            ["response.version", "request.guardrailVersion", "request.promptVersion", "request.flowVersion"];
        PATHS.iter().find_map(|path| self.text(path))
    }

    /// An ARN in the answer that names this id.
    fn arn_of(&self, id: &str) -> Option<String> {
        let arns = self.response.iter().filter_map(|(_, value)| scalar(value));
        arns.filter(|value| is_arn(value)).find(|arn| split_identifier(arn).0 == id).map(String::from)
    }

    /// CloudTrail's marker for parameters that were too large; its values are booleans or text (FORMATS 5.4).
    pub(super) fn are_omitted(&self) -> bool {
        self.request.get("omitted").and_then(boolean) == Some(true)
    }
}
