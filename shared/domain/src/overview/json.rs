//! The overview as JSON: `report --json`. Lists that are cut say how much they leave out; CSV has all of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    ChangeClass, ChangeRow, DeliveryTally, Gap, Overview, Ranking, RejectLine, Tallies, Tally, Top, unknown,
};
use crate::{
    ledger::{
        delivery::{Completion, DeliveryLine},
        record::{DiffRead, FieldChange},
    },
    report, time,
};

/// So many names of a kind are listed.
const NAMES: usize = 100;
/// So many gaps are listed.
const GAPS: usize = 100;

/// The whole overview.
pub fn overview(overview: &Overview, ledger: &str) -> Value {
    let invocations = &overview.invocations;
    let changes = &overview.changes;
    let deliveries = &overview.deliveries;
    let prompts = &overview.prompts;
    let listed =
        |class: ChangeClass| changes.listed.get(&class).map(|top| list(top, change)).unwrap_or_default();
    json!({
        "schema": 1,
        "window": {"since": time::rfc3339(overview.since), "until": time::rfc3339(overview.until)},
        "made_at": time::rfc3339(overview.made_at),
        "ledger": ledger,
        "accounts": overview.accounts,
        "regions": overview.regions,
        "not_covered": unknown::not_covered(overview),
        "invocations": {
            "total": tally(&invocations.total),
            "repeated": invocations.repeated,
            "by_principal": ranking(&invocations.by_principal),
            "by_model": ranking(&invocations.by_model),
            "by_guardrail": ranking(&invocations.by_guardrail),
            "by_error": ranking(&invocations.by_error),
            "by_account_and_region": ranking(&invocations.by_place),
            "by_day": invocations.by_day.iter().map(|(day, of)| named("day", day, tally(of))).collect::<Vec<_>>(),
            "by_system_prompt_status": numbers(&invocations.by_system_prompt),
        },
        "changes": {
            "total": changes.total(),
            "by_class": numbers(&changes.by_class),
            "by_severity": numbers(&changes.by_severity),
            "by_verdict": numbers(&changes.by_verdict),
            "by_origin": numbers(&changes.by_origin),
            "content_unknown": changes.content_unknown,
            "effect_unknown": changes.effect_unknown,
            "without_alert": changes.without_alert,
            "changes": listed(ChangeClass::Change),
            "denied": listed(ChangeClass::Denied),
            "noticed": listed(ChangeClass::Noticed),
        },
        "deliveries": {
            "total": delivery_tally(&deliveries.total),
            "first": deliveries.first_and_last.map(|(first, _)| time::rfc3339(first)),
            "last": deliveries.first_and_last.map(|(_, last)| time::rfc3339(last)),
            "by_stream": deliveries.by_stream.iter()
                .map(|(stream, of)| named("stream", stream.name(), delivery_tally(of))).collect::<Vec<_>>(),
            "by_day": deliveries.by_day.iter()
                .map(|(day, of)| named("day", day, delivery_tally(of))).collect::<Vec<_>>(),
            "partial": list(&deliveries.partial, delivery),
            "rejects": {
                "entries": deliveries.rejects.kept().iter().map(reject).collect::<Vec<_>>(),
                "left_out": deliveries.rejects_left_out(),
            },
        },
        "gaps": {
            "silent_hours": gaps(&overview.silent_hours()),
            "days_without_trail": gaps(&overview.days_without_trail()),
        },
        "system_prompts": {
            "in_use": prompts.listed.total(),
            "new": prompts.new,
            "not_looked_up": prompts.not_looked_up,
            "prompts": list(&prompts.listed, |row| json!({
                "id": row.seen.system_prompt_id,
                "new": row.new,
                "first_seen": time::rfc3339(row.seen.first_seen),
                "last_seen": time::rfc3339(row.seen.last_seen),
                "sample_request_id": row.seen.sample_request_id,
                "model_id": row.seen.model_id,
                "caller": row.seen.caller,
            })),
        },
    })
}

fn named(label: &str, name: &str, mut of: Value) -> Value {
    if let Some(members) = of.as_object_mut() {
        members.insert(label.to_owned(), name.into());
    }
    of
}

