//! The event by which an application sends a response (DESIGN 5.7).

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::memmem;
use serde_json::value::RawValue;

use crate::{
    digest::bounded_to,
    json::{Members, count, scalar},
    time,
};

/// The `source` of such an event.
pub const SOURCE: &str = "bedrock-audit.application";
/// Its `detail-type`.
pub const DETAIL_TYPE: &str = "Knowledge Base Response";
/// The version of its `detail`.
pub const SCHEMA: u64 = 1;
/// The folder of the audit bucket that holds responses too large for an event.
pub const RESPONSES: &str = "responses/";
/// The longest id, in bytes.
const LONGEST_ID: usize = 256;
/// The longest key of an object, in bytes.
const LONGEST_KEY: usize = 1_024;

/// Why an event is not taken. Holds nothing of what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no JSON, or no object.
    NoEvent,
    /// It is an event of another source or type.
    NotOurs,
    /// Its detail is of a version that is not known here.
    UnknownSchema,
    /// It holds neither a response nor says where one lies.
    NoResponse,
    /// What it says lies where no response may lie.
    Elsewhere,
    /// The response is too large.
    TooLarge,
    /// The response is of none of the known operations.
    UnknownShape,
}

impl Refusal {
    /// For people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoEvent => "it is no JSON object",
            Self::NotOurs => "it is an event of another source or detail-type",
            Self::UnknownSchema => "its schema is not known to this version",
            Self::NoResponse => "it has neither a response nor a response_location",
            Self::Elsewhere => "its response_location is not below responses/ of the audit bucket",
            Self::TooLarge => "the response at its response_location is too large",
            Self::UnknownShape => {
                "its response is none of Retrieve, RetrieveAndGenerate, RetrieveAndGenerateStream or InvokeAgent"
            }
        }
    }
}

/// How an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Over the stack's bus: EventBridge says from which account.
    Event,
    /// By an invocation of the function: what the event says of its sender is a claim.
    Direct,
    /// From the command line, which asked the knowledge base itself.
    CommandLine,
}

impl Route {
    /// Every route, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::Event, "event"), (Self::Direct, "direct"), (Self::CommandLine, "command-line")];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(route, _)| *route == self).map_or("", |(_, name)| name)
    }

    /// The route of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(route, _)| *route)
    }
}

/// Who sent a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// How it came.
    pub route: Route,
    /// The account that put the event.
    pub account_id: Option<String>,
    /// The event's id.
    pub event_id: Option<String>,
}

/// A response, or where it lies.
#[derive(Clone, Debug)]
pub enum Carried<'a> {
    /// In the event.
    Here(&'a RawValue),
    /// In an object, as the event says: see [`response_key`].
    At(String),
}

/// What an application sent.
#[derive(Clone, Debug)]
pub struct AttributionEvent<'a> {
    /// Who sent it.
    pub sender: Sender,
    /// The region of the bus.
    pub region: Option<String>,
    /// When the event was put.
    pub put_at: Option<Timestamp>,
    /// What it says of the operation.
    pub operation: Option<String>,
    /// What it says of the request.
    pub request_id: Option<String>,
    /// What it says of the session.
    pub session_id: Option<String>,
    /// What it says of the knowledge base.
    pub knowledge_base_id: Option<String>,
    /// What it says of the model.
    pub model_id: Option<String>,
    /// What it says of the time.
    pub occurred_at: Option<Timestamp>,
    /// The response.
    pub response: Carried<'a>,
}

impl<'a> AttributionEvent<'a> {
    /// Whether a value in a file is such an event, in its envelope or as its bare detail.
    pub fn is_one(bytes: &[u8]) -> bool {
        // most values are none, and need no second look
        let marks = ["\"response\"", "\"response_location\"", DETAIL_TYPE];
        if !marks.iter().any(|mark| memmem::find(bytes, mark.as_bytes()).is_some()) {
            return false;
        }
        let raw = serde_json::from_slice::<&RawValue>(bytes);
        let members = raw.ok().and_then(Members::of).unwrap_or_default();
        if members.has("detail-type") {
            return members.text("detail-type").is_some_and(|kind| kind == DETAIL_TYPE);
        }
        let carries = members.has("response") || members.has("response_location");
        carries && ["schema", "operation", "knowledge_base_id"].iter().any(|name| members.has(name))
    }

