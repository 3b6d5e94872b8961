use serde_json::{Value, json};

use super::{
    Configuration, Destination,
    decision::{Decision, Situation, decide},
    life::{Answered, Life},
    request::{PHYSICAL_ID, Request, ReturnAddress},
};
use crate::time;

fn configuration(document: Value) -> Configuration {
    Configuration::of(document).expect("it logs somewhere")
}

fn to_bucket(name: &str, prefix: &str) -> Configuration {
    configuration(
        json!({"s3Config": {"bucketName": name, "keyPrefix": prefix}, "textDataDeliveryEnabled": true}),
    )
}

fn event(kind: &str, id: &str, properties: Value) -> Value {
    json!({
        "RequestType": kind,
        "RequestId": id,
        "ResponseURL": "https://cloudformation.example/answer?X-Amz-Signature=secret",
        "StackId": "arn:aws:cloudformation:eu-central-1:444455556666:stack/bedrock-audit/0d7c1a52",
        "LogicalResourceId": "InvocationLogging",
        "ResourceProperties": properties,
    })
}

fn request(kind: &str, id: &str, properties: Value) -> Request {
    Request::of(&event(kind, id, properties)).expect("it is a request")
}

fn ours() -> Value {
    json!({"BucketName": "our-logs", "KeyPrefix": "bedrock"})
}

#[test]
fn properties_are_read_as_cloudformation_sends_them() {
    let all = json!({
        "ServiceToken": "arn:aws:lambda:eu-central-1:444455556666:function:f", "ServiceTimeout": "900",
        "BucketName": "our-logs", "KeyPrefix": "/bedrock/",
        "LogGroupName": "/bedrock/invocations", "RoleArn": "arn:aws:iam::444455556666:role/delivery",
        "LargeDataBucketName": "our-large", "LargeDataKeyPrefix": "large",
        "ImageDataDeliveryEnabled": "false", "VideoDataDeliveryEnabled": false, "AudioDataDeliveryEnabled": "true",
    });
    let expected = json!({
        "s3Config": {"bucketName": "our-logs", "keyPrefix": "bedrock"},
        "cloudWatchConfig": {
            "logGroupName": "/bedrock/invocations",
            "roleArn": "arn:aws:iam::444455556666:role/delivery",
            "largeDataDeliveryS3Config": {"bucketName": "our-large", "keyPrefix": "large"},
        },
        "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": false, "embeddingDataDeliveryEnabled": true,
        "videoDataDeliveryEnabled": false, "audioDataDeliveryEnabled": true,
    });
    let all = request("Create", "r1", all);
    assert_eq!(all.wanted().unwrap().document(), expected);
    let places = [
        Destination::bucket("our-large", "large"),
        Destination::bucket("our-logs", "bedrock"),
        Destination::LogGroup("/bedrock/invocations".into()),
    ];
    assert_eq!(all.own_places(), places.into_iter().collect());
    // whoever reads the large bodies loses them as well
    let theirs = json!({"cloudWatchConfig": {"logGroupName": "/bedrock/invocations", "roleArn": "r",
        "largeDataDeliveryS3Config": {"bucketName": "their-large"}}});
    let theirs = Configuration::of(theirs).unwrap();
    assert!(!theirs.goes_only_to(&all.own_places()), "{theirs}");
    assert!(theirs.to_string().contains("s3://their-large"), "{theirs}");
    // a parameter that is left empty
    let bucket =
        request("Create", "r1", json!({"BucketName": "our-logs", "KeyPrefix": "", "LogGroupName": ""}));
    assert_eq!(bucket.wanted().unwrap().document()["s3Config"], json!({"bucketName": "our-logs"}));
    for (properties, what) in [
        (json!({}), "neither BucketName nor LogGroupName"),
        (json!({"KeyPrefix": "x"}), "neither BucketName nor LogGroupName"),
        (json!({"LogGroupName": "g"}), "RoleArn"),
        (json!({"BucketName": "b", "TextDataDeliveryEnabled": "yes"}), "TextDataDeliveryEnabled"),
        (json!({"BucketName": "b", "Overwrite": 1}), "Overwrite"),
    ] {
        let request = request("Create", "r1", properties.clone());
        let Decision::Refuse(why) =
            decide(Situation { request: &request, life: None, now: None, was_put: false })
        else {
            panic!("{properties} is taken")
        };
        assert!(why.contains(what), "{why}");
    }
}

