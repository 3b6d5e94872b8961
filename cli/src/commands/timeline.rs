//! `prompts --principal`: which system prompts a caller used, in the order in which they came into use, and what was
//! different from one to the next.

use std::collections::BTreeMap;

use audit_app::{
    answer::{self, PromptQuery, Timeline},
    ports::QueryStates as _,
};
use audit_domain::ledger::state::Sighting;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::prompts::sighting_json;
use crate::{
    arguments::Global,
    ledger::AnyLedger,
    lines,
    output::{self, Ending},
};

/// So many of a caller's prompts are shown to people, those that came into use last.
const SHOWN: usize = 30;
/// So many texts are read ahead.
const READ_AHEAD: usize = 4;

pub(super) async fn show(query: &PromptQuery, ledger: &AnyLedger, global: &Global) -> Result<Ending, String> {
    let timelines =
        answer::timelines(query, global.now(), ledger).await.map_err(|error| error.to_string())?;
    if global.json {
        output::json(&entries(timelines.as_slice(), ledger).await);
        return Ok(Ending::found(!timelines.is_empty()));
    }
    let window = output::window(query.span, global.now(), global.utc_offset);
    if timelines.is_empty() {
        output::say(&format!("no system prompt {window}"));
        return Ok(Ending::NothingFound);
    }
    for (nth, timeline) in timelines.iter().enumerate() {
        if nth > 0 {
            output::say("");
        }
        let count = output::counted(timeline.prompts.len(), "system prompt");
        output::heading(&format!(
            "{count} of {} {window}, in the order in which they came into use",
            timeline.caller
        ));
        print(timeline, ledger, global).await;
    }
    Ok(Ending::Done)
}

async fn print(timeline: &Timeline, ledger: &AnyLedger, global: &Global) {
    let earlier = timeline.prompts.len().saturating_sub(SHOWN);
    if earlier > 0 {
        output::say(&format!("... {earlier} that came into use earlier: narrow with --until"));
    }
    // what the first one that is shown was changed from is read, too
    let read = timeline.prompts.get(earlier.saturating_sub(1)..).unwrap_or_default();
    let changes = changes(read, ledger, |before, after| {
        let unified = lines::unified(before, after);
        (unified.added, unified.removed, lines::told(before, after))
    });
    for (seen, change) in read.iter().zip(changes.await).skip(usize::from(earlier > 0)) {
        output::say("");
        output::fact("system prompt", &seen.system_prompt_id);
        output::fact("first seen", &output::moment(seen.first_seen, global.utc_offset));
        output::fact("last seen", &output::moment(seen.last_seen, global.utc_offset));
        output::fact("sample", &seen.sample_request_id);
        let Some(ChangedFrom { id, change }) = change else { continue };
        let id = id.get(..16).unwrap_or(id);
        match change {
            Ok((added, removed, told)) => {
                let added = output::counted(added, "line");
                output::fact("changed", &format!("from {id}: {added} added, {removed} removed"));
                told.iter().for_each(|line| output::say(&format!("    {line}")));
            }
            Err(why) => output::fact("changed", &format!("from {id}: what is not known, {why}")),
        }
    }
}

/// One entry for each prompt, as in the list without a caller; what each was changed from is told of the entry's own caller.
async fn entries(timelines: &[Timeline], ledger: &AnyLedger) -> Value {
    let mut changed_from = BTreeMap::new();
    for timeline in timelines {
        let changes = changes(&timeline.prompts, ledger, lines::unified).await;
        for (seen, change) in timeline.prompts.iter().zip(changes) {
            changed_from
                .insert((&timeline.caller, &seen.system_prompt_id), change.map(|change| change.json()));
        }
    }
    let all = timelines.iter().flat_map(|timeline| timeline.prompts.iter().cloned());
    let entries = answer::in_use(all).into_iter().map(|seen| {
        let mut entry = sighting_json(&seen);
        let change = changed_from.get(&(&seen.caller, &seen.system_prompt_id)).cloned().flatten();
        if let Some(members) = entry.as_object_mut() {
            members.insert("changed_from".to_owned(), json!(change));
        }
        entry
    });
    entries.collect()
}

/// What a prompt was changed from.
struct ChangedFrom<'a, T> {
    /// The prompt that came into use before it.
    id: &'a str,
    /// What is different, or why that is not known.
    change: Result<T, String>,
}

impl ChangedFrom<'_, lines::Unified> {
    fn json(self) -> Value {
        let change = self.change.ok();
        json!({
            "id": self.id,
            "lines_added": change.as_ref().map(|change| change.added),
            "lines_removed": change.as_ref().map(|change| change.removed),
            "diff": change.map(|change| change.text),
        })
    }
}

/// What each of these prompts was changed from; `None` for the first one. No more than two texts are held at a time, and
/// those that are read ahead.
async fn changes<'a, T>(
    prompts: &'a [Sighting],
    ledger: &AnyLedger,
    compare: impl Fn(&str, &str) -> T,
) -> Vec<Option<ChangedFrom<'a, T>>> {
    let ids = prompts.iter().map(|seen| seen.system_prompt_id.as_str());
    let mut texts =
        stream::iter(ids).map(|id| async move { (id, text(id, ledger).await) }).buffered(READ_AHEAD);
    let mut changes = Vec::with_capacity(prompts.len());
    let mut before: Option<(&str, Result<String, String>)> = None;
    while let Some((id, after)) = texts.next().await {
        changes.push(before.map(|(id, before)| ChangedFrom {
            id,
            change: before.and_then(|before| match &after {
                Ok(after) => Ok(compare(&before, after)),
                Err(why) => Err(why.clone()),
            }),
        }));
        before = Some((id, after));
    }
    changes
}

/// The text of a prompt, or why there is none.
async fn text(id: &str, ledger: &AnyLedger) -> Result<String, String> {
    if !ledger.shows_texts() {
        return Err(format!("for texts are {}", output::NOT_SHOWN));
    }
    let short = id.get(..16).unwrap_or(id);
    match ledger.prompt_text(id).await {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(format!(
            "for the text of {short} is not kept (a caller with very many prompts), or no longer"
        )),
        Err(error) => Err(format!("for the text of {short} could not be read: {error}")),
    }
}