    /// Reads an event in its envelope; a bare detail as well, unless it came over the bus.
    ///
    /// # Errors
    /// It is none.
    pub fn read(raw: &'a RawValue, route: Route) -> Result<Self, Refusal> {
        let members = Members::of(raw).ok_or(Refusal::NoEvent)?;
        let is_envelope = members.has("detail-type") || (members.has("source") && members.has("detail"));
        if !is_envelope {
            return match route {
                Route::Event => Err(Refusal::NotOurs),
                Route::Direct | Route::CommandLine => Self::of(&Members::default(), &members, route),
            };
        }
        let is = |name: &str, value: &str| members.text(name).is_some_and(|text| text == value);
        if !is("source", SOURCE) || !is("detail-type", DETAIL_TYPE) {
            return Err(Refusal::NotOurs);
        }
        Self::of(&members, &members.object("detail").ok_or(Refusal::NoResponse)?, route)
    }

    fn of(envelope: &Members<'a>, detail: &Members<'a>, route: Route) -> Result<Self, Refusal> {
        if detail.get("schema").is_some_and(|schema| count(schema) != Some(SCHEMA)) {
            return Err(Refusal::UnknownSchema);
        }
        let said = |members: &Members<'a>, name: &str| members.get(name).and_then(scalar).and_then(full);
        let response = match (detail.get("response"), said(detail, "response_location")) {
            (Some(response), _) => Carried::Here(response),
            (None, Some(location)) => Carried::At(location.into_owned()),
            (None, None) => return Err(Refusal::NoResponse),
        };
        let id =
            |members: &Members<'a>, name: &str| said(members, name).map(|id| bounded_to(&id, LONGEST_ID));
        let moment = |members: &Members<'a>, name: &str| members.text(name).as_deref().and_then(time::parse);
        Ok(Self {
            sender: Sender { route, account_id: id(envelope, "account"), event_id: id(envelope, "id") },
            region: id(envelope, "region"),
            put_at: moment(envelope, "time"),
            operation: id(detail, "operation"),
            request_id: said(detail, "request_id").map(Cow::into_owned),
            session_id: id(detail, "session_id"),
            knowledge_base_id: id(detail, "knowledge_base_id"),
            model_id: said(detail, "model_id").map(|id| bounded_to(&id, 4 * LONGEST_ID)),
            occurred_at: moment(detail, "occurred_at"),
            response,
        })
    }
}

fn full(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!text.trim().is_empty()).then_some(text)
}

/// The key of a response in the audit bucket; `None` for a location anywhere else. A location is what somebody sent: it leads
/// below `responses/` by plain names, or nowhere.
pub fn response_key<'l>(location: &'l str, audit_bucket: &str) -> Option<&'l str> {
    let key = match location.strip_prefix("s3://") {
        Some(rest) => rest.strip_prefix(audit_bucket)?.strip_prefix('/')?,
        None => location,
    };
    let names = key.strip_prefix(RESPONSES)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"!_.'()*@=+,:~-".contains(&b);
    let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(is_plain);
    (key.len() <= LONGEST_KEY && names.split('/').all(is_name)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_below_responses_or_nowhere() {
        for location in ["s3://audit/responses/2026/10/a-b_c.json", "responses/2026/10/a-b_c.json"] {
            assert_eq!(response_key(location, "audit"), Some("responses/2026/10/a-b_c.json"), "{location}");
        }
        for hostile in [
            "",
            "responses/",
            "responses",
            "/responses/a",
            "events/a.json",
            "responses/../events/a.json",
            "responses/./a",
            "responses//a",
            "responses/a/",
            "responses/a/..",
            "responses/%2e%2e/events/a",
            "responses\\..\\events",
            "responses/a\u{0}b",
            "responses/a\nb",
            "responses/a?versionId=1",
            "responses/a#b",
            "Responses/a",
            "responses/\u{ff0e}\u{ff0e}/a",
            "s3://other/responses/a",
            "s3://audit2/responses/a",
            "s3://auditresponses/a",
            "s3://audit//responses/a",
            "s3://audit/events/a",
            "S3://audit/responses/a",
            "s3://AUDIT/responses/a",
            "s3://audit@other/responses/a",
            "https://audit.s3.amazonaws.com/responses/a",
            "arn:aws:s3:::audit/responses/a",
            "file:///responses/a",
            " responses/a",
            &format!("responses/{}", "a".repeat(1_100)),
        ] {
            assert_eq!(response_key(hostile, "audit"), None, "{hostile:?}");
        }
    }
}
