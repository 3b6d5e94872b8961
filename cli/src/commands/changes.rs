//! `changes`: who changed what.

use audit_app::answer::{self, BlastRadius, ChangeQuery};
use audit_domain::{
    change::{Addendum, Change},
    ledger::record::Diff,
    principal::{API_KEY, Principal},
    report,
    state::Verdict,
};
use jiff::tz::Offset;
use serde_json::Value;
use similar::TextDiff;

use super::diff;
use crate::{
    arguments::{ChangesArguments, Global},
    ledger::AnyLedger,
    output::{self, Ending},
};

pub(crate) async fn run(
    asked: &ChangesArguments,
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Ending, String> {
    let span = asked.window.span(global)?;
    let query = ChangeQuery {
        resource: asked.resource.clone(),
        kind: asked.kind.clone(),
        principal: asked.principal.clone(),
        outcome: asked.outcome,
        span,
    };
    let changes = answer::changes(&query, global.now(), ledger).await.map_err(|error| error.to_string())?;
    let radii = blast_radii(&changes, ledger, global).await?;
    if global.json {
        output::json(
            &changes
                .iter()
                .zip(&radii)
                .map(|(change, radius)| entry(change, radius.as_ref(), !global.no_text, global))
                .collect(),
        );
    } else {
        print(&changes, &output::window(span, global.now(), global.utc_offset), global.utc_offset);
        print_contents(&changes, &radii, !global.no_text, global);
    }
    if let Some(kind) =
        asked.kind.as_deref().filter(|kind| changes.is_empty() && !answer::is_known_kind(kind))
    {
        output::note(&unknown_kind(kind));
    }
    Ok(Ending::found(!changes.is_empty()))
}

/// So many kinds are named where one is not known.
const NEAREST: usize = 3;

/// That nothing was found may be for a letter that is missing.
fn unknown_kind(typed: &str) -> String {
    let likeness = |kind: &str| TextDiff::from_chars(typed, kind).ratio();
    let mut kinds: Vec<&str> = answer::known_kinds().into_iter().collect();
    kinds.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    kinds.truncate(NEAREST);
    format!("{typed} is no kind of resource that is known here; the nearest are {}", kinds.join(", "))
}

/// The blast radius of each of the changes that has one.
pub(super) async fn blast_radii(
    changes: &[(Change, Option<Diff>)],
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Vec<Option<BlastRadius>>, String> {
    let mut radii = Vec::with_capacity(changes.len());
    for (change, diff) in changes {
        let radius = answer::blast_radius(change, diff.as_ref(), global.now(), ledger).await;
        radii.push(radius.map_err(|error| error.to_string())?);
    }
    Ok(radii)
}

/// What each of the changes changed, and what ran under it.
pub(super) fn print_contents(
    changes: &[(Change, Option<Diff>)],
    radii: &[Option<BlastRadius>],
    shows_texts: bool,
    global: &Global,
) {
    for ((change, diff), radius) in changes.iter().zip(radii) {
        diff::print_breaks(change);
        diff::print(change, diff.as_ref(), shows_texts);
        radius.iter().for_each(|radius| diff::print_blast_radius(radius, global));
    }
}

/// An entry of `changes --json`. An empty list of fields would say that nothing was changed.
pub(super) fn entry(
    (change, diff): &(Change, Option<Diff>),
    radius: Option<&BlastRadius>,
    shows_texts: bool,
    global: &Global,
) -> Value {
    let mut entry = report::change(change, diff.as_ref());
    if let Some(members) = entry.as_object_mut() {
        if !shows_texts && diff.is_some() {
            members.insert("diff".to_owned(), Value::Null);
        }
        let radius = radius.map(|radius| diff::blast_radius(radius, global));
        members.insert("blast_radius".to_owned(), radius.unwrap_or_default());
    }
    entry
}

fn print(changes: &[(Change, Option<Diff>)], window: &str, offset: Offset) {
    if changes.is_empty() {
        output::say(&format!("no change {window}"));
        return;
    }
    output::heading(&format!("{} {window}, newest first", output::counted(changes.len(), "change")));
    table(changes, offset);
    if changes.iter().all(|(_, diff)| diff.is_none()) {
        output::say(
            "before and after are not recorded for these changes; --json shows ids, addresses and evidence",
        );
    }
}

/// The changes as a table.
pub(super) fn table(changes: &[(Change, Option<Diff>)], offset: Offset) {
    output::table(
        ["when", "who", "what", "which", "outcome", "severity", "verdict"],
        changes.iter().map(|(change, diff)| {
            let version = change.resource.version.as_ref().map(|v| format!(" ({v})"));
            let amends = change.addendum.as_ref().and_then(Addendum::amends);
            let amends = amends.map(|event| format!("; amends {event}"));
            let amended = change.amended_by.iter().map(|by| {
                let fields = by.updated_fields.as_deref().unwrap_or("no field named");
                format!("; amended by event {} ({fields})", by.event_id)
            });
            let through = if change.deployment { "; through CloudFormation" } else { "" };
            let code = change.error_code.as_ref().map(|code| format!(" ({code})"));
            [
                output::moment(change.occurred_at, offset),
                who(&change.principal),
                format!(
                    "{}{}{}{through}",
                    change.event_name,
                    amends.unwrap_or_default(),
                    amended.collect::<String>()
                ),
                format!("{}{}", change.resource.short(), version.unwrap_or_default()),
                format!("{}{}", change.outcome.name(), code.unwrap_or_default()),
                report::severity(change, diff.as_ref()).name().to_owned(),
                diff.as_ref().and_then(|diff| diff.verdict).map_or("-", Verdict::name).to_owned(),
            ]
        }),
    );
}

/// The name; a call with an API key may be anybody's who has it.
fn who(principal: &Principal) -> String {
    let name = principal.name.as_deref().unwrap_or(principal.best());
    match principal.credential.as_deref() {
        Some(API_KEY) => format!("{name} ({API_KEY})"),
        _ => name.to_owned(),
    }
}
