//! The real `configure-logging` binary behind what CloudFormation asks of it: logging is on with the stack, what was there
//! before comes back with its end, and whatever happens CloudFormation gets its answer.

use std::{collections::BTreeSet, time::Duration};

use audit_testkit::{
    bedrock::DRAFT,
    cloud::{AUDIT, Cloud, KEY},
    cloudformation::ANSWERS,
    faults::Fault,
    function::{Died, Function},
};
use serde_json::{Value, json};

use super::text;

const KIND: &str = "model-invocation-logging-configuration";
const BEFORE: &str = "invocation-logging/1/before.json";
const SECRET: &str = "X-Amz-Signature=5ec7e7";

struct World {
    cloud: Cloud,
    function: Function,
}

impl World {
    /// A cloud in which logging is configured like this, or off.
    async fn start(configured: Option<Value>) -> Self {
        let cloud = Cloud::start().await;
        if let Some(configured) = configured {
            cloud.bedrock.put(KIND, "default", DRAFT, configured);
        }
        let function = Function::start("configure-logging", &cloud).await;
        Self { cloud, function }
    }

    fn configured(&self) -> Option<Value> {
        self.cloud.bedrock.get(KIND, "default", DRAFT)
    }

    /// A sample request, answered here, with these properties besides its own.
    fn request(&self, name: &str, properties: &Value) -> Value {
        let mut event: Value =
            serde_json::from_str(&text(&format!("events/custom-resource/{name}.json"))).unwrap();
        event["ResponseURL"] = format!("{}{ANSWERS}?{SECRET}", self.cloud.endpoint).into();
        let of_event = event["ResourceProperties"].as_object_mut().unwrap();
        of_event.extend(properties.as_object().unwrap().clone());
        event
    }

    async fn give(&mut self, event: Value) -> Result<Value, Died> {
        self.function.invoke(event, &self.cloud).await
    }

    /// Asks for something; the one answer of CloudFormation's.
    async fn ask(&mut self, name: &str, properties: Value) -> Value {
        let event = self.request(name, &properties);
        let response = self.give(event.clone()).await.expect("the function lives");
        assert_eq!(response, Value::Null, "the invocation failed");
        let answers = self.cloud.cloudformation.take();
        let [answer] = answers.as_slice() else { panic!("{name}: {answers:?}") };
        for id in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(answer[id], event[id], "{name}");
        }
        assert_eq!(answer["PhysicalResourceId"], "model-invocation-logging", "{name}");
        answer.clone()
    }

    async fn done(&mut self, name: &str, properties: Value) {
        let answer = self.ask(name, properties).await;
        assert_eq!(answer["Status"], "SUCCESS", "{name}: {answer}");
    }

    async fn refused(&mut self, name: &str, properties: Value) -> String {
        let answer = self.ask(name, properties).await;
        assert_eq!(answer["Status"], "FAILED", "{name}: {answer}");
        answer["Reason"].as_str().unwrap().to_owned()
    }

    async fn kept(&self, key: &str) -> Option<Value> {
        let object = self.cloud.s3.get_object().bucket(AUDIT).key(key).send().await.ok()?;
        serde_json::from_slice(&object.body.collect().await.unwrap().into_bytes()).ok()
    }
}

/// What `create.json` asks for.
fn ours() -> Value {
    json!({
        "s3Config": {"bucketName": "bedrock-audit-logbucket-1abc"},
        "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": true, "embeddingDataDeliveryEnabled": true,
        "videoDataDeliveryEnabled": true, "audioDataDeliveryEnabled": false,
    })
}

