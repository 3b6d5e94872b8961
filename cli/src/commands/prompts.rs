//! `prompts` and `prompt`: the system prompts in use, and one of them.

use audit_app::{
    answer::{self, PromptQuery},
    ports::Span,
};
use audit_domain::{ledger::state::Sighting, time};
use serde_json::{Value, json};

use super::timeline;
use crate::{
    arguments::{Global, Window},
    ledger::AnyLedger,
    output::{self, Ending},
};

/// A caller who is named by a part of a name is looked for among the invocations of so many days.
const DAYS_BY_NAME: u32 = 30;

pub(crate) async fn list(
    principal: Option<String>,
    window: &Window,
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Ending, String> {
    let now = global.now();
    let by_name = principal.as_deref().is_some_and(|name| !name.starts_with("arn:"));
    let span = match window.span(global)? {
        None if by_name => Some(Span {
            since: now.checked_sub(time::days(DAYS_BY_NAME)).unwrap_or(now),
            ..answer::everything(now)
        }),
        span => span,
    };
    let query = PromptQuery { principal, span };
    if query.principal.is_some() {
        return timeline::show(&query, ledger, global).await;
    }
    let prompts = answer::prompts(&query, now, ledger).await.map_err(|error| error.to_string())?;
    if global.json {
        output::json(&prompts.iter().map(sighting_json).collect());
        return Ok(Ending::found(!prompts.is_empty()));
    }
    let window = output::window(span, now, global.utc_offset);
    if prompts.is_empty() {
        output::say(&format!("no system prompt {window}"));
        return Ok(Ending::NothingFound);
    }
    output::heading(&format!("{} {window}", output::counted(prompts.len(), "system prompt")));
    output::table(
        ["id", "first seen", "last seen", "first caller", "sample request"],
        prompts.iter().map(|seen| {
            [
                seen.system_prompt_id.get(..16).unwrap_or(&seen.system_prompt_id).to_owned(),
                output::moment(seen.first_seen, global.utc_offset),
                output::moment(seen.last_seen, global.utc_offset),
                seen.caller.clone(),
                seen.sample_request_id.clone(),
            ]
        }),
    );
    Ok(Ending::Done)
}

pub(crate) async fn show(id: &str, ledger: &AnyLedger, global: &Global) -> Result<Ending, String> {
    let answers = answer::prompt(id, global.now(), ledger).await.map_err(|error| error.to_string())?;
    let answer = match answers.as_slice() {
        [] if id.chars().count() < answer::PROMPT_ID => {
            output::note(&format!(
                "the ledger knows no system prompt {id}: type at least the first {} characters of its id",
                answer::PROMPT_ID
            ));
            return Ok(Ending::NothingFound);
        }
        [] => {
            output::note(&format!("the ledger knows no system prompt {id}"));
            return Ok(Ending::NothingFound);
        }
        [one] => one,
        several => {
            let ids: Vec<_> = several.iter().map(|answer| answer.id.as_str()).collect();
            return Err(format!("{id} is the beginning of {} ids: {}", ids.len(), ids.join(", ")));
        }
    };
    if global.json {
        let mut entry = answer.seen.as_ref().map(sighting_json).unwrap_or_else(|| json!({}));
        if let Some(members) = entry.as_object_mut() {
            members.insert("id".to_owned(), json!(answer.id));
            members.insert("text".to_owned(), json!(answer.text));
        }
        output::json(&entry);
        return Ok(Ending::Done);
    }
    output::heading(&format!("system prompt {}", answer.id));
    if let Some(seen) = &answer.seen {
        output::fact("first seen", &output::moment(seen.first_seen, global.utc_offset));
        output::fact("last seen", &output::moment(seen.last_seen, global.utc_offset));
        output::fact("first caller", &seen.caller);
        output::fact("sample", &seen.sample_request_id);
        output::fact("model", &seen.model_id);
    }
    match &answer.text {
        Some(text) => output::quote(text),
        None if global.no_text => output::quote(output::NOT_SHOWN),
        None => output::say("its text is not kept: read the evidence of the sample"),
    }
    Ok(Ending::Done)
}

pub(super) fn sighting_json(seen: &Sighting) -> Value {
    json!({
        "id": seen.system_prompt_id,
        "first_seen": time::rfc3339(seen.first_seen),
        "last_seen": time::rfc3339(seen.last_seen),
        "sample_request_id": seen.sample_request_id,
        "model_id": seen.model_id,
        "caller": seen.caller,
    })
}
