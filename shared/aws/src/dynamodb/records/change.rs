//! Changes, and what they changed, as items.

use audit_domain::{
    change::{Addendum, Change, Origin, Outcome, Resource, Severity, Spilled},
    ledger::record::{Common, Diff, DiffRead, FieldChange},
    state::Verdict,
    time,
};

use super::{Reader, Unreadable, Writer, common, read_common};

pub(super) fn encode_change(item: Writer, change: &Change) -> Writer {
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
        .maybe("breaks", change.breaks.as_deref())
        .maybe_bool("deployment", change.deployment.then_some(true))
        .maybe("addendum_reason", addendum.reason)
        .maybe("addendum_updated_fields", addendum.updated_fields)
        .maybe("addendum_original_event_id", addendum.original_event_id)
        .maybe("addendum_original_request_id", addendum.original_request_id)
        .evidence("evidence", &change.evidence)
}

pub(super) fn decode_change(item: &Reader<'_>) -> Result<Change, Unreadable> {
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
        breaks: item.maybe("breaks"),
        deployment: item.boolean("deployment").unwrap_or_default(),
        addendum: decode_addendum(item),
        amended_by: Vec::new(),
        evidence: item.evidence("evidence")?,
    })
}

pub(super) fn decode_addendum(item: &Reader<'_>) -> Option<Addendum> {
    let addendum = Addendum {
        reason: item.maybe("addendum_reason"),
        updated_fields: item.maybe("addendum_updated_fields"),
        original_event_id: item.maybe("addendum_original_event_id"),
        original_request_id: item.maybe("addendum_original_request_id"),
    };
    (addendum != Addendum::default()).then_some(addendum)
}

pub(super) fn encode_diff(item: Writer, diff: &Diff) -> Writer {
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
        .maybe("before_at", diff.before_at.map(time::rfc3339))
        .maybe("state_before", diff.state_before.as_ref().map(ToString::to_string))
        .maybe("state_after", diff.state_after.as_ref().map(ToString::to_string))
        .maybe("verdict", diff.verdict.map(Verdict::name))
        .maybe("severity", diff.severity.map(Severity::name))
        .maps("fields", fields)
        .number("fields_left_out", diff.fields_left_out)
}

pub(super) fn decode_diff(item: &Reader<'_>) -> Result<Diff, Unreadable> {
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
        before_at: item.moment("before_at").ok(),
        state_before: item.maybe_digest("state_before"),
        state_after: item.maybe_digest("state_after"),
        verdict: item.maybe("verdict").as_deref().and_then(Verdict::of_name),
        severity: item.maybe("severity").as_deref().and_then(Severity::of_name),
        fields: fields.collect::<Result<_, Unreadable>>()?,
        fields_left_out: item.number("fields_left_out").unwrap_or_default(),
    })
}
