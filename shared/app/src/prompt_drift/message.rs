//! What is published of a new system prompt: the text for people, and the same facts for machines.

use audit_domain::{
    alert::{Alert, NewPrompt},
    change::Severity,
    report,
};
use serde_json::json;

use crate::{ports::Message, record_change::filled};

/// The alert of a new system prompt, with commands that ask this stack.
pub(super) fn message(prompt: &NewPrompt<'_>, stack: Option<&str>) -> Message {
    let alert = Alert::of_new_prompt(prompt).asking(stack);
    let mut json = report::new_prompt(prompt);
    if let Some(members) = json.as_object_mut() {
        members.insert("schema".to_owned(), json!(1));
        members.insert("title".to_owned(), json!(alert.subject));
        members.insert("text".to_owned(), json!(alert.text));
        members.insert("command".to_owned(), json!(alert.command));
    }
    let used = prompt.new.used;
    Message {
        attributes: filled([
            ("kind", "system-prompt".to_owned()),
            ("severity", Severity::Info.name().to_owned()),
            ("account_id", used.account_id.clone()),
            ("region", used.region.clone()),
        ]),
        subject: alert.subject,
        text: alert.text,
        json: json.to_string(),
    }
}
