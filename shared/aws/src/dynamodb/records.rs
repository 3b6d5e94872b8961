//! Every kind of record as an item of the Records table.

use audit_domain::{
    change::{Addendum, Change, Origin, Outcome, Resource, Severity, Spilled},
    digest::Sha256,
    guardrail::GuardrailFinding,
    invocation::{BodyState, Invocation, SystemPrompt, Tokens},
    ledger::record::{
        AlertMark, Call, ChangeLine, Common, Diff, DiffRead, FieldChange, InvocationLine, Link, Record,
        SCHEMA, Source, SourceOrigin,
    },
    passage::Certainty,
    principal::Principal,
    prompt::SystemPromptStatus,
    state::Verdict,
    time,
};

use super::item::{Attributes, Reader, Unreadable, Writer};

/// The item of a record.
pub(super) fn encode(record: &Record, expires_at: i64) -> Attributes {
    let keyed = Writer::new()
        .text("request_id", record.partition_key())
        .text("record", record.sort_key())
        .text("kind", record.kind())
        .moment("occurred_at", record.occurred_at())
        .number("schema", SCHEMA)
        .number("completeness", record.completeness())
        .number("expires_at", expires_at);
    let keyed = if record.partition_key() == record.request_id() {
        keyed
    } else {
        keyed.text("request_id_full", record.request_id())
    };
    let keyed = match record.time_bucket() {
        Some(bucket) => keyed.text("time_bucket", bucket).text("occurred_at_id", record.occurred_at_id()),
        None => keyed,
    };
    match record {
        Record::Invocation(invocation) => encode_invocation(keyed, invocation),
        Record::Source(source) => {
            encode_source(keyed, source).text("occurred_at_id", record.occurred_at_id())
        }
        Record::Link(link) => common(keyed, &link.common)
            .text("other_request_id", &link.other_request_id)
            .text("relation", &link.relation)
            .text("basis", &link.basis)
            .text("certainty", link.certainty.name()),
        Record::Change(change) => encode_change(keyed, change),
        Record::Diff(diff) => encode_diff(keyed, diff),
        Record::Alert(alert) => common(keyed, &alert.common)
            .text("event_id", &alert.event_id)
            .maybe_bool("follow_up", Some(alert.follow_up))
            .maybe_bool("with_diff", Some(alert.with_diff))
            .moment("published_at", alert.published_at)
            .text("message_id", &alert.message_id),
        Record::Call(call) => common(keyed, &call.common)
            .text("event_id", &call.event_id)
            .text("operation", &call.operation)
            .maybe("resource", call.resource.as_deref())
            .maybe("source_ip", call.source_ip.as_deref())
            .maybe("user_agent", call.user_agent.as_deref())
            .maybe("error_code", call.error_code.as_deref()),
    }
    .finish()
}

/// The record of an item.
pub(super) fn decode(item: &Attributes) -> Result<Record, Unreadable> {
    let item = Reader::of(item);
    Ok(match item.text("kind")?.as_str() {
        "invocation" => Record::Invocation(Box::new(decode_invocation(&item)?)),
        "source" => Record::Source(Box::new(decode_source(&item)?)),
        "link" => Record::Link(Link {
            common: read_common(&item)?,
            other_request_id: item.text("other_request_id")?,
            relation: item.text("relation")?,
            basis: item.text("basis")?,
            certainty: item.meaning("certainty", Certainty::of_name)?,
        }),
        "change" => Record::Change(Box::new(decode_change(&item)?)),
        "diff" => Record::Diff(Box::new(decode_diff(&item)?)),
        "alert" => Record::Alert(AlertMark {
            common: read_common(&item)?,
            event_id: item.text("event_id")?,
            follow_up: item.boolean("follow_up").unwrap_or_default(),
            with_diff: item.boolean("with_diff").unwrap_or_default(),
            published_at: item.moment("published_at")?,
            message_id: item.text("message_id")?,
        }),
        "call" => Record::Call(Box::new(Call {
            common: read_common(&item)?,
            event_id: item.text("event_id")?,
            operation: item.text("operation")?,
            resource: item.maybe("resource"),
            source_ip: item.maybe("source_ip"),
            user_agent: item.maybe("user_agent"),
            error_code: item.maybe("error_code"),
        })),
        kind => return Err(Unreadable(format!("kind {kind} is not known to this version"))),
    })
}

/// Whether an item is this change, and not another with the same event id.
pub(super) fn is_of_change(item: &Attributes, change: &Change) -> bool {
    Reader::of(item).maybe("event_name").as_ref() == Some(&change.event_name)
}

