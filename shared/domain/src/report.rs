//! The answers as JSON: the contract of `explain --json` and `changes --json`, and of the machine-readable alert.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    alert::NewPrompt,
    attribution::Attribution,
    change::{Addendum, Amendment, Change, Severity},
    digest::Sha256,
    drift::NewUse,
    evidence::Evidence,
    invocation::Invocation,
    ledger::record::{Call, Diff, InvocationLine, Link},
    passage::Certainty,
    principal::Principal,
    sources::{JoinedSource, KnownDocument, UsedIn},
    state::{State, Verdict},
    time,
};

/// An entry of `changes --json`. Absent values are `null`.
pub fn change(change: &Change, diff: Option<&Diff>) -> Value {
    json!({
        "occurred_at": time::rfc3339(change.occurred_at),
        "event_name": change.event_name,
        "event_source": change.event_source,
        "event_id": change.event_id,
        "request_id": change.request_id,
        "account_id": change.account_id,
        "region": change.region,
        "origin": change.origin.name(),
        "resource": {
            "kind": change.resource.kind,
            "id": change.resource.id,
            "arn": change.resource.arn,
            "version": change.resource.version,
        },
        "outcome": change.outcome.name(),
        "error_code": change.error_code,
        "severity": severity(change, diff).name(),
        "verdict": diff.and_then(|diff| diff.verdict).map(Verdict::name),
        "principal": principal(&change.principal),
        "source_ip": change.source_ip,
        "user_agent": change.user_agent,
        "mfa": change.mfa,
        "omitted": change.omitted,
        "breaks": change.breaks,
        "deployment": change.deployment,
        "addendum": change.addendum.as_ref().map(addendum),
        "amended_by": change.amended_by.iter().map(amendment).collect::<Vec<_>>(),
        "evidence": evidence(&change.evidence),
        "diff": diff.map(fields).unwrap_or_default(),
        "state": diff.map(state),
    })
}

/// How much a change matters: by what it did where that is known, by the call alone where it is not.
pub fn severity(change: &Change, diff: Option<&Diff>) -> Severity {
    diff.and_then(|diff| diff.severity).unwrap_or(change.severity)
}

/// An entry of `states --json`.
pub fn resource_state(state: &State) -> Value {
    let resource = &state.subject.resource;
    json!({
        "resource": {
            "kind": resource.kind,
            "id": resource.id,
            "arn": resource.arn,
            "version": state.subject.version(),
        },
        "account_id": resource.account_id,
        "region": resource.region,
        "sha256": state.sha256.as_str(),
        "is_deleted": state.is_tombstone,
        "observed_at": time::rfc3339(state.observed_at),
        "updated_at": state.updated_at.map(time::rfc3339),
        "caused_at": time::rfc3339(state.caused_at),
        "cause": state.cause,
        "document": state.document,
    })
}

/// How the content of a change is known.
fn state(diff: &Diff) -> Value {
    json!({
        "read": diff.read.name(),
        "reason": diff.reason,
        "observed_at": diff.observed_at.map(time::rfc3339),
        "updated_at": diff.updated_at.map(time::rfc3339),
        "before_at": diff.before_at.map(time::rfc3339),
        "before": diff.state_before.as_ref().map(ToString::to_string),
        "after": diff.state_after.as_ref().map(ToString::to_string),
        "fields_left_out": diff.fields_left_out,
        "holds_later_changes": diff.holds_later_changes(),
    })
}

fn addendum(addendum: &Addendum) -> Value {
    json!({
        "reason": addendum.reason,
        "updated_fields": addendum.updated_fields,
        "original_event_id": addendum.original_event_id,
        "original_request_id": addendum.original_request_id,
    })
}

fn amendment(amendment: &Amendment) -> Value {
    json!({
        "event_id": amendment.event_id,
        "reason": amendment.reason,
        "updated_fields": amendment.updated_fields,
    })
}

