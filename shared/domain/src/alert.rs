//! The text that people get when something changed. No prompt, no message and no request parameter stands in it.

mod drift;
mod new_prompt;

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::{
    change::{Addendum, Change, Outcome, Severity},
    check::Check,
    ledger::record::{Diff, DiffRead, FieldChange},
    plain::{is_unsafe, one_line},
    report,
    state::{Subject, text::for_alert},
};

pub use self::new_prompt::NewPrompt;

/// So many fields stand in an alert; the rest is counted.
const SHOWN: usize = 20;

const DEPLOYMENT: &str = "CloudFormation: a deployment, of this stack or of another one";
const OMITTED: &str =
    "CloudTrail left the request out for its size: a known evasion, to hide what was asked for";

/// What is published for one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Printable ASCII, one line, under 100 characters: what an e-mail's subject may be.
    pub subject: String,
    /// The body.
    pub text: String,
    /// The command that shows more.
    pub command: String,
}

impl Alert {
    /// The alert of a change, with what changed as far as that is known.
    pub fn of(change: &Change, diff: Option<&Diff>) -> Self {
        if let Some(check) = Check::of(change) {
            return check.alert(change);
        }
        let command = command(change);
        Self { subject: subject(change, diff, ""), text: text(change, diff, &command), command }
    }

    /// What follows an alert that went out before anybody could see what changed.
    pub fn follow_up(change: &Change, diff: &Diff) -> Self {
        Self { subject: subject(change, Some(diff), "what changed: "), ..Self::of(change, Some(diff)) }
    }

    /// The same, with commands that ask the ledger of this stack: whoever pastes one at night has named none.
    #[must_use]
    pub fn asking(self, stack: Option<&str>) -> Self {
        let Some(stack) = stack else { return self };
        let flag = format!(" --stack {}", shell_word(stack));
        let (mut text, mut is_more) = (String::new(), false);
        for line in self.text.lines() {
            // no value of a record begins a line: behind `more:` and below it stand commands alone
            is_more = line.starts_with("more:") || (is_more && line.starts_with(' '));
            let line = match line.split_once(&self.command) {
                _ if !is_more => line.to_owned(),
                Some((before, behind)) => format!("{before}{}{flag}{behind}", self.command),
                None => format!("{line}{flag}"),
            };
            write_line(&mut text, &line);
        }
        Self { command: self.command + &flag, text, ..self }
    }
}

/// A diff as it may leave the account's own tables: prompt and message texts as lengths and hashes.
pub fn without_texts(change: &Change, diff: &Diff) -> Diff {
    let fields = match Subject::of(change) {
        Some(subject) => diff.fields.iter().map(|field| for_alert(field, subject.kind)).collect(),
        None => Vec::new(),
    };
    Diff { fields, ..diff.clone() }
}

/// One message for changes that are too old to be news.
pub fn summary(changes: &[&Change]) -> Alert {
    let mut text = format!(
        "{} older Bedrock configuration changes were recorded now, and not alerted one by one:\n\n",
        changes.len()
    );
    for change in changes {
        let amends = change.addendum.as_ref().and_then(Addendum::amends);
        let line = format!(
            "{}  {}  {} {} on {} by {}{}\n",
            moment(change.occurred_at),
            change.severity.name(),
            change.event_name,
            change.outcome.name(),
            change.resource.short(),
            change.principal.best(),
            amends.map(|event| format!(", amends {event}")).unwrap_or_default()
        );
        text.push_str(&one_line(&line, 500));
        text.push('\n');
        if text.len() > 150_000 {
            text.push_str("... and more: ask the ledger.\n");
            break;
        }
    }
    let worst = changes.iter().map(|change| change.severity).max().unwrap_or(Severity::Info);
    let oldest = changes.iter().map(|change| change.occurred_at).min();
    let since = oldest.map(crate::time::day).unwrap_or_default();
    let command = format!("bedrock-audit changes --since {since}");
    write_line(&mut text, &format!("\nmore:      {command}"));
    Alert {
        subject: ascii_subject(&format!(
            "[{}] {} older Bedrock changes recorded",
            worst.name(),
            changes.len()
        )),
        text,
        command,
    }
}

/// Any text as a subject that the topic takes: printable ASCII, one line, under 100 characters, not empty.
pub fn ascii_subject(text: &str) -> String {
    let printable: String = text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    let mut subject: String = printable.trim().chars().take(99).collect();
    if subject.is_empty() {
        subject.push_str("Bedrock configuration change");
    }
    subject
}

