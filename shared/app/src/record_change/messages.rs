//! What is published: the text for people, and the same facts for machines.

use audit_domain::{
    alert::{self, Alert},
    change::Change,
    ledger::record::Diff,
    plain::one_line,
    report,
};
use serde_json::{Value, json};

use crate::ports::Message;

/// The alert of one change, with commands that ask this stack.
pub fn message(change: &Change, diff: Option<&Diff>, stack: Option<&str>) -> Message {
    message_of(change, diff, Alert::of(change, diff).asking(stack))
}

/// What follows an alert that went out before anybody could see what changed.
pub fn follow_up(change: &Change, diff: &Diff, stack: Option<&str>) -> Message {
    message_of(change, Some(diff), Alert::follow_up(change, diff).asking(stack))
}

fn message_of(change: &Change, diff: Option<&Diff>, alert: Alert) -> Message {
    let severity = report::severity(change, diff);
    Message {
        attributes: filled([
            ("kind", "change".to_owned()),
            ("severity", severity.name().to_owned()),
            ("resource_kind", change.resource.kind.clone()),
            ("event_name", change.event_name.clone()),
            ("outcome", change.outcome.name().to_owned()),
            ("account_id", change.account_id.clone()),
            ("region", change.region.clone()),
        ]),
        json: for_machines(change, diff, &alert).to_string(),
        subject: alert.subject,
        text: alert.text,
    }
}

/// An entry of `changes --json`, with texts as lengths and hashes, and what people are told.
fn for_machines(change: &Change, diff: Option<&Diff>, alert: &Alert) -> Value {
    let told = diff.map(|diff| alert::without_texts(change, diff));
    let mut json = report::change(change, told.as_ref());
    if let Some(members) = json.as_object_mut() {
        members.insert("schema".to_owned(), json!(1));
        members.insert("title".to_owned(), json!(alert.subject));
        members.insert("text".to_owned(), json!(alert.text));
        members.insert("command".to_owned(), json!(alert.command));
    }
    json
}

/// One message for changes that are too old to be news.
pub(super) fn summary_message(changes: &[&Change], stack: Option<&str>) -> Message {
    let alert = alert::summary(changes).asking(stack);
    let entries: Vec<_> = changes.iter().take(100).map(|change| report::change(change, None)).collect();
    let json = json!({
        "schema": 1,
        "title": alert.subject,
        "text": alert.text,
        "command": alert.command,
        "changes": entries,
        "left_out": changes.len().saturating_sub(100),
    });
    let severity = changes.iter().map(|change| change.severity).max();
    Message {
        attributes: filled([
            ("kind", "summary".to_owned()),
            ("severity", severity.map_or("info", |severity| severity.name()).to_owned()),
        ]),
        subject: alert.subject,
        text: alert.text,
        json: json.to_string(),
    }
}

/// Attributes of at most 256 characters, none of them empty: the topic refuses an empty one.
pub(crate) fn filled<const N: usize>(attributes: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    attributes
        .into_iter()
        .map(|(name, value)| (name, one_line(&value, 256)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}
