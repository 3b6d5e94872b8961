//! The text of a fault. No event told it: so it says when it was noticed, and does not say who or since when.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Check, Fault, found};
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

    /// The command that mends what a change of this check tells.
    pub fn mend(&self, change: &Change) -> String {
        let resource = &change.resource;
        self.command(&resource.id, resource.arn.as_deref(), &resource.region, found(change).as_ref())
    }

    /// The command that mends a fault which was seen in this region.
    pub fn mend_of(&self, fault: &Fault, region: &str) -> String {
        self.command(&fault.id, fault.arn.as_deref(), region, Some(&fault.found))
    }

    /// With the names of the resource, and with what was found there, each as one word of a shell.
    fn command(&self, id: &str, arn: Option<&str>, region: &str, found: Option<&Value>) -> String {
        let home = arn.and_then(|arn| arn.split(':').nth(3)).filter(|region| !region.is_empty());
        filled(self.mend, |name| match name {
            "id" => Some(shell_word(id)),
            "arn" => Some(shell_word(arn.unwrap_or(id))),
            "region" => Some(shell_word(home.unwrap_or(region))),
            name => found?.get(name)?.as_str().map(shell_word),
        })
    }
}

/// A text with values in the place of `{name}`, where there is one. What a value holds is never filled itself: it may have
/// braces of its own, and quotes around them.
fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        match after.split_once('}').and_then(|(name, after)| Some((value(name)?, after))) {
            Some((value, after)) => {
                text.push_str(&value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text + rest
}
