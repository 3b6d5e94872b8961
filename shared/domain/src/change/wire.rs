//! The CloudTrail record as it is written, lenient (FORMATS 5).

use jiff::Timestamp;

use super::{
    Addendum, Change, Circumstances, Origin, Outcome,
    operations::{self, Class},
    resource::{Parameters, Resource},
    severity,
};
use crate::{
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

/// What a record tells of.
pub(super) enum Meaning {
    /// A call that changes configuration.
    Change,
    /// A call that uses the service.
    Call,
}

/// Who made a call, and where.
pub(super) struct Who {
    pub(super) principal: Principal,
    /// The account that the record was delivered to.
    pub(super) account_id: String,
    pub(super) region: String,
    /// Whether there was a second factor.
    pub(super) mfa: Option<bool>,
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

    /// What the record tells of; why of nothing, where it does not.
    pub(super) fn meaning(&self) -> Result<Meaning, &'static str> {
        let category = self.members.text("eventCategory");
        if !self.event_source.starts_with("bedrock") {
            return Err("a call of another service");
        }
        let class = operations::classify(&self.event_name);
        if matches!(class, Class::Runtime) {
            return Ok(Meaning::Call);
        }
        if category.is_some_and(|c| matches!(&*c, "Data" | "Insight" | "NetworkActivity")) {
            return Err("a data event");
        }
        let read_only = self.members.get("readOnly").and_then(boolean);
        match class {
            Class::Read => Err("a reading call"),
            // a name that no table knows changes something unless CloudTrail says that it does not
            Class::Unknown if read_only == Some(true) => Err("a reading call"),
            Class::Watched(_) | Class::Unknown | Class::Runtime => Ok(Meaning::Change),
        }
    }

    /// Who called, in whose account and where.
    pub(super) fn who(&self) -> Who {
        let identity = self.members.object("userIdentity").unwrap_or_default();
        let more = self.members.object("additionalEventData").unwrap_or_default();
        let unknown = || "unknown".to_owned();
        let own_account = || identity.text("accountId").map(String::from);
        Who {
            principal: Principal::from_user_identity(&identity, &more),
            account_id: self.filled("recipientAccountId").or_else(own_account).unwrap_or_else(unknown),
            region: self.filled("awsRegion").unwrap_or_else(unknown),
            mfa: multi_factor(&identity),
        }
    }

    pub(super) fn into_change(self, origin: Origin, evidence: Evidence) -> Change {
        let Who { principal, account_id, region, mfa } = self.who();
        let addendum = self.members.object("addendum").and_then(|members| Addendum::of(&members));
        let event_id = self.event_id(addendum.as_ref());
        let error_code = self.filled("errorCode");
        let outcome = Outcome::of(error_code.as_deref());
        let parameters = Parameters::of(&self.members);
        let operation = match operations::classify(&self.event_name) {
            Class::Watched(operation) => Some(operation),
            _ => None,
        };
        let base = operation.map_or(operations::UNKNOWN_SEVERITY, |operation| operation.severity);
        Change {
            request_id: self.request_id(addendum.as_ref()).unwrap_or_else(|| event_id.clone()),
            event_id,
            occurred_at: self.event_time,
            resource: Resource::of(operation, &self.event_name, &parameters, &account_id, &region),
            account_id,
            region,
            outcome,
            error_code,
            severity: severity(
                base,
                &Circumstances { outcome, omitted: parameters.omitted, principal: &principal, mfa },
            ),
            origin,
            source_ip: self.filled("sourceIPAddress"),
            user_agent: self.filled("userAgent"),
            mfa,
            request_parameters: self.json_text("requestParameters"),
            response_elements: self.json_text("responseElements"),
            spilled: None,
            omitted: parameters.omitted,
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
