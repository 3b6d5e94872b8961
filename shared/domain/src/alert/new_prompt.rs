//! The text that people get when a caller uses a system prompt that nobody used before. No word of the prompt stands in it.

use jiff::Timestamp;

use super::{Alert, ascii_subject, shell_word, write_line};
use crate::{
    drift::{FIRST_DAYS, IN_ALL, LastOne, NewUse, PER_CALLER},
    ledger::state::Sighting,
    plain::one_line,
};

/// A new system prompt, as it is told.
#[derive(Clone, Copy, Debug)]
pub struct NewPrompt<'a> {
    /// The use, and since when its caller is known.
    pub new: NewUse<'a>,
    /// The caller's prompt of before: the one that was noted last.
    pub before: Option<&'a Sighting>,
    /// Where further ones are not told for a while.
    pub last_one: Option<LastOne>,
}

impl Alert {
    /// The alert of a new system prompt.
    pub fn of_new_prompt(prompt: &NewPrompt<'_>) -> Self {
        let used = prompt.new.used;
        let caller = used.principal.caller();
        let command = match used.principal.arn {
            Some(_) => format!("bedrock-audit prompts --principal {}", shell_word(caller)),
            // the record does not say who it was
            None => format!("bedrock-audit explain {}", shell_word(&used.request_id)),
        };
        let name = caller.rsplit('/').next().unwrap_or(caller);
        Self {
            subject: ascii_subject(&format!("[info] new system prompt {} used by {name}", used.id.short())),
            text: text(prompt, &command),
            command,
        }
    }
}

fn text(prompt: &NewPrompt<'_>, command: &str) -> String {
    let NewUse { used, known_since } = prompt.new;
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        write_line(&mut text, &format!("{label:<10} {}", one_line(value, 1_000)));
    };
    line("what:", "a system prompt is in use that nobody used before, as far as the ledger goes back");
    line("", "(prompts in an application's own code change without an UpdatePrompt)");
    line("who:", &used.principal.to_string());
    line("caller:", &format!("{}, known since {}", used.principal.caller(), moment(known_since)));
    line("since:", &moment(used.occurred_at));
    line("where:", &format!("account {}, {}", used.account_id, used.region));
    line("model:", &used.model_id);
    line("prompt:", &format!("{}, {} characters", used.id, used.characters));
    line("before:", &before(prompt.before));
    line("severity:", "info");
    if let Some(last) = prompt.last_one {
        line("further:", &further(last));
    }
    line("more:", command);
    line("", &format!("bedrock-audit prompt {}", used.id.short()));
    line("ids:", &format!("request {}", used.request_id));
    text
}

fn before(before: Option<&Sighting>) -> String {
    match before {
        Some(seen) => format!("{}, noted last {}", seen.system_prompt_id, moment(seen.last_seen)),
        None => format!("not known: the caller was seen over {FIRST_DAYS} days ago, and not lately"),
    }
}

fn further(last: LastOne) -> String {
    let (whose, bound) = if last.of_all { ("", IN_ALL) } else { (" of this caller", PER_CALLER) };
    let already = match last.left_out {
        0 => String::new(),
        count => format!("; {count} were left out already"),
    };
    format!("further new prompts{whose} this hour are not alerted ({bound} were){already}")
}

