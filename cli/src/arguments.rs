//! What can be typed. Flags are taken before or after the command.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use audit_app::ports::Span;
use audit_domain::{alert::shell_word, change::Outcome, window};
use clap::{Args, Parser, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};
use jiff::{SignedDuration, Timestamp, tz::Offset};

/// Who asked a model what, what it was told and shown, and who changed that before: the audit trail of Amazon Bedrock.
#[derive(Debug, Parser)]
#[command(name = "bedrock-audit", version, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The file of an embedded ledger [default: ledger.db in your data directory]
    #[arg(long, global = true, value_name = "PATH", conflicts_with_all = ["stack", "tables"])]
    pub(crate) ledger: Option<PathBuf>,
    /// The name of a deployed stack, whose tables are asked
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "tables")]
    pub(crate) stack: Option<String>,
    /// The names of the three tables that are asked
    #[arg(long, global = true, value_name = "RECORDS,STATES,DELIVERIES")]
    pub(crate) tables: Option<String>,
    /// Print JSON: one object, or an array for lists
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Ask for no text: neither system prompts, passages, parameters and fields, nor what resources looked like
    #[arg(long, global = true)]
    pub(crate) no_text: bool,
    /// Read and show times at this offset instead of in UTC
    #[arg(long, global = true, value_name = "+HH:MM", value_parser = window::utc_offset, default_value = "Z", allow_hyphen_values = true)]
    pub(crate) utc_offset: Offset,
    /// Take this as the present time, for reports and tests
    #[arg(long, global = true, value_name = "RFC3339", value_parser = present)]
    now: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the real pipeline on a sample incident, and show the alert and the three answers
    Demo,
    /// Index log files: invocation logs, CloudTrail files and single events, told apart by content
    Index(IndexArguments),
    /// Show the whole decision context of a request
    Explain {
        /// The request id, as the SDK, the log and CloudTrail have it
        request_id: String,
    },
    /// List who changed what, newest first
    Changes(ChangesArguments),
    /// List the model calls, newest first: which answers were affected
    Invocations(InvocationsArguments),
    /// List the system prompts in use, with their first and last sighting
    Prompts {
        /// Only those of this caller: an ARN, or a part of an ARN or name
        #[arg(long)]
        principal: Option<String>,
        #[command(flatten)]
        window: Window,
    },
    /// Show the text of a system prompt
    Prompt {
        /// Its id, or at least the first eight characters of it
        id: String,
    },
    /// List the answers that used a document
    Sources {
        /// The document's URI, as its knowledge base names it; all documents below a prefix, where it ends in / or *
        uri: String,
        #[command(flatten)]
        window: Window,
    },
    /// Show what a resource looked like
    States {
        /// guardrail/abc123, an ARN, or ACCOUNT/REGION/KIND/ID
        resource: String,
        /// At this time: RFC 3339, a date, 3d, "last thursday"
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Ask a knowledge base, show what supports the answer, and record which documents it came of
    Ask(AskArguments),
    /// Say what of a deployed stack is off, what breaks because of it, and what mends it: 0 all well, 1 something is off,
    /// 2 something could not be checked
    Doctor(DoctorArguments),
    /// Make a page of what happened in a window: invocations, changes, deliveries, gaps, and what is not known of them
    ///
    /// Without --since it covers the 30 days before --until, or before now.
    Report(ReportArguments),
    /// Read the raw record of a request again, and compare: 0 equal, 1 unknown, 2 differs or gone
    Verify {
        /// The request id
        request_id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IndexArguments {
    /// Files, folders, and s3://bucket/prefix
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Say what would be read, and read nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Pass over what was read to its end before and did not change since
    #[arg(long)]
    pub(crate) resume: bool,
    /// Write at most so many items a second [default: 1000 into the tables of a stack, no limit into a file]
    #[arg(long, value_name = "WRITES")]
    pub(crate) rate: Option<NonZeroU32>,
    /// Keep records so many days, at least 183 [default: as the stack does, else 400]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(183..=3653))]
    pub(crate) retention_days: Option<u32>,
    /// Keep so many characters of a passage, with 0 none [default: as the stack does, else 300]
    #[arg(long, value_name = "COUNT", value_parser = characters)]
    pub(crate) excerpt_characters: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Mend what replaces nothing: let buckets tell EventBridge besides everybody whom they tell already, and enable
    /// rules and event source mappings of the stack that are disabled
    #[arg(long)]
    pub(crate) fix: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AskArguments {
    /// The id of the knowledge base, in the region of your environment (AWS_REGION)
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) knowledge_base: String,
    /// The ARN of the model or inference profile that answers
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) model: String,
    /// Wait so many seconds for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// The question
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) question: String,
}

