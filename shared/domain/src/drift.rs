//! Prompt drift: a caller uses a system prompt that nobody used before. An application that carries its prompts in its own
//! code changes them without an `UpdatePrompt`, and the invocation log alone tells of it.
//!
//! That is news once the caller has a week of history, and unless the caller makes up prompts all the time: so the alerts of
//! an hour are bounded, and what is left out is counted in the last one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::{
    digest::{Sha256, bounded_key},
    invocation::RecordReading,
    ledger::prompt_alert::PromptAlert,
    principal::Principal,
    time,
};

/// So many days after its first sighting a caller's new prompts are news: before, everything that it does is new.
pub const FIRST_DAYS: u32 = 7;
/// So many alerts of one caller go out within [`WITHIN`].
pub const PER_CALLER: usize = 10;
/// So many alerts of all callers go out within [`WITHIN`].
pub const IN_ALL: usize = 50;
/// The time for which the alerts are bounded.
pub const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// A caller's use of a system prompt: of several the earliest. No text in it is over 1,000 bytes: it goes into a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptUse {
    /// The system prompt.
    pub id: Sha256,
    /// How long it is; none of its words.
    pub characters: usize,
    /// When it was used.
    pub occurred_at: Timestamp,
    /// The request that used it.
    pub request_id: String,
    /// The model, as the caller passed it.
    pub model_id: String,
    /// Who used it.
    pub principal: Principal,
    /// Where.
    pub account_id: String,
    /// Where.
    pub region: String,
}

impl PromptUse {
    /// The use that a record tells of; `None` where it has no system prompt.
    pub fn of(reading: &RecordReading) -> Option<Self> {
        let (invocation, prompt) = (&reading.invocation, reading.system_prompt.as_ref()?);
        let principal = match &invocation.principal.arn {
            Some(arn) => Principal::from_arn(&bounded_key(arn)),
            None => Principal::default(),
        };
        Some(Self {
            id: prompt.id.clone(),
            characters: prompt.text.chars().count(),
            occurred_at: invocation.occurred_at,
            request_id: bounded_key(&invocation.request_id),
            model_id: bounded_key(&invocation.model_id),
            principal,
            account_id: bounded_key(&invocation.account_id),
            region: bounded_key(&invocation.region),
        })
    }

    /// Which of two is the earlier: the same for whoever orders them.
    pub fn order(&self) -> (Timestamp, &str, &str, &str) {
        (self.occurred_at, &self.request_id, &self.model_id, self.principal.best())
    }
}

/// Whether a caller that is known since then has a week of history at that moment.
pub fn is_settled(known_since: Timestamp, at: Timestamp) -> bool {
    at.duration_since(known_since) >= time::days(FIRST_DAYS)
}

/// The use of a new prompt by a caller that is known since long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewUse<'a> {
    /// The use.
    pub used: &'a PromptUse,
    /// The caller's first sighting.
    pub known_since: Timestamp,
}

/// What the last alert of an hour says about those that do not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastOne {
    /// Whether it is the last one of all callers, and not of this one alone.
    pub of_all: bool,
    /// How many new prompts were left out already.
    pub left_out: usize,
}

/// Which new prompts are told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan<'a> {
    /// These, in this order; one of them may be the last one within the hour.
    pub told: Vec<(NewUse<'a>, Option<LastOne>)>,
    /// So many prompts are not told.
    pub left_out: usize,
}

