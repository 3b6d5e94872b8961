//! `sources`: which answers used a document.

use audit_app::answer::{self, Used};
use audit_domain::{
    report,
    sources::{KnownDocument, UsedIn},
};
use jiff::tz::Offset;

use super::passages::LONGEST;
use crate::{
    arguments::{Global, Window},
    ledger::AnyLedger,
    output::{self, Ending},
};

/// So many are shown to people; machines get all.
const SHOWN: usize = 500;
/// An id of Bedrock has 36 characters; what is longer is not worth a whole line.
const LONGEST_ID: usize = 48;

pub(crate) async fn run(
    uri: &str,
    window: &Window,
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Ending, String> {
    let span = window.span(global)?;
    let limit = if global.json { usize::MAX } else { SHOWN };
    let used = answer::sources(uri, span, limit, ledger).await.map_err(|error| error.to_string())?;
    if global.json {
        output::json(&used.answers.iter().map(report::used_in).collect());
    } else {
        print(uri, &used, &output::window(span, global.now(), global.utc_offset), global.utc_offset);
    }
    if used.answers.is_empty() {
        output::note(
            "documents are known from requests that name them, and from responses that applications sent",
        );
    }
    Ok(Ending::found(!used.answers.is_empty()))
}

fn print(uri: &str, used: &Used, window: &str, offset: Offset) {
    let Used { answers: found, more } = used;
    if found.is_empty() {
        output::say(&format!("no answer that used {} {window}", output::line(uri)));
        return;
    }
    let count = output::counted(found.len() + more, "request");
    output::heading(&format!("{count} with a passage of {uri} {window}, newest first"));
    // of one document each line would say the same
    let is_prefix = uri.ends_with(['/', '*']);
    output::table_by_id(
        [
            "request",
            "when",
            "who",
            "operation",
            "model",
            "cited",
            "known from",
            if is_prefix { "document" } else { "known" },
        ],
        found.iter().map(|used| {
            [
                used.request_id.chars().take(LONGEST_ID).collect(),
                output::moment(used.occurred_at, offset),
                used.principal.name.clone().unwrap_or_else(|| used.principal.best().to_owned()),
                used.operation.clone().unwrap_or_else(|| "unknown".to_owned()),
                used.model_id.as_deref().map_or("unknown", model).to_owned(),
                used.cited.map_or("unknown", |cited| if cited { "yes" } else { "no" }).to_owned(),
                used.origins.iter().map(|origin| origin.name()).collect::<Vec<_>>().join(", "),
                if is_prefix { documents(used) } else { used.certainty().name().to_owned() },
            ]
        }),
    );
    if *more > 0 {
        output::say(&format!("... and {more} more; --json lists them all"));
    }
}

fn model(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

fn documents(used: &UsedIn) -> String {
    let named =
        |known: &KnownDocument| format!("{} ({})", output::cut(&known.uri, LONGEST), known.certainty.name());
    match used.documents.as_slice() {
        [] => "unknown".to_owned(),
        [first] => named(first),
        [first, others @ ..] => {
            format!("{}; and {} more", named(first), others.len() + used.documents_left_out)
        }
    }
}