#[test]
fn what_is_configured_is_compared_by_what_it_means() {
    let wanted = request("Create", "r1", ours()).wanted().unwrap();
    let mut answered = wanted.document();
    assert!(configuration(answered.clone()).says(&wanted));
    answered["s3Config"]["keyPrefix"] = "bedrock/".into();
    answered["cloudWatchConfig"] = json!({"logGroupName": "", "roleArn": null});
    answered["newDataDeliveryEnabled"] = true.into();
    assert!(configuration(answered.clone()).says(&wanted));
    answered["videoDataDeliveryEnabled"] = false.into();
    assert!(!configuration(answered.clone()).says(&wanted));
    answered["videoDataDeliveryEnabled"] = true.into();
    answered["cloudWatchConfig"] = json!({"logGroupName": "theirs", "roleArn": "r"});
    let both = configuration(answered);
    assert!(!both.says(&wanted), "it goes to one place more");
    assert_eq!(both.to_string(), "s3://our-logs/bedrock and log group theirs");
    for off in [json!({}), Value::Null, json!({"textDataDeliveryEnabled": true}), json!({"s3Config": {}})] {
        assert_eq!(Configuration::of(off.clone()), None, "{off}");
    }
}

/// Every line of the table.
#[test]
fn what_is_there_what_was_kept_and_what_is_asked_for_decide() {
    let (mine, wanted) =
        (to_bucket("our-logs", "bedrock"), request("Create", "r1", ours()).wanted().unwrap());
    let theirs = to_bucket("their-logs", "");
    let beside = to_bucket("our-logs", "elsewhere");
    let both = configuration(json!({
        "s3Config": {"bucketName": "our-logs", "keyPrefix": "bedrock"},
        "cloudWatchConfig": {"logGroupName": "theirs", "roleArn": "r"},
    }));
    let life = |nth, begun_by: &str, before: Option<&Configuration>, is_over| Life {
        nth,
        begun_by: begun_by.to_owned(),
        before: before.cloned(),
        is_over,
    };
    let mut overwrite = ours();
    overwrite["Overwrite"] = "true".into();
    let put = |begins: Option<Life>, is_there| {
        let nth = begins.as_ref().map_or(1, |life| life.nth);
        Some(Decision::Configure { nth, begins, replaces: None, wanted: wanted.clone(), is_there })
    };
    let replace = |replaced: &Configuration| {
        let (replaces, wanted) = (Some(replaced.clone()), wanted.clone());
        Some(Decision::Configure { nth: 1, begins: None, replaces, wanted, is_there: false })
    };
    let begins = |nth, before: Option<&Configuration>| Some(life(nth, "r1", before, false));
    let restore = |before: Option<&Configuration>| Some(Decision::Restore(before.cloned()));
    let open = |before| Some(life(1, "r0", before, false));
    let over = |before| Some(life(1, "r0", before, true));
    // kind, properties, life, there, what comes of it; `None` is whatever leaves things alone
    let table = [
        ("Create", ours(), None, None, put(begins(1, None), false)),
        ("Create", ours(), None, Some(&mine), put(begins(1, Some(&mine)), false)),
        ("Create", ours(), None, Some(&wanted), put(begins(1, Some(&wanted)), true)),
        ("Create", ours(), None, Some(&theirs), None),
        ("Create", ours(), None, Some(&beside), None),
        ("Create", ours(), None, Some(&both), None),
        ("Create", overwrite.clone(), None, Some(&theirs), put(begins(1, Some(&theirs)), false)),
        ("Create", overwrite.clone(), None, Some(&both), put(begins(1, Some(&both)), false)),
        // it comes again, after what was there was kept, and after the put
        ("Create", ours(), open(None), None, put(None, false)),
        ("Create", ours(), open(None), Some(&wanted), put(None, true)),
        ("Create", overwrite.clone(), open(Some(&theirs)), Some(&theirs), replace(&theirs)),
        ("Create", ours(), open(None), Some(&theirs), None),
        // another life
        ("Create", ours(), over(None), None, put(begins(2, None), false)),
        ("Create", ours(), over(None), Some(&theirs), None),
        ("Create", overwrite.clone(), over(None), Some(&theirs), put(begins(2, Some(&theirs)), false)),
        ("Create", ours(), over(Some(&theirs)), Some(&wanted), put(begins(2, Some(&theirs)), true)),
        ("Update", ours(), open(None), Some(&mine), put(None, false)),
        ("Update", ours(), open(None), None, put(None, false)),
        ("Update", ours(), open(Some(&theirs)), Some(&theirs), None),
        ("Update", overwrite.clone(), open(None), Some(&theirs), replace(&theirs)),
        ("Update", ours(), None, Some(&mine), put(begins(1, Some(&mine)), false)),
        // late
        ("Update", ours(), over(None), None, None),
        ("Update", overwrite.clone(), over(None), Some(&theirs), None),
        ("Update", ours(), over(None), Some(&mine), restore(None)),
        // the creation failed, or was refused, before anything was put
        ("Delete", ours(), None, None, None),
        ("Delete", ours(), None, Some(&theirs), None),
        ("Delete", ours(), None, Some(&mine), None),
        ("Delete", ours(), open(None), Some(&mine), restore(None)),
        ("Delete", ours(), open(Some(&theirs)), Some(&wanted), restore(Some(&theirs))),
        ("Delete", ours(), open(Some(&mine)), Some(&wanted), restore(Some(&mine))),
        ("Delete", ours(), open(Some(&mine)), Some(&mine), None),
        ("Delete", ours(), open(None), None, None),
        ("Delete", ours(), open(Some(&theirs)), None, None),
        ("Delete", ours(), open(Some(&theirs)), Some(&theirs), None),
        ("Delete", overwrite.clone(), open(None), Some(&theirs), None),
        ("Delete", ours(), open(None), Some(&both), None),
        ("Delete", ours(), open(None), Some(&beside), None),
        // it comes again
        ("Delete", ours(), over(None), Some(&mine), restore(None)),
        ("Delete", ours(), over(Some(&theirs)), Some(&theirs), None),
        // properties that were refused are no reason to keep a stack from being deleted
        ("Delete", json!({"BucketName": 7, "Overwrite": []}), None, Some(&theirs), None),
    ];
    for (nth, (kind, properties, life, now, expected)) in table.into_iter().enumerate() {
        let request = request(kind, "r1", properties);
        let decision = decide(Situation { request: &request, life: life.as_ref(), now, was_put: false });
        match expected {
            Some(expected) => assert_eq!(decision, expected, "line {nth}"),
            None if kind == "Create" => {
                assert!(matches!(decision, Decision::Refuse(_)), "line {nth}: {decision:?}")
            }
            None if kind == "Delete" => {
                assert!(matches!(decision, Decision::Leave(_)), "line {nth}: {decision:?}")
            }
            None => {
                assert!(!matches!(decision, Decision::Configure { .. } | Decision::Restore(_)), "line {nth}")
            }
        }
    }
    // the creation that began a life comes once more after its end
    let (late, over) = (request("Create", "r0", ours()), over(None));
    let decision = |now| decide(Situation { request: &late, life: over.as_ref(), now, was_put: false });
    assert!(matches!(decision(None), Decision::Leave(_)));
    assert_eq!(decision(Some(&mine)), Decision::Restore(None));
}

