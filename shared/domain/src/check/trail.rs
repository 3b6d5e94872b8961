//! The trails of CloudTrail. EventBridge gets calls only while a trail logs them, and nobody is told when none does.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Check, Fault, Reading, Seen};
use crate::{
    change::{Severity, watch::AREAS},
    time,
};

/// The resource kind of trails.
pub const KIND: &str = "trail";
/// Files come every few minutes while there are calls, and the reads of an hourly check are calls.
const LATE: SignedDuration = SignedDuration::from_hours(6);
/// Whose calls must not be left out.
const BEDROCK: &str = "bedrock.amazonaws.com";
/// See [`BEDROCK`].
const AGENTCORE: &str = "bedrock-agentcore.amazonaws.com";

/// A trail that serves the region: made in it, or in another one for all regions, or by the organization.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN, which names its home region.
    pub arn: String,
    /// The bucket that it writes its files to.
    pub bucket: Option<String>,
    /// Whether digests of its files are delivered, so that a file that is changed or missing shows.
    pub is_validated: bool,
    /// What it does in this region.
    pub status: Reading<Status>,
    /// Which events it takes; any selector is enough for an event.
    pub selectors: Reading<Vec<Selector>>,
}

/// What a trail does in one region.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Whether it logs.
    pub is_logging: bool,
    /// Why the last file could not be put into its bucket.
    pub delivery_error: Option<String>,
    /// When a file was put there last.
    pub delivered_at: Option<Timestamp>,
    /// Since when it logs.
    pub started_at: Option<Timestamp>,
}

/// A selector of management events: which of them it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Whether it takes calls that change something.
    pub writes: bool,
    /// Whether it takes calls that only read.
    pub reads: bool,
    /// Whether it passes over some of them by their source, their name or their caller; not where that spares Bedrock.
    pub is_narrowed: bool,
}

impl Selector {
    /// What a selector of either kind takes, as `GetEventSelectors` answers it; `None` for other than management events.
    pub fn of(selector: &Value) -> Option<Self> {
        match selector.get("FieldSelectors").and_then(Value::as_array) {
            Some(fields) => Self::of_fields(fields),
            None => Self::of_type(selector),
        }
    }

    fn of_type(selector: &Value) -> Option<Self> {
        // both have a default
        let takes = selector.get("IncludeManagementEvents").and_then(Value::as_bool).unwrap_or(true);
        let kinds = selector.get("ReadWriteType").and_then(Value::as_str).unwrap_or("All");
        let excluded = texts(selector, "ExcludeManagementEventSources");
        takes.then(|| Self {
            writes: kinds != "ReadOnly",
            reads: kinds != "WriteOnly",
            is_narrowed: excluded.contains(&BEDROCK),
        })
    }

    fn of_fields(fields: &[Value]) -> Option<Self> {
        let named = |name: &'static str| fields.iter().filter(move |field| field["Field"] == name);
        let is_management =
            named("eventCategory").any(|field| texts(field, "Equals").contains(&"Management"));
        let takes = |read_only: &str| named("readOnly").all(|f| texts(f, "Equals").contains(&read_only));
        let others = fields.iter().filter(|field| {
            let name = field["Field"].as_str().unwrap_or_default();
            !(["eventCategory", "readOnly"].contains(&name) || name == "eventSource" && spares_ours(field))
        });
        is_management.then(|| Self {
            writes: takes("false"),
            reads: takes("true"),
            is_narrowed: others.count() > 0,
        })
    }

    fn takes_changes(&self) -> bool {
        self.writes && !self.is_narrowed
    }
}

/// Whether a condition on the source passes the calls of Bedrock and those on what the audit rests on. Those of KMS are often
/// left out for their number, and not asked for.
fn spares_ours(field: &Value) -> bool {
    const KMS: &str = "kms.amazonaws.com";
    let watched = AREAS.iter().map(|area| area.event_source).filter(|source| *source != KMS);
    [BEDROCK, AGENTCORE].into_iter().chain(watched).all(|source| spares(field, source))
}

