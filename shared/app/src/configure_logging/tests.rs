use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use audit_domain::{evidence::ObjectLocation, time};
use serde_json::{Value, json};

use super::*;
use audit_domain::invocation_logging::Configuration;

/// Bedrock, the audit bucket and the clock, with one call after which everything fails.
#[derive(Default)]
pub(super) struct World {
    configured: Mutex<Option<Configuration>>,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// So many puts of a configuration are refused.
    refusals: Mutex<usize>,
    /// Calls that go through before the process dies; `None` is all of them.
    budget: Mutex<Option<usize>>,
    calls: Mutex<Vec<String>>,
    waited: Mutex<Vec<Duration>>,
    patience: usize,
    /// A deletion that comes while the configuration is being put.
    deleted_meanwhile: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn with(configured: Option<Value>) -> Self {
        let configured = configured.and_then(Configuration::of);
        Self { configured: Mutex::new(configured), patience: 20, ..Self::default() }
    }

    fn call(&self, call: &str) -> Result<(), PortError> {
        if let Some(left) = &mut *lock(&self.budget) {
            *left = left.checked_sub(1).ok_or_else(|| PortError::retry(call, "as if it had died"))?;
        }
        lock(&self.calls).push(call.to_owned());
        Ok(())
    }

    fn goes_to(&self) -> Option<String> {
        lock(&self.configured).as_ref().map(ToString::to_string)
    }

    pub(super) fn configured_now(&self) -> Option<Configuration> {
        lock(&self.configured).clone()
    }

    pub(super) fn configure_by_hand(&self, document: Option<Value>) {
        *lock(&self.configured) = document.and_then(Configuration::of);
    }

    /// From now on so many calls go through before the process dies.
    pub(super) fn break_off_after(&self, calls: Option<usize>) {
        *lock(&self.budget) = calls;
        lock(&self.waited).resize(self.patience, Duration::ZERO);
    }

    pub(super) fn everything_kept(&self) -> BTreeMap<String, Vec<u8>> {
        lock(&self.objects).clone()
    }

    fn kept(&self, key: &str) -> Option<Value> {
        lock(&self.objects).get(key).map(|bytes| serde_json::from_slice(bytes).unwrap())
    }

    pub(super) async fn ask(&self, kind: &str, id: &str, properties: &Value) -> Outcome {
        handle(&request(kind, id, properties), self, self, self, now()).await
    }
}

fn now() -> Timestamp {
    time::parse("2026-10-12T08:02:00Z").unwrap()
}

fn request(kind: &str, id: &str, properties: &Value) -> Request {
    let event = json!({"RequestType": kind, "RequestId": id, "ResourceProperties": properties});
    Request::of(&event).unwrap()
}

fn ours() -> Value {
    json!({"BucketName": "our-logs"})
}

fn overwriting() -> Value {
    json!({"BucketName": "our-logs", "Overwrite": "true"})
}

fn theirs() -> Value {
    json!({"s3Config": {"bucketName": "their-logs", "keyPrefix": "all"}, "textDataDeliveryEnabled": false, "new": {"x": 1}})
}

impl ConfigureLogging for World {
    async fn configured(&self) -> Result<Option<Configuration>, PortError> {
        self.call("configured")?;
        Ok(lock(&self.configured).clone())
    }

    async fn configure(&self, wanted: &Configuration) -> Result<(), PortError> {
        self.call("configure")?;
        let mut refusals = lock(&self.refusals);
        if *refusals > 0 {
            *refusals -= 1;
            return Err(PortError::permanent(
                "configure",
                "ValidationException: Failed to validate permissions",
            ));
        }
        *lock(&self.configured) = Some(wanted.clone());
        if self.deleted_meanwhile {
            lock(&self.objects).insert(Life::deletion_key(1), b"{}".to_vec());
        }
        Ok(())
    }

    async fn switch_off(&self) -> Result<(), PortError> {
        self.call("switch_off")?;
        *lock(&self.configured) = None;
        Ok(())
    }
}

impl KeepObjects for World {
    async fn keep(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.call(&format!("keep {key}"))?;
        lock(&self.objects).entry(key.to_owned()).or_insert(bytes);
        Ok(())
    }

    fn location(&self, key: &str) -> ObjectLocation {
        ObjectLocation::object("audit", key)
    }
}

impl FindKept for World {
    async fn find(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.call("find")?;
        Ok(lock(&self.objects).get(key).cloned())
    }
}

impl Patience for World {
    async fn wait(&self, pause: Duration, _: &PortError) -> bool {
        let mut waited = lock(&self.waited);
        waited.push(pause);
        waited.len() <= self.patience
    }
}

#[tokio::test]
async fn what_was_there_is_kept_before_the_put_and_put_back_as_it_was() {
    let world = World::with(Some(theirs()));
    let refused = world.ask("Create", "r1", &ours()).await.unwrap_err();
    assert!(refused.contains("s3://their-logs/all"), "{refused}");
    // the creation that failed is taken back
    world.ask("Delete", "r2", &ours()).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://their-logs/all");

    world.ask("Create", "r3", &overwriting()).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://our-logs");
    let calls = lock(&world.calls).clone();
    let first = |call: &str| calls.iter().position(|made| made == call).unwrap();
    assert!(first("keep invocation-logging/1/before.json") < first("configure"), "{calls:?}");
    // again, and updates: what was kept first stays
    for (kind, id) in [("Create", "r3"), ("Create", "r4"), ("Update", "r5")] {
        world.ask(kind, id, &overwriting()).await.unwrap();
    }
    assert_eq!(world.kept("invocation-logging/1/before.json").unwrap()["loggingConfig"], theirs());
    for id in ["r6", "r6", "r7"] {
        world.ask("Delete", id, &ours()).await.unwrap();
        assert_eq!(
            lock(&world.configured).clone().unwrap().document(),
            theirs(),
            "members nobody knows included"
        );
    }
}