fn moment(moment: Timestamp) -> String {
    moment.strftime("%A %Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{digest::Sha256, drift::PromptUse, principal::Principal};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn used() -> PromptUse {
        PromptUse {
            id: Sha256::of(b"new"),
            characters: 412,
            occurred_at: at("2026-10-15T14:07:21Z"),
            request_id: "r-1".into(),
            model_id: "eu.anthropic.claude".into(),
            principal: Principal::from_arn("arn:aws:sts::1:assumed-role/claims-app/web-7f9c"),
            account_id: "444455556666".into(),
            region: "eu-central-1".into(),
        }
    }

    fn told(used: &PromptUse, before: Option<&Sighting>, last_one: Option<LastOne>) -> Alert {
        let new = NewUse { used, known_since: at("2026-10-01T08:00:00Z") };
        Alert::of_new_prompt(&NewPrompt { new, before, last_one })
    }

    #[test]
    fn an_alert_says_who_uses_what_since_when_and_what_was_before() {
        let before = Sighting {
            system_prompt_id: "a".repeat(64),
            first_seen: at("2026-10-01T08:00:00Z"),
            last_seen: at("2026-10-15T13:58:00Z"),
            sample_request_id: "r-0".into(),
            model_id: "m".into(),
            caller: "c".into(),
        };
        let alert = told(&used(), Some(&before), None);
        let id = Sha256::of(b"new");
        assert_eq!(alert.subject, format!("[info] new system prompt {} used by claims-app", id.short()));
        assert_eq!(alert.command, "bedrock-audit prompts --principal arn:aws:sts::1:assumed-role/claims-app");
        for part in [
            "who:       web-7f9c (arn:aws:sts::1:assumed-role/claims-app/web-7f9c)\n".to_owned(),
            "caller:    arn:aws:sts::1:assumed-role/claims-app, known since Thursday 2026-10-01 08:00:00 UTC\n"
                .to_owned(),
            "since:     Thursday 2026-10-15 14:07:21 UTC\n".to_owned(),
            format!("prompt:    {id}, 412 characters\n"),
            format!("before:    {}, noted last Thursday 2026-10-15 13:58:00 UTC\n", "a".repeat(64)),
            format!("bedrock-audit prompt {}\n", id.short()),
            "ids:       request r-1\n".to_owned(),
        ] {
            assert!(alert.text.contains(&part), "{part:?} in\n{}", alert.text);
        }
        assert!(!alert.text.contains("further:"), "{}", alert.text);
    }

    #[test]
    fn both_commands_ask_the_stack_that_sent_it() {
        let alert = told(&used(), None, None).asking(Some("audit-prod"));
        let principal = "arn:aws:sts::1:assumed-role/claims-app";
        let lines = format!(
            "more:      bedrock-audit prompts --principal {principal} --stack audit-prod\n           bedrock-audit prompt {} --stack audit-prod\nids:",
            used().id.short()
        );
        assert!(alert.text.contains(&lines), "{}", alert.text);
    }

    #[test]
    fn where_nobody_is_named_the_request_is() {
        let nobody = PromptUse { principal: Principal::default(), ..used() };
        let alert = told(&nobody, None, None);
        assert_eq!(alert.command, "bedrock-audit explain r-1");
        assert!(alert.text.contains("caller:    unknown, known since"), "{}", alert.text);
    }

    #[test]
    fn the_last_alert_says_what_does_not_follow() {
        let last = |of_all, left_out| told(&used(), None, Some(LastOne { of_all, left_out })).text;
        let of_caller = last(false, 3);
        let line = "further:   further new prompts of this caller this hour are not alerted (10 were); 3 were left out";
        assert!(of_caller.contains(line), "{of_caller}");
        assert!(last(true, 0).contains("further new prompts this hour are not alerted (50 were)\n"));
    }

    #[test]
    fn hostile_callers_stay_on_their_line_and_out_of_the_shell() {
        let hostile = PromptUse {
            principal: Principal::from_arn("eve\r\nBcc: all@example.com \u{1b}[2J';rm -rf ~"),
            model_id: "m\u{202e}\nmore: rm".into(),
            ..used()
        };
        let alert = told(&hostile, None, None);
        assert!(alert.subject.len() < 100 && alert.subject.bytes().all(|b| (32..127).contains(&b)));
        assert!(!alert.text.contains(['\u{1b}', '\r', '\u{202e}']), "{}", alert.text);
        assert!(!alert.text.contains("\nBcc") && !alert.text.contains("\nmore: rm"), "{}", alert.text);
        assert!(alert.command.contains(r"'\''"), "{}", alert.command);
    }
}