fn subject(change: &Change, diff: Option<&Diff>, follows: &str) -> String {
    let done = match change.outcome {
        Outcome::Succeeded if amends(change) => " (amended)",
        Outcome::Succeeded => "",
        Outcome::Denied => " DENIED",
        Outcome::Failed => " failed",
    };
    let verdict = diff.and_then(|diff| diff.verdict).map(|verdict| format!(", {}", verdict.name()));
    let name = change.principal.name.as_deref().unwrap_or(change.principal.best());
    let by = if drift::is_drift(change) { format!(": {}", drift::NOBODY) } else { format!(" by {name}") };
    ascii_subject(&format!(
        "[{}{}] {follows}{}{done} on {}{by}",
        report::severity(change, diff).name(),
        verdict.unwrap_or_default(),
        change.event_name,
        change.resource.short(),
    ))
}

fn text(change: &Change, diff: Option<&Diff>, command: &str) -> String {
    let mut text = String::new();
    let version = change.resource.version.as_ref().map(|v| format!(", version {v}"));
    let mut line = |label: &str, value: &str| {
        write_line(&mut text, &format!("{label:<10} {}", one_line(value, 1_000)));
    };
    let is_drift = drift::is_drift(change);
    let called = || format!("{} {}", change.event_name, outcome(change));
    line("what:", &if is_drift { drift::what(diff) } else { called() });
    line("which:", &format!("{}{}", change.resource.short(), version.unwrap_or_default()));
    if let Some(arn) = &change.resource.arn {
        line("", arn);
    }
    if let Some(amended) = change.addendum.as_ref().and_then(Addendum::amends) {
        line("amends:", &amended);
    }
    line("who:", &if is_drift { drift::NOBODY.to_owned() } else { change.principal.to_string() });
    line("when:", &if is_drift { drift::when(change, diff) } else { moment(change.occurred_at) });
    line("where:", &place(change));
    line("severity:", report::severity(change, diff).name());
    if let Some(breaks) = &change.breaks {
        line("breaks:", breaks);
    }
    if change.deployment {
        line("through:", DEPLOYMENT);
    }
    if change.omitted {
        line("hidden:", OMITTED);
    }
    for (nth, told) in changed(change, diff).iter().enumerate() {
        line(if nth == 0 { "changed:" } else { "" }, told);
    }
    line("more:", command);
    line("ids:", &format!("event {}, request {}", change.event_id, change.request_id));
    text
}

fn outcome(change: &Change) -> String {
    match (change.outcome, &change.error_code) {
        (Outcome::Succeeded, _) => "succeeded".to_owned(),
        (Outcome::Denied, code) => format!("was denied ({})", code.as_deref().unwrap_or_default()),
        (Outcome::Failed, code) => format!("failed ({})", code.as_deref().unwrap_or_default()),
    }
}

fn place(change: &Change) -> String {
    let mut place = format!("account {}, {}", change.account_id, change.region);
    if let Some(address) = &change.source_ip {
        let _infallible = write!(place, ", from {address}");
    }
    match change.mfa {
        Some(true) => place.push_str(", with MFA"),
        Some(false) => place.push_str(", without MFA"),
        None => {}
    }
    place
}

/// What is known of the content, one line each.
fn changed(change: &Change, diff: Option<&Diff>) -> Vec<String> {
    match (change.outcome, diff) {
        (Outcome::Denied | Outcome::Failed, _) => vec!["nothing: it was an attempt".to_owned()],
        (Outcome::Succeeded, _) if amends(change) => {
            vec!["no further change: CloudTrail amends its record of an earlier one".to_owned()]
        }
        (Outcome::Succeeded, Some(diff)) if diff.is_final() => fields(change, diff),
        (Outcome::Succeeded, _) if change.alert_group().is_some() => deleted(change),
        (Outcome::Succeeded, None) if change.breaks.is_some() => vec![asked(change)],
        (Outcome::Succeeded, diff) => vec![unread(diff)],
    }
}

fn unread(diff: Option<&Diff>) -> String {
    match diff {
        None => "CloudTrail does not record what changed, and this kind of resource is not read".to_owned(),
        Some(diff) => format!(
            "not known: the resource could not be read ({}: {}); once it could be, that is told in a message of its own",
            diff.read.name(),
            diff.reason.as_deref().unwrap_or("no reason given")
        ),
    }
}

/// CloudTrail hides what is asked of Bedrock, and not what is asked of other services.
fn asked(change: &Change) -> String {
    let place = &change.evidence.location;
    if change.omitted {
        return format!("not known: what was asked for is not in the event, {place}");
    }
    format!("what was asked for stands in the event, {place}, and in the ledger")
}