#[tokio::test]
async fn a_second_life_begins_with_what_is_there_then() {
    let world = World::with(None);
    world.ask("Create", "r1", &ours()).await.unwrap();
    world.ask("Delete", "r2", &ours()).await.unwrap();
    assert_eq!(world.goes_to(), None);
    *lock(&world.configured) = Configuration::of(theirs());
    world.ask("Create", "r3", &overwriting()).await.unwrap();
    // what belongs to the first one comes late, and is answered as it was
    world.ask("Create", "r1", &ours()).await.unwrap();
    world.ask("Delete", "r2", &ours()).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://our-logs");
    world.ask("Delete", "r4", &ours()).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://their-logs/all");
    assert_eq!(world.kept("invocation-logging/1/before.json").unwrap()["loggingConfig"], Value::Null);
}

#[tokio::test]
async fn what_bedrock_refuses_is_tried_again_and_given_up_in_the_end() {
    let world = World { refusals: Mutex::new(6), ..World::with(None) };
    world.ask("Create", "r1", &ours()).await.unwrap();
    let seconds: Vec<u64> = lock(&world.waited).iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 15, 15]);

    let world = World { refusals: Mutex::new(usize::MAX), patience: 3, ..World::with(None) };
    let why = world.ask("Create", "r1", &ours()).await.unwrap_err();
    assert!(why.contains("Failed to validate permissions") && why.contains("policy"), "{why}");
    // what was given up is no answer for good
    *lock(&world.refusals) = 0;
    lock(&world.waited).clear();
    world.ask("Create", "r1", &ours()).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://our-logs");
}

/// An update that moved the log, and whose place is in no properties any more: CloudFormation gave the update up.
#[tokio::test]
async fn what_an_update_put_is_undone_whatever_the_properties_say() {
    let world = World::with(Some(theirs()));
    world.ask("Create", "r1", &overwriting()).await.unwrap();
    world.ask("Update", "r2", &json!({"BucketName": "new-logs"})).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://new-logs");
    world.ask("Delete", "r3", &ours()).await.unwrap();
    assert_eq!(world.goes_to().unwrap(), "s3://their-logs/all");
}

/// It is deleted while Bedrock still refuses its creation, or right after it took it.
#[tokio::test]
async fn a_creation_that_is_overtaken_by_its_deletion_leaves_nothing() {
    for before in [None, Some(theirs())] {
        let world = World { deleted_meanwhile: true, ..World::with(before.clone()) };
        let why = world.ask("Create", "r1", &overwriting()).await.unwrap_err();
        assert!(why.contains("deleted meanwhile"), "{why}");
        assert_eq!(lock(&world.configured).as_ref().map(Configuration::document), before);

        let world = World { refusals: Mutex::new(1), patience: 0, ..World::with(before.clone()) };
        world.ask("Create", "r1", &overwriting()).await.unwrap_err();
        world.ask("Delete", "r2", &overwriting()).await.unwrap();
        world.ask("Create", "r1", &overwriting()).await.unwrap();
        world.ask("Update", "r3", &overwriting()).await.unwrap();
        assert_eq!(lock(&world.configured).as_ref().map(Configuration::document), before);
    }
}

/// Broken off after any number of calls and asked again, each request ends as if it had gone through at once.
#[tokio::test]
async fn broken_off_anywhere_and_asked_again_it_ends_the_same() {
    for before in [None, Some(theirs())] {
        for calls in 0..40 {
            let world = World { patience: 0, ..World::with(before.clone()) };
            for (kind, id, goes_to) in [
                ("Create", "r1", Some("s3://our-logs")),
                ("Update", "r2", Some("s3://our-logs")),
                ("Delete", "r3", before.as_ref().map(|_| "s3://their-logs/all")),
            ] {
                *lock(&world.budget) = Some(calls);
                let broken = world.ask(kind, id, &overwriting()).await;
                *lock(&world.budget) = None;
                let again = world.ask(kind, id, &overwriting()).await;
                assert!(again.is_ok(), "{kind} after {calls}: {again:?}");
                assert!(broken.is_err() || broken == again, "{kind} after {calls}");
                assert_eq!(world.goes_to().as_deref(), goes_to, "{kind} after {calls}");
            }
            let kept = world.kept("invocation-logging/1/before.json").unwrap();
            assert_eq!(kept["loggingConfig"], before.clone().unwrap_or_default(), "after {calls}");
            assert_eq!(world.kept("invocation-logging/2/before.json"), None, "after {calls}");
        }
    }
}

#[tokio::test]
async fn what_was_kept_and_cannot_be_used_is_named_and_nothing_is_done() {
    let world = World { patience: 0, ..World::with(Some(theirs())) };
    lock(&world.objects).insert(Life::before_key(1), b"no json".to_vec());
    for kind in ["Create", "Delete"] {
        let why = world.ask(kind, kind, &overwriting()).await.unwrap_err();
        assert!(why.contains("s3://audit/invocation-logging/1/before.json"), "{why}");
        assert_eq!(world.goes_to().unwrap(), "s3://their-logs/all");
    }
}
