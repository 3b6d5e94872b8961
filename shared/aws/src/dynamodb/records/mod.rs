//! Every kind of record as an item of the Records table.

mod attribution;
mod change;
mod invocation;

use audit_domain::{
    change::{Change, Origin, Severity},
    ledger::record::{
        AlertMark, Call, ChangeLine, Common, InvocationLine, Link, PassageLine, Record, SCHEMA,
    },
    passage::Certainty,
    principal::Principal,
    time,
};

pub(super) use self::invocation::{COUNTED, counted};
use self::{
    attribution::{decode_attribution, encode_attribution},
    change::{decode_change, decode_diff, encode_change, encode_diff},
    invocation::{decode_invocation, decode_source, encode_invocation, encode_source},
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
        Record::Attribution(attribution) => encode_attribution(keyed, attribution),
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
            .maybe("error_code", call.error_code.as_deref())
            .evidence("evidence", &call.evidence),
    }
    .finish()
}

/// The record of an item.
pub(super) fn decode(item: &Attributes) -> Result<Record, Unreadable> {
    let item = Reader::of(item);
    Ok(match item.text("kind")?.as_str() {
        "invocation" => Record::Invocation(Box::new(decode_invocation(&item)?)),
        "source" => Record::Source(Box::new(decode_source(&item)?)),
        "attribution" => Record::Attribution(Box::new(decode_attribution(&item)?)),
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
            evidence: item.evidence("evidence")?,
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

/// A line of a list of sources.
pub(super) fn passage_line(item: &Attributes) -> Result<PassageLine, Unreadable> {
    let item = Reader::of(item);
    Ok(PassageLine {
        request_id: item.text("request_id")?,
        record: item.text("record")?,
        text_sha256: item.digest("text_sha256")?,
        occurred_at: item.moment("occurred_at")?,
        principal: item.maybe("principal").unwrap_or_default(),
        source_uri: item.maybe("source_uri"),
        cited: item.boolean("cited"),
        ordinal: item.number("ordinal").unwrap_or_default(),
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

/// The sort keys of an index query: from a moment on, before another.
pub(super) fn index_range(since: jiff::Timestamp, until: jiff::Timestamp) -> (String, String) {
    // `#` sorts before every digit and letter that follows a moment in a key
    (time::rfc3339(since), time::rfc3339(until))
}

#[cfg(test)]
mod properties;
