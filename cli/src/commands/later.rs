//! `states` and `sources`: what this version does not record yet. They say so, and answer nothing.

use serde_json::json;

use crate::{
    arguments::{Global, Window},
    output::{self, Ending},
};

pub(crate) fn states(resource: &str, at: Option<&str>, global: &Global) -> Result<Ending, String> {
    at.map(|typed| global.moment(typed)).transpose()?;
    Ok(not_recorded(
        global,
        &format!(
            "what {resource} looked like is not recorded yet: `changes --resource {resource}` lists who changed it"
        ),
    ))
}

pub(crate) fn sources(uri: &str, window: &Window, global: &Global) -> Result<Ending, String> {
    window.span(global)?;
    Ok(not_recorded(
        global,
        &format!(
            "which answers used {uri} is not recorded yet: `invocations --source {uri}` finds those whose request names it"
        ),
    ))
}

fn not_recorded(global: &Global, what: &str) -> Ending {
    if global.json {
        output::json(&json!([]));
    }
    output::note(what);
    Ending::NothingFound
}