fn fields(diff: &Diff) -> Vec<Value> {
    let value = |text: &Option<String>| match text {
        Some(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
        None => Value::Null,
    };
    diff.fields
        .iter()
        .map(|field| {
            json!({
                "path": field.path,
                "before": value(&field.before),
                "after": value(&field.after),
                "effect": field.effect,
            })
        })
        .collect()
}

/// An entry of `invocations` in `explain --json`, with the system prompt's text where it is known.
pub fn invocation(invocation: &Invocation, prompt_text: Option<&str>) -> Value {
    let guardrail = &invocation.guardrail;
    json!({
        "occurred_at": time::rfc3339(invocation.occurred_at),
        "account_id": invocation.account_id,
        "region": invocation.region,
        "operation": invocation.operation,
        "inference_region": invocation.inference_region,
        "model_id": invocation.model_id,
        "principal": principal(&invocation.principal),
        "system_prompt": {
            "status": invocation.system_prompt.status.name(),
            "id": invocation.system_prompt.id.as_ref().map(ToString::to_string),
            "text": prompt_text,
            "found_at": invocation.system_prompt.found_at,
        },
        "guardrail": {
            "certainty": guardrail.certainty.name(),
            "id": guardrail.id,
            "version": guardrail.version,
            "action": guardrail.action,
            "basis": guardrail.basis,
        },
        "stop_reason": invocation.stop_reason,
        "error_code": invocation.error_code,
        "input_tokens": invocation.tokens.input,
        "output_tokens": invocation.tokens.output,
        "cache_read_tokens": invocation.tokens.cache_read,
        "cache_write_tokens": invocation.tokens.cache_write,
        "input_body": invocation.input_body.name(),
        "output_body": invocation.output_body.name(),
        "input_body_path": invocation.input_body_path,
        "output_body_path": invocation.output_body_path,
        "output_media": texts(&invocation.output_media),
        "body_shape": invocation.body_shape,
        "body_members": invocation.body_members,
        "request_metadata": texts(&invocation.request_metadata),
        "evidence": evidence(&invocation.evidence),
    })
}

/// An entry of `invocations --json`: what the list's index holds; `explain` has the rest.
pub fn invocation_line(line: &InvocationLine) -> Value {
    json!({
        "request_id": line.request_id,
        "occurred_at": time::rfc3339(line.occurred_at),
        "account_id": line.account_id,
        "region": line.region,
        "operation": line.operation,
        "model_id": line.model_id,
        "principal": principal(&Principal::from_arn(&line.principal)),
        "system_prompt": {"status": line.system_prompt_status, "id": line.system_prompt_id},
        "guardrail": {
            "id": line.guardrail_id,
            "version": line.guardrail_version,
            "action": line.guardrail_action,
        },
        "error_code": line.error_code,
    })
}

/// An entry of `sources --json`: an answer that used the document.
pub fn used_in(used: &UsedIn) -> Value {
    json!({
        "request_id": used.request_id,
        "occurred_at": time::rfc3339(used.occurred_at),
        "account_id": used.account_id,
        "region": used.region,
        "operation": used.operation,
        "model_id": used.model_id,
        "principal": principal(&used.principal),
        "origins": used.origins.iter().map(|origin| origin.name()).collect::<Vec<_>>(),
        "ordinals": used.ordinals,
        "text_sha256": used.passages.iter().map(Sha256::as_str).collect::<Vec<_>>(),
        "cited": used.cited,
        "certainty": used.certainty().name(),
        "documents": used.documents.iter().map(known_document).collect::<Vec<_>>(),
        "documents_left_out": used.documents_left_out,
    })
}

/// What machines are told of a new system prompt.
pub fn new_prompt(prompt: &NewPrompt<'_>) -> Value {
    let NewUse { used, known_since } = prompt.new;
    json!({
        "kind": "system-prompt",
        "severity": Severity::Info.name(),
        "occurred_at": time::rfc3339(used.occurred_at),
        "request_id": used.request_id,
        "account_id": used.account_id,
        "region": used.region,
        "model_id": used.model_id,
        "principal": principal(&used.principal),
        "caller": used.principal.caller(),
        "caller_known_since": time::rfc3339(known_since),
        "system_prompt": {"id": used.id.as_str(), "characters": used.characters},
        "before": prompt.before.map(|seen| json!({
            "id": seen.system_prompt_id,
            "last_seen": time::rfc3339(seen.last_seen),
        })),
        "last_this_hour": prompt.last_one.map(|last| json!({
            "of": if last.of_all { "all" } else { "caller" },
            "left_out": last.left_out,
        })),
    })
}

fn texts(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect::<Map<_, _>>().into()
}

/// An entry of `sources` in `explain --json`.
pub fn source(joined: &JoinedSource) -> Value {
    let source = &joined.source;
    let seen_in = joined.seen_in.iter().map(|seen| {
        json!({
            "request_id": seen.request_id,
            "origin": seen.origin.name(),
            "ordinal": seen.ordinal,
            "uri": seen.uri,
            "page_number": seen.page_number,
            "score": seen.score,
            "cited": seen.cited,
        })
    });
    json!({
        "origin": source.origin.name(),
        "ordinal": source.ordinal,
        "uri": source.source_uri,
        "title": source.title,
        "found_at": source.found_at,
        "carrier_sha256": source.carrier.as_str(),
        "documents": joined.documents.iter().map(known_document).collect::<Vec<_>>(),
        "documents_left_out": joined.documents_left_out,
        "excerpt": source.excerpt,
        "text_sha256": source.text_sha256.as_ref().map(|hash| hash.as_str()),
        "score": source.score,
        "cited": source.cited,
        "in_context": joined.in_context().own(),
        "seen_in": seen_in.collect::<Vec<_>>(),
        "chunk_id": source.chunk_id,
        "page_number": source.said.page_number,
        "knowledge_base_id": source.knowledge_base_id,
        "data_source_id": source.said.data_source_id,
        "metadata": texts(&source.said.metadata),
        "certainty": joined.certainty.name(),
    })
}

/// An entry of `documents` of a source.
pub fn known_document(document: &KnownDocument) -> Value {
    json!({"uri": document.uri, "certainty": document.certainty.name(), "basis": document.basis})
}

/// An entry of `attributions` in `explain --json`: a response as an application sent it.
pub fn attribution(attribution: &Attribution) -> Value {
    let sender = &attribution.sender;
    json!({
        "occurred_at": time::rfc3339(attribution.common.occurred_at),
        "operation": attribution.operation,
        "session_id": attribution.session_id,
        "knowledge_base_id": attribution.knowledge_base_id,
        "model_id": attribution.model_id,
        "guardrail_action": attribution.guardrail_action,
        "only_cited": attribution.only_cited,
        "sources": attribution.sources,
        "sources_left_out": attribution.sources_left_out,
        "citations": attribution.citations,
        "empty_citations": attribution.empty_citations,
        "sender": {
            "route": sender.route.name(),
            "account_id": sender.account_id,
            "event_id": sender.event_id,
        },
        "response_sha256": attribution.carrier.as_str(),
        "response_key": attribution.response_key,
        "certainty": Certainty::Reported.name(),
    })
}

/// An entry of `links` in `explain --json`.
pub fn link(link: &Link) -> Value {
    json!({
        "request_id": link.other_request_id,
        "relation": link.relation,
        "basis": link.basis,
        "certainty": link.certainty.name(),
    })
}

/// An entry of `calls` in `explain --json`.
pub fn call(call: &Call) -> Value {
    json!({
        "occurred_at": time::rfc3339(call.common.occurred_at),
        "event_id": call.event_id,
        "operation": call.operation,
        "resource": call.resource,
        "principal": principal(&call.common.principal),
        "source_ip": call.source_ip,
        "user_agent": call.user_agent,
        "error_code": call.error_code,
        "evidence": evidence(&call.evidence),
    })
}

fn principal(principal: &Principal) -> Value {
    json!({
        "arn": principal.arn,
        "type": principal.kind,
        "name": principal.name,
        "session": principal.session,
        "invoked_by": principal.invoked_by,
        "credential": principal.credential,
    })
}

/// Where a raw record lies, and what it was.
pub fn evidence(evidence: &Evidence) -> Value {
    let log = evidence.location.log.as_ref();
    json!({
        "location": evidence.location.to_string(),
        "bucket": evidence.location.bucket,
        "key": log.is_none().then_some(&evidence.location.key),
        "log_group": log.map(|log| &log.group),
        "log_stream": log.map(|log| &log.stream),
        "log_event_id": log.map(|_| &evidence.location.key),
        "log_timestamp": log.and_then(|log| log.timestamp),
        "version_id": evidence.location.version_id,
        "ordinal": evidence.ordinal,
        "sha256": evidence.sha256.as_str(),
    })
}
