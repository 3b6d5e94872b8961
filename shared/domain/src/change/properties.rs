//! Whatever an event holds, and however it is written.

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    strategies::{Json, changed, fixtures, json},
    time,
};

fn events() -> Vec<Json> {
    let files = ["changes", "incident/changes"].into_iter().flat_map(fixtures).map(|(_, event)| event);
    files.chain([STORAGE, OBJECTS, SCHEDULES].into_iter().flat_map(hits)).collect()
}

const STORAGE: &str = include_str!("../../../../events/watch/storage.ndjson");
const OBJECTS: &str = include_str!("../../../../events/watch/objects.ndjson");
const SCHEDULES: &str = include_str!("../../../../events/watch/schedules.ndjson");

/// Calls of other services, and deleted evidence.
fn hits(cases: &str) -> impl Iterator<Item = Json> {
    cases.lines().map(|line| {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        Json::parse(&case["hit"].to_string())
    })
}

fn read(event: &str) -> Result<(TrailEvent, usize), Unread> {
    TrailEvent::read(event.as_bytes(), 1, &ObjectLocation::file("/x"), Origin::Import, &Watching::default())
}

/// What was read, without what depends on how the event was laid out.
fn seen(event: &str) -> TrailEvent {
    let (mut event, used) = read(event).map(|(seen, used)| (seen, used == event.len())).unwrap();
    assert!(used);
    match &mut event {
        TrailEvent::Change(change) | TrailEvent::IfKnown(change, _) => {
            change.evidence.sha256 = Sha256::of(b"");
        }
        TrailEvent::Call(call) => call.evidence.sha256 = Sha256::of(b""),
        TrailEvent::NoChange(_) => {}
    }
    event
}

fn survives(event: &Json) -> Result<(), TestCaseError> {
    let text = event.compact();
    match read(&text) {
        Ok((TrailEvent::Change(change) | TrailEvent::IfKnown(change, _), used)) => {
            prop_assert_eq!(used, text.len());
            prop_assert!(!change.event_id.is_empty() && !change.request_id.is_empty());
            prop_assert!(time::parse(&time::rfc3339(change.occurred_at)).is_some());
        }
        Ok((TrailEvent::Call(call), used)) => {
            prop_assert_eq!(used, text.len());
            prop_assert!(!call.event_id.is_empty() && !call.common.request_id.is_empty());
        }
        Ok((TrailEvent::NoChange(_), used)) | Err(Unread::Refused { used, .. }) => {
            prop_assert_eq!(used, text.len());
        }
        Err(Unread::Json(error)) => prop_assert!(false, "{}: {}", error, text),
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_value_is_read_or_refused(event in json()) {
        survives(&event)?;
    }

    #[test]
    fn any_event_is_read_or_refused(event in changed(events())) {
        survives(&event)?;
    }

    #[test]
    fn the_order_of_members_and_white_space_mean_nothing(
        event in select(events()),
        seed: u64,
        between in "[ \n\r\t]{0,3}",
    ) {
        let given = seen(&event.compact());
        prop_assert_eq!(&seen(&event.shuffled(seed, &[]).compact()), &given);
        prop_assert_eq!(&seen(&event.laid_out(&between, " ")), &given);
    }
}
