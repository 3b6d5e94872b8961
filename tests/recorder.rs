//! The real `record-changes` binary with everything that it talks to, and events that happened just now.

use audit_app::{
    answer::{ChangeQuery, changes},
    ports::{QueryRecords as _, QueryResourceStates as _},
};
use audit_domain::{
    change::Resource,
    ledger::record::{Diff, Record},
    report,
    state::State,
};
use audit_testkit::{
    cloud::{Cloud, Published},
    function::{Died, Function, failed, messages},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::text;

/// The sample guardrail.
pub(super) const GUARDRAIL: &str = "gr4k2p9x7wzq";

/// A cloud, and the function in it.
pub(super) struct World {
    pub(super) cloud: Cloud,
    function: Function,
}

impl World {
    pub(super) async fn start() -> Self {
        let cloud = Cloud::start().await;
        let function = Function::start("record-changes", &cloud).await;
        Self { cloud, function }
    }

    /// Gives the function a batch; the ids (`1`, `2`, ...) of the messages that have to come again.
    pub(super) async fn record(&mut self, bodies: &[String]) -> Vec<String> {
        failed(&self.function.invoke(messages(bodies), &self.cloud).await.expect("the function lives"))
    }

    /// Gives the function an event that is to go through.
    pub(super) async fn take(&mut self, body: &String) {
        let again = self.record(std::slice::from_ref(body)).await;
        assert!(again.is_empty(), "it comes again: {body}");
    }

    /// Gives the function an event that is to kill it, and starts another one.
    pub(super) async fn die_of(&mut self, body: &String, why: &str) {
        let died = self.function.invoke(messages(std::slice::from_ref(body)), &self.cloud).await;
        assert_eq!(died, Err(Died), "{why}");
        self.cloud.faults.clear();
        self.function = Function::start("record-changes", &self.cloud).await;
    }

    pub(super) fn sent_to(&self, topic: &str) -> Vec<Published> {
        self.cloud.published().into_iter().filter(|message| message.topic == topic).collect()
    }

    /// What a topic was sent last.
    pub(super) fn last_to(&self, topic: &str) -> Published {
        self.sent_to(topic).pop().expect("a message")
    }

    /// Everything about the request of an event.
    pub(super) async fn records_of(&self, body: &str) -> Vec<Record> {
        self.cloud.ledger().records_of(&request_id(body)).await.unwrap()
    }

    /// What an event changed.
    pub(super) async fn diff_of(&self, body: &str) -> Diff {
        let diffs = self.records_of(body).await.into_iter().filter_map(|record| match record {
            Record::Diff(diff) => Some(*diff),
            _ => None,
        });
        let [diff] = diffs.collect::<Vec<_>>().try_into().expect("one diff");
        diff
    }

    /// Every state of the sample account's resource, oldest first.
    pub(super) async fn states_of(&self, kind: &str, id: &str, version: &str) -> Vec<State> {
        let resource = Resource {
            account_id: "444455556666".to_owned(),
            region: "eu-central-1".to_owned(),
            kind: kind.to_owned(),
            id: id.to_owned(),
            version: Some(version.to_owned()),
            arn: None,
        };
        self.cloud.ledger().resource_states(&resource).await.unwrap()
    }

    /// The entry of `changes --json` about an event.
    pub(super) async fn entry_of(&self, body: &str) -> Value {
        let all = changes(&ChangeQuery::default(), audit_lambda::run::now(), &self.cloud.ledger()).await;
        let found = all.unwrap().into_iter().find(|(change, _)| change.request_id == request_id(body));
        let (change, diff) = found.expect("the change is listed");
        report::change(&change, diff.as_ref())
    }
}

/// A whole second so many minutes ago: the function asks the real clock how old an event is.
pub(super) fn ago(minutes: i64) -> Timestamp {
    let then = audit_lambda::run::now().checked_sub(SignedDuration::from_mins(minutes)).unwrap();
    Timestamp::from_second(then.as_second()).unwrap()
}

/// A sample event as if it had happened then.
pub(super) fn event(name: &str, when: Timestamp) -> String {
    let mut event: Value = serde_json::from_str(&text(&format!("events/{name}.json"))).unwrap();
    event["detail"]["eventTime"] = when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    event.to_string()
}

/// A sample event as if it had happened just now.
pub(super) fn recent(name: &str) -> String {
    event(name, ago(5))
}

/// The same event as another one, that happened then.
pub(super) fn another(body: &str, when: Timestamp, nth: usize) -> String {
    let mut event: Value = serde_json::from_str(body).unwrap();
    let detail = &mut event["detail"];
    detail["eventTime"] = when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    for id in ["eventID", "requestID"] {
        detail[id] = format!("{}-{nth}", detail[id].as_str().unwrap()).into();
    }
    event.to_string()
}

/// A sample document as if it had been changed then: a fraction of a second into the call, as the service says it.
pub(super) fn state(name: &str, changed: Timestamp) -> Value {
    let document = serde_json::from_str(&text(&format!("events/states/{name}.json"))).unwrap();
    changed_at(document, changed)
}

/// A document that says that it was changed then.
pub(super) fn changed_at(mut document: Value, changed: Timestamp) -> Value {
    document["updatedAt"] = changed.strftime("%Y-%m-%dT%H:%M:%S.518204+00:00").to_string().into();
    document
}

pub(super) fn request_id(body: &str) -> String {
    let event: Value = serde_json::from_str(body).unwrap();
    event["detail"]["requestID"].as_str().unwrap().to_owned()
}

pub(super) fn kinds(records: &[Record]) -> Vec<&'static str> {
    let mut kinds: Vec<_> = records.iter().map(Record::kind).collect();
    kinds.sort_unstable();
    kinds
}