#[test]
fn where_an_update_moves_the_log_both_places_are_its_own() {
    let mut event = event("Update", "r2", json!({"BucketName": "new-logs"}));
    event["OldResourceProperties"] = ours();
    let request = Request::of(&event).unwrap();
    let life = Life { nth: 1, begun_by: "r1".into(), before: None, is_over: false };
    for now in [to_bucket("our-logs", "bedrock"), to_bucket("new-logs", "")] {
        let decision =
            decide(Situation { request: &request, life: Some(&life), now: Some(&now), was_put: false });
        assert!(matches!(decision, Decision::Configure { begins: None, .. }), "{decision:?}");
    }
}

/// An update that failed half-way, say: the properties are not those of what was put.
#[test]
fn what_was_put_is_its_own_whatever_the_properties_say() {
    let put = to_bucket("new-logs", "");
    let life = Life { nth: 1, begun_by: "r1".into(), before: None, is_over: false };
    for (kind, was_put) in [("Delete", true), ("Delete", false), ("Update", true), ("Update", false)] {
        let request = request(kind, "r2", ours());
        let decision = decide(Situation { request: &request, life: Some(&life), now: Some(&put), was_put });
        let expected = match (kind, was_put) {
            ("Delete", true) => decision == Decision::Restore(None),
            ("Delete", false) => matches!(decision, Decision::Leave(_)),
            (_, true) => matches!(decision, Decision::Configure { .. }),
            (_, false) => matches!(decision, Decision::Refuse(_)),
        };
        assert!(expected, "{kind} {was_put}: {decision:?}");
    }
}