/// Whether a condition on the source passes this one.
fn spares(field: &Value, source: &str) -> bool {
    let any = |name: &str, fits: &dyn Fn(&str) -> bool| {
        let given = texts(field, name);
        (!given.is_empty()).then(|| given.into_iter().any(fits))
    };
    let passes = [
        any("Equals", &|text| text == source),
        any("StartsWith", &|text| source.starts_with(text)),
        any("EndsWith", &|text| source.ends_with(text)),
        any("NotEquals", &|text| text == source).map(|hit| !hit),
        any("NotStartsWith", &|text| source.starts_with(text)).map(|hit| !hit),
        any("NotEndsWith", &|text| source.ends_with(text)).map(|hit| !hit),
    ];
    passes.into_iter().flatten().all(|passes| passes)
}

fn texts<'a>(value: &'a Value, member: &str) -> Vec<&'a str> {
    let list = value.get(member).and_then(Value::as_array);
    list.map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

impl Trail {
    /// Why something of it could not be read.
    pub(super) fn unread(&self) -> Option<&String> {
        self.status.as_ref().err().or(self.selectors.as_ref().err())
    }

    fn is_logging(&self) -> bool {
        self.status.as_ref().is_ok_and(|status| status.is_logging)
    }

    fn takes_changes(&self) -> bool {
        self.selectors.as_ref().is_ok_and(|all| all.iter().any(Selector::takes_changes))
    }

    fn takes_reads(&self) -> bool {
        self.selectors.as_ref().is_ok_and(|all| all.iter().any(|one| one.reads && !one.is_narrowed))
    }

    /// Why its files do not arrive, as far as that shows. One that takes no reads may have nothing to deliver for days.
    fn undelivered(&self, now: Timestamp) -> Option<String> {
        let status = self.status.as_ref().ok()?;
        if let Some(error) = status.delivery_error.as_ref().filter(|error| !error.is_empty()) {
            return Some(error.clone());
        }
        let since = status.delivered_at.into_iter().chain(status.started_at).max()?;
        let is_late = self.takes_reads() && now.duration_since(since) > LATE;
        is_late.then(|| format!("no file since {}", time::rfc3339(since)))
    }

    /// Whether it does all that a trail has to.
    fn works(&self, now: Timestamp) -> bool {
        self.is_logging() && self.takes_changes() && self.is_validated && self.undelivered(now).is_none()
    }

    fn fault(&self, found: Value) -> Fault {
        Fault { kind: KIND, id: self.name.clone(), arn: Some(self.arn.clone()), found }
    }
}

/// There is none.
pub(super) const NO_TRAIL: Check = Check {
    name: "NoTrail",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "no trail serves this region",
    breaks: "EventBridge gets no calls, so that no change is recorded or alerted",
    mend: "aws cloudtrail create-trail --name audit --s3-bucket-name BUCKET --is-multi-region-trail \
           --enable-log-file-validation --region {region} && aws cloudtrail start-logging --name audit --region \
           {region}",
    look: |seen| match &seen.trails {
        Ok(trails) if trails.is_empty() => {
            vec![Fault { kind: KIND, id: "none".to_owned(), arn: None, found: json!({"trails": 0}) }]
        }
        _ => Vec::new(),
    },
};

/// All are off.
pub(super) const NOT_LOGGING: Check = Check {
    name: "TrailNotLogging",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "no trail logs in this region",
    breaks: "EventBridge gets no calls, so that no change is recorded or alerted from the moment it was switched off",
    mend: "aws cloudtrail start-logging --name {arn} --region {region}",
    look: |seen| {
        // one that could not be asked may be the one that logs
        let all = trails(seen);
        let are_off = all.iter().all(|trail| trail.status.as_ref().is_ok_and(|status| !status.is_logging));
        let names: Vec<_> = all.iter().map(|trail| trail.arn.as_str()).collect();
        let first = all.first().filter(|_| are_off);
        first.map(|trail| trail.fault(json!({"not_logging": names}))).into_iter().collect()
    },
};

