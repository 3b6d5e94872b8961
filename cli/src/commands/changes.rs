//! `changes`: who changed what.

use audit_app::answer::{self, ChangeQuery};
use audit_domain::{
    change::{Addendum, Change},
    ledger::record::Diff,
    principal::{API_KEY, Principal},
    report,
};
use jiff::tz::Offset;

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
    if global.json {
        let entries = changes.iter().map(|(change, diff)| report::change(change, diff.as_ref()));
        output::json(&entries.collect());
    } else {
        print(&changes, &output::window(span, global.now(), global.utc_offset), global.utc_offset);
    }
    Ok(Ending::found(!changes.is_empty()))
}

fn print(changes: &[(Change, Option<Diff>)], window: &str, offset: Offset) {
    if changes.is_empty() {
        output::say(&format!("no change {window}"));
        return;
    }
    output::heading(&format!("{} {window}, newest first", counted(changes.len(), "change")));
    table(changes, offset);
    if changes.iter().any(|(_, diff)| diff.is_none()) {
        output::say(
            "before and after are not recorded for these changes; --json shows ids, addresses and evidence",
        );
    }
}

/// `1 change`, `2 changes`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The changes as a table.
pub(super) fn table(changes: &[(Change, Option<Diff>)], offset: Offset) {
    output::table(
        ["when", "who", "what", "which", "outcome", "severity"],
        changes.iter().map(|(change, _)| {
            let version = change.resource.version.as_ref().map(|v| format!(" ({v})"));
            let amends = change.addendum.as_ref().and_then(Addendum::amends);
            let amends = amends.map(|event| format!("; amends {event}"));
            let code = change.error_code.as_ref().map(|code| format!(" ({code})"));
            [
                output::moment(change.occurred_at, offset),
                who(&change.principal),
                format!("{}{}", change.event_name, amends.unwrap_or_default()),
                format!("{}{}", change.resource.short(), version.unwrap_or_default()),
                format!("{}{}", change.outcome.name(), code.unwrap_or_default()),
                change.severity.name().to_owned(),
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
