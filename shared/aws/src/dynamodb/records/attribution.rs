//! Attributions as items.

use audit_domain::attribution::{
    Attribution,
    event::{Route, Sender},
};

use super::{Reader, Unreadable, Writer, common, read_common};

pub(super) fn encode_attribution(item: Writer, attribution: &Attribution) -> Writer {
    let sender = &attribution.sender;
    common(item, &attribution.common)
        .text("carrier_sha256", attribution.carrier.as_str())
        .text("operation", &attribution.operation)
        .maybe("session_id", attribution.session_id.as_deref())
        .maybe("knowledge_base_id", attribution.knowledge_base_id.as_deref())
        .maybe("model_id", attribution.model_id.as_deref())
        .maybe("guardrail_action", attribution.guardrail_action.as_deref())
        .maybe_bool("only_cited", Some(attribution.only_cited))
        .number("sources", attribution.sources)
        .number("sources_left_out", attribution.sources_left_out)
        .maybe_number("citations", attribution.citations)
        .number("empty_citations", attribution.empty_citations)
        .maybe_number("output_characters", attribution.output_characters)
        .texts("related_request_ids", &attribution.related_request_ids)
        .text("sent_by", sender.route.name())
        .maybe("sender_account_id", sender.account_id.as_deref())
        .maybe("sender_event_id", sender.event_id.as_deref())
        .maybe("response_key", attribution.response_key.as_deref())
        .text("certainty", "reported")
}

pub(super) fn decode_attribution(item: &Reader<'_>) -> Result<Attribution, Unreadable> {
    Ok(Attribution {
        common: read_common(item)?,
        carrier: item.digest("carrier_sha256")?,
        operation: item.text("operation")?,
        session_id: item.maybe("session_id"),
        knowledge_base_id: item.maybe("knowledge_base_id"),
        model_id: item.maybe("model_id"),
        guardrail_action: item.maybe("guardrail_action"),
        only_cited: item.boolean("only_cited").unwrap_or_default(),
        sources: item.number("sources").unwrap_or_default(),
        sources_left_out: item.number("sources_left_out").unwrap_or_default(),
        citations: item.number("citations"),
        empty_citations: item.number("empty_citations").unwrap_or_default(),
        output_characters: item.number("output_characters"),
        related_request_ids: item.texts("related_request_ids"),
        sender: Sender {
            route: item.meaning("sent_by", Route::of_name)?,
            account_id: item.maybe("sender_account_id"),
            event_id: item.maybe("sender_event_id"),
        },
        response_key: item.maybe("response_key"),
    })
}