/// Chooses among new uses, the earliest first, given what was told within the last hour. A prompt is told once, of the first
/// caller that may be told of.
pub fn plan<'a>(mut uses: Vec<NewUse<'a>>, sent: &[PromptAlert]) -> Plan<'a> {
    uses.sort_by(|a, b| a.used.order().cmp(&b.used.order()));
    let mut known: BTreeSet<&str> = sent.iter().map(|alert| alert.system_prompt_id.as_str()).collect();
    let mut all = sent.len();
    let mut of_caller: BTreeMap<String, usize> = BTreeMap::new();
    for alert in sent {
        *of_caller.entry(alert.caller.clone()).or_default() += 1;
    }
    let (mut told, mut left_out) = (Vec::new(), Vec::new());
    for new in uses {
        if known.contains(new.used.id.as_str()) {
            continue;
        }
        let caller = bounded_key(new.used.principal.caller());
        let count = of_caller.entry(caller.clone()).or_default();
        if *count >= PER_CALLER || all >= IN_ALL {
            left_out.push((caller, new.used.id.as_str()));
            continue;
        }
        *count += 1;
        all += 1;
        known.insert(new.used.id.as_str());
        told.push((new, (all == IN_ALL || *count == PER_CALLER).then_some((all == IN_ALL, caller))));
    }
    // one that was left out for its first caller may have been told of another
    left_out.retain(|(_, id)| !known.contains(id));
    let count = |caller: Option<&str>| {
        let ids = left_out.iter().filter(|(by, _)| caller.is_none_or(|caller| by == caller));
        ids.map(|(_, id)| *id).collect::<BTreeSet<_>>().len()
    };
    let last = |(of_all, caller): (bool, String)| LastOne {
        of_all,
        left_out: count(Some(caller.as_str()).filter(|_| !of_all)),
    };
    let told = told.into_iter().map(|(new, closes)| (new, closes.map(last))).collect();
    Plan { told, left_out: count(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alert::{Alert, NewPrompt},
        evidence::ObjectLocation,
        report,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn used(caller: &str, nth: usize) -> PromptUse {
        PromptUse {
            id: Sha256::of(nth.to_string().as_bytes()),
            characters: 10,
            occurred_at: at("2026-10-15T14:00:00Z") + SignedDuration::from_secs(i64::try_from(nth).unwrap()),
            request_id: format!("r{nth}"),
            model_id: "m".into(),
            principal: Principal::from_arn(&format!("arn:aws:sts::1:assumed-role/{caller}/session")),
            account_id: "1".into(),
            region: "eu-central-1".into(),
        }
    }

    fn new(uses: &[PromptUse]) -> Vec<NewUse<'_>> {
        uses.iter().map(|used| NewUse { used, known_since: at("2026-10-01T00:00:00Z") }).collect()
    }

    fn sent(used: &PromptUse) -> PromptAlert {
        PromptAlert {
            system_prompt_id: used.id.to_string(),
            caller: used.principal.caller().to_owned(),
            published_at: used.occurred_at,
            message_id: "m".into(),
        }
    }

    #[test]
    fn a_use_is_small_whatever_its_record_holds() {
        let huge = "x".repeat(300_000);
        let record = serde_json::json!({
            "timestamp": "2026-10-15T14:00:00Z", "accountId": huge, "region": huge, "requestId": huge,
            "modelId": huge, "operation": "Converse", "identity": {"arn": format!("arn:aws:iam::1:user/{huge}")},
            "input": {"inputBodyJson": {"system": [{"text": huge}], "messages": []}},
        });
        let reading =
            RecordReading::read(record.to_string().as_bytes(), 1, &ObjectLocation::file("x")).unwrap().0;
        let used = PromptUse::of(&reading).unwrap();
        assert_eq!(used.characters, 300_000);
        let prompt = NewPrompt {
            new: NewUse { used: &used, known_since: used.occurred_at },
            before: None,
            last_one: None,
        };
        let alert = Alert::of_new_prompt(&prompt);
        assert!(alert.text.len() + alert.command.len() < 20_000, "{}", alert.text.len());
        assert!(report::new_prompt(&prompt).to_string().len() < 20_000);
    }

    #[test]
    fn a_caller_is_settled_after_a_week_to_the_second() {
        let since = at("2026-10-01T12:00:00Z");
        assert!(!is_settled(since, at("2026-10-08T11:59:59Z")));
        assert!(is_settled(since, at("2026-10-08T12:00:00Z")));
        assert!(!is_settled(since, at("2026-09-01T12:00:00Z")), "a late record");
    }

    #[test]
    fn a_prompt_is_told_once_and_of_its_first_caller() {
        let uses = [used("b", 2), used("a", 1), PromptUse { id: used("a", 1).id, ..used("c", 3) }];
        let plan = plan(new(&uses), &[]);
        let told: Vec<_> = plan.told.iter().map(|(new, _)| new.used.request_id.as_str()).collect();
        assert_eq!((told, plan.left_out), (vec!["r1", "r2"], 0));
        assert!(plan.told.iter().all(|(_, last)| last.is_none()));
        assert_eq!(super::plan(new(&uses[..1]), &[sent(&uses[0])]), Plan::default(), "told before");
    }

    #[test]
    fn a_callers_alerts_are_bounded_and_the_last_one_counts_the_rest() {
        let uses: Vec<_> = (0..15).map(|nth| used("a", nth)).chain([used("b", 99)]).collect();
        let plan = plan(new(&uses), &[]);
        assert_eq!((plan.told.len(), plan.left_out), (PER_CALLER + 1, 5));
        let last: Vec<_> =
            plan.told.iter().filter_map(|(new, last)| Some((&new.used.request_id, (*last)?))).collect();
        assert_eq!(last, [(&"r9".to_owned(), LastOne { of_all: false, left_out: 5 })]);

        // what went out within the hour counts, and the rest of the hour is silent
        let before: Vec<_> = uses[..PER_CALLER].iter().map(sent).collect();
        let after = super::plan(new(&uses), &before);
        assert_eq!((after.told.len(), after.left_out), (1, 5));
    }

    #[test]
    fn the_alerts_of_all_callers_are_bounded_too() {
        let uses: Vec<_> = (0..60).map(|nth| used(&format!("c{nth}"), nth)).collect();
        let plan = plan(new(&uses), &[]);
        assert_eq!((plan.told.len(), plan.left_out), (IN_ALL, 10));
        assert_eq!(plan.told.last().unwrap().1, Some(LastOne { of_all: true, left_out: 10 }));
    }

    #[test]
    fn what_one_caller_may_not_tell_another_may() {
        let mut uses: Vec<_> = (0..11).map(|nth| used("a", nth)).collect();
        uses.push(PromptUse { id: uses[10].id.clone(), ..used("b", 50) });
        let plan = plan(new(&uses), &[]);
        assert_eq!((plan.told.len(), plan.left_out), (11, 0));
        assert_eq!(plan.told.last().unwrap().0.used.request_id, "r50");
    }
}