/// Somebody else's, with a member that no SDK knows.
fn theirs() -> Value {
    json!({
        "s3Config": {"bucketName": "their-logs", "keyPrefix": "all"},
        "cloudWatchConfig": {"logGroupName": "/their/group", "roleArn": "arn:aws:iam::444455556666:role/theirs"},
        "textDataDeliveryEnabled": true, "hologramDataDeliveryEnabled": true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_is_on_with_the_stack_and_off_with_its_end() {
    let mut world = World::start(None).await;
    world.done("create", json!({})).await;
    assert_eq!(world.configured(), Some(ours()));
    world.done("update", json!({})).await;
    let mut moved = ours();
    moved["s3Config"]["keyPrefix"] = "bedrock".into();
    assert_eq!(world.configured(), Some(moved));
    world.done("delete", json!({})).await;
    assert_eq!(world.configured(), None);
    let kept = world.kept(BEFORE).await.expect("what was there before");
    assert_eq!((&kept["schema"], &kept["loggingConfig"]), (&json!(1), &Value::Null));
    assert!(world.cloud.audit_keys().await.iter().all(|key| key.starts_with("invocation-logging/")));

    // invariant 10: the role may make the calls that were made, and no others
    let called: BTreeSet<String> = world
        .cloud
        .faults
        .seen()
        .into_iter()
        .filter(|call| call != "cloudformation:answer")
        .map(|call| call.replace("s3:PUT", "s3:PutObject").replace("s3:GET", "s3:GetObject"))
        .collect();
    let template = text("template.yaml");
    let role = template.split("\n  ConfigureLoggingRole:\n").nth(1).expect("the role");
    let actions = role.split("\n\n").next().unwrap().lines();
    let actions = actions.map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: "));
    let allowed: BTreeSet<String> = actions
        .filter(|action| {
            ["bedrock:", "s3:", "iam:", "kms:"].iter().any(|service| action.starts_with(service))
        })
        // for the status of what is not there
        // no call of its own: S3 says 403 without it; Bedrock asks for the other one where a role is named; the key serves S3
        .filter(|action| {
            !["s3:ListBucket", "iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey"].contains(action)
        })
        // the names of conditions
        .filter(|action| !action.contains(": ") && !action.ends_with(':'))
        .map(str::to_owned)
        .collect();
    assert_eq!(called, allowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_configured_is_refused_unless_it_may_be_replaced_and_comes_back() {
    let mut world = World::start(Some(theirs())).await;
    let why = world.refused("create", json!({})).await;
    for part in ["s3://their-logs/all", "/their/group", "OverwriteInvocationLogging", "ExistingLogBucket"] {
        assert!(why.contains(part), "{part} in {why}");
    }
    // the stack is rolled back
    world.done("delete", json!({})).await;
    assert_eq!(world.configured(), Some(theirs()));
    assert_eq!(world.kept(BEFORE).await, None);

    let overwrite = json!({"Overwrite": "true"});
    let mut create = world.request("create", &overwrite);
    create["RequestId"] = "another-create".into();
    world.give(create.clone()).await.unwrap();
    assert_eq!(world.configured(), Some(ours()));
    assert_eq!(world.kept(BEFORE).await.unwrap()["loggingConfig"], theirs());
    // again, and as another request: what was kept first stays
    world.give(create.clone()).await.unwrap();
    create["RequestId"] = "yet-another-create".into();
    world.give(create).await.unwrap();
    world.done_of(3).await;
    world.done("update", overwrite).await;
    assert_eq!(world.kept(BEFORE).await.unwrap()["loggingConfig"], theirs());

    let mut delete = world.request("delete", &json!({}));
    delete["RequestId"] = "last".into();
    world.give(delete).await.unwrap();
    world.done_of(1).await;
    assert_eq!(world.configured(), Some(theirs()), "with the member that nobody knows");
}

impl World {
    /// So many answers came, and all of them say that it was done.
    async fn done_of(&self, count: usize) {
        let answers = self.cloud.cloudformation.take();
        assert_eq!(answers.len(), count);
        assert!(answers.iter().all(|answer| answer["Status"] == "SUCCESS"), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_meanwhile_is_left_alone() {
    for (before, meanwhile) in [(None, Some(theirs())), (Some(theirs()), None)] {
        let mut world = World::start(before).await;
        world.done("create", json!({"Overwrite": "true"})).await;
        match &meanwhile {
            Some(theirs) => world.cloud.bedrock.put(KIND, "default", DRAFT, theirs.clone()),
            None => world.cloud.bedrock.remove(KIND, "default", DRAFT),
        }
        world.cloud.faults.forget();
        let answer = world.ask("delete", json!({})).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.contains("meanwhile") && reason.contains(BEFORE), "{reason}");
        assert_eq!(world.configured(), meanwhile);
        let written = ["bedrock:Put", "bedrock:Delete"];
        let seen = world.cloud.faults.seen();
        assert!(!seen.iter().any(|call| written.iter().any(|begin| call.starts_with(begin))), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_is_configured_with_its_role_and_its_bucket_for_large_data() {
    let mut world = World::start(None).await;
    world.done("create-log-group", json!({})).await;
    let configured = world.configured().unwrap();
    let expected = json!({
        "logGroupName": "/aws/bedrock/bedrock-audit/invocations",
        "roleArn": "arn:aws:iam::444455556666:role/bedrock-audit-LogDeliveryRole-1ABC",
        "largeDataDeliveryS3Config": {"bucketName": "bedrock-audit-logbucket-1abc", "keyPrefix": "large"},
    });
    assert_eq!(configured["cloudWatchConfig"], expected);
    assert_eq!(configured["s3Config"], ours()["s3Config"]);
    // back to the bucket alone: the log group was the stack's own
    let mut update = world.request("create", &json!({}));
    update["OldResourceProperties"] =
        world.request("create-log-group", &json!({}))["ResourceProperties"].clone();
    (update["RequestType"], update["RequestId"]) = ("Update".into(), "to-the-bucket".into());
    world.give(update).await.unwrap();
    world.done_of(1).await;
    assert_eq!(world.configured(), Some(ours()));
}

/// Right after a deployment Bedrock may not write to where it may write to a minute later.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_consistent_yet_is_tried_again_within_the_time() {
    let put = "bedrock:PutModelInvocationLoggingConfiguration";
    let mut world = World::start(None).await;
    world.cloud.faults.add(put, 0, 2, Fault::Refuse(400, "ValidationException"));
    world.cloud.faults.add("s3:GET", 1, 1, Fault::Refuse(403, "AccessDenied"));
    let get = "bedrock:GetModelInvocationLoggingConfiguration";
    world.cloud.faults.add(get, 1, 1, Fault::Refuse(403, "AccessDeniedException"));
    world.done("create", json!({})).await;
    assert_eq!(world.configured(), Some(ours()));
    assert!(world.function.log().contains("ValidationException"), "the log says what was tried again");

    // what never becomes consistent is said, in time
    let mut world = World::start(Some(theirs())).await;
    world.function.set_time(Duration::from_secs(33));
    world.cloud.faults.add(put, 0, usize::MAX, Fault::Refuse(400, "ValidationException"));
    let begun = std::time::Instant::now();
    let why = world.refused("create", json!({"Overwrite": "true"})).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert!(why.contains("ValidationException: by the testkit") && why.contains("policy"), "{why}");
    // and its rollback finds nothing to undo
    world.cloud.faults.clear();
    world.done("delete", json!({})).await;
    assert_eq!(world.configured(), Some(theirs()));
}

/// What cannot be put back holds the deletion up, with the reason; once somebody put it back by hand it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_back_is_said() {
    let mut world = World::start(Some(theirs())).await;
    world.done("create", json!({"Overwrite": "true"})).await;
    let put = "bedrock:PutModelInvocationLoggingConfiguration";
    world.cloud.faults.add(put, 0, usize::MAX, Fault::Refuse(403, "AccessDeniedException"));
    world.function.set_time(Duration::from_secs(32));
    let why = world.refused("delete", json!({})).await;
    assert!(why.contains("AccessDeniedException") && why.contains("invocation-logging/"), "{why}");
    assert_eq!(world.configured(), Some(ours()));
    world.cloud.bedrock.put(KIND, "default", DRAFT, theirs());
    world.done("delete", json!({})).await;
    assert_eq!(world.configured(), Some(theirs()));
}

/// Killed before or after any call, and given the event again as Lambda does, each request ends as it should. That logging
/// was off before is another test's: `broken_off_anywhere_and_asked_again_it_ends_the_same`.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_it_ends_the_same() {
    let overwrite = json!({"Overwrite": "true"});
    // how it goes where nobody kills
    let mut world = World::start(Some(theirs())).await;
    let mut steps = Vec::new();
    for name in ["create", "update", "delete"] {
        world.cloud.faults.forget();
        world.done(name, overwrite.clone()).await;
        steps.push((name, world.cloud.faults.seen()));
    }
    let longest = steps.iter().map(|(_, calls)| calls.len()).max().unwrap();
    for (nth, kill) in (0..longest).flat_map(|nth| [(nth, Fault::KillBefore), (nth, Fault::KillAfter)]) {
        let mut world = World::start(Some(theirs())).await;
        for (name, calls) in &steps {
            let event = world.request(name, &overwrite);
            if nth < calls.len() {
                world.cloud.faults.add("", nth, 1, kill);
                assert_eq!(world.give(event.clone()).await, Err(Died), "{name} {nth} {kill:?}");
                world.cloud.faults.clear();
                world.function = Function::start("configure-logging", &world.cloud).await;
            }
            world.give(event).await.expect("it lives");
            let answers = world.cloud.cloudformation.take();
            let all_done = answers.iter().all(|answer| answer["Status"] == "SUCCESS");
            assert!((1..=2).contains(&answers.len()) && all_done, "{name} {nth} {kill:?}: {answers:?}");
            let configured = world.configured().unwrap();
            let expected = if *name == "delete" { theirs() } else { ours() };
            let bucket = "/s3Config/bucketName";
            assert_eq!(configured.pointer(bucket), expected.pointer(bucket), "{name} {nth} {kill:?}");
        }
        let kept = world.kept(BEFORE).await.expect("what was there before");
        assert_eq!(kept["loggingConfig"], theirs(), "{nth} {kill:?}");
    }
}

/// Two instances of the function with the same event at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_at_once_is_one() {
    let mut world = World::start(Some(theirs())).await;
    let mut other = Function::start("configure-logging", &world.cloud).await;
    for name in ["create", "update", "delete"] {
        let event = world.request(name, &json!({"Overwrite": "true"}));
        let (one, two) = tokio::join!(
            world.function.invoke(event.clone(), &world.cloud),
            other.invoke(event, &world.cloud)
        );
        assert!(one.is_ok() && two.is_ok());
        world.done_of(2).await;
    }
    assert_eq!(world.kept(BEFORE).await.unwrap()["loggingConfig"], theirs());
    assert_eq!(world.configured(), Some(theirs()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_event_is_it_is_answered_where_it_says_so_and_nowhere_else() {
    let mut world = World::start(None).await;
    for (member, value, reason) in [
        ("RequestType", json!("Replace"), "RequestType"),
        ("ResourceProperties", json!(7), "BucketName"),
        ("ResourceProperties", json!({"BucketName": "b", "Overwrite": "maybe"}), "Overwrite"),
        ("ResourceProperties", json!({"LogGroupName": "g"}), "RoleArn"),
    ] {
        let mut event = world.request("create", &json!({}));
        (event[member], event["RequestId"]) = (value.clone(), format!("{member}-{value}").into());
        world.give(event).await.unwrap();
        let answers = world.cloud.cloudformation.take();
        let [answer] = answers.as_slice() else { panic!("{member}: {answers:?}") };
        assert_eq!(answer["Status"], "FAILED");
        assert!(answer["Reason"].as_str().unwrap().contains(reason), "{answer}");
    }
    // an answer that is not taken at once is given again
    let busy = Fault::Refuse(503, "SlowDown");
    world.cloud.faults.add("cloudformation:answer", 0, 2, busy);
    world.done("create", json!({})).await;
    // one that is never taken makes the invocation fail, so that Lambda gives the event again
    world.function.set_time(Duration::from_secs(34));
    world.cloud.faults.add("cloudformation:answer", 0, usize::MAX, busy);
    let event = world.request("update", &json!({}));
    // most of the time is the answer's
    let failed = world.give(event).await.unwrap();
    assert_eq!(failed["errorType"], "NotAnswered");
    world.cloud.faults.clear();
    world.done("update", json!({})).await;
    // nothing is sent in the clear but to the endpoint that stands in for AWS
    let elsewhere = Cloud::start().await;
    for url in [format!("{}{ANSWERS}?{SECRET}", elsewhere.endpoint), "not a url".to_owned(), String::new()] {
        let mut event = world.request("update", &json!({}));
        event["ResponseURL"] = url.clone().into();
        let failed = world.give(event).await.unwrap();
        assert_eq!(failed["errorType"], "NotAnswered", "{url}");
        assert!(!failed.to_string().contains(SECRET), "{failed}");
    }
    assert_eq!(elsewhere.cloudformation.take(), Vec::<Value>::new());
    for event in [json!({}), json!([]), json!("Create"), Value::Null] {
        assert_eq!(world.give(event.clone()).await.unwrap()["errorType"], "NotAnswered", "{event}");
    }
    let log = world.function.log();
    assert!(log.contains("not answered") && !log.contains(SECRET) && !log.contains(ANSWERS), "{log}");
    assert!(!log.contains(KEY));
}
