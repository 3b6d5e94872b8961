//! A change into the ledger, and its alert out: at least once, also when we die between any two steps.
//!
//! Every step is computed from what is stored: (1) the raw event and the change are put if absent, (2) the
//! alert is published unless its mark is there, (3) the mark is put. A crash after (1) or (2) is mended by the next delivery
//! of the same event; a crash between (2) and (3) sends the alert twice rather than never.

use audit_domain::{
    alert::{self, Alert},
    change::{Change, Spilled},
    digest::Sha256,
    ledger::record::{AlertMark, Common, Record, Retention, alert_key},
    report, time,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::ports::{HasRecords, KeepObjects, Message, PortError, PublishAlerts, Put, PutRecords};

/// Request and answer of a call over so many bytes together are kept beside the ledger.
const LARGE: usize = 100 << 10;

/// How changes are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// How long they are kept.
    pub retention: Retention,
    /// Older changes are summarised and not alerted one by one.
    pub alert_max_age: SignedDuration,
    /// The time at which this is done.
    pub now: Timestamp,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// Its alert went out now.
    Alerted,
    /// Its alert had gone out before.
    AlertedBefore,
    /// It is too old to be news: it belongs into the delivery's summary.
    ForSummary(Box<Change>),
}

/// Everything that recording a change writes to.
pub trait ChangeLedger: PutRecords + HasRecords + KeepObjects {}
impl<T: PutRecords + HasRecords + KeepObjects> ChangeLedger for T {}

/// Stores a change and sends its alert.
///
/// `raw` is the event as it came; it is kept as the change's evidence. If only that fails, change and alert go on, and
/// the error is returned in the end, so that the event is delivered again.
///
/// # Errors
/// Of the ports: the event is to be delivered again.
pub async fn record_change(
    mut change: Change,
    raw: &[u8],
    ledger: &impl ChangeLedger,
    alerts: &impl PublishAlerts,
    recording: Recording,
) -> Result<Recorded, PortError> {
    let key = event_key(&change);
    change.evidence.location = ledger.location(&key);
    let kept = ledger.keep(&key, raw.to_vec()).await;
    let (change, _) = store(change, ledger, recording.retention, recording.now).await?;
    let recorded = send_alert(change, ledger, alerts, recording).await?;
    kept?;
    Ok(recorded)
}

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

async fn send_alert(
    change: Change,
    ledger: &impl ChangeLedger,
    alerts: &impl PublishAlerts,
    recording: Recording,
) -> Result<Recorded, PortError> {
    if ledger.has_record(&change.request_id, &alert_key(&change.event_id, false)).await? {
        return Ok(Recorded::AlertedBefore);
    }
    if recording.now.duration_since(change.occurred_at) > recording.alert_max_age {
        return Ok(Recorded::ForSummary(Box::new(change)));
    }
    let message_id = alerts.publish(&message(&change)).await?;
    mark(&change, message_id, ledger, recording).await?;
    Ok(Recorded::Alerted)
}

/// Sends one message for all changes of a delivery that were too old, and marks them.
///
/// # Errors
/// Of the ports: their events are to be delivered again.
pub async fn send_summary(
    changes: &[&Change],
    ledger: &impl PutRecords,
    alerts: &impl PublishAlerts,
    recording: Recording,
) -> Result<(), PortError> {
    if changes.is_empty() {
        return Ok(());
    }
    let message_id = alerts.publish(&summary_message(changes)).await?;
    for change in changes {
        mark(change, message_id.clone(), ledger, recording).await?;
    }
    Ok(())
}

async fn mark(
    change: &Change,
    message_id: String,
    ledger: &impl PutRecords,
    recording: Recording,
) -> Result<(), PortError> {
    let mark = AlertMark {
        common: Common::of_change(change),
        event_id: change.event_id.clone(),
        follow_up: false,
        published_at: recording.now,
        message_id,
    };
    let expires_at = recording.retention.expires_at(change.occurred_at, recording.now);
    ledger.put_record(&Record::Alert(mark), expires_at).await.map(|_| ())
}

/// The alert of one change, for people and for machines.
pub fn message(change: &Change) -> Message {
    let alert = Alert::of(change);
    let mut json = report::change(change, None);
    if let Some(members) = json.as_object_mut() {
        members.insert("schema".to_owned(), json!(1));
        members.insert("title".to_owned(), json!(alert.subject));
        members.insert("text".to_owned(), json!(alert.text));
        members.insert("command".to_owned(), json!(alert.command));
    }
    Message {
        attributes: filled([
            ("kind", "change".to_owned()),
            ("severity", change.severity.name().to_owned()),
            ("resource_kind", change.resource.kind.clone()),
            ("event_name", change.event_name.clone()),
            ("outcome", change.outcome.name().to_owned()),
            ("account_id", change.account_id.clone()),
            ("region", change.region.clone()),
        ]),
        subject: alert.subject,
        text: alert.text,
        json: json.to_string(),
    }
}

fn summary_message(changes: &[&Change]) -> Message {
    let alert = alert::summary(changes);
    let entries: Vec<_> = changes.iter().take(100).map(|change| report::change(change, None)).collect();
    let json = json!({
        "schema": 1,
        "title": alert.subject,
        "text": alert.text,
        "command": alert.command,
        "changes": entries,
        "left_out": changes.len().saturating_sub(100),
    });
    let severity = changes.iter().map(|change| change.severity).max();
    Message {
        attributes: filled([
            ("kind", "summary".to_owned()),
            ("severity", severity.map_or("info", |severity| severity.name()).to_owned()),
        ]),
        subject: alert.subject,
        text: alert.text,
        json: json.to_string(),
    }
}

/// Attributes of at most 256 characters, none of them empty: the topic refuses an empty one.
fn filled<const N: usize>(attributes: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    attributes
        .into_iter()
        .map(|(name, value)| (name, alert::one_line(&value, 256)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
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

fn event_key(change: &Change) -> String {
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