/// Those that log leave changes out.
pub(super) const WITHOUT_WRITE_EVENTS: Check = Check {
    name: "TrailWithoutWriteEvents",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "no trail that logs takes all management events that write",
    breaks: "calls that change configuration may not reach EventBridge, so that they are neither recorded nor alerted",
    mend: "aws cloudtrail get-event-selectors --trail-name {arn} --region {region}   # then put-event-selectors, which \
           replaces all of them: those that it has, and one of all management events",
    look: |seen| {
        let logging: Vec<_> = trails(seen).iter().filter(|trail| trail.is_logging()).collect();
        let is_missing = all_read(seen) && !logging.iter().any(|trail| trail.takes_changes());
        let first = logging.first().filter(|_| is_missing);
        let taken = |trail: &Trail| {
            let selectors = trail.selectors.iter().flatten();
            selectors
                .map(|s| json!({"writes": s.writes, "reads": s.reads, "is_narrowed": s.is_narrowed}))
                .collect::<Value>()
        };
        first.map(|trail| trail.fault(json!({"management_events": taken(trail)}))).into_iter().collect()
    },
};

/// Files do not arrive.
pub(super) const NOT_DELIVERING: Check = Check {
    name: "TrailNotDelivering",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "no trail delivers its files",
    breaks: "calls that EventBridge does not pass on are not found in the trail's files, and the evidence is not kept",
    mend: "aws cloudtrail get-trail-status --name {arn} --region {region}   # then repair its bucket's policy",
    look: |seen| {
        let serving: Vec<_> = serving(seen).map(|trail| (trail, trail.undelivered(seen.at))).collect();
        let fault = |(trail, why): &(&Trail, Option<String>)| trail.fault(json!({"not_delivered": why}));
        let none_delivers = all_read(seen) && serving.iter().all(|(_, why)| why.is_some());
        serving.first().filter(|_| none_delivers).map(fault).into_iter().collect()
    },
};

/// Files could be changed unseen.
pub(super) const WITHOUT_VALIDATION: Check = Check {
    name: "TrailWithoutValidation",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Low,
    wrong: "no trail has the validation of its log files on",
    breaks: "a file of the trail that was changed or taken away does not show",
    mend: "aws cloudtrail update-trail --name {arn} --region {region} --enable-log-file-validation",
    look: |seen| {
        let none_is = all_read(seen) && serving(seen).all(|trail| !trail.is_validated);
        let first = serving(seen).next().filter(|_| none_is);
        first.map(|trail| trail.fault(json!({"is_validated": false}))).into_iter().collect()
    },
};

/// Files go where nobody looks.
pub(super) const ELSEWHERE: Check = Check {
    name: "TrailElsewhere",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "no trail that logs changes writes its files to the bucket that the stack reads them from",
    breaks: "changes that EventBridge does not pass on, and calls, are not found: no file of a trail is indexed",
    mend: "sam deploy --stack-name {stack} --parameter-overrides TrailBucket={bucket}   \
           # or let the trail write there: aws cloudtrail update-trail --name {arn} --region {region} \
           --s3-bucket-name {expected}",
    look: |seen| {
        let Some(expected) = &seen.trail_bucket else { return Vec::new() };
        let is_elsewhere = |trail: &Trail| trail.bucket.as_ref() != Some(expected);
        let none_does = all_read(seen) && serving(seen).all(is_elsewhere);
        let first = serving(seen).next().filter(|_| none_does);
        let found = |trail: &Trail| {
            let bucket = trail.bucket.as_deref().unwrap_or("BUCKET");
            json!({"expected": expected, "bucket": bucket, "stack": seen.stack})
        };
        first.map(|trail| trail.fault(found(trail))).into_iter().collect()
    },
};

fn trails(seen: &Seen) -> &[Trail] {
    seen.trails.as_deref().unwrap_or_default()
}

/// Where one could not be asked, it may be the one that does what no other does.
fn all_read(seen: &Seen) -> bool {
    trails(seen).iter().all(|trail| trail.unread().is_none())
}

/// Those that could not be asked, and why; none where another one does all that is needed.
pub(super) fn unread(seen: &Seen) -> Vec<(&str, &String)> {
    let (all, now) = (trails(seen), seen.at);
    let unread = all.iter().filter_map(|trail| Some((trail.name.as_str(), trail.unread()?)));
    unread.filter(|_| !all.iter().any(|trail| trail.works(now))).collect()
}

/// Those that log changes.
fn serving(seen: &Seen) -> impl Iterator<Item = &Trail> {
    trails(seen).iter().filter(|trail| trail.is_logging() && trail.takes_changes())
}
