//! The audit watches itself, and what lies around Bedrock: the table of calls of other services that count, one file for
//! each part of what the audit rests on, one line for each operation.
//!
//! Names such as `DeletePolicy`, `PutResourcePolicy` and `TagResource` occur in several services, so this table is keyed by
//! event source and name. A line says what the call changes, when it concerns us, how much it matters, and what it breaks.
//! A name may have two lines that differ in when they hold; the first one that holds counts.

mod access;
pub(super) mod deletion;
mod delivery;
mod policy;
mod schedules;
mod stack;
mod storage;
mod trail;
mod watching;

use std::{collections::HashMap, sync::LazyLock};

pub(super) use self::stack::CLOUDFORMATION;
pub use self::{deletion::LOG_OBJECT, watching::Watching};
use super::{Severity, operations::Kind, resource::Parameters};

/// One call that counts where it concerns what the audit rests on, or who may use Bedrock.
#[derive(Debug)]
pub struct WatchedCall {
    /// CloudTrail's `eventName`, without the date that Lambda puts behind it.
    pub event_name: &'static str,
    /// What it changes.
    pub kind: Kind,
    /// How much a successful call matters.
    pub severity: Severity,
    /// When it counts: where one of these holds.
    pub when: &'static [When],
    /// What it breaks, for the alert.
    pub breaks: &'static str,
}

/// When a call counts. A path starts with `request` or `response`.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Whatever it is about.
    Always,
    /// One of these paths, or CloudTrail's list of resources, names something that the audit rests on.
    Ours(&'static [&'static str]),
    /// As [`When::Ours`], of a key; any key, where nobody said which ones the audit rests on.
    OurKey(&'static [&'static str]),
    /// The policy document at one of these paths names actions of Bedrock.
    NamesBedrock(&'static [&'static str]),
    /// The name at one of these paths has `bedrock` in it.
    SaysBedrock(&'static [&'static str]),
    /// This value stands at one of these paths.
    Is(&'static [&'static str], &'static str),
    /// The target at one of these paths starts ingestion jobs.
    StartsIngestion(&'static [&'static str]),
    /// The ledger has a change of the resource that is named like this.
    Known(Kind),
}

/// The watched calls of one service on one part.
#[derive(Debug)]
pub struct Area {
    /// What people know it by.
    pub name: &'static str,
    /// CloudTrail's `eventSource`.
    pub event_source: &'static str,
    /// When the calls count, for the document that lists them.
    pub concerns: &'static str,
    /// The calls, by name.
    pub calls: &'static [WatchedCall],
}

/// Every watched call. Where two lines have the same source and name, the first one that holds counts.
pub const AREAS: &[Area] = &[
    trail::TRAILS,
    storage::BUCKETS,
    storage::KEYS,
    storage::TABLES,
    delivery::RULES,
    delivery::QUEUES,
    delivery::TOPICS,
    delivery::FUNCTIONS,
    delivery::LOG_GROUPS,
    delivery::ALARMS,
    stack::STACK,
    stack::ROLES,
    access::POLICIES,
    access::ORGANIZATION,
    schedules::SCHEDULES,
];

/// Whether any call of this event source is watched: everything else can be passed over unread.
pub fn is_watched_source(event_source: &str) -> bool {
    AREAS.iter().any(|area| area.event_source == event_source)
}

/// How a watched call concerns us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Concern {
    /// The line that holds.
    pub(super) call: &'static WatchedCall,
    /// Why it is not known whether it holds; it counts all the same.
    pub(super) unknown: Option<&'static str>,
    /// It holds only where the ledger has a change of the resource that is named like this.
    pub(super) if_known: Option<Kind>,
}

/// Whether a call holds.
enum Answer {
    Yes,
    No,
    Unknown(&'static str),
    IfKnown(Kind),
}

const HIDDEN: &str = "it is not known whether it concerns the audit: the request is not in the record";
const MASKED: &str = "it is not known whether it concerns Bedrock: CloudTrail masks what was asked for";
const ANY_KEY: &str = "it is not known whether the audit uses this key: no key is named in WATCHED_RESOURCES";

/// What a call of another service means to us; `None` where nothing.
pub(super) fn concern(
    event_source: &str,
    event_name: &str,
    parameters: &Parameters<'_>,
    watching: &Watching,
) -> Option<Concern> {
    // the first line that holds, else the first that may hold, else the first that the ledger decides
    let mut best: Option<Concern> = None;
    for call in calls(event_source, event_name) {
        let (unknown, if_known) = match call.answer(parameters, watching) {
            Answer::Yes => return Some(Concern { call, unknown: None, if_known: None }),
            Answer::No => continue,
            Answer::Unknown(why) => (Some(why), None),
            Answer::IfKnown(kind) => (None, Some(kind)),
        };
        let found = Concern { call, unknown, if_known };
        if best.is_none_or(|best| best.if_known.is_some() && if_known.is_none()) {
            best = Some(found);
        }
    }
    best
}

/// The lines of a call.
pub fn calls(event_source: &str, event_name: &str) -> &'static [&'static WatchedCall] {
    type Lines = HashMap<&'static str, Vec<&'static WatchedCall>>;
    // every record of a trail's file comes by here
    static LINES: LazyLock<HashMap<&'static str, Lines>> = LazyLock::new(|| {
        let mut sources = HashMap::<_, Lines>::new();
        for area in AREAS {
            let lines = sources.entry(area.event_source).or_default();
            area.calls.iter().for_each(|call| lines.entry(call.event_name).or_default().push(call));
        }
        sources
    });
    let Some(lines) = LINES.get(event_source) else { return &[] };
    lines.get(undated(event_source, event_name)).map_or(&[], Vec::as_slice)
}

