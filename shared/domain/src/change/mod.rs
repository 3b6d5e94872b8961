//! One CloudTrail record of a call that changes configuration, or tried to (FORMATS 5).
//!
//! CloudTrail says who and when, and hides what: policies and prompt texts are absent or masked (FORMATS 11.28). So what is
//! read here is the call; what the resource looked like before and after is a matter of states.

mod addendum;
mod amendment;
mod call;
pub mod operations;
mod prefilter;
mod resource;
pub mod watch;
mod wire;

use jiff::Timestamp;

use crate::{
    digest::Sha256,
    evidence::{Evidence, ObjectLocation},
    json::Members,
    ledger::record::Call,
    principal::Principal,
    values::{Unread, foreign, length, read_as, refused},
};
pub use addendum::Addendum;
pub use amendment::{Amendment, amended};
pub use prefilter::may_concern;
pub use resource::{Resource, UNKNOWN, names_of_arn, split_identifier};
use watch::{Watching, deletion};
use wire::TrailRecord;

/// A call that changed configuration, or tried to.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `sharedEventID`, else `eventID`, else `sha256-<16 hex>` of the record. One that amends another has one of its own.
    pub event_id: String,
    /// `requestID`, else the event id; of one that amends another the request of that one, so that both lie together.
    pub request_id: String,
    /// When the call was completed, whole seconds.
    pub occurred_at: Timestamp,
    /// The account whose configuration it is.
    pub account_id: String,
    /// The region of the call.
    pub region: String,
    /// The operation, as CloudTrail names it.
    pub event_name: String,
    /// `bedrock.amazonaws.com`, ...
    pub event_source: String,
    /// What was changed.
    pub resource: Resource,
    /// What became of the call.
    pub outcome: Outcome,
    /// CloudTrail's `errorCode`.
    pub error_code: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// How we came to know of it.
    pub origin: Origin,
    /// Who did it.
    pub principal: Principal,
    /// An address, or a service's name.
    pub source_ip: Option<String>,
    /// What the caller calls its program.
    pub user_agent: Option<String>,
    /// Whether the session had a second factor; absent where CloudTrail does not say.
    pub mfa: Option<bool>,
    /// `requestParameters` as JSON text.
    pub request_parameters: Option<String>,
    /// `responseElements` as JSON text.
    pub response_elements: Option<String>,
    /// Where both of them are kept when they are too large for the ledger.
    pub spilled: Option<Spilled>,
    /// CloudTrail left out the request's parameters for their size: a known way to hide them (FORMATS 5.4).
    pub omitted: bool,
    /// What it breaks of the audit, or who may use Bedrock by it; of calls of other services, and of deleted evidence.
    pub breaks: Option<String>,
    /// It came through CloudFormation, or from the function that configures the invocation log for it: a deployment, of this
    /// stack or of another one.
    pub deployment: bool,
    /// That it came late, or which earlier event it amends.
    pub addendum: Option<Addendum>,
    /// The later records that amended it; none of them is kept with it, they are in the ledger themselves.
    pub amended_by: Vec<Amendment>,
    /// Where the raw record lies.
    pub evidence: Evidence,
}

/// Text that lies in the audit bucket because it is too large for an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spilled {
    /// The object key in the audit bucket.
    pub key: String,
    /// The digest of the object.
    pub sha256: Sha256,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// The caller was not allowed to.
    Denied,
    /// It failed for another reason.
    Failed,
}

impl Outcome {
    /// Every outcome, with its name in the ledger, in JSON and on the command line.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::Succeeded, "succeeded"), (Self::Denied, "denied"), (Self::Failed, "failed")];

    /// By CloudTrail's `errorCode`; denials are written in several ways (FORMATS 11.35).
    fn of(error_code: Option<&str>) -> Self {
        let Some(code) = error_code else { return Self::Succeeded };
        let code = code.rsplit('.').next().unwrap_or(code);
        let denials = ["AccessDenied", "Unauthorized", "Forbidden", "NotAuthorized"];
        if denials.iter().any(|denial| code.contains(denial)) { Self::Denied } else { Self::Failed }
    }

    /// The name in the ledger, in JSON and on the command line.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(outcome, _)| *outcome == self).map_or("", |(_, name)| name)
    }

    /// The outcome of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(outcome, _)| *outcome)
    }
}

/// How much a change matters to whoever is woken by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Runs, jobs and tags: published, and filtered out of the default e-mail subscription.
    Info,
    /// Adds something that nothing uses yet.
    Low,
    /// Changes what models are told, or is not known to be harmless.
    Medium,
    /// Changes what protects the answers or who may use what.
    High,
    /// Turns off a protection or the evidence itself.
    Critical,
}

impl Severity {
    /// Every severity, with its name in the ledger, in JSON and in message attributes.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Info, "info"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::Critical, "critical"),
    ];

    /// The name in the ledger, in JSON and in message attributes.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(severity, _)| *severity == self).map_or("", |(_, name)| name)
    }

    /// The severity of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(severity, _)| *severity)
    }

    /// One step down; not to where the mails leave it out.
    fn lowered(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
            Self::Info => Self::Info,
        }
    }

    fn raised(self) -> Self {
        match self {
            Self::Info => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }
}

/// How we came to know of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By the event, as CloudTrail handed it over.
    Eventbridge,
    /// By the trail's file.
    Trail,
    /// By comparing with what was there before.
    Baseline,
    /// By somebody who indexed files from the command line.
    Import,
}

impl Origin {
    /// Every origin, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Eventbridge, "eventbridge"),
        (Self::Trail, "trail"),
        (Self::Baseline, "baseline"),
        (Self::Import, "import"),
    ];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(origin, _)| *origin == self).map_or("", |(_, name)| name)
    }

    /// The origin of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(origin, _)| *origin)
    }
}

