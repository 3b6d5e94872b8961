//! `demo`: the real pipeline on a sample incident.
//!
//! The events of `events/incident` are shifted by whole weeks, so that the incident's Thursday is the last one, and go the way
//! that a deployed stack's events go: the log as a gzip object through the indexing, each change through the recording,
//! as if it had arrived three minutes after it happened.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use audit_app::{
    index::{Indexing, Takes, index_object},
    ports::{Message, PortError, PublishAlerts, ReadResources, ResourceRead},
    prompt_drift::Silent,
    record_change::{Recorder, Recording},
};
use audit_domain::{
    change::{Origin, TrailEvent, watch::Watching},
    evidence::ObjectLocation,
    ledger::record::{EXCERPT, Retention},
    state::{Subject, SubjectKind},
    window,
};
use flate2::{Compression, write::GzEncoder};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822, tz::Offset};
use serde_json::Value;

use super::{changes, explain, prompts, sources};
use crate::{
    arguments::{Arguments, Command, Global},
    ledger::{self, AnyLedger},
    objects::{BodiesInFolders, Files},
    output::{self, Ending},
    private,
};

const INVOCATIONS: &str = include_str!("../../../events/incident/invocations.ndjson");
const CHANGES: [&str; 7] = [
    include_str!(
        "../../../events/incident/changes/01-PutModelInvocationLoggingConfiguration-logging-on.json"
    ),
    include_str!("../../../events/incident/changes/02-CreateGuardrailVersion-version-3.json"),
    include_str!("../../../events/incident/changes/03-UpdatePrompt-draft.json"),
    include_str!("../../../events/incident/changes/04-UpdateGuardrail-weakened.json"),
    include_str!("../../../events/incident/changes/05-CreateGuardrailVersion-version-4.json"),
    include_str!("../../../events/incident/changes/06-DeleteGuardrail-denied.json"),
    include_str!("../../../events/incident/changes/07-PutEnforcedGuardrailConfiguration-version-3.json"),
];
/// What the application was given, as it sent it on.
const RESPONSES: [&str; 2] = [
    include_str!("../../../events/attributions/incident-retrieve.json"),
    include_str!("../../../events/attributions/incident-answer.json"),
];
/// What the resources look like, from which of the changes on.
const STATES: [(usize, SubjectKind, &str, &str); 7] = [
    (0, SubjectKind::InvocationLogging, "DRAFT", include_str!("../../../events/states/logging.json")),
    (1, SubjectKind::Guardrail, "DRAFT", include_str!("../../../events/states/guardrail-DRAFT-monday.json")),
    (1, SubjectKind::Guardrail, "3", include_str!("../../../events/states/guardrail-3.json")),
    (2, SubjectKind::Prompt, "DRAFT", include_str!("../../../events/states/prompt-DRAFT.json")),
    (
        3,
        SubjectKind::Guardrail,
        "DRAFT",
        include_str!("../../../events/states/guardrail-DRAFT-thursday.json"),
    ),
    (4, SubjectKind::Guardrail, "4", include_str!("../../../events/states/guardrail-4.json")),
    (6, SubjectKind::EnforcedGuardrail, "DRAFT", include_str!("../../../events/states/enforced.json")),
];
/// The change that the demo is about.
const WEAKENED: &str = "UpdateGuardrail";
/// The wrong answer.
const WRONG_ANSWER: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
/// The outdated draft that it cites.
const WRONG_DOCUMENT: &str = "s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx";
/// How HTTP headers have a date.
const HTTP_DATE: rfc2822::DateTimePrinter = rfc2822::DateTimePrinter::new();
/// The Thursday in the events.
const THURSDAY: &str = "2026-10-15T00:00:00Z";

