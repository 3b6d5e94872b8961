//! `sources`: what this version does not record yet. It says so, and answers nothing.

use serde_json::json;

use crate::{
    arguments::{Global, Window},
    output::{self, Ending},
};

pub(crate) fn sources(uri: &str, window: &Window, global: &Global) -> Result<Ending, String> {
    window.span(global)?;
    if global.json {
        output::json(&json!([]));
    }
    output::note(&format!(
        "which answers used {uri} is not recorded yet: `invocations --source {uri}` finds those whose request names it"
    ));
    Ok(Ending::NothingFound)
}
