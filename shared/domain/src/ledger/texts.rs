//! Which attributes hold texts: what a model was told or shown, and what prompts, agents and guardrails say. Whoever investigates
//! without texts asks for the others by name, so that a policy can hold it; a new attribute is in neither list until somebody decides.

/// Attributes of the Records table that hold texts: excerpts of passages and what documents say of themselves, fields that were
/// changed, parameters of calls.
pub const RECORD_TEXTS: &[&str] =
    &["excerpt", "fields", "metadata", "request_parameters", "response_elements"];

/// All others of the Records table.
pub const RECORD_FACTS: &[&str] = &[
    "account_id",
    "addendum_original_event_id",
    "addendum_original_request_id",
    "addendum_reason",
    "addendum_updated_fields",
    "basis",
    "before_at",
    "body_members",
    "body_shape",
    "breaks",
    "cache_read_tokens",
    "cache_write_tokens",
    "carrier_sha256",
    "certainty",
    "chunk_id",
    "citations",
    "cited",
    "completeness",
    "content_sha256",
    "content_type",
    "data_source_id",
    "deployment",
    "empty_citations",
    "error_code",
    "event_id",
    "event_name",
    "event_source",
    "evidence",
    "expires_at",
    "fields_left_out",
    "follow_up",
    "found_at",
    "guardrail_action",
    "guardrail_basis",
    "guardrail_certainty",
    "guardrail_id",
    "guardrail_version",
    "inference_region",
    "input_body",
    "input_body_path",
    "input_tokens",
    "kind",
    "knowledge_base_id",
    "location_type",
    "message_id",
    "mfa",
    "model_id",
    "observed_at",
    "occurred_at",
    "occurred_at_id",
    "omitted",
    "only_cited",
    "operation",
    "ordinal",
    "origin",
    "other_request_id",
    "outcome",
    "output_body",
    "output_body_path",
    "output_characters",
    "output_media",
    "output_tokens",
    "page_number",
    "parameters_key",
    "parameters_sha256",
    "principal",
    "principal_arn",
    "principal_credential",
    "principal_invoked_by",
    "principal_name",
    "principal_session",
    "principal_type",
    "published_at",
    "read",
    "reason",
    "record",
    "region",
    "related_request_ids",
    "relation",
    "request_id",
    "request_id_full",
    "request_metadata",
    "resource",
    "resource_account_id",
    "resource_arn",
    "resource_id",
    "resource_kind",
    "resource_region",
    "resource_version",
    "response_key",
    "schema",
    "score",
    "sender_account_id",
    "sender_event_id",
    "sent_by",
    "session_id",
    "severity",
    "source_ip",
    "source_uri",
    "sources",
    "sources_left_out",
    "state_after",
    "state_before",
    "stop_reason",
    "system_prompt_found_at",
    "system_prompt_id",
    "system_prompt_status",
    "text_sha256",
    "time_bucket",
    "title",
    "updated_at",
    "user_agent",
    "verdict",
    "with_diff",
];

/// Attributes of the States table that hold texts, whole, packed, or the key of where they lie.
pub const STATE_TEXTS: &[&str] = &["text", "text_gzip", "text_key"];

/// All others of the States table.
pub const STATE_FACTS: &[&str] = &[
    "account_id",
    "bytes",
    "caller",
    "cause",
    "caused_at",
    "chunk_id",
    "document_uri",
    "expires_at",
    "first_seen",
    "is_tombstone",
    "kind",
    "knowledge_base_id",
    "last_seen",
    "message_id",
    "model_id",
    "observed_at",
    "occurred_at",
    "published_at",
    "region",
    "request_id",
    "resource",
    "resource_arn",
    "resource_id",
    "resource_kind",
    "resource_version",
    "sample_request_id",
    "schema",
    "seen_at",
    "session_id",
    "sha256",
    "subject",
    "system_prompt_id",
    "text_sha256",
    "updated_at",
    "version",
];

/// Subjects of the States table that begin like this hold texts of system prompts, and are not asked for at all.
pub const TEXT_SUBJECTS: &str = "system-prompt/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        digest::Sha256,
        ledger::{
            schema::TABLES,
            state::{list_subject, prompt_subject},
        },
    };

    #[test]
    fn no_attribute_is_both_and_indexes_have_no_texts() {
        for (texts, facts) in [(RECORD_TEXTS, RECORD_FACTS), (STATE_TEXTS, STATE_FACTS)] {
            assert!(texts.iter().all(|text| !facts.contains(text)));
            assert!(facts.is_sorted(), "in order, as in the template");
        }
        let projected = TABLES.iter().flat_map(|table| table.indexes).flat_map(|index| index.projected);
        assert!(projected.copied().all(|name| RECORD_FACTS.contains(&name)));
    }

    #[test]
    fn only_the_prompts_themselves_are_below_their_subject() {
        assert!(prompt_subject(Sha256::of(b"x").as_str()).starts_with(TEXT_SUBJECTS));
        assert!(!list_subject("2026-10").starts_with(TEXT_SUBJECTS));
    }
}