/// A line of a list of changes.
pub(super) fn change_line(item: &Attributes) -> Result<ChangeLine, Unreadable> {
    let item = Reader::of(item);
    Ok(ChangeLine {
        request_id: item.text("request_id")?,
        record: item.text("record")?,
        occurred_at: item.moment("occurred_at")?,
        principal: item.text("principal")?,
        resource_kind: item.text("resource_kind")?,
        severity: item.meaning("severity", Severity::of_name)?,
        origin: item.meaning("origin", Origin::of_name)?,
    })
}

/// A line of a list of invocations.
pub(super) fn invocation_line(item: &Attributes) -> Result<InvocationLine, Unreadable> {
    let item = Reader::of(item);
    Ok(InvocationLine {
        request_id: item.text("request_id")?,
        occurred_at: item.moment("occurred_at")?,
        principal: item.text("principal")?,
        model_id: item.text("model_id")?,
        account_id: item.maybe("account_id"),
        region: item.maybe("region"),
        operation: item.maybe("operation"),
        system_prompt_status: item.maybe("system_prompt_status"),
        system_prompt_id: item.maybe("system_prompt_id"),
        guardrail_id: item.maybe("guardrail_id"),
        guardrail_version: item.maybe("guardrail_version"),
        guardrail_action: item.maybe("guardrail_action"),
        error_code: item.maybe("error_code"),
    })
}

fn principal(item: Writer, principal: &Principal) -> Writer {
    item.text("principal", principal.best())
        .maybe("principal_arn", principal.arn.as_deref())
        .maybe("principal_type", principal.kind.as_deref())
        .maybe("principal_name", principal.name.as_deref())
        .maybe("principal_session", principal.session.as_deref())
        .maybe("principal_invoked_by", principal.invoked_by.as_deref())
        .maybe("principal_credential", principal.credential.as_deref())
}

fn read_principal(item: &Reader<'_>) -> Principal {
    Principal {
        arn: item.maybe("principal_arn"),
        kind: item.maybe("principal_type"),
        name: item.maybe("principal_name"),
        session: item.maybe("principal_session"),
        invoked_by: item.maybe("principal_invoked_by"),
        credential: item.maybe("principal_credential"),
    }
}

fn request_id(item: &Reader<'_>) -> Result<String, Unreadable> {
    match item.maybe("request_id_full") {
        Some(whole) => Ok(whole),
        None => item.text("request_id"),
    }
}

fn common(item: Writer, common: &Common) -> Writer {
    principal(item.text("account_id", &common.account_id).text("region", &common.region), &common.principal)
}

fn read_common(item: &Reader<'_>) -> Result<Common, Unreadable> {
    Ok(Common {
        request_id: request_id(item)?,
        occurred_at: item.moment("occurred_at")?,
        account_id: item.text("account_id")?,
        region: item.text("region")?,
        principal: read_principal(item),
    })
}

fn encode_invocation(item: Writer, invocation: &Invocation) -> Writer {
    let (prompt, guardrail) = (&invocation.system_prompt, &invocation.guardrail);
    common(item, &Common::of_invocation(invocation))
        .maybe("operation", invocation.operation.as_deref())
        .text("model_id", &invocation.model_id)
        .maybe("inference_region", invocation.inference_region.as_deref())
        .text("system_prompt_status", prompt.status.name())
        .maybe("system_prompt_id", prompt.id.as_ref().map(ToString::to_string))
        .maybe("system_prompt_found_at", prompt.found_at.as_deref())
        .text("guardrail_certainty", guardrail.certainty.name())
        .maybe("guardrail_id", guardrail.id.as_deref())
        .maybe("guardrail_version", guardrail.version.as_deref())
        .maybe("guardrail_action", guardrail.action.as_deref())
        .maybe("guardrail_basis", guardrail.basis.as_deref())
        .maybe("stop_reason", invocation.stop_reason.as_deref())
        .maybe("error_code", invocation.error_code.as_deref())
        .maybe_number("input_tokens", invocation.tokens.input)
        .maybe_number("output_tokens", invocation.tokens.output)
        .maybe_number("cache_read_tokens", invocation.tokens.cache_read)
        .maybe_number("cache_write_tokens", invocation.tokens.cache_write)
        .text("input_body", invocation.input_body.name())
        .text("output_body", invocation.output_body.name())
        .maybe("input_body_path", invocation.input_body_path.as_deref())
        .maybe("output_body_path", invocation.output_body_path.as_deref())
        .text_map("output_media", &invocation.output_media)
        .text_map("request_metadata", &invocation.request_metadata)
        .number("sources", invocation.sources)
        .maybe("body_shape", invocation.body_shape.as_deref())
        .texts("body_members", &invocation.body_members)
        .evidence("evidence", &invocation.evidence)
}

