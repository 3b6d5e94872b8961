//! Whatever is handed on, it is read or refused; and what an event says is what it was given.

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;

proptest! {
    #[test]
    fn nothing_that_is_handed_on_panics(bytes in vec(any::<u8>(), 0..400), text in any::<String>()) {
        if let Ok(Handed::Events(events)) = Handed::read(&bytes) {
            events.iter().for_each(|raw| drop(events.event(raw)));
            prop_assert!(!events.location().key.is_empty());
        }
        let event = json!({"requestPayload": {"awslogs": {"data": text}}}).to_string();
        prop_assert!(packed(&RawValue::from_string(event).unwrap()).is_some());
    }

    #[test]
    fn a_message_is_what_was_logged(message in any::<String>(), id in "[0-9]{1,56}", at in any::<u32>()) {
        let event = json!({"id": id, "timestamp": at, "message": message});
        let json = json!({"logGroup": "g", "logStream": "s", "logEvents": [event]}).to_string();
        let Ok(Handed::Events(events)) = Handed::read(json.as_bytes()) else { panic!("no events") };
        let read: Vec<_> = events.iter().filter_map(|raw| events.event(raw)).collect();
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(&read[0].message, &message);
        prop_assert_eq!(&read[0].location.key, &id);
        prop_assert_eq!(read[0].location.log.as_ref().unwrap().timestamp, Some(i64::from(at)));
    }

    #[test]
    fn a_batch_that_is_cut_is_refused(at in any::<prop::sample::Index>()) {
        let json = json!({"logGroup": "g", "logStream": "s", "logEvents": [{"id": "1", "message": "{}"}]}).to_string();
        prop_assert!(Handed::read(&json.as_bytes()[..at.index(json.len())]).is_err());
    }
}
