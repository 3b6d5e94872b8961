//! Numbers of invocations, of all and by name.

use std::collections::BTreeMap;

use super::CountedInvocation;
use crate::{digest::bounded_to, invocation::BodyState, passage::Certainty};

/// How an invocation's guardrail is known: each invocation is in one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardrailKnown {
    /// Its log names it.
    Recorded,
    /// The application named it.
    Reported,
    /// Derived: only one can have been meant.
    Inferred,
    /// Its log says what a guardrail did, and not which one.
    Unnamed,
    /// Nothing is known: it may have had one, or none.
    Unknown,
}

impl GuardrailKnown {
    fn of(invocation: &CountedInvocation) -> Self {
        let guardrail = &invocation.guardrail;
        match (guardrail.certainty, &guardrail.id, &guardrail.action) {
            (Certainty::Recorded, Some(_), _) => Self::Recorded,
            (Certainty::Reported, Some(_), _) => Self::Reported,
            (Certainty::Inferred, Some(_), _) => Self::Inferred,
            (_, _, Some(_)) => Self::Unnamed,
            _ => Self::Unknown,
        }
    }
}

/// Numbers of invocations. Numbers of tokens stop at the largest that fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records of model calls.
    pub invocations: u64,
    /// Of them, those whose log names the guardrail.
    pub guardrail_recorded: u64,
    /// Those of which the application named it.
    pub guardrail_reported: u64,
    /// Those of which it is derived.
    pub guardrail_inferred: u64,
    /// Those under a guardrail that the log does not name.
    pub guardrail_unnamed: u64,
    /// Those of which no guardrail is known.
    pub guardrail_unknown: u64,
    /// Those in which a guardrail intervened.
    pub interventions: u64,
    /// Those that failed.
    pub errors: u64,
    /// Tokens into models.
    pub input_tokens: u64,
    /// Tokens out of them.
    pub output_tokens: u64,
    /// Tokens read from prompt caches.
    pub cache_read_tokens: u64,
    /// Tokens written to them.
    pub cache_write_tokens: u64,
    /// Invocations whose log counts no tokens.
    pub without_tokens: u64,
    /// Invocations of which a body is still to come.
    pub bodies_outstanding: u64,
    /// Those of which a body is not there, or may not be read.
    pub bodies_missing: u64,
    /// Those of which a body was not delivered: text delivery is off.
    pub bodies_not_delivered: u64,
}

/// A number of a [`Tally`].
type Number = fn(&Tally) -> u64;

impl Tally {
    /// Every number, with its name in JSON and CSV.
    pub const NUMBERS: [(&'static str, Number); 16] = [
        ("invocations", |t| t.invocations),
        ("guardrail_recorded", |t| t.guardrail_recorded),
        ("guardrail_reported", |t| t.guardrail_reported),
        ("guardrail_inferred", |t| t.guardrail_inferred),
        ("guardrail_unnamed", |t| t.guardrail_unnamed),
        ("guardrail_unknown", |t| t.guardrail_unknown),
        ("interventions", |t| t.interventions),
        ("errors", |t| t.errors),
        ("input_tokens", |t| t.input_tokens),
        ("output_tokens", |t| t.output_tokens),
        ("cache_read_tokens", |t| t.cache_read_tokens),
        ("cache_write_tokens", |t| t.cache_write_tokens),
        ("without_tokens", |t| t.without_tokens),
        ("bodies_outstanding", |t| t.bodies_outstanding),
        ("bodies_missing", |t| t.bodies_missing),
        ("bodies_not_delivered", |t| t.bodies_not_delivered),
    ];

    /// The numbers of one invocation.
    pub fn of(invocation: &CountedInvocation) -> Self {
        let known = GuardrailKnown::of(invocation);
        let is = |wanted: GuardrailKnown| u64::from(known == wanted);
        let tokens = &invocation.tokens;
        let bodies = [invocation.input_body, invocation.output_body];
        let lacks = |states: &[BodyState]| u64::from(bodies.iter().any(|body| states.contains(body)));
        Self {
            invocations: 1,
            guardrail_recorded: is(GuardrailKnown::Recorded),
            guardrail_reported: is(GuardrailKnown::Reported),
            guardrail_inferred: is(GuardrailKnown::Inferred),
            guardrail_unnamed: is(GuardrailKnown::Unnamed),
            guardrail_unknown: is(GuardrailKnown::Unknown),
            interventions: u64::from(invocation.guardrail.action.as_deref() == Some("INTERVENED")),
            errors: u64::from(invocation.error_code.is_some()),
            input_tokens: tokens.input.unwrap_or_default(),
            output_tokens: tokens.output.unwrap_or_default(),
            cache_read_tokens: tokens.cache_read.unwrap_or_default(),
            cache_write_tokens: tokens.cache_write.unwrap_or_default(),
            without_tokens: u64::from(tokens.input.is_none() && tokens.output.is_none()),
            bodies_outstanding: lacks(&[BodyState::Offloaded]),
            bodies_missing: lacks(&[BodyState::Missing, BodyState::Refused]),
            bodies_not_delivered: lacks(&[BodyState::NotDelivered]),
        }
    }

    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.invocations, other.invocations);
        sum(&mut self.guardrail_recorded, other.guardrail_recorded);
        sum(&mut self.guardrail_reported, other.guardrail_reported);
        sum(&mut self.guardrail_inferred, other.guardrail_inferred);
        sum(&mut self.guardrail_unnamed, other.guardrail_unnamed);
        sum(&mut self.guardrail_unknown, other.guardrail_unknown);
        sum(&mut self.interventions, other.interventions);
        sum(&mut self.errors, other.errors);
        sum(&mut self.input_tokens, other.input_tokens);
        sum(&mut self.output_tokens, other.output_tokens);
        sum(&mut self.cache_read_tokens, other.cache_read_tokens);
        sum(&mut self.cache_write_tokens, other.cache_write_tokens);
        sum(&mut self.without_tokens, other.without_tokens);
        sum(&mut self.bodies_outstanding, other.bodies_outstanding);
        sum(&mut self.bodies_missing, other.bodies_missing);
        sum(&mut self.bodies_not_delivered, other.bodies_not_delivered);
    }

    /// Whether each invocation is counted under one way in which its guardrail is known.
    pub fn adds_up(&self) -> bool {
        let known = [
            self.guardrail_recorded,
            self.guardrail_reported,
            self.guardrail_inferred,
            self.guardrail_unnamed,
            self.guardrail_unknown,
        ];
        known.iter().sum::<u64>() == self.invocations
    }
}

