//! The other requests of a session, as applications told them: turns of one conversation, whatever their passages are.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{ledger::record::Link, ledger::turn::Turn, passage::Certainty};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::{CONCURRENCY, Center, Found, TURN, apart, earlier, later};
use crate::ports::{Order, PortError, QuerySources, Span};

/// A session goes on for so long, at most, in each direction of time.
const LASTS: SignedDuration = SignedDuration::from_hours(24 * 7);
/// So many turns are looked for before, and as many after: the nearest.
const NEAREST: usize = 50;

/// The turns of the sessions that this request, or a response that belongs to it, is told to be of, in the order of time.
pub(super) async fn turns(
    center: &Center<'_>,
    moment: Timestamp,
    found: &[Found],
    ledger: &impl QuerySources,
) -> Result<Vec<Found>, PortError> {
    let Some(common) = center.common() else { return Ok(Vec::new()) };
    let known: BTreeSet<&str> = found.iter().map(|found| found.link.other_request_id.as_str()).collect();
    let before = Span { since: earlier(moment, LASTS), until: moment };
    let after = Span { since: moment, until: later(moment, LASTS) };
    let sessions = sessions(center, found);
    let asked = sessions
        .keys()
        .flat_map(|session| [(session, before, Order::NewestFirst), (session, after, Order::OldestFirst)]);
    let lines: Vec<Vec<Turn>> = stream::iter(asked)
        .map(|(session, span, order)| async move { ledger.turns_of(session, span, order, NEAREST).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let is_other = |turn: &Turn| {
        let is_own = turn.request_id == center.request_id || known.contains(turn.request_id.as_str());
        !is_own && turn.account_id == common.account_id
    };
    let mut by_request: BTreeMap<String, Turn> = BTreeMap::new();
    for turn in lines.into_iter().flatten().filter(is_other) {
        by_request.entry(turn.request_id.clone()).or_insert(turn);
    }
    let mut turns: Vec<Turn> = by_request.into_values().collect();
    turns.sort_by(|a, b| (a.occurred_at, &a.request_id).cmp(&(b.occurred_at, &b.request_id)));
    let link = |turn: Turn| {
        let through = sessions.get(&turn.session_id).copied().flatten();
        let who = through.map_or("both are told to be".to_owned(), |response| {
            format!("it, and the response to {response}, which belongs to this request, are told to be")
        });
        let distance = apart(turn.occurred_at.duration_since(moment));
        Found {
            link: Link {
                common: common.clone(),
                basis: format!("{who} of session {}, {distance}", turn.session_id),
                certainty: if through.is_none() { Certainty::Reported } else { Certainty::Inferred },
                relation: TURN.to_owned(),
                other_request_id: turn.request_id,
            },
            session_id: Some(turn.session_id),
            sources: Vec::new(),
            at: Some(turn.occurred_at),
            shared: 0,
        }
    };
    Ok(turns.into_iter().map(link).collect())
}

/// The sessions, each with the response that it is known through; `None` where the request itself is told to be of it.
fn sessions<'a>(center: &Center<'a>, found: &'a [Found]) -> BTreeMap<String, Option<&'a str>> {
    let steps = found.iter().filter(|found| found.link.relation != TURN);
    let through = steps
        .filter_map(|found| Some((found.session_id.clone()?, Some(found.link.other_request_id.as_str()))));
    let own = center.attributions.iter().filter_map(|told| Some((told.session_id.clone()?, None)));
    // the later ones win: what is told of the request itself is surer
    through.chain(own).collect()
}
