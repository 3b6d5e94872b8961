//! `states`: what a resource looked like.

use audit_app::answer;
use audit_domain::{report, state::State};
use jiff::tz::Offset;

use crate::{
    arguments::Global,
    ledger::AnyLedger,
    output::{self, Ending},
};

pub(crate) async fn run(
    resource: &str,
    at: Option<&str>,
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Ending, String> {
    let moment = at.map(|typed| global.moment(typed)).transpose()?;
    let states = answer::states(resource, moment, global.now(), ledger).await;
    let states = states.map_err(|error| error.to_string())?;
    if global.json {
        output::json(&states.iter().map(report::resource_state).collect());
        return Ok(Ending::found(!states.is_empty()));
    }
    let when = moment.map(|moment| format!(" at {}", output::moment(moment, global.utc_offset)));
    let when = when.unwrap_or_default();
    if states.is_empty() {
        output::note(&format!(
            "what {resource} looked like{when} is not recorded: a state is kept once the resource is changed, or seen by a \
             baseline (then name it with its account and region, or by its ARN)"
        ));
        return Ok(Ending::NothingFound);
    }
    output::heading(&format!("{}{when}, oldest first", output::counted(states.len(), "state")));
    table(&states, global.utc_offset);
    // one is shown whole; of several the list is what was asked for
    match states.as_slice() {
        [one] => document(one),
        _ if moment.is_some() => states.iter().for_each(whole),
        _ => output::say("--at TIME shows them whole, as of that time; --json shows all"),
    }
    Ok(Ending::Done)
}

fn whole(state: &State) {
    output::say("");
    output::heading(&state.subject.to_string());
    document(state);
}

fn document(state: &State) {
    if state.document.is_null() {
        output::quote(output::NOT_SHOWN);
    } else {
        output::quote(&format!("{:#}", state.document));
    }
}

fn table(states: &[State], offset: Offset) {
    output::table(
        ["resource", "version", "changed", "read", "sha256", "by event"],
        states.iter().map(|state| {
            let changed = match (state.is_tombstone, state.updated_at) {
                (true, _) => format!("deleted {}", output::moment(state.caused_at, offset)),
                (false, updated) => output::moment(updated.unwrap_or(state.caused_at), offset),
            };
            [
                state.subject.resource.short(),
                state.subject.version().to_owned(),
                changed,
                output::moment(state.observed_at, offset),
                state.sha256.short().to_owned(),
                state.cause.clone(),
            ]
        }),
    );
}