pub(crate) async fn run(global: &Global) -> Result<Ending, String> {
    let path = demo_ledger(global)?;
    // whatever is said to be asked on with names this ledger
    let global = &global.on(&path);
    let ledger = ledger::open_file(&path, global).await?;
    let shift = shift(global.now())?;
    let [log, responses] = write_sample(&ledger::objects_folder(&path), shift)?;
    let indexed = index(&log, &ledger, global).await?;
    let told = index(&responses, &ledger, global).await?;
    let alerts = record_changes(&ledger, shift, global).await?;
    output::say(&format!(
        "A sample week went through the pipeline: {indexed} model calls, {told} responses that the application sent, and {} configuration changes.\n",
        CHANGES.len()
    ));
    show_alert(&alerts, global);
    let ask = async |question: &str, typed: &[&str]| ask(question, typed, &ledger, global).await;
    ask(
        "1. Which principal changed the guardrail last Thursday, and what did they change?",
        &["changes", "--kind", "guardrail", "--since", "last thursday"],
    )
    .await?;
    ask(
        "2. Which system prompt was in use for this response? 3. Which retrieved documents were in its context?",
        &["explain", WRONG_ANSWER],
    )
    .await?;
    ask("And which answers used the document that it cites?", &["sources", WRONG_DOCUMENT]).await?;
    ask("And since when, and by whom, are system prompts in use?", &["prompts"]).await?;
    output::say(&format!("\nAsk on: {} explain {WRONG_ANSWER}", output::line(&global.program())));
    Ok(Ending::Done)
}

/// The file that was named, or a fresh one of the demo's own.
fn demo_ledger(global: &Global) -> Result<PathBuf, String> {
    if global.stack.is_some() || global.tables.is_some() {
        return Err(
            "the demo runs on an embedded ledger: it writes sample events, and never to a stack".to_owned()
        );
    }
    if let Some(path) = &global.ledger {
        return Ok(path.clone());
    }
    let path = ledger::data_directory()?.join("demo.db");
    for stale in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(stale);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("could not replace the last demo's ledger {}: {error}", path.display()));
            }
            _ => {}
        }
    }
    Ok(path)
}

/// Whole weeks between the incident's Thursday and the last one.
fn shift(now: Timestamp) -> Result<SignedDuration, String> {
    let incident: Timestamp = THURSDAY.parse().map_err(|error: jiff::Error| error.to_string())?;
    Ok(window::moment("last thursday", now, Offset::UTC)?.duration_since(incident))
}

/// The events with every moment in them shifted.
fn shifted(json: &str, by: SignedDuration) -> Result<Value, String> {
    fn walk(value: &mut Value, by: SignedDuration) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| walk(value, by)),
            Value::Object(members) => members.values_mut().for_each(|value| walk(value, by)),
            Value::String(text) if text.ends_with('Z') || text.ends_with("+00:00") => {
                let moment = text.parse::<Timestamp>().ok().and_then(|moment| moment.checked_add(by).ok());
                if let Some(moment) = moment {
                    *text = moment.to_string();
                }
            }
            // as HTTP headers have it
            Value::String(text) if text.ends_with(" GMT") => {
                let moment =
                    rfc2822::parse(text).ok().and_then(|zoned| zoned.timestamp().checked_add(by).ok());
                if let Some(Ok(date)) = moment.map(|moment| HTTP_DATE.timestamp_to_rfc9110_string(&moment)) {
                    *text = date;
                }
            }
            _ => {}
        }
    }
    let mut value =
        serde_json::from_str(json).map_err(|error| format!("a sample event is broken: {error}"))?;
    walk(&mut value, by);
    Ok(value)
}

/// Writes the sample log as a delivered object would lie in its bucket, and the responses beside it.
fn write_sample(folder: &Path, by: SignedDuration) -> Result<[PathBuf; 2], String> {
    let log = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/sample.json.gz";
    let records: Vec<_> = INVOCATIONS.lines().collect();
    Ok([
        write_gzip(&folder.join(log), &records, by)?,
        write_gzip(&folder.join("responses.json.gz"), &RESPONSES, by)?,
    ])
}

fn write_gzip(path: &Path, values: &[&str], by: SignedDuration) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("could not write the sample events: {error}");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    for value in values {
        writeln!(gzip, "{}", shifted(value, by)?).map_err(failed)?;
    }
    private::write(path, &gzip.finish().map_err(failed)?).map_err(failed)?;
    std::path::absolute(path).map_err(failed)
}

