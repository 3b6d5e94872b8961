//! What happened in a window, in numbers that add up: the page for whoever has to answer for it. It is made in one pass, in
//! bounded memory, of what the ledger hands over piece by piece. No prompt, answer or passage stands in it.
//!
//! * [`tally`]: numbers of invocations, of all and by name.
//! * [`invocations`], [`changes`], [`deliveries`], [`prompts`]: what is counted of each.
//! * [`hours`]: of which hours and days something is known.
//! * [`unknown`]: what nobody should conclude from the page.
//! * [`json`]: all of it as JSON.

pub mod changes;
pub mod deliveries;
pub mod hours;
pub mod invocations;
pub mod json;
pub mod prompts;
pub mod tally;
pub mod top;
pub mod unknown;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use self::{
    changes::{ChangeClass, ChangeRow, Changes},
    deliveries::{Deliveries, DeliveryTally, RejectLine},
    hours::{Gap, Spans},
    invocations::{CountedInvocation, Invocations},
    prompts::{PromptRow, Prompts},
    tally::{Ranking, Tallies, Tally},
    top::Top,
};
use crate::ledger::delivery::{DeliveryLine, Stream};

/// So many accounts and regions are named.
const PLACES: usize = 100;

/// What happened in a window.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its first moment.
    pub since: Timestamp,
    /// The first moment that is no longer part of it.
    pub until: Timestamp,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// Accounts that something happened in.
    pub accounts: BTreeSet<String>,
    /// Regions that something happened in.
    pub regions: BTreeSet<String>,
    /// Model calls.
    pub invocations: Invocations,
    /// Changes of the configuration, and attempts.
    pub changes: Changes,
    /// Log objects.
    pub deliveries: Deliveries,
    /// System prompts.
    pub prompts: Prompts,
    /// Hours with an invocation, or with an invocation log.
    hours: Spans,
    /// Days with a change that CloudTrail told of, or with a trail's file.
    trail_days: Spans,
}

impl Overview {
    /// Of a window of which nothing is known yet.
    pub fn new(since: Timestamp, until: Timestamp, made_at: Timestamp) -> Self {
        Self {
            since,
            until,
            made_at,
            accounts: BTreeSet::new(),
            regions: BTreeSet::new(),
            invocations: Invocations::default(),
            changes: Changes::default(),
            deliveries: Deliveries::default(),
            prompts: Prompts::default(),
            hours: Spans::hours(),
            trail_days: Spans::days(),
        }
    }

    /// Counts an invocation.
    pub fn add_invocation(&mut self, invocation: &CountedInvocation) {
        self.note_place(&invocation.account_id, &invocation.region);
        self.hours.note(invocation.occurred_at);
        self.invocations.add(invocation);
    }

    /// Counts a change.
    pub fn add_change(&mut self, row: ChangeRow) {
        self.note_place(&row.account_id, &row.region);
        if row.is_from_trail() {
            self.trail_days.note(row.occurred_at);
        }
        self.changes.add(row);
    }

    /// Counts an object.
    pub fn add_delivery(&mut self, line: &DeliveryLine) {
        match line.stream() {
            // when a file was read says nothing of the hours that it is of
            _ if !line.is_dated() => {}
            Stream::InvocationLog => self.hours.note(line.moment),
            Stream::Trail => self.trail_days.note(line.moment),
            Stream::Other => {}
        }
        self.deliveries.add(line);
    }

    /// Puts every list into its order, once everything is counted.
    pub fn finish(&mut self) {
        self.changes.listed.values_mut().for_each(Top::cut);
        self.deliveries.partial.cut();
        self.deliveries.rejects.cut();
        self.prompts.listed.cut();
    }

    /// Whether there is nothing at all in the window.
    pub fn is_empty(&self) -> bool {
        self.invocations.total.invocations == 0
            && self.changes.total() == 0
            && self.deliveries.total.objects == 0
    }

    /// Hours of the window, up to the present, in which no model was called and no invocation log was delivered, the longest
    /// first.
    pub fn silent_hours(&self) -> Vec<Gap> {
        self.gaps(&self.hours)
    }

    /// Days of the window, up to the present, without anything of CloudTrail's, the longest first.
    pub fn days_without_trail(&self) -> Vec<Gap> {
        self.gaps(&self.trail_days)
    }

    fn gaps(&self, spans: &Spans) -> Vec<Gap> {
        let until = self.until.min(self.made_at);
        longest(if self.since < until { spans.gaps_within(self.since, until) } else { Vec::new() })
    }

    fn note_place(&mut self, account_id: &str, region: &str) {
        for (places, name) in [(&mut self.accounts, account_id), (&mut self.regions, region)] {
            if places.len() < PLACES && !places.contains(name) {
                places.insert(name.to_owned());
            }
        }
    }
}

fn longest(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_by(|a, b| (b.hours(), a.from).cmp(&(a.hours(), b.from)));
    gaps
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