#[test]
fn a_refusal_says_what_is_there_and_what_to_do() {
    let request = request("Create", "r1", ours());
    let theirs = configuration(json!({
        "s3Config": {"bucketName": "their-logs", "keyPrefix": "all"},
        "cloudWatchConfig": {"logGroupName": "/their/group", "roleArn": "r"},
    }));
    let Decision::Refuse(why) =
        decide(Situation { request: &request, life: None, now: Some(&theirs), was_put: false })
    else {
        panic!("it is taken")
    };
    for part in [
        "s3://their-logs/all",
        "/their/group",
        "ExistingLogBucket",
        "OverwriteInvocationLogging",
        "ManageInvocationLogging",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
}

#[test]
fn what_is_kept_comes_back() {
    let now = time::parse("2026-10-12T08:02:00Z").unwrap();
    let request = request("Create", "r1", ours());
    for before in [None, Some(to_bucket("their-logs", "all"))] {
        let life = Life::begin(2, &request, before);
        assert_eq!(Life::read(2, &life.to_bytes(now), false), Ok(life));
    }
    for broken in [
        "",
        "{}",
        r#"{"request_id":"r"}"#,
        r#"{"request_id":"r","loggingConfig":{}}"#,
        r#"{"loggingConfig":null}"#,
    ] {
        assert!(Life::read(1, broken.as_bytes(), false).is_err(), "{broken}");
        assert!(Answered::read(broken.as_bytes()).is_err(), "{broken}");
    }
    for outcome in [Ok("done".to_owned()), Err("not done".to_owned())] {
        assert_eq!(Answered::read(&Answered::to_bytes(&request, &outcome, now)), Ok(outcome));
    }
    // an id of another request may hold anything: it becomes no path
    let hostile = Request::of(&event("Create", "../../events/x", ours())).unwrap();
    assert!(
        Answered::key(&hostile).starts_with("invocation-logging/requests/")
            && !Answered::key(&hostile).contains("..")
    );
}

#[test]
fn an_answer_repeats_the_ids_and_is_small_enough() {
    let mut event = event("Create", "r1", ours());
    let answer = |event: &Value, outcome: Result<String, String>| -> Value {
        let answer = ReturnAddress::of(event).unwrap().answer(&outcome);
        assert!(answer.len() < 4096, "{} bytes", answer.len());
        serde_json::from_str(&answer).unwrap()
    };
    let done = answer(&event, Ok("done".into()));
    let expected = json!({
        "Status": "SUCCESS", "Reason": "done", "PhysicalResourceId": PHYSICAL_ID, "RequestId": "r1",
        "StackId": event["StackId"], "LogicalResourceId": "InvocationLogging",
    });
    assert_eq!(done, expected);
    // what CloudFormation knows it by stays
    event["PhysicalResourceId"] = "bedrock-audit-InvocationLogging-1ABC".into();
    let failed = answer(&event, Err("\u{7}\"\\ä".repeat(5000)));
    assert_eq!(
        (&failed["Status"], &failed["PhysicalResourceId"]),
        (&json!("FAILED"), &event["PhysicalResourceId"])
    );
    assert!(!failed["Reason"].as_str().unwrap().is_empty());
    event["LogicalResourceId"] = "x".repeat(3800).into();
    answer(&event, Err("why".repeat(1000)));
    // as much as can be said
    let broken = answer(&json!({"ResponseURL": "https://x.example"}), Err("no request".into()));
    assert_eq!((&broken["Status"], &broken["StackId"]), (&json!("FAILED"), &json!("")));
    assert!(ReturnAddress::of(&json!({"ResponseURL": 7})).is_none());
    let shown = format!("{:?}", ReturnAddress::of(&event).unwrap());
    assert!(!shown.contains("secret") && !shown.contains("https"), "{shown}");
}