/// The `event_source` of what no event told.
pub const NOTICED: &str = "bedrock-audit";

impl Change {
    /// What no event told, and was noticed by comparing what is with what was, or with what should be: nobody knows who did
    /// it. `raw` says what was noticed, as it is kept for evidence; `identity` says which notice this is, so that the same one
    /// is recorded once.
    pub fn noticed(
        event_name: &str,
        resource: Resource,
        severity: Severity,
        occurred_at: Timestamp,
        identity: &str,
        raw: &[u8],
    ) -> Self {
        let event_id =
            format!("sha256-{}", Sha256::of(format!("{event_name} {identity}").as_bytes()).short());
        let location = ObjectLocation::file(NOTICED);
        Self {
            request_id: event_id.clone(),
            event_id,
            occurred_at,
            account_id: resource.account_id.clone(),
            region: resource.region.clone(),
            event_name: event_name.to_owned(),
            event_source: NOTICED.to_owned(),
            resource,
            outcome: Outcome::Succeeded,
            error_code: None,
            severity,
            origin: Origin::Baseline,
            principal: Principal::default(),
            source_ip: None,
            user_agent: None,
            mfa: None,
            request_parameters: None,
            response_elements: None,
            spilled: None,
            omitted: false,
            breaks: None,
            deployment: false,
            addendum: None,
            amended_by: Vec::new(),
            evidence: Evidence { location, ordinal: 1, sha256: Sha256::of(raw) },
        }
    }

    /// Gives the change an event id of its own, where another one has its.
    pub fn tell_apart(&mut self) {
        self.event_id = format!("{}~{}", self.event_id, Sha256::of(self.event_name.as_bytes()).short());
    }
}

/// What a CloudTrail record turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum TrailEvent {
    /// A change, or an attempt at one.
    Change(Box<Change>),
    /// A call that changes nothing: it uses models, agents or knowledge bases.
    Call(Box<Call>),
    /// A change where the ledger has one of a resource by this name, and else nothing to us: a record of it does not say
    /// whether it concerns Bedrock (`DeleteSchedule`, `DetachRolePolicy`).
    IfKnown(Box<Change>, Resource),
    /// Something else; why it is none.
    NoChange(&'static str),
}

impl TrailEvent {
    /// Reads the record at the start of `bytes`, bare or in EventBridge's envelope: what it is, and its length in bytes.
    /// `watching` says on what the audit rests.
    ///
    /// # Errors
    /// [`Unread::Json`] where the bytes are no JSON or the start of a value; [`Unread::Refused`] for a value that is no
    /// CloudTrail record.
    pub fn read(
        bytes: &[u8],
        ordinal: u64,
        location: &ObjectLocation,
        origin: Origin,
        watching: &Watching,
    ) -> Result<(Self, usize), Unread> {
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return foreign(length(bytes)?, "no cloudtrail record: no object");
        }
        let (members, used) = read_as::<Members<'_>>(bytes)?;
        let raw = bytes.get(..used).unwrap_or_default();
        let evidence = || Evidence { location: location.clone(), ordinal, sha256: Sha256::of(raw) };
        if deletion::is_one(&members) {
            return match deletion::read(&members, watching, origin, evidence()) {
                Ok(Some(change)) => Ok((Self::Change(Box::new(change)), used)),
                Ok(None) => Ok((Self::NoChange("an object that is no evidence was deleted"), used)),
                Err(reason) => refused(used, reason),
            };
        }
        let record = match TrailRecord::of(members, raw) {
            Ok(record) => record,
            Err(wire::Unusable::OtherEvent(reason)) => return Ok((Self::NoChange(reason), used)),
            Err(wire::Unusable::Foreign(reason)) => return foreign(used, reason),
            Err(wire::Unusable::Refused(reason)) => return refused(used, reason),
        };
        if record.is_runtime_call() {
            return Ok((Self::Call(Box::new(record.into_call(evidence()))), used));
        }
        let (meaning, parameters) = match record.meaning(watching) {
            Ok(meaning) => meaning,
            Err(reason) => return Ok((Self::NoChange(reason), used)),
        };
        let known = meaning.known(&record, &parameters);
        let change = Box::new(record.into_change(meaning, &parameters, origin, evidence()));
        let event = match known {
            Some(known) => Self::IfKnown(change, known),
            None => Self::Change(change),
        };
        Ok((event, used))
    }
}

/// What a call's severity depends on besides its operation.
struct Circumstances<'a> {
    outcome: Outcome,
    omitted: bool,
    principal: &'a Principal,
    mfa: Option<bool>,
}

/// How much a call matters: the operation's own severity, moved by how it ended and who made it.
fn severity(base: Severity, how: &Circumstances<'_>) -> Severity {
    let severity = match how.outcome {
        Outcome::Succeeded => base,
        Outcome::Denied => base.clamp(Severity::Medium, Severity::High),
        Outcome::Failed => base.min(Severity::Low),
    };
    let severity = if how.omitted { severity.max(Severity::High) } else { severity };
    let is_raised = how.principal.is_root() || (severity >= Severity::High && how.lacks_second_factor());
    if is_raised { severity.raised() } else { severity }
}

impl Circumstances<'_> {
    /// An IAM user whose session had no second factor. That a role's session had none says little: CloudTrail does not know
    /// how a person signed in elsewhere, and a workload has no second factor.
    fn lacks_second_factor(&self) -> bool {
        self.mfa == Some(false) && self.principal.kind.as_deref() == Some("IAMUser")
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
