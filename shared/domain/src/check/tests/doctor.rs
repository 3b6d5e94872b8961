//! What `doctor` makes of it.

use serde_json::json;

use super::{
    super::examined::{Examined, Status},
    *,
};

#[test]
fn a_bucket_has_to_be_there_and_to_tell_event_bridge() {
    let bucket = |bucket| Seen { buckets: vec![bucket], ..well() };
    let gone = Bucket { now: Ok(None), ..a_bucket("logs", true) };
    let denied = Bucket { now: Err("denied".to_owned()), ..gone.clone() };
    assert_eq!(names(&bucket(gone)), ["BucketGone"]);
    assert_eq!(names(&bucket(denied)), [NOT_CHECKED]);
    let silent = bucket(a_bucket("x y", false));
    assert_eq!(names(&silent), ["BucketWithoutEventBridge"]);
    assert_eq!(fix::Fix::all(&silent), [fix::Fix::TellEventBridge { bucket: "x y".to_owned() }]);
    assert_eq!(fix::Fix::all(&well()), []);
}

/// What is off is off, what is not known is not well, and what was found never becomes a part of the command.
#[test]
fn every_check_is_an_entry_and_says_what_came_of_it() {
    let all = Examined::of(&well());
    assert_eq!((all.status(), all.entries.len()), (Status::Ok, CHECKS.len()));
    let mut seen = well();
    seen.parts.as_mut().unwrap().rules[0].now = Err("AccessDeniedException: no".to_owned());
    let some = Examined::of(&seen);
    assert_eq!(some.status(), Status::NotChecked);
    let of = |name: &str| some.entries.iter().find(|entry| entry.check.name == name).unwrap();
    assert_eq!(of("RuleDisabled").status, Status::NotChecked);
    assert_eq!(of("QueueGone").status, Status::Ok);
    let allow = of(NOT_CHECKED).mend.clone().unwrap();
    assert!(allow.contains("events:DescribeRule, events:ListTargetsByRule"), "{allow}");
    // no stack: nothing of it is well
    let nowhere = Seen { is_stack_here: Ok(false), parts: Ok(Parts::default()), ..well() };
    let nowhere = Examined::of(&nowhere);
    assert_eq!(nowhere.status(), Status::Fault);
    assert!(nowhere.with(Status::Ok).all(|entry| !needs::OF_STACK.contains(&entry.check.kind)));
    // a fault counts more than what is not known, and comes first
    seen.trails = Ok(Vec::new());
    let both = Examined::of(&seen);
    assert_eq!((both.status(), both.entries[0].check.name), (Status::Fault, "NoTrail"));
    let json = both.json(&seen);
    assert_eq!((&json["status"], &json["checks"][0]["status"]), (&json!("fault"), &json!("fault")));
    assert_eq!(json["checks"].as_array().unwrap().len(), both.entries.len());
}

#[test]
fn what_a_command_is_filled_with_is_never_filled_itself() {
    let check = CHECKS.iter().find(|check| check.name == "RuleWithoutTarget").unwrap();
    let found = json!({"queue_arn": "q {id} $(x)", "bus": "b'{arn}"});
    let fault = Fault { kind: rule::KIND, id: "r {queue_arn}".to_owned(), arn: None, found };
    assert_eq!(
        check.mend_of(&fault, "eu-central-1").split("   #").next().unwrap(),
        r"aws events put-targets --rule 'r {queue_arn}' --targets Id=queue,Arn='q {id} $(x)' --event-bus-name 'b'\''{arn}' --region eu-central-1"
    );
}

/// Whoever adds a check says what it needs, and every kind that is read has a check.
#[test]
fn every_kind_that_is_checked_says_what_it_needs() {
    for check in CHECKS.iter().filter(|check| check.name != NOT_CHECKED) {
        assert!(!needs::reads(check.kind).is_empty(), "{}", check.name);
    }
    for name in needs::METERED {
        assert!(CHECKS.iter().any(|check| check.name == name), "{name}");
    }
}
