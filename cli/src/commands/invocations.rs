//! `invocations`: which answers were affected.

use audit_app::answer::{self, GuardrailFilter, InvocationQuery};
use audit_domain::{ledger::record::InvocationLine, principal::Principal, report};
use jiff::tz::Offset;

use crate::{
    arguments::{Global, InvocationsArguments},
    ledger::AnyLedger,
    output::{self, Ending},
};

/// So many are shown to people; machines get all.
const SHOWN: usize = 500;
/// An id of Bedrock has 36 characters; what is longer is not worth a whole line.
const LONGEST_ID: usize = 48;

pub(crate) async fn run(
    asked: &InvocationsArguments,
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Ending, String> {
    let span = asked.window.span(global)?;
    let query = InvocationQuery {
        principal: asked.principal.clone(),
        model: asked.model.clone(),
        system_prompt: asked.system_prompt.clone(),
        guardrail: match &asked.guardrail {
            Some(id) => GuardrailFilter::This(id.clone()),
            None if asked.no_guardrail => GuardrailFilter::NoneKnown,
            None => GuardrailFilter::Any,
        },
        source: asked.source.clone(),
        span,
    };
    let found = answer::invocations(&query, global.now(), ledger).await.map_err(|error| error.to_string())?;
    if global.json {
        output::json(&found.iter().map(report::invocation_line).collect());
    } else {
        print(&found, &output::window(span, global.now(), global.utc_offset), global.utc_offset);
    }
    if asked.no_guardrail && !found.is_empty() {
        output::note(
            "of these no guardrail is known: the log names one only where the caller had its trace on or said so",
        );
    }
    Ok(Ending::found(!found.is_empty()))
}

fn print(found: &[InvocationLine], window: &str, offset: Offset) {
    if found.is_empty() {
        output::say(&format!("no invocation {window}"));
        return;
    }
    output::heading(&format!("{} {window}, newest first", output::counted(found.len(), "invocation")));
    output::table_by_id(
        ["request", "when", "who", "operation", "model", "system prompt", "guardrail"],
        found.iter().take(SHOWN).map(|line| {
            [
                line.request_id.chars().take(LONGEST_ID).collect(),
                output::moment(line.occurred_at, offset),
                who(line),
                what(line),
                line.model_id.rsplit('/').next().unwrap_or_default().to_owned(),
                system_prompt(line),
                guardrail(line),
            ]
        }),
    );
    if found.len() > SHOWN {
        output::say(&format!("... and {} more; --json lists them all", found.len() - SHOWN));
    }
}

fn who(line: &InvocationLine) -> String {
    Principal::from_arn(&line.principal).name.unwrap_or_else(|| line.principal.clone())
}

fn what(line: &InvocationLine) -> String {
    let operation = line.operation.as_deref().unwrap_or("unknown");
    line.error_code.as_ref().map_or_else(|| operation.to_owned(), |code| format!("{operation} ({code})"))
}

fn system_prompt(line: &InvocationLine) -> String {
    let status = line.system_prompt_status.as_deref().unwrap_or("unknown");
    let id = line.system_prompt_id.as_deref().and_then(|id| id.get(..12));
    id.unwrap_or(status).to_owned()
}

fn guardrail(line: &InvocationLine) -> String {
    let Some(id) = &line.guardrail_id else {
        return line.guardrail_action.clone().unwrap_or_else(|| "unknown".to_owned());
    };
    let version = line.guardrail_version.as_ref().map(|version| format!(" ({version})"));
    format!("{id}{}", version.unwrap_or_default())
}
