//! What a schedule sends: when, and in which account and region.

use audit_domain::time;
use jiff::Timestamp;
use serde_json::Value;

use crate::batch::Failure;

/// One tick of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The schedule's own moment: the same in every delivery of the same tick.
    pub at: Timestamp,
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
}

/// Reads the body of a message.
///
/// # Errors
/// It is no event of a schedule.
pub fn read(body: &str) -> Result<Tick, Failure> {
    let event: Value = serde_json::from_str(body)
        .map_err(|error| Failure::new(format!("its body is no json (column {})", error.column())))?;
    let text = |member: &str| event.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let tick = || {
        Some(Tick {
            at: time::parse(text("time")?)?,
            account_id: text("account")?.to_owned(),
            region: text("region")?.to_owned(),
        })
    };
    let is_scheduled = text("detail-type") == Some("Scheduled Event");
    tick().filter(|_| is_scheduled).ok_or_else(|| Failure::new("its body is no event of a schedule"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_says_when_and_where_and_nothing_else_is_one() {
        let path = format!("{}/../../events/triggers/schedule.json", env!("CARGO_MANIFEST_DIR"));
        let event = std::fs::read_to_string(path).unwrap();
        let tick = read(&event).unwrap();
        assert_eq!(time::rfc3339(tick.at), "2026-10-15T14:00:00.000Z");
        assert_eq!((tick.account_id.as_str(), tick.region.as_str()), ("444455556666", "eu-central-1"));
        for (part, with) in [
            ("Scheduled Event", "Object Created"),
            ("2026-10-15T14", "today"),
            ("444455556666", ""),
            ("{", ""),
        ] {
            assert!(read(&event.replace(part, with)).is_err(), "{part} -> {with}");
        }
    }
}