fn deleted(change: &Change) -> Vec<String> {
    let version = change.resource.version.as_deref().map(|v| format!(" (version id {v})"));
    vec![
        format!("the object {} is deleted{}", change.resource.id, version.unwrap_or_default()),
        "what else the same requester deletes of this bucket within the hour is recorded, and not alerted one by one"
            .to_owned(),
    ]
}

fn fields(change: &Change, diff: &Diff) -> Vec<String> {
    let told = without_texts(change, diff).fields;
    let mut lines = vec![headline(diff, told.len())];
    lines.extend(told.iter().take(SHOWN).map(field));
    let left = told.len().saturating_sub(SHOWN) as u64 + u64::from(diff.fields_left_out);
    if left > 0 {
        lines.push(format!("... and {left} more"));
    }
    if diff.holds_later_changes() {
        lines.push("it was changed again before it was read: these are the changes of both".to_owned());
    }
    // nobody is blamed for what another one did meanwhile without being seen
    if let Some(before) = diff.before_at.filter(|_| !told.is_empty() && !drift::is_drift(change)) {
        lines.push(format!(
            "compared with what was read {}; what no event told since is in it, too",
            moment(before)
        ));
    }
    lines
}

fn headline(diff: &Diff, fields: usize) -> String {
    let verdict = diff.verdict.map(|verdict| format!(", {}", verdict.name())).unwrap_or_default();
    match (fields, &diff.state_before, diff.read) {
        (0, None, DiffRead::Ok) => {
            "no earlier state is known to compare with; what it looks like now is kept".to_owned()
        }
        (0, None, _) => "it is gone, and what it looked like is not known".to_owned(),
        (0, Some(before), _) if diff.state_after.as_ref() == Some(before) => {
            "nothing that matters: it looks as before".to_owned()
        }
        (_, _, DiffRead::Gone) => format!("it is gone{verdict}; what it looked like is kept"),
        (1, ..) => format!("1 field{verdict}"),
        (count, ..) => format!("{count} fields{verdict}"),
    }
}

fn field(field: &FieldChange) -> String {
    let value =
        |value: &Option<String>| value.as_deref().map_or("nothing".to_owned(), |text| one_line(text, 200));
    let effect = field.effect.as_ref().map(|effect| format!(" ({effect})")).unwrap_or_default();
    format!("{}: {} -> {}{effect}", field.path, value(&field.before), value(&field.after))
}

fn amends(change: &Change) -> bool {
    change.addendum.as_ref().is_some_and(|addendum| addendum.original_event_id.is_some())
}

fn command(change: &Change) -> String {
    let since = crate::time::day(change.occurred_at);
    if change.alert_group().is_some() {
        return format!("bedrock-audit changes --kind {} --since {since}", change.resource.kind);
    }
    if change.resource.id == crate::change::UNKNOWN {
        return format!("bedrock-audit explain {}", shell_word(&change.request_id));
    }
    format!("bedrock-audit changes --resource {} --since {since}", shell_word(&change.resource.short()))
}

/// A word that a shell takes as it stands; quoted where it has to be.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    let text: String = text.chars().filter(|c| !is_unsafe(*c)).collect();
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%A %Y-%m-%d %H:%M:%S UTC").to_string()
}

