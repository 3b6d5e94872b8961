//! `explain`: the whole decision context of a request.

use audit_app::answer::{self, BlastRadius, Explanation, InForce};
use audit_domain::{
    alert::shell_word,
    invocation::{BodyState, Invocation, is_prompt_resource},
    passage::Certainty,
    prompt::SystemPromptStatus,
    report,
    state::State,
};
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::{changes, passages};
use crate::{
    arguments::Global,
    ledger::AnyLedger,
    output::{self, Ending},
};

pub(crate) async fn run(request_id: &str, ledger: &AnyLedger, global: &Global) -> Result<Ending, String> {
    let explanation = answer::explain(request_id, ledger).await.map_err(|error| error.to_string())?;
    let Some(explanation) = explanation else {
        output::note(&format!("the ledger knows no request {request_id}"));
        return Ok(Ending::NothingFound);
    };
    let radii = changes::blast_radii(&explanation.changes, ledger, global).await?;
    if global.json {
        output::json(&as_json(request_id, &explanation, &radii, global));
    } else {
        print(request_id, &explanation, &radii, global);
    }
    Ok(Ending::Done)
}

fn as_json(
    request_id: &str,
    explanation: &Explanation,
    radii: &[Option<BlastRadius>],
    global: &Global,
) -> Value {
    let invocations = explanation.invocations.iter().zip(&explanation.in_force);
    let invocations: Vec<_> = invocations
        .map(|((invocation, text), in_force)| entry(invocation, text.as_deref(), in_force))
        .collect();
    let changes = explanation.changes.iter().zip(radii);
    let changes: Vec<_> = changes
        .map(|(change, radius)| changes::entry(change, radius.as_ref(), explanation.shows_texts, global))
        .collect();
    json!({
        "request_id": request_id,
        "conflict": explanation.conflict,
        "invocations": invocations,
        "sources": explanation.sources.iter().map(report::source).collect::<Vec<_>>(),
        "attributions": explanation.attributions.iter().map(report::attribution).collect::<Vec<_>>(),
        "links": explanation.links.iter().map(report::link).collect::<Vec<_>>(),
        "links_left_out": explanation.links_left_out,
        "calls": explanation.calls.iter().map(report::call).collect::<Vec<_>>(),
        "changes": changes,
    })
}

/// An entry of `invocations`, with what was in force then.
fn entry(invocation: &Invocation, text: Option<&str>, in_force: &InForce) -> Value {
    let mut entry = report::invocation(invocation, text);
    let guardrail = in_force.guardrail.as_ref().map(|(state, certainty)| {
        let mut state = report::resource_state(state);
        if let Some(members) = state.as_object_mut() {
            members.insert("certainty".to_owned(), json!(certainty.name()));
        }
        state
    });
    if let Some(members) = entry.as_object_mut() {
        members.insert("guardrail_state".to_owned(), json!(guardrail));
        members
            .insert("prompt_state".to_owned(), json!(in_force.prompt.as_ref().map(report::resource_state)));
    }
    entry
}

fn print(request_id: &str, explanation: &Explanation, radii: &[Option<BlastRadius>], global: &Global) {
    let offset = global.utc_offset;
    output::heading(&format!("request {request_id}"));
    if explanation.conflict {
        output::say("CONFLICT: records with this request id disagree; all of them are shown");
    }
    for ((invocation, text), in_force) in explanation.invocations.iter().zip(&explanation.in_force) {
        let text = text.as_deref().or((!explanation.shows_texts).then_some(output::NOT_SHOWN));
        print_invocation(invocation, text, offset);
        in_force.prompt.iter().for_each(|state| print_prompt_resource(state, offset));
        print_guardrail(invocation, in_force, global);
    }
    passages::print(explanation, offset);
    for call in &explanation.calls {
        let from = call.source_ip.as_deref().unwrap_or("unknown");
        let with = call.user_agent.iter().map(|agent| format!(", with {agent}")).collect::<String>();
        output::fact(
            "called from",
            &format!(
                "{from}{with}, by {} ({}, recorded by CloudTrail)",
                call.common.principal, call.operation
            ),
        );
    }
    print_links(explanation);
    print_changes(explanation, radii, global);
    for (invocation, _) in &explanation.invocations {
        let evidence = &invocation.evidence;
        output::say("");
        output::fact("evidence", &format!("{}, value {}", evidence.location, evidence.ordinal));
        output::fact("", &format!("sha256 {}", evidence.sha256));
    }
}