async fn index(log: &Path, ledger: &AnyLedger, global: &Global) -> Result<u64, String> {
    let location = ObjectLocation::file(log.display().to_string());
    let indexing = Indexing {
        takes: Takes::Everything,
        by_content: true,
        retention: Retention::DEFAULT,
        excerpt_characters: EXCERPT,
        now: global.now(),
    };
    let bodies = BodiesInFolders::below(&[log.to_path_buf()]);
    let delivery = index_object(&Files, ledger, &bodies, &Silent, &location, indexing, &mut |_| {}).await;
    Ok(delivery.map_err(|error| error.to_string())?.counts.received)
}

async fn record_changes(
    ledger: &AnyLedger,
    by: SignedDuration,
    global: &Global,
) -> Result<Vec<Message>, String> {
    let alerts = ShownAlerts::default();
    for (nth, event) in CHANGES.into_iter().enumerate() {
        let raw = shifted(event, by)?.to_string();
        let place = ObjectLocation::file("sample");
        let read = TrailEvent::read(raw.as_bytes(), 1, &place, Origin::Eventbridge, &Watching::default());
        let Ok((TrailEvent::Change(change), _)) = read else {
            return Err("a sample event is no change".to_owned());
        };
        let arrived = change.occurred_at.checked_add(SignedDuration::from_mins(3));
        let recording = Recording {
            retention: Retention::DEFAULT,
            alert_max_age: SignedDuration::from_hours(24),
            now: arrived.unwrap_or(global.now()),
        };
        let resources = SampleResources { after: nth, by };
        let recorder = Recorder { ledger, resources: &resources, alerts: &alerts, recording, stack: None };
        recorder.record(*change, raw.as_bytes()).await.map_err(|error| error.to_string())?;
    }
    Ok(alerts.0.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Takes the place of Bedrock: the resources as they were after one of the changes.
struct SampleResources {
    after: usize,
    by: SignedDuration,
}

impl ReadResources for SampleResources {
    async fn read_resource(&self, subject: &Subject) -> Result<ResourceRead, PortError> {
        let is_meant = |(from, kind, version, _): &&(usize, SubjectKind, &str, &str)| {
            *from <= self.after && *kind == subject.kind && *version == subject.version()
        };
        let Some((.., document)) = STATES.iter().rev().find(is_meant) else { return Ok(ResourceRead::Gone) };
        let shifted = shifted(document, self.by);
        shifted
            .map(ResourceRead::Document)
            .map_err(|error| PortError::permanent("read a sample state", error))
    }
}

/// Takes the place of the topics: what would be published is shown.
#[derive(Default)]
struct ShownAlerts(Mutex<Vec<Message>>);

impl PublishAlerts for ShownAlerts {
    async fn publish(&self, message: &Message) -> Result<String, PortError> {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push(message.clone());
        Ok(format!("demo-{}", shown.len()))
    }
}

fn show_alert(alerts: &[Message], global: &Global) {
    let is_weakening = |alert: &&Message| alert.subject.contains(WEAKENED);
    let Some(alert) = alerts.iter().find(is_weakening) else { return };
    output::heading(&format!("The alert, as it was sent ({} were):", alerts.len()));
    if global.json {
        output::say(&alert.json);
        return;
    }
    output::fact("Subject:", &alert.subject);
    output::quote(&alert.text);
}

/// Asks a question as somebody would type it.
async fn ask(question: &str, typed: &[&str], ledger: &AnyLedger, global: &Global) -> Result<(), String> {
    use clap::Parser as _;
    output::say("");
    output::heading(question);
    output::say(&format!("$ {} {}", output::line(&global.program()), quoted(typed)));
    let arguments = Arguments::try_parse_from([&["bedrock-audit"], typed].concat());
    match arguments.map_err(|error| error.to_string())?.command {
        Command::Changes(asked) => changes::run(&asked, ledger, global).await?,
        Command::Explain { request_id } => explain::run(&request_id, ledger, global).await?,
        Command::Sources { uri, window } => sources::run(&uri, &window, ledger, global).await?,
        Command::Prompts { principal, window } => prompts::list(principal, &window, ledger, global).await?,
        _ => return Err("the demo asks no such question".to_owned()),
    };
    Ok(())
}

fn quoted(typed: &[&str]) -> String {
    let word = |word: &&str| if word.contains(' ') { format!("{word:?}") } else { (*word).to_owned() };
    typed.iter().map(word).collect::<Vec<_>>().join(" ")
}
