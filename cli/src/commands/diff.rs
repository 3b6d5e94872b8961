//! What a change changed, for people.

use audit_app::answer::BlastRadius;
use audit_domain::{
    alert::shell_word,
    change::{Change, Outcome},
    ledger::record::{Diff, DiffRead, FieldChange},
    time,
};
use serde_json::{Value, json};

use crate::{arguments::Global, lines, output};

/// Texts from so many characters on, or of several lines, are shown line by line.
const LONG: usize = 80;

/// The fields of a change, and what is to be known about them.
pub(super) fn print(change: &Change, diff: Option<&Diff>, shows_texts: bool) {
    if change.outcome != Outcome::Succeeded {
        return;
    }
    let Some(diff) = diff else { return };
    let verdict = diff.verdict.map(|verdict| format!(", {}", verdict.name())).unwrap_or_default();
    output::say("");
    output::heading(&format!("{} on {}{verdict}", change.event_name, change.resource.short()));
    if !shows_texts {
        output::say(&format!("  fields: {}", output::NOT_SHOWN));
    }
    for field in &diff.fields {
        print_field(field);
    }
    if diff.fields_left_out > 0 {
        output::say(&format!("  ... and {} fields more", diff.fields_left_out));
    }
    if let Some(note) = note(diff) {
        output::say(&format!("  {}", output::line(&note)));
    }
    if let Some(before) = diff.before_at.filter(|_| !diff.fields.is_empty()) {
        output::say(&format!("  compared with what was read {}", time::rfc3339(before)));
    }
}

/// What a call of another service breaks of the audit, or who may use Bedrock by it.
pub(super) fn print_breaks(change: &Change) {
    let Some(breaks) = change.breaks.as_ref().filter(|_| change.outcome == Outcome::Succeeded) else {
        return;
    };
    output::say("");
    output::heading(&format!("{} on {}", change.event_name, change.resource.short()));
    output::say(&format!("  {}", output::line(breaks)));
}

/// What stands beside the fields, or in place of them.
fn note(diff: &Diff) -> Option<String> {
    let reason = diff.reason.as_deref().unwrap_or("no reason given");
    let same = diff.state_before.is_some() && diff.state_before == diff.state_after;
    Some(match diff.read {
        DiffRead::Denied | DiffRead::Throttled => {
            format!("what changed is not known: {} ({reason})", diff.read.name())
        }
        DiffRead::Gone if diff.state_before.is_none() => {
            "it is gone; what it looked like is not known".to_owned()
        }
        DiffRead::Gone => "it is gone; what it looked like is kept".to_owned(),
        DiffRead::Ok if same => "nothing that matters: it looks as before".to_owned(),
        DiffRead::Ok if diff.state_before.is_none() => {
            "no earlier state is known to compare with; what it looks like now is kept".to_owned()
        }
        DiffRead::Ok if diff.holds_later_changes() => {
            "it was changed again before it was read: these are the changes of both".to_owned()
        }
        DiffRead::Ok => return None,
    })
}

fn print_field(field: &FieldChange) {
    let effect = field.effect.as_ref().map(|effect| format!("  ({effect})")).unwrap_or_default();
    let text =
        |value: &Option<String>| value.as_deref().and_then(|json| serde_json::from_str::<String>(json).ok());
    match (text(&field.before), text(&field.after)) {
        (Some(before), Some(after)) if is_long(&before) || is_long(&after) => {
            output::say(&format!("  {}{effect}", output::line(&field.path)));
            lines::told(&before, &after).iter().for_each(|line| output::say(&format!("    {line}")));
        }
        _ => {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            let told = format!("{}: {} -> {}{effect}", field.path, value(&field.before), value(&field.after));
            output::say(&format!("  {}", output::line(&told)));
        }
    }
}

fn is_long(text: &str) -> bool {
    text.len() > LONG || text.contains('\n')
}

/// Which responses ran under a weakened guardrail.
pub(super) fn print_blast_radius(radius: &BlastRadius, global: &Global) {
    let until = radius.until.map_or("now".to_owned(), |until| output::moment(until, global.utc_offset));
    let unknown = match radius.of_unknown_version {
        0 => String::new(),
        count => format!(", and {count} more in a version that the log does not name"),
    };
    output::say(&format!(
        "  blast radius: {} under version {} until {until}{unknown}",
        output::counted(radius.responses, "response"),
        radius.version
    ));
    output::say(&format!("  $ {}", output::line(&command(radius, global))));
}

/// The blast radius in `changes --json`.
pub(super) fn blast_radius(radius: &BlastRadius, global: &Global) -> Value {
    json!({
        "guardrail_id": radius.guardrail_id,
        "version": radius.version,
        "since": time::rfc3339(radius.since),
        "until": radius.until.map(time::rfc3339),
        "responses": radius.responses,
        "of_unknown_version": radius.of_unknown_version,
        "command": command(radius, global),
    })
}

fn command(radius: &BlastRadius, global: &Global) -> String {
    let until = radius.until.map(|until| format!(" --until {}", time::rfc3339(until)));
    let since = time::rfc3339(radius.since);
    let id = shell_word(&radius.guardrail_id);
    let program = global.program();
    format!("{program} invocations --guardrail {id} --since {since}{}", until.unwrap_or_default())
}