fn print_invocation(invocation: &Invocation, text: Option<&str>, offset: Offset) {
    output::fact("when", &output::moment(invocation.occurred_at, offset));
    output::fact("who", &invocation.principal.to_string());
    let answered = invocation.inference_region.iter().map(|region| format!(", answered in {region}"));
    let answered = answered.collect::<String>();
    output::fact("where", &format!("account {}, {}{answered}", invocation.account_id, invocation.region));
    let operation = invocation.operation.as_deref().unwrap_or("unknown operation");
    output::fact("model", &format!("{} ({operation})", invocation.model_id));
    output::fact("ended", &ended(invocation));
    if !invocation.request_metadata.is_empty() {
        let pairs: Vec<_> = invocation.request_metadata.iter().map(|(k, v)| format!("{k}={v}")).collect();
        output::fact("metadata", &pairs.join(", "));
    }
    output::fact("request body", &body(invocation.input_body, invocation.input_body_path.as_deref()));
    output::fact("answer body", &body(invocation.output_body, invocation.output_body_path.as_deref()));
    for (name, value) in &invocation.output_media {
        output::fact("", &format!("{name} {value}"));
    }
    print_prompt(invocation, text);
}

fn body(state: BodyState, path: Option<&str>) -> String {
    let what = match (state, path) {
        (BodyState::Inline, None) => "in the record",
        (BodyState::Inline, Some(_)) => "read from",
        (BodyState::Offloaded, _) => "beside the log, not read yet:",
        (BodyState::Missing, _) => "missing: nothing is there, or may be read, at",
        (BodyState::Refused, _) => "not read: the record points to where we do not follow,",
        (BodyState::NotDelivered, _) => "not delivered: the logging configuration leaves texts out",
        (BodyState::Absent, _) => "the record has none",
    };
    path.map_or_else(|| what.to_owned(), |path| format!("{what} {path}"))
}

fn ended(invocation: &Invocation) -> String {
    let how = match (&invocation.error_code, &invocation.stop_reason) {
        (Some(error), _) => format!("failed: {error}"),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "unknown".to_owned(),
    };
    let count = |tokens: Option<u64>| tokens.map_or("?".to_owned(), |n| n.to_string());
    let tokens = invocation.tokens;
    format!("{how}; {} tokens in, {} out", count(tokens.input), count(tokens.output))
}

fn print_prompt(invocation: &Invocation, text: Option<&str>) {
    let prompt = &invocation.system_prompt;
    let Some(id) = &prompt.id else {
        let why = match prompt.status {
            SystemPromptStatus::Recorded => "recorded, but its id is missing",
            SystemPromptStatus::None => "none: the request had none",
            SystemPromptStatus::Offloaded => "not read yet: the body lies in an object of its own",
            SystemPromptStatus::Missing => "unknown: the body's object is not there",
            SystemPromptStatus::Refused => "unknown: the body's pointer leads where we do not follow",
            SystemPromptStatus::NotDelivered if invocation.input_body == BodyState::Absent => {
                "unknown: the record holds no request"
            }
            SystemPromptStatus::NotDelivered => "unknown: text delivery was off in the logging configuration",
            SystemPromptStatus::FailedCall => "unknown: the call failed, and such records hold no request",
            SystemPromptStatus::UnknownShape if is_prompt_resource(&invocation.model_id) => {
                "unknown: the model is a prompt of Prompt management, whose text may not be in the log"
            }
            SystemPromptStatus::UnknownShape => "unknown: the body has a shape that is not known here",
        };
        output::fact("system prompt", why);
        if !invocation.body_members.is_empty() {
            output::fact("", &format!("the body has the members {}", invocation.body_members.join(", ")));
        }
        return;
    };
    let at = prompt.found_at.as_deref().unwrap_or("unknown place");
    output::fact("system prompt", &format!("{id} (recorded, at {at})"));
    match text {
        Some(text) => output::quote(text),
        None => output::say("  its text is not kept: read the evidence"),
    }
}

