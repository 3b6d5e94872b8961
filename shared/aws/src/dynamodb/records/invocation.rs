//! Invocations, and the passages behind their answers, as items.

use audit_domain::{
    digest::Sha256,
    guardrail::GuardrailFinding,
    invocation::{BodyState, Invocation, SystemPrompt, Tokens},
    ledger::record::{Common, Said, Source, SourceOrigin},
    overview::CountedInvocation,
    passage::Certainty,
    principal::Principal,
    prompt::SystemPromptStatus,
};

use super::{Attributes, Reader, Unreadable, Writer, common, read_common};

pub(super) fn encode_invocation(item: Writer, invocation: &Invocation) -> Writer {
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
        .maybe("content_sha256", invocation.content.as_ref().map(Sha256::as_str))
}

pub(super) fn decode_invocation(item: &Reader<'_>) -> Result<Invocation, Unreadable> {
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
        tokens: tokens(item),
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
        content: item.maybe_digest("content_sha256"),
    })
}

/// The attributes that count in an overview.
pub(in crate::dynamodb) const COUNTED: [&str; 21] = [
    "request_id",
    "record",
    "expires_at",
    "occurred_at",
    "account_id",
    "region",
    "principal",
    "model_id",
    "guardrail_certainty",
    "guardrail_id",
    "guardrail_version",
    "guardrail_action",
    "error_code",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "input_body",
    "output_body",
    "system_prompt_status",
    "request_id_full",
];

/// What counts of an invocation, out of these attributes.
pub(in crate::dynamodb) fn counted(item: &Attributes) -> Result<CountedInvocation, Unreadable> {
    let item = Reader::of(item);
    Ok(CountedInvocation {
        request_id: super::request_id(&item)?,
        occurred_at: item.moment("occurred_at")?,
        account_id: item.text("account_id")?,
        region: item.text("region")?,
        caller: Principal::from_arn(&item.text("principal")?).caller().to_owned(),
        model_id: item.text("model_id")?,
        guardrail: GuardrailFinding {
            certainty: item.meaning("guardrail_certainty", Certainty::of_name)?,
            id: item.maybe("guardrail_id"),
            version: item.maybe("guardrail_version"),
            action: item.maybe("guardrail_action"),
            basis: None,
        },
        error_code: item.maybe("error_code"),
        tokens: tokens(&item),
        input_body: item.meaning("input_body", BodyState::of_name)?,
        output_body: item.meaning("output_body", BodyState::of_name)?,
        system_prompt: item.maybe("system_prompt_status").as_deref().and_then(SystemPromptStatus::of_name),
    })
}

fn tokens(item: &Reader<'_>) -> Tokens {
    Tokens {
        input: item.number("input_tokens"),
        output: item.number("output_tokens"),
        cache_read: item.number("cache_read_tokens"),
        cache_write: item.number("cache_write_tokens"),
    }
}

pub(super) fn encode_source(item: Writer, source: &Source) -> Writer {
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
        .maybe("content_type", source.said.content_type.as_deref())
        .maybe("location_type", source.said.location_type.as_deref())
        .maybe("data_source_id", source.said.data_source_id.as_deref())
        .maybe_number("page_number", source.said.page_number)
        .text_map("metadata", &source.said.metadata)
        .text("certainty", source.certainty.name())
}

pub(super) fn decode_source(item: &Reader<'_>) -> Result<Source, Unreadable> {
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
        said: Said {
            content_type: item.maybe("content_type"),
            location_type: item.maybe("location_type"),
            data_source_id: item.maybe("data_source_id"),
            page_number: item.number("page_number"),
            metadata: item.text_map("metadata"),
        },
        certainty: item.meaning("certainty", Certainty::of_name)?,
        completeness: item.number("completeness").unwrap_or(1),
    })
}