#[derive(Debug, Args)]
pub(crate) struct InvocationsArguments {
    /// Only those of this principal: an ARN, or a part of an ARN or name
    #[arg(long)]
    pub(crate) principal: Option<String>,
    /// Only those of this model: its id as the caller passed it, or a part of it
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Only those with this system prompt: its id, or the beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) system_prompt: Option<String>,
    /// Only those under this guardrail: its id or ARN
    #[arg(long, value_name = "ID", conflicts_with = "no_guardrail")]
    pub(crate) guardrail: Option<String>,
    /// Only those of which no guardrail is known
    #[arg(long)]
    pub(crate) no_guardrail: bool,
    /// Only those that had this document in their context; a prefix ends in / or *
    #[arg(long, value_name = "URI")]
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) window: Window,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// A page for people, one object for machines, or tables with every row [default: html]
    #[arg(long, value_enum, conflicts_with = "json")]
    pub(crate) format: Option<ReportFormat>,
    /// Write it there, for you alone to read: a file (- is standard output), or for csv a folder with a file for each table
    #[arg(long, value_name = "PATH", required_if_eq("format", "csv"))]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) window: Window,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Html,
    Json,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct ChangesArguments {
    /// Only those of this resource: guardrail/abc123, an ARN, or ACCOUNT/REGION/KIND/ID
    #[arg(long)]
    pub(crate) resource: Option<String>,
    /// Only those of this kind of resource: guardrail, prompt, model-invocation-logging-configuration, ...
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Only those by this principal: an ARN, or a part of an ARN or name
    #[arg(long)]
    pub(crate) principal: Option<String>,
    /// Only those that ended like this
    #[arg(long, value_parser = outcome, value_name = "succeeded|denied|failed")]
    pub(crate) outcome: Option<Outcome>,
    #[command(flatten)]
    pub(crate) window: Window,
}

#[derive(Debug, Args)]
pub(crate) struct Window {
    /// From this time on: RFC 3339, a date, 3d, "last thursday"
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Global {
    /// The present time; the only place where the command line asks the clock.
    pub(crate) fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the outermost floor asks the clock")]
        self.now.unwrap_or_else(Timestamp::now)
    }
}

impl Global {
    /// The same, with the ledger in this file.
    pub(crate) fn on(&self, ledger: &Path) -> Self {
        Self { ledger: Some(ledger.to_owned()), ..self.clone() }
    }

    /// How a command begins that asks the same ledger again, as a shell takes it.
    pub(crate) fn program(&self) -> String {
        let flag = match (&self.ledger, &self.stack, &self.tables) {
            (Some(path), ..) => format!(" --ledger {}", shell_word(&path.display().to_string())),
            (_, Some(stack), _) => format!(" --stack {}", shell_word(stack)),
            (.., Some(tables)) => format!(" --tables {}", shell_word(tables)),
            (None, None, None) => String::new(),
        };
        format!("bedrock-audit{flag}")
    }

    /// A moment that was typed.
    pub(crate) fn moment(&self, typed: &str) -> Result<Timestamp, String> {
        window::moment(typed, self.now(), self.utc_offset)
    }
}

impl Window {
    /// The span of time that was typed; where nobody said since when, that long before its end or before now.
    pub(crate) fn span_of(&self, longest: SignedDuration, global: &Global) -> Result<Span, String> {
        let (now, until) =
            (global.now(), self.until.as_deref().map(|typed| global.moment(typed)).transpose()?);
        let span = match (self.span(global)?, &self.since) {
            (Some(span), Some(_)) => span,
            _ => {
                let until = until.unwrap_or(now);
                let since = until.min(now).checked_sub(longest).map_err(|error| error.to_string())?;
                Span { since, until }
            }
        };
        // what is open ends now: nothing of tomorrow is missing yet
        Ok(Span { until: span.until.min(now), ..span })
    }

    /// The span of time that was typed; `None` where nothing was.
    pub(crate) fn span(&self, global: &Global) -> Result<Option<Span>, String> {
        let moment = |typed: &Option<String>| typed.as_deref().map(|typed| global.moment(typed)).transpose();
        let (since, until) = (moment(&self.since)?, moment(&self.until)?);
        if since.is_none() && until.is_none() {
            return Ok(None);
        }
        let everything = audit_app::answer::everything(global.now());
        let span =
            Span { since: since.unwrap_or(everything.since), until: until.unwrap_or(everything.until) };
        if span.since >= everything.until {
            return Err(format!("--since ({}) lies ahead: nothing can be known from then on", span.since));
        }
        if span.since >= span.until {
            return Err(format!(
                "--since ({}) is not before --until ({}): nothing can lie between them",
                span.since, span.until
            ));
        }
        Ok(Some(span))
    }
}

fn present(typed: &str) -> Result<Timestamp, String> {
    typed.parse().map_err(|_| format!("{typed:?} is no RFC 3339 time such as 2026-10-15T14:00:00Z"))
}

fn outcome(typed: &str) -> Result<Outcome, String> {
    Outcome::of_name(typed).ok_or_else(|| "use succeeded, denied or failed".to_owned())
}

fn characters(typed: &str) -> Result<usize, String> {
    let count = typed.parse().ok().filter(|count| *count <= 4_000);
    count.ok_or_else(|| "use a number from 0 to 4000".to_owned())
}
