//! A change into the ledger, and what is too large for it beside it.

use audit_domain::{
    change::{Change, Spilled},
    digest::Sha256,
    ledger::record::{Record, Retention},
    time,
};
use jiff::Timestamp;
use serde_json::json;

use crate::ports::{KeepObjects, PortError, Put, PutRecords};

/// Request and answer of a call over so many bytes together are kept beside the ledger.
const LARGE: usize = 100 << 10;

/// Puts a change into the ledger, what is too large for it beside it.
///
/// An event id names one event. Where it does not (records that somebody made anonymous), the second one goes by a name
/// of its own rather than being taken for the first.
///
/// # Errors
/// Of the ports.
pub async fn store(
    mut change: Change,
    ledger: &(impl PutRecords + KeepObjects),
    retention: Retention,
    now: Timestamp,
) -> Result<(Change, Put), PortError> {
    spill(&mut change, ledger).await?;
    let expires_at = retention.expires_at(change.occurred_at, now);
    let mut record = Box::new(change);
    let mut put = ledger.put_record(&Record::Change(record.clone()), expires_at).await?;
    if put == Put::Taken {
        record.tell_apart();
        put = ledger.put_record(&Record::Change(record.clone()), expires_at).await?;
    }
    Ok((*record, put))
}

async fn spill(change: &mut Change, objects: &impl KeepObjects) -> Result<(), PortError> {
    let texts = [&change.request_parameters, &change.response_elements];
    if texts.into_iter().flatten().map(String::len).sum::<usize>() <= LARGE {
        return Ok(());
    }
    let parse = |text: &Option<String>| {
        text.as_ref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
    };
    let both = json!({
        "requestParameters": parse(&change.request_parameters),
        "responseElements": parse(&change.response_elements),
    });
    let bytes = both.to_string().into_bytes();
    let key = format!("changes/{}/{}.json", time::day(change.occurred_at), key_part(&change.event_id));
    let sha256 = Sha256::of(&bytes);
    objects.keep(&key, bytes).await?;
    change.spilled = Some(Spilled { key, sha256 });
    change.request_parameters = None;
    change.response_elements = None;
    Ok(())
}

/// Where the raw event of a change is kept.
pub(super) fn event_key(change: &Change) -> String {
    format!("events/{}/{}.json", time::day(change.occurred_at), key_part(&change.event_id))
}

/// An id as a part of an object key: ids are untrusted, and one that could lead elsewhere is replaced by its digest.
fn key_part(id: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !id.is_empty() && id.len() <= 128 && id.bytes().all(plain) {
        id.to_owned()
    } else {
        format!("sha256-{}", Sha256::of(id.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_lead_elsewhere_is_replaced() {
        assert_eq!(key_part("4d482238-d0c5-4337-800f-d1ed79957fd4"), "4d482238-d0c5-4337-800f-d1ed79957fd4");
        for hostile in ["../../x", "a/b", "", "ä", "a b", &"x".repeat(200)] {
            assert!(key_part(hostile).starts_with("sha256-"), "{hostile}");
        }
    }
}