/// So many names are told apart; what comes under further ones is counted together.
pub const NAMES: usize = 10_000;
/// A name is cut at so many bytes: models, callers and error codes are what somebody else called them.
const LONGEST_NAME: usize = 300;

/// Numbers by name, in bounded memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    by_name: BTreeMap<String, Tally>,
    others: Tally,
}

/// Numbers by name, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking<'a> {
    /// The first names.
    pub first: Vec<(&'a str, &'a Tally)>,
    /// How many names more there are, at least.
    pub more: usize,
    /// Their numbers together.
    pub rest: Tally,
}

impl Tallies {
    /// Adds numbers under a name.
    pub fn add(&mut self, name: &str, tally: &Tally) {
        let name = bounded_to(name, LONGEST_NAME);
        let is_full = self.by_name.len() >= NAMES;
        match self.by_name.get_mut(&name) {
            Some(known) => known.add(tally),
            None if is_full => self.others.add(tally),
            None => {
                self.by_name.insert(name, *tally);
            }
        }
    }

    /// The names with the most invocations; the rest is counted.
    pub fn ranking(&self, limit: usize) -> Ranking<'_> {
        let mut names: Vec<_> = self.by_name.iter().map(|(name, tally)| (name.as_str(), tally)).collect();
        names.sort_by(|a, b| (b.1.invocations, a.0).cmp(&(a.1.invocations, b.0)));
        let mut rest = self.others;
        let beyond = names.split_off(limit.min(names.len()));
        beyond.iter().for_each(|(_, tally)| rest.add(tally));
        Ranking { first: names, more: beyond.len() + usize::from(self.others.invocations > 0), rest }
    }

    /// The numbers of all names together.
    pub fn sum(&self) -> Tally {
        let mut sum = self.others;
        self.by_name.values().for_each(|tally| sum.add(tally));
        sum
    }

    /// Every name that was told apart, by name, with its numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.by_name.iter().map(|(name, tally)| (name.as_str(), tally))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(invocations: u64) -> Tally {
        Tally { invocations, guardrail_unknown: invocations, ..Tally::default() }
    }

    #[test]
    fn what_comes_under_too_many_names_is_counted_together() {
        let mut tallies = Tallies::default();
        (0..NAMES + 7).for_each(|nth| tallies.add(&format!("{nth:06}"), &of(2)));
        tallies.add("000001", &of(5));
        let ranking = tallies.ranking(3);
        assert_eq!(
            ranking.first.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["000001", "000000", "000002"]
        );
        assert_eq!((ranking.first[0].1.invocations, ranking.more), (7, NAMES - 3 + 1));
        assert_eq!(ranking.rest.invocations, 2 * (NAMES as u64 + 7) + 5 - 7 - 2 - 2);
        assert_eq!(tallies.sum().invocations, 2 * (NAMES as u64 + 7) + 5);
    }

    #[test]
    fn every_number_has_a_name_and_sums_stop_at_the_largest() {
        let all = Tally { input_tokens: u64::MAX, ..of(1) };
        let mut sum = all;
        sum.add(&all);
        assert_eq!((sum.input_tokens, sum.invocations), (u64::MAX, 2));
        // each number of each field is read back under its own name
        let names: std::collections::BTreeSet<_> = Tally::NUMBERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), Tally::NUMBERS.len());
        let debug = format!("{:?}", Tally::default());
        assert!(names.iter().all(|name| debug.contains(&format!("{name}:"))), "{debug}");
        assert_eq!(debug.matches(':').count(), names.len(), "{debug}");
    }
}