fn decode_invocation(item: &Reader<'_>) -> Result<Invocation, Unreadable> {
    let common = read_common(item)?;
    Ok(Invocation {
        request_id: common.request_id,
        occurred_at: common.occurred_at,
        account_id: common.account_id,
        region: common.region,
        principal: common.principal,
        operation: item.maybe("operation"),
        model_id: item.text("model_id")?,
        inference_region: item.maybe("inference_region"),
        system_prompt: SystemPrompt {
            status: item.meaning("system_prompt_status", SystemPromptStatus::of_name)?,
            id: item.maybe_digest("system_prompt_id"),
            found_at: item.maybe("system_prompt_found_at"),
        },
        guardrail: GuardrailFinding {
            certainty: item.meaning("guardrail_certainty", Certainty::of_name)?,
            id: item.maybe("guardrail_id"),
            version: item.maybe("guardrail_version"),
            action: item.maybe("guardrail_action"),
            basis: item.maybe("guardrail_basis"),
        },
        stop_reason: item.maybe("stop_reason"),
        error_code: item.maybe("error_code"),
        tokens: Tokens {
            input: item.number("input_tokens"),
            output: item.number("output_tokens"),
            cache_read: item.number("cache_read_tokens"),
            cache_write: item.number("cache_write_tokens"),
        },
        input_body: item.meaning("input_body", BodyState::of_name)?,
        output_body: item.meaning("output_body", BodyState::of_name)?,
        input_body_path: item.maybe("input_body_path"),
        output_body_path: item.maybe("output_body_path"),
        output_media: item.text_map("output_media"),
        completeness: item.number("completeness").unwrap_or(1),
        request_metadata: item.text_map("request_metadata"),
        sources: item.number("sources").unwrap_or_default(),
        body_shape: item.maybe("body_shape"),
        body_members: item.texts("body_members"),
        evidence: item.evidence("evidence")?,
    })
}

fn encode_source(item: Writer, source: &Source) -> Writer {
    common(item, &source.common)
        .text("origin", source.origin.name())
        .text("carrier_sha256", source.carrier.as_str())
        .number("ordinal", source.ordinal)
        .maybe("text_sha256", source.text_sha256.as_ref().map(Sha256::as_str))
        .maybe("excerpt", source.excerpt.as_deref())
        .maybe("source_uri", source.source_uri.as_deref())
        .maybe("title", source.title.as_deref())
        .maybe("found_at", source.found_at.as_deref())
        .maybe_number("score", source.score)
        .maybe_bool("cited", source.cited)
        .maybe("chunk_id", source.chunk_id.as_deref())
        .maybe("knowledge_base_id", source.knowledge_base_id.as_deref())
        .text("certainty", source.certainty.name())
}

fn decode_source(item: &Reader<'_>) -> Result<Source, Unreadable> {
    Ok(Source {
        common: read_common(item)?,
        origin: item.meaning("origin", SourceOrigin::of_name)?,
        carrier: item.digest("carrier_sha256")?,
        ordinal: item.number("ordinal").unwrap_or_default(),
        text_sha256: item.maybe_digest("text_sha256"),
        excerpt: item.maybe("excerpt"),
        source_uri: item.maybe("source_uri"),
        title: item.maybe("title"),
        found_at: item.maybe("found_at"),
        score: item.number("score"),
        cited: item.boolean("cited"),
        chunk_id: item.maybe("chunk_id"),
        knowledge_base_id: item.maybe("knowledge_base_id"),
        certainty: item.meaning("certainty", Certainty::of_name)?,
        completeness: item.number("completeness").unwrap_or(1),
    })
}

fn encode_change(item: Writer, change: &Change) -> Writer {
    let (resource, spilled) = (&change.resource, change.spilled.as_ref());
    let addendum = change.addendum.clone().unwrap_or_default();
    common(item, &Common::of_change(change))
        .text("event_id", &change.event_id)
        .text("event_name", &change.event_name)
        .text("event_source", &change.event_source)
        .text("resource", audit_domain::digest::bounded_key(&resource.to_string()))
        .text("resource_kind", &resource.kind)
        .text("resource_id", &resource.id)
        .text("resource_account_id", &resource.account_id)
        .text("resource_region", &resource.region)
        .maybe("resource_version", resource.version.as_deref())
        .maybe("resource_arn", resource.arn.as_deref())
        .text("outcome", change.outcome.name())
        .maybe("error_code", change.error_code.as_deref())
        .text("severity", change.severity.name())
        .text("origin", change.origin.name())
        .maybe("source_ip", change.source_ip.as_deref())
        .maybe("user_agent", change.user_agent.as_deref())
        .maybe_bool("mfa", change.mfa)
        .maybe("request_parameters", change.request_parameters.as_deref())
        .maybe("response_elements", change.response_elements.as_deref())
        .maybe("parameters_key", spilled.map(|spilled| spilled.key.as_str()))
        .maybe("parameters_sha256", spilled.map(|spilled| spilled.sha256.as_str()))
        .maybe_bool("omitted", change.omitted.then_some(true))
        .maybe("addendum_reason", addendum.reason)
        .maybe("addendum_updated_fields", addendum.updated_fields)
        .maybe("addendum_original_event_id", addendum.original_event_id)
        .maybe("addendum_original_request_id", addendum.original_request_id)
        .evidence("evidence", &change.evidence)
}