fn write_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        change::{Origin, TrailEvent, watch::Watching},
        evidence::ObjectLocation,
    };

    fn change(path: &str) -> Change {
        let path = format!("{}/../../events/{path}.json", env!("CARGO_MANIFEST_DIR"));
        let json = std::fs::read_to_string(path).unwrap();
        let location = ObjectLocation::object("audit", "events/x");
        match TrailEvent::read(json.as_bytes(), 1, &location, Origin::Eventbridge, &Watching::default())
            .unwrap()
            .0
        {
            TrailEvent::Change(change) => *change,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_alert_says_who_what_which_when_and_where() {
        let alert = Alert::of(&change("incident/changes/04-UpdateGuardrail-weakened"), None);
        assert_eq!(
            alert.subject,
            "[high] UpdateGuardrail on guardrail/gr4k2p9x7wzq by marta.klein@example.com"
        );
        for part in [
            "UpdateGuardrail succeeded",
            "guardrail/gr4k2p9x7wzq, version DRAFT",
            "marta.klein@example.com",
            "Thursday 2026-10-15 14:07:21 UTC",
            "account 444455556666, eu-central-1",
            "without MFA",
            "CloudTrail does not record what changed",
            "bedrock-audit changes --resource guardrail/gr4k2p9x7wzq --since 2026-10-15",
        ] {
            assert!(alert.text.contains(part), "{part:?} in\n{}", alert.text);
        }
        let denied = Alert::of(&change("incident/changes/06-DeleteGuardrail-denied"), None);
        assert!(denied.subject.contains("DENIED"), "{}", denied.subject);
        assert!(denied.text.contains("was denied (AccessDenied)"), "{}", denied.text);
    }

    #[test]
    fn the_commands_of_an_alert_ask_the_stack_that_sent_it() {
        let change = change("incident/changes/04-UpdateGuardrail-weakened");
        let alert = Alert::of(&change, None).asking(Some("audit-prod"));
        let command =
            "bedrock-audit changes --resource guardrail/gr4k2p9x7wzq --since 2026-10-15 --stack audit-prod";
        assert_eq!(alert.command, command);
        assert!(alert.text.contains(&format!("more:      {command}\nids:")), "{}", alert.text);
        assert_eq!(alert.text.matches("--stack").count(), 1, "{}", alert.text);
        assert_eq!(Alert::of(&change, None).asking(None), Alert::of(&change, None));

        let older = summary(&[&change]).asking(Some("a b"));
        assert!(older.text.ends_with("more:      bedrock-audit changes --since 2026-10-15 --stack 'a b'\n"));
        // the hourly check says something behind its command
        let told = "bedrock-audit changes --since 2026-10-14";
        let text =
            format!("found:     {told}\nmore:      {told} lists what was changed\nids:       event e\n");
        let checked = Alert { subject: String::new(), text, command: told.to_owned() }.asking(Some("audit"));
        assert_eq!(
            checked.text,
            format!(
                "found:     {told}\nmore:      {told} --stack audit lists what was changed\nids:       event e\n"
            )
        );
    }

    #[test]
    fn an_alert_says_which_event_it_amends() {
        let mut change = change("incident/changes/04-UpdateGuardrail-weakened");
        assert!(!Alert::of(&change, None).text.contains("amends"));
        change.addendum = Some(Addendum {
            reason: Some("UPDATED_DATA".into()),
            updated_fields: Some("responseElements".into()),
            original_event_id: Some("6a0f6c1e".into()),
            original_request_id: None,
        });
        let alert = Alert::of(&change, None);
        assert!(alert.subject.starts_with("[high] UpdateGuardrail (amended) on"), "{}", alert.subject);
        assert!(
            alert.text.contains("amends:    event 6a0f6c1e (UPDATED_DATA: responseElements)"),
            "{}",
            alert.text
        );
    }

    #[test]
    fn an_alert_of_drift_says_that_no_event_tells() {
        let at = "2026-10-15T12:00:00Z".parse().unwrap();
        let resource = change("incident/changes/04-UpdateGuardrail-weakened").resource;
        let drift = Change::noticed("Drift", resource, Severity::High, at, "x", b"{}");
        let dated = Diff { updated_at: Some(at), ..Diff::of_change(&drift) };
        let alert = Alert::of(&drift, Some(&dated));
        assert_eq!(alert.subject, "[high] Drift on guardrail/gr4k2p9x7wzq: no event tells who");
        for part in [
            "what:      Drift: it is not as it was last known, and no event that was recorded explains it\n",
            "who:       no event tells who\n",
            "when:      Thursday 2026-10-15 12:00:00 UTC, as the service says\n",
        ] {
            assert!(alert.text.contains(part), "{part:?} in\n{}", alert.text);
        }
        let before_at = Some("2026-10-15T06:00:00Z".parse().unwrap());
        let gone = Diff { read: DiffRead::Gone, before_at, ..Diff::of_change(&drift) };
        let alert = Alert::of(&drift, Some(&gone));
        for part in [
            "what:      Drift: it is gone, and no event",
            "when:      not known: between Thursday 2026-10-15 06:00:00 UTC and Thursday 2026-10-15 12:00:00 UTC\n",
        ] {
            assert!(alert.text.contains(part), "{part:?} in\n{}", alert.text);
        }
    }

    #[test]
    fn hostile_names_stay_on_their_line_and_out_of_the_shell() {
        let mut hostile = change("incident/changes/04-UpdateGuardrail-weakened");
        hostile.principal.name = Some("eve\r\nBcc: all@example.com \u{202e}\u{1b}[2J é".into());
        hostile.resource.id = "x'; rm -rf ~; '".into();
        let alert = Alert::of(&hostile, None);
        assert!(alert.subject.len() < 100 && alert.subject.bytes().all(|b| (32..127).contains(&b)));
        assert!(!alert.text.contains('\u{1b}') && !alert.text.contains('\r'));
        assert!(!alert.text.contains("\nBcc"), "{}", alert.text);
        assert!(alert.command.contains(r"'guardrail/x'\''; rm -rf ~; '\'''"), "{}", alert.command);
        assert_eq!(ascii_subject("\n\t "), "??");
        assert_eq!(ascii_subject(""), "Bedrock configuration change");
    }
}
