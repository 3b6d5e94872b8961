//! The CloudTrail record as it is written, lenient (FORMATS 5).

use jiff::Timestamp;

use super::{
    Addendum, Change, Circumstances, Origin, Outcome, Severity,
    operations::{self, Class, Kind, Operation},
    resource::{Parameters, Resource},
    severity,
    watch::{self, Concern, Watching},
};
use crate::{
    check::invocation_log,
    digest::Sha256,
    evidence::Evidence,
    json::{Members, boolean, scalar},
    principal::{Principal, multi_factor},
    time,
};

/// A CloudTrail record with what every one of them must have.
pub(super) struct TrailRecord<'a> {
    pub(super) members: Members<'a>,
    pub(super) event_name: String,
    event_source: String,
    pub(super) event_time: Timestamp,
    /// The bytes of the record.
    raw: &'a [u8],
}

/// What a call that counts is to us.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// It changes configuration of Bedrock; `None` where no table knows how.
    Bedrock(Option<&'static Operation>),
    /// It configures the invocation log for the stack, which CloudFormation cannot do itself.
    Configured(&'static Operation),
    /// It changes what the audit rests on, or who may use Bedrock.
    Watched(Concern),
}

impl Meaning {
    /// Whether it came with a deployment, by what AWS says of the caller.
    fn is_deployment(&self, said: [&Option<String>; 2]) -> bool {
        match self {
            Self::Bedrock(_) => false,
            Self::Configured(_) => true,
            Self::Watched(_) => is_cloudformation(said),
        }
    }

    fn kind(&self) -> Option<&'static Kind> {
        match self {
            Self::Bedrock(operation) => operation.map(|operation| &operation.kind),
            Self::Configured(operation) => Some(&operation.kind),
            Self::Watched(concern) => Some(&concern.call.kind),
        }
    }

    /// The severity of the call alone. What a deployment does is a step lower, and what may be nothing to us.
    fn severity(&self, deployment: bool) -> Severity {
        match self {
            Self::Bedrock(operation) => operation.map_or(operations::UNKNOWN_SEVERITY, |o| o.severity),
            // the end of the log is the end, whoever it is that ends it
            Self::Configured(operation) if operation.severity == Severity::Critical => operation.severity,
            Self::Configured(operation) => operation.severity.lowered(),
            Self::Watched(concern) => {
                let is_lowered = concern.unknown.is_some() || (deployment && !concern.call.is_final());
                let severity = concern.call.severity;
                if is_lowered { severity.lowered() } else { severity }
            }
        }
    }

    /// An attempt on something of another service of which CloudTrail does not say what it is: mostly nothing of ours, and in
    /// a large account there are many.
    fn is_unnamed_attempt(&self, outcome: Outcome, parameters: &Parameters<'_>) -> bool {
        let Self::Watched(concern) = self else { return false };
        concern.unknown.is_some() && outcome == Outcome::Denied && !parameters.omitted
    }

    fn breaks(&self) -> Option<String> {
        let Self::Watched(concern) = self else { return None };
        let unknown = concern.unknown.map(|why| format!("; {why}")).unwrap_or_default();
        Some(format!("{}{unknown}", concern.call.breaks))
    }

    /// The resource that the ledger must know for the call to count.
    pub(super) fn known(&self, record: &TrailRecord<'_>, parameters: &Parameters<'_>) -> Option<Resource> {
        let Self::Watched(Concern { if_known: Some(kind), .. }) = self else { return None };
        let (account_id, region) = record.place();
        Some(Resource::of(Some(kind), &record.event_name, parameters, &account_id, &region))
    }
}

/// By what AWS itself says; the user agent is the caller's to choose.
fn is_cloudformation(said: [&Option<String>; 2]) -> bool {
    said.into_iter().flatten().any(|service| service == watch::CLOUDFORMATION)
}