fn print_guardrail(invocation: &Invocation, in_force: &InForce, global: &Global) {
    let guardrail = &invocation.guardrail;
    let name = match (&guardrail.id, &guardrail.version) {
        (Some(id), Some(version)) => format!("{id} version {version}"),
        (Some(id), None) => format!("{id}, version unknown"),
        (None, _) => "unknown".to_owned(),
    };
    let action = guardrail.action.as_deref().unwrap_or("unknown");
    let basis = guardrail.basis.as_ref().map(|basis| format!(": {basis}")).unwrap_or_default();
    output::fact("guardrail", &format!("{name}; action {action} ({}{basis})", guardrail.certainty.name()));
    if let Some(change) = &in_force.last_change {
        output::fact(
            "",
            &format!(
                "last changed before: {} by {} on {}",
                change.event_name,
                change.principal.name.as_deref().unwrap_or(change.principal.best()),
                output::moment(change.occurred_at, global.utc_offset)
            ),
        );
    }
    in_force.guardrail.iter().for_each(|(state, certainty)| print_state(state, *certainty, global));
}

/// What the guardrail looked like then.
fn print_state(state: &State, certainty: Certainty, global: &Global) {
    let resource = &state.subject.resource;
    let since = output::moment(state.updated_at.unwrap_or(state.caused_at), global.utc_offset);
    let what = format!("as it was since {since} ({}), sha256 {}", certainty.name(), state.sha256.short());
    output::fact("", &what);
    let name = resource.arn.clone().unwrap_or_else(|| resource.to_string());
    let at = audit_domain::time::rfc3339(state.observed_at);
    output::fact("", &format!("$ {} states {} --at {at}", global.program(), shell_word(&name)));
}

/// The prompt that was called as the model: its texts.
fn print_prompt_resource(state: &State, offset: Offset) {
    let since = output::moment(state.updated_at.unwrap_or(state.caused_at), offset);
    output::fact("prompt", &format!("{}, as it was since {since}", state.subject));
    if state.document.is_null() {
        output::quote(output::NOT_SHOWN);
    }
    let variants = state.document.get("variants").and_then(Value::as_array);
    for variant in variants.into_iter().flatten() {
        let name = variant.get("name").and_then(Value::as_str).unwrap_or("variant");
        output::say(&format!("  {}", output::line(name)));
        for path in ["/templateConfiguration/text/text", "/templateConfiguration/chat/system"] {
            match variant.pointer(path) {
                Some(Value::String(text)) => output::quote(text),
                Some(other) => output::quote(&format!("{other:#}")),
                None => {}
            }
        }
    }
}

/// The other requests of the same answer. None of them is certain: the log gives each step an id of its own.
fn print_links(explanation: &Explanation) {
    if explanation.links.is_empty() {
        return;
    }
    output::say("");
    output::heading("other requests that belong to it");
    for link in &explanation.links {
        output::fact(&link.relation, &link.other_request_id);
        output::fact("", &format!("{}: {}", link.certainty.name(), link.basis));
    }
    if explanation.links_left_out > 0 {
        output::say(&format!("... and {} more", explanation.links_left_out));
    }
}

fn print_changes(explanation: &Explanation, radii: &[Option<BlastRadius>], global: &Global) {
    if explanation.changes.is_empty() {
        if !explanation.invocations.is_empty() {
            output::fact("changes", "none is known from the seven days before, in this account and region");
        }
        return;
    }
    output::say("");
    output::heading(if explanation.invocations.is_empty() {
        "this request was a change"
    } else {
        "changes in the seven days before, in this account and region, newest first"
    });
    changes::table(&explanation.changes, global.utc_offset);
    changes::print_contents(&explanation.changes, radii, explanation.shows_texts, global);
}