fn tally(tally: &Tally) -> Value {
    Tally::NUMBERS
        .iter()
        .map(|(name, number)| ((*name).to_owned(), number(tally).into()))
        .collect::<Map<_, _>>()
        .into()
}

fn delivery_tally(tally: &DeliveryTally) -> Value {
    let numbers = DeliveryTally::NUMBERS.iter();
    numbers.map(|(name, number)| ((*name).to_owned(), number(tally).into())).collect::<Map<_, _>>().into()
}

fn ranking(tallies: &Tallies) -> Value {
    let Ranking { first, more, rest } = tallies.ranking(NAMES);
    json!({
        "entries": first.into_iter().map(|(name, of)| named("name", name, tally(of))).collect::<Vec<_>>(),
        "left_out": more,
        "left_out_total": tally(&rest),
    })
}

fn numbers(by_name: &BTreeMap<&'static str, u64>) -> Value {
    by_name.iter().map(|(name, count)| ((*name).to_owned(), (*count).into())).collect::<Map<_, _>>().into()
}

fn list<T>(top: &Top<T>, entry: impl Fn(&T) -> Value) -> Value {
    json!({"entries": top.kept().iter().map(entry).collect::<Vec<_>>(), "left_out": top.left_out()})
}

fn change(row: &ChangeRow) -> Value {
    let field = |field: &FieldChange| {
        let value = |json: &Option<String>| {
            json.as_deref().map(|json| serde_json::from_str(json).unwrap_or_else(|_| Value::from(json)))
        };
        json!({"path": field.path, "before": value(&field.before), "after": value(&field.after), "effect": field.effect})
    };
    json!({
        "occurred_at": time::rfc3339(row.occurred_at),
        "who": row.who,
        "event_name": row.event_name,
        "event_source": row.event_source,
        "resource": row.resource,
        "version": row.version,
        "account_id": row.account_id,
        "region": row.region,
        "outcome": row.outcome.name(),
        "error_code": row.error_code,
        "severity": row.severity.name(),
        "verdict": row.verdict.map(|verdict| verdict.name()),
        "origin": row.origin.name(),
        "read": row.read.map(DiffRead::name),
        "fields": row.fields.as_ref().map(|fields| fields.iter().map(field).collect::<Vec<_>>()),
        "fields_left_out": row.fields.as_ref().map(|_| row.fields_left_out),
        "breaks": row.breaks,
        "deployment": row.deployment,
        "alerted_at": row.alerted_at.map(time::rfc3339),
        "event_id": row.event_id,
        "request_id": row.request_id,
        "evidence": report::evidence(&row.evidence),
    })
}

fn delivery(line: &DeliveryLine) -> Value {
    let reason = match &line.completion {
        Completion::Done => None,
        Completion::Partial(reason) => Some(reason),
    };
    json!({
        "moment": time::rfc3339(line.moment),
        "object": line.object,
        "version": line.version,
        "status": line.completion.name(),
        "reason": reason,
        "received": line.counts.received,
        "indexed": line.counts.indexed,
        "duplicate": line.counts.duplicate,
        "conflicts": line.counts.conflicts,
        "rejected": line.counts.rejected,
        "ignored": line.counts.ignored,
        "indexed_at": time::rfc3339(line.indexed_at),
    })
}

fn reject(line: &RejectLine) -> Value {
    json!({
        "moment": time::rfc3339(line.moment),
        "object": line.object,
        "version": line.version,
        "ordinal": line.reject.ordinal,
        "reason": line.reject.reason,
        "sha256": line.reject.sha256.as_str(),
        "bytes": line.reject.bytes,
    })
}

fn gaps(gaps: &[Gap]) -> Value {
    let entry = |gap: &Gap| json!({"from": time::rfc3339(gap.from), "until": time::rfc3339(gap.until), "hours": gap.hours()});
    json!({
        "entries": gaps.iter().take(GAPS).map(entry).collect::<Vec<_>>(),
        "left_out": gaps.len().saturating_sub(GAPS),
    })
}