/// Why a value is no record.
pub(super) enum Unusable {
    /// Something else.
    Foreign(&'static str),
    /// Well-formed and none of ours; what it is.
    OtherEvent(&'static str),
    /// Something that should have been a record.
    Refused(&'static str),
}

impl<'a> TrailRecord<'a> {
    /// Out of the members of a value, and its bytes.
    pub(super) fn of(outer: Members<'a>, value: &'a [u8]) -> Result<Self, Unusable> {
        let detail_type = outer.text("detail-type").map(String::from);
        let (members, raw) = match outer.get("detail").filter(|_| detail_type.is_some()) {
            Some(detail) => (Members::of(detail), detail.get().as_bytes()),
            None => (Some(outer), value),
        };
        let members = members.ok_or(Unusable::Refused("its detail is no object"))?;
        // state changes of jobs come from the same source under other detail types (FORMATS 11.34)
        if detail_type.is_some_and(|kind| kind != "AWS API Call via CloudTrail") {
            return Err(Unusable::OtherEvent("no api call by cloudtrail"));
        }
        if let Some(kind) = kind_without_call(&members) {
            return Err(Unusable::OtherEvent(kind));
        }
        let named = |name: &str| members.text(name).filter(|t| !t.is_empty()).map(String::from);
        let event_name =
            named("eventName").ok_or(Unusable::Foreign("no cloudtrail record: it has no eventName"))?;
        let event_source =
            named("eventSource").ok_or(Unusable::Refused("no cloudtrail record: it has no eventSource"))?;
        let event_time = members
            .text("eventTime")
            .and_then(|written| time::parse(&written))
            .ok_or(Unusable::Refused("its eventTime is missing or no time"))?;
        Ok(Self { members, event_name, event_source, event_time, raw })
    }

    /// What the call is to us, with what it says of its resource; why nothing, where it is nothing.
    pub(super) fn meaning(&self, watching: &Watching) -> Result<(Meaning, Parameters<'a>), &'static str> {
        let category = self.members.text("eventCategory");
        if category.is_some_and(|c| matches!(&*c, "Data" | "Insight" | "NetworkActivity")) {
            return Err("a data event");
        }
        if !self.event_source.starts_with("bedrock") {
            if watch::calls(&self.event_source, &self.event_name).is_empty() {
                return Err("a call of another service");
            }
            let parameters = Parameters::of(&self.members);
            return match watch::concern(&self.event_source, &self.event_name, &parameters, watching) {
                Some(concern) => Ok((Meaning::Watched(concern), parameters)),
                None => Err("a call of another service on nothing that the audit rests on"),
            };
        }
        let read_only = self.members.get("readOnly").and_then(boolean);
        let operation = match operations::classify(&self.event_name) {
            Class::Runtime => return Err("a runtime call"),
            Class::Watched(operation) => Some(operation),
            Class::Read => return Err("a reading call"),
            // a name that no table knows changes something unless CloudTrail says that it does not
            Class::Unknown if read_only == Some(true) => return Err("a reading call"),
            Class::Unknown => None,
        };
        let by_stack = |operation: &&Operation| {
            operation.kind.name == invocation_log::KIND
                && self.principal().arn.is_some_and(|arn| watching.configures_logging(&arn))
        };
        let meaning = match operation.filter(by_stack) {
            Some(operation) => Meaning::Configured(operation),
            None => Meaning::Bedrock(operation),
        };
        Ok((meaning, Parameters::of(&self.members)))
    }

    /// Whether the call uses Bedrock and changes nothing, be it a management event or a data event (FORMATS 4.4).
    pub(super) fn is_runtime_call(&self) -> bool {
        self.event_source.starts_with("bedrock")
            && matches!(operations::classify(&self.event_name), Class::Runtime)
    }

    /// Who called.
    pub(super) fn principal(&self) -> Principal {
        let identity = self.members.object("userIdentity").unwrap_or_default();
        let more = self.members.object("additionalEventData").unwrap_or_default();
        Principal::from_user_identity(&identity, &more)
    }

    pub(super) fn into_change(
        self,
        meaning: Meaning,
        parameters: &Parameters<'_>,
        origin: Origin,
        evidence: Evidence,
    ) -> Change {
        let identity = self.members.object("userIdentity").unwrap_or_default();
        let principal = self.principal();
        let addendum = self.members.object("addendum").and_then(|members| Addendum::of(&members));
        let event_id = self.event_id(addendum.as_ref());
        let (account_id, region) = self.place();
        let error_code = self.filled("errorCode");
        let outcome = Outcome::of(error_code.as_deref());
        let mfa = multi_factor(&identity);
        let source_ip = self.filled("sourceIPAddress");
        let deployment = meaning.is_deployment([&principal.invoked_by, &source_ip]);
        Change {
            request_id: self.request_id(addendum.as_ref()).unwrap_or_else(|| event_id.clone()),
            event_id,
            occurred_at: self.event_time,
            resource: Resource::of(meaning.kind(), &self.event_name, parameters, &account_id, &region),
            account_id,
            region,
            outcome,
            error_code,
            severity: match meaning.is_unnamed_attempt(outcome, parameters) {
                true => Severity::Low,
                false => severity(
                    meaning.severity(deployment),
                    &Circumstances { outcome, omitted: parameters.omitted, principal: &principal, mfa },
                ),
            },
            origin,
            source_ip,
            user_agent: self.filled("userAgent"),
            mfa,
            request_parameters: self.json_text("requestParameters"),
            response_elements: self.json_text("responseElements"),
            spilled: None,
            omitted: parameters.omitted,
            breaks: meaning.breaks(),
            deployment,
            addendum,
            amended_by: Vec::new(),
            evidence,
            principal,
            event_name: self.event_name,
            event_source: self.event_source,
        }
    }

    /// A record that amends another may share its ids, and must not be taken for it.
    pub(super) fn event_id(&self, addendum: Option<&Addendum>) -> String {
        let own = match addendum.and_then(|addendum| addendum.original_event_id.as_ref()) {
            Some(original) => self.filled("eventID").filter(|id| id != original),
            None => self.filled("sharedEventID").or_else(|| self.filled("eventID")),
        };
        own.unwrap_or_else(|| format!("sha256-{}", self.canonical_digest().short()))
    }

    fn request_id(&self, addendum: Option<&Addendum>) -> Option<String> {
        addendum
            .and_then(|addendum| addendum.original_request_id.clone())
            .or_else(|| self.filled("requestID"))
    }

    /// The account whose configuration it is, and the region of the call.
    pub(super) fn place(&self) -> (String, String) {
        let identity = || self.members.object("userIdentity")?.text("accountId").map(String::from);
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
        (
            or_unknown(self.filled("recipientAccountId").or_else(identity)),
            or_unknown(self.filled("awsRegion")),
        )
    }

    pub(super) fn filled(&self, name: &str) -> Option<String> {
        self.members.get(name).and_then(scalar).filter(|text| !text.is_empty()).map(String::from)
    }

    fn json_text(&self, name: &str) -> Option<String> {
        self.members.get(name).map(|raw| compact(raw.get().as_bytes()))
    }

    /// A digest that does not depend on how the record was laid out or in which order its members were written, so
    /// that a record without event id is the same one however it comes.
    fn canonical_digest(&self) -> Sha256 {
        Sha256::of(compact(self.raw).as_bytes())
    }
}

/// What CloudTrail writes besides calls, and without the members that a call has.
fn kind_without_call(members: &Members<'_>) -> Option<&'static str> {
    if members.text("eventType").is_some_and(|kind| kind == "AwsCloudTrailInsight") {
        Some("a cloudtrail insight")
    } else if members.has("digestStartTime") && !members.has("eventName") {
        Some("a cloudtrail digest")
    } else {
        None
    }
}

/// JSON without white space between its parts, members by name.
fn compact(json: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(json) {
        Ok(value) => value.to_string(),
        Err(_) => String::from_utf8_lossy(json).into_owned(),
    }
}
