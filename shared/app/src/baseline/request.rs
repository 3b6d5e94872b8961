//! What is still to be done in a run, as the queue carries it: small enough to be done again.

use audit_domain::{
    state::{Subject, SubjectKind},
    time,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Place;

/// A piece of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineRequest {
    /// When the run began: its name.
    pub run: Timestamp,
    /// What is to be done.
    pub step: Step,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page of a kind is to be listed and looked at, or of the versions or parts of one resource.
    List {
        /// The kind.
        kind: SubjectKind,
        /// The resource.
        whole: Option<String>,
        /// The service's token; `None` for the first page.
        page: Option<String>,
    },
    /// Those that the run did not see are to be looked at, of a kind.
    Missing {
        /// The kind.
        kind: SubjectKind,
        /// Where the page begins.
        after: Option<String>,
    },
    /// One resource is to be looked at once more.
    Look {
        /// Which.
        subject: Subject,
    },
}

/// `{"baseline": "2026-10-15T06:00:00.000Z", "step": "list", "kind": "guardrail", "page": "..."}`
#[derive(Default, Serialize, Deserialize)]
struct Message {
    baseline: String,
    step: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

const LIST: &str = "list";
const MISSING: &str = "missing";
const LOOK: &str = "look";

impl BaselineRequest {
    /// The text of the message.
    pub fn to_message(&self) -> String {
        let blank = Message { baseline: time::rfc3339(self.run), ..Message::default() };
        let message = match self.step.clone() {
            Step::List { kind, whole, page } => {
                Message { step: LIST.to_owned(), kind: kind.name().to_owned(), id: whole, page, ..blank }
            }
            Step::Missing { kind, after } => {
                Message { step: MISSING.to_owned(), kind: kind.name().to_owned(), page: after, ..blank }
            }
            Step::Look { subject } => Message {
                step: LOOK.to_owned(),
                kind: subject.kind.name().to_owned(),
                id: Some(subject.resource.id),
                version: subject.resource.version,
                arn: subject.resource.arn,
                ..blank
            },
        };
        serde_json::to_string(&message).unwrap_or_default()
    }

    /// From the text of a message; `None` for every other message.
    pub fn of_message(text: &str, place: &Place) -> Option<Self> {
        let message: Message = serde_json::from_str(text).ok()?;
        let kind = SubjectKind::of_name(&message.kind)?;
        let step = match message.step.as_str() {
            LIST => Step::List { kind, whole: message.id, page: message.page },
            MISSING => Step::Missing { kind, after: message.page },
            LOOK => Step::Look { subject: place.subject(kind, message.id?, message.version, message.arn)? },
            _ => return None,
        };
        Some(Self { run: time::parse(&message.baseline)?, step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_as_it_was_sent() {
        let place = Place { account_id: "1".into(), region: "r".into() };
        let subject =
            place.subject(SubjectKind::DataSource, "KB:DS".into(), None, Some("arn:x".into())).unwrap();
        let kind = SubjectKind::Guardrail;
        for step in [
            Step::List { kind, whole: None, page: None },
            Step::List { kind, whole: Some("g".into()), page: Some("\"}".into()) },
            Step::Missing { kind, after: Some("g@3".into()) },
            Step::Look { subject },
        ] {
            let request = BaselineRequest { run: "2026-10-15T06:00:00.123Z".parse().unwrap(), step };
            assert_eq!(BaselineRequest::of_message(&request.to_message(), &place), Some(request));
        }
        let other = r#"{"baseline":"2026-10-15T06:00:00Z","step":"list","kind":"toaster"}"#;
        for other in ["{}", "", other, r#"{"detail-type":"Scheduled Event"}"#] {
            assert_eq!(BaselineRequest::of_message(other, &place), None, "{other}");
        }
    }
}
