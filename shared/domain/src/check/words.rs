//! The text of a fault. No event told it: so it says when it was noticed, and does not say who or since when.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Check, found};
use crate::{
    alert::{Alert, ascii_subject, moment, shell_word},
    change::Change,
    plain::one_line,
    time,
};

impl Check {
    /// The alert of a fault of this check.
    pub(crate) fn alert(&self, change: &Change) -> Alert {
        let subject = format!(
            "[{}] {} on {}, noticed by the hourly check",
            change.severity.name(),
            self.name,
            change.resource.short()
        );
        let before = change.occurred_at.checked_sub(SignedDuration::from_hours(24));
        let command =
            format!("bedrock-audit changes --since {}", time::day(before.unwrap_or(change.occurred_at)));
        let lines = [
            ("what:", format!("{}: {}", self.name, self.wrong)),
            ("which:", change.resource.short()),
            ("", change.resource.arn.clone().unwrap_or_default()),
            ("breaks:", self.breaks.to_owned()),
            ("mend:", self.mend(change)),
            ("found:", change.response_elements.clone().unwrap_or_default()),
            ("who:", "not known: no event told it, the hourly check noticed it".to_owned()),
            ("when:", format!("checked {}; since when is not known", moment(change.occurred_at))),
            ("where:", format!("account {}, {}", change.account_id, change.region)),
            ("severity:", change.severity.name().to_owned()),
            ("more:", format!("{command} lists what was changed lately, and by whom")),
            ("ids:", format!("event {}", change.event_id)),
        ];
        let filled = lines.iter().filter(|(label, value)| !(label.is_empty() && value.is_empty()));
        // half a command would be none
        let limit = |label: &str| if label == "mend:" { 20_000 } else { 1_000 };
        let text =
            filled.map(|(label, value)| format!("{label:<10} {}\n", one_line(value, limit(label)))).collect();
        Alert { subject: ascii_subject(&subject), text, command }
    }

    /// The command that mends a fault: with the names of the resource, and with what was found there.
    pub fn mend(&self, change: &Change) -> String {
        let resource = &change.resource;
        let arn = resource.arn.as_deref();
        let region = arn.and_then(|arn| arn.split(':').nth(3)).filter(|region| !region.is_empty());
        let mut command = self
            .mend
            .replace("{id}", &shell_word(&resource.id))
            .replace("{arn}", &shell_word(arn.unwrap_or(&resource.id)))
            .replace("{region}", &shell_word(region.unwrap_or(&resource.region)));
        // last, since what stands there may hold braces of its own
        for (name, value) in found(change).as_ref().and_then(Value::as_object).into_iter().flatten() {
            if let Some(text) = value.as_str() {
                command = command.replace(&format!("{{{name}}}"), &shell_word(text));
            }
        }
        command
    }
}