fn decode_change(item: &Reader<'_>) -> Result<Change, Unreadable> {
    let common = read_common(item)?;
    Ok(Change {
        event_id: item.text("event_id")?,
        request_id: common.request_id,
        occurred_at: common.occurred_at,
        account_id: common.account_id,
        region: common.region,
        principal: common.principal,
        event_name: item.text("event_name")?,
        event_source: item.text("event_source")?,
        resource: Resource {
            account_id: item.text("resource_account_id")?,
            region: item.text("resource_region")?,
            kind: item.text("resource_kind")?,
            id: item.text("resource_id")?,
            version: item.maybe("resource_version"),
            arn: item.maybe("resource_arn"),
        },
        outcome: item.meaning("outcome", Outcome::of_name)?,
        error_code: item.maybe("error_code"),
        severity: item.meaning("severity", Severity::of_name)?,
        origin: item.meaning("origin", Origin::of_name)?,
        source_ip: item.maybe("source_ip"),
        user_agent: item.maybe("user_agent"),
        mfa: item.boolean("mfa"),
        request_parameters: item.maybe("request_parameters"),
        response_elements: item.maybe("response_elements"),
        spilled: item
            .maybe("parameters_key")
            .zip(item.maybe_digest("parameters_sha256"))
            .map(|(key, sha256)| Spilled { key, sha256 }),
        omitted: item.boolean("omitted").unwrap_or_default(),
        addendum: decode_addendum(item),
        evidence: item.evidence("evidence")?,
    })
}

fn decode_addendum(item: &Reader<'_>) -> Option<Addendum> {
    let addendum = Addendum {
        reason: item.maybe("addendum_reason"),
        updated_fields: item.maybe("addendum_updated_fields"),
        original_event_id: item.maybe("addendum_original_event_id"),
        original_request_id: item.maybe("addendum_original_request_id"),
    };
    (addendum != Addendum::default()).then_some(addendum)
}

fn encode_diff(item: Writer, diff: &Diff) -> Writer {
    let fields = diff.fields.iter().map(|field| {
        Writer::new()
            .text("path", &field.path)
            .maybe("before", field.before.as_deref())
            .maybe("after", field.after.as_deref())
            .maybe("effect", field.effect.as_deref())
    });
    common(item, &diff.common)
        .text("event_id", &diff.event_id)
        .text("read", diff.read.name())
        .maybe("reason", diff.reason.as_deref())
        .maybe("observed_at", diff.observed_at.map(time::rfc3339))
        .maybe("updated_at", diff.updated_at.map(time::rfc3339))
        .maybe("state_before", diff.state_before.as_ref().map(ToString::to_string))
        .maybe("state_after", diff.state_after.as_ref().map(ToString::to_string))
        .maybe("verdict", diff.verdict.map(Verdict::name))
        .maybe("severity", diff.severity.map(Severity::name))
        .maps("fields", fields)
        .number("fields_left_out", diff.fields_left_out)
}

fn decode_diff(item: &Reader<'_>) -> Result<Diff, Unreadable> {
    let fields = item.maps("fields").into_iter().map(|field| {
        Ok(FieldChange {
            path: field.text("path")?,
            before: field.maybe("before"),
            after: field.maybe("after"),
            effect: field.maybe("effect"),
        })
    });
    Ok(Diff {
        common: read_common(item)?,
        event_id: item.text("event_id")?,
        read: item.meaning("read", DiffRead::of_name)?,
        reason: item.maybe("reason"),
        observed_at: item.moment("observed_at").ok(),
        updated_at: item.moment("updated_at").ok(),
        state_before: item.maybe_digest("state_before"),
        state_after: item.maybe_digest("state_after"),
        verdict: item.maybe("verdict").as_deref().and_then(Verdict::of_name),
        severity: item.maybe("severity").as_deref().and_then(Severity::of_name),
        fields: fields.collect::<Result<_, Unreadable>>()?,
        fields_left_out: item.number("fields_left_out").unwrap_or_default(),
    })
}

/// The sort keys of an index query: from a moment on, before another.
pub(super) fn index_range(since: jiff::Timestamp, until: jiff::Timestamp) -> (String, String) {
    // `#` sorts before every digit and letter that follows a moment in a key
    (time::rfc3339(since), time::rfc3339(until))
}

#[cfg(test)]
mod properties;