/// Lambda's names end in the version of its API: `UpdateFunctionCode20150331v2`.
fn undated<'a>(event_source: &str, event_name: &'a str) -> &'a str {
    if event_source != delivery::LAMBDA {
        return event_name;
    }
    let digits = |text: &'a str| text.trim_end_matches(|c: char| c.is_ascii_digit());
    let without_revision = digits(event_name).strip_suffix('v').unwrap_or(event_name);
    let name = digits(without_revision);
    if without_revision.len() == name.len() + 8 { name } else { event_name }
}

impl WatchedCall {
    /// Whether it stays as severe in a deployment as it is by hand: the end of the stack.
    pub(super) fn is_final(&self) -> bool {
        self.event_name == "DeleteStack"
    }

    /// Whether it counts only where a text in its record says so, or where such texts are hidden.
    pub(super) fn is_told_by_texts(&self) -> bool {
        self.when.iter().all(|when| {
            matches!(
                when,
                When::Ours(_) | When::NamesBedrock(_) | When::SaysBedrock(_) | When::StartsIngestion(_)
            )
        })
    }

    fn answer(&self, parameters: &Parameters<'_>, watching: &Watching) -> Answer {
        let mut answer = Answer::No;
        for when in self.when {
            match (when.answer(parameters, watching), &answer) {
                (Answer::Yes, _) => return Answer::Yes,
                (unknown @ Answer::Unknown(_), Answer::No | Answer::IfKnown(_)) => answer = unknown,
                (if_known @ Answer::IfKnown(_), Answer::No) => answer = if_known,
                _ => {}
            }
        }
        match answer {
            // what was asked for is not there to be looked at
            Answer::No | Answer::IfKnown(_) if parameters.are_hidden() => Answer::Unknown(HIDDEN),
            answer => answer,
        }
    }
}

impl When {
    fn answer(self, parameters: &Parameters<'_>, watching: &Watching) -> Answer {
        let named = |paths: &[&str]| {
            paths.iter().flat_map(|path| parameters.texts(path)).any(|name| watching.holds(&name))
                || parameters.arns().iter().any(|arn| watching.holds(arn))
        };
        let any = |paths: &[&str], is_meant: &dyn Fn(&str) -> bool| {
            let is_there = paths.iter().flat_map(|path| parameters.texts(path)).any(|text| is_meant(&text));
            let is_masked = || paths.iter().any(|path| parameters.is_masked(path));
            match is_there {
                true => Answer::Yes,
                false if is_masked() => Answer::Unknown(MASKED),
                false => Answer::No,
            }
        };
        match self {
            Self::Always => Answer::Yes,
            Self::Ours(paths) if named(paths) => Answer::Yes,
            Self::Ours(_) => Answer::No,
            Self::OurKey(paths) if named(paths) => Answer::Yes,
            Self::OurKey(_) if watching.knows_keys() => Answer::No,
            Self::OurKey(_) => Answer::Unknown(ANY_KEY),
            Self::NamesBedrock(paths) => any(paths, &policy::names_bedrock),
            Self::SaysBedrock(paths) => any(paths, &|name| name.to_ascii_lowercase().contains("bedrock")),
            Self::Is(paths, wanted) => any(paths, &|text| text == wanted),
            Self::StartsIngestion(paths) => any(paths, &schedules::starts_ingestion),
            Self::Known(kind) => Answer::IfKnown(kind),
        }
    }
}

/// A line of the table.
const fn call(
    event_name: &'static str,
    kind: Kind,
    severity: Severity,
    when: &'static [When],
    breaks: &'static str,
) -> WatchedCall {
    WatchedCall { event_name, kind, severity, when, breaks }
}

/// A kind that has one name, at one of these paths.
const fn kind(name: &'static str, id: &'static [&'static [&'static str]]) -> Kind {
    Kind { name, id, version: &[], arn: &[], form: "" }
}

#[cfg(test)]
mod tests;
