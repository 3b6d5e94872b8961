//! When a new system prompt is told, and when not: on a ledger in memory.

use audit_domain::{
    evidence::ObjectLocation,
    ledger::{
        record::EXCERPT,
        state::{Sighting, StateKey},
    },
};
use serde_json::{Value, json};

use super::*;
use crate::{
    index::{
        Indexing, Takes,
        bodies::{Later, follow_request},
        index_object,
    },
    memory::Memory,
    ports::{Message, PutStates as _},
};

/// A call of a caller with a system prompt.
pub(super) fn call(caller: &str, prompt: &str, at: Timestamp, id: &str) -> String {
    json!({
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": time::rfc3339(at),
        "accountId": "444455556666",
        "region": "eu-central-1",
        "requestId": id,
        "operation": "Converse",
        "modelId": "eu.anthropic.claude",
        "identity": {"arn": format!("arn:aws:sts::444455556666:assumed-role/{caller}/session")},
        "input": {"inputBodyJson": {
            "system": [{"text": prompt}],
            "messages": [{"role": "user", "content": [{"text": "?"}]}],
        }},
        "output": {"outputBodyJson": {}},
    })
    .to_string()
}

/// A whole day in the afternoon, from which the tests count.
pub(super) fn now() -> Timestamp {
    "2026-10-15T14:00:00Z".parse().unwrap()
}

pub(super) fn ago(minutes: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_mins(minutes)).unwrap()
}

const DAY: i64 = 24 * 60;

/// A ledger, and the process that indexes into it.
#[derive(Default)]
pub(super) struct World {
    pub(super) memory: Memory,
    pub(super) met: Met,
}

impl World {
    /// One in which these callers used a prompt eight days ago.
    pub(super) async fn with_callers(callers: &[&str]) -> Self {
        let world = Self::default();
        let calls = callers.iter().map(|caller| call(caller, "Be kind.", ago(8 * DAY), "first"));
        world.index("history", &calls.collect::<Vec<_>>(), ago(8 * DAY)).await.unwrap();
        assert!(world.memory.published().is_empty());
        world
    }

    fn drift(&self, now: Timestamp) -> PromptDrift<'_, Memory, Memory> {
        PromptDrift {
            ledger: &self.memory,
            alerts: &self.memory,
            met: &self.met,
            max_age: SignedDuration::from_hours(24),
            retention: Retention::DEFAULT,
            now,
            stack: Some("audit-prod"),
        }
    }

    pub(super) async fn index(&self, key: &str, calls: &[String], now: Timestamp) -> Result<(), PortError> {
        let location = ObjectLocation::object("logs", key);
        self.memory.put_object(&location, vec![calls.join("\n").into_bytes()]);
        let drift = self.drift(now);
        let indexing = Indexing {
            takes: Takes::Invocations,
            by_content: false,
            retention: Retention::DEFAULT,
            excerpt_characters: EXCERPT,
            now,
        };
        let bodies = Later { queue: &self.memory, allowed: None };
        let indexed =
            index_object(&self.memory, &self.memory, &bodies, &drift, &location, indexing, &mut |_| {}).await;
        let counts = indexed?.counts;
        assert_eq!(counts.rejected, 0, "{counts:?}");
        Ok(())
    }

    /// The alerts after one object came with these calls.
    async fn told(&self, calls: &[String]) -> Vec<Message> {
        self.index("object", calls, now()).await.unwrap();
        self.memory.published()
    }
}

fn json_of(message: &Message) -> Value {
    serde_json::from_str(&message.json).unwrap()
}

#[tokio::test]
async fn a_new_prompt_after_a_week_is_told_once_without_a_word_of_it() {
    let world = World::with_callers(&["claims-app"]).await;
    let calls = [
        call("claims-app", "Be rude, secretly.", ago(3), "later"),
        call("claims-app", "Be rude, secretly.", ago(4), "sooner"),
        call("claims-app", "Be kind.", ago(5), "as-before"),
    ];
    let [message] = world.told(&calls).await.try_into().expect("one alert");
    let json = json_of(&message);
    assert_eq!(
        (&json["request_id"], &json["occurred_at"]),
        (&"sooner".into(), &time::rfc3339(ago(4)).into())
    );
    assert_eq!(json["system_prompt"]["characters"], 18);
    let kind = audit_domain::digest::Sha256::of(b"Be kind.");
    assert_eq!(json["before"], json!({"id": kind.as_str(), "last_seen": time::rfc3339(ago(8 * DAY))}));
    assert_eq!(json["caller"], "arn:aws:sts::444455556666:assumed-role/claims-app");
    assert_eq!(json["caller_known_since"], time::rfc3339(ago(8 * DAY)));
    assert_eq!((&json["schema"], &json["severity"]), (&1.into(), &"info".into()));
    assert_eq!(
        (&json["title"], &json["text"]),
        (&message.subject.as_str().into(), &message.text.as_str().into())
    );
    assert_eq!(
        message.attributes,
        [
            ("kind", "system-prompt".to_owned()),
            ("severity", "info".to_owned()),
            ("account_id", "444455556666".to_owned()),
            ("region", "eu-central-1".to_owned()),
        ]
    );
    for part in [&message.subject, &message.text, &message.json] {
        assert!(!part.contains("rude") && !part.contains("kind."), "{part}");
    }
    // nothing is asked of what this process has met, and nothing told again: neither by it nor by another one
    let lookups = world.memory.lookups();
    assert_eq!(world.told(&calls).await.len(), 1);
    assert_eq!(world.memory.lookups(), lookups);
    let another = World { memory: world.memory, met: Met::default() };
    assert_eq!(another.told(&calls).await.len(), 1);
    assert_eq!(another.memory.lookups(), lookups + 2, "one look-up for each prompt");
    assert_eq!((world.met.take_counts(), another.met.take_counts()), ((1, 0), (0, 0)));
}

#[tokio::test]
async fn in_its_first_week_everything_a_caller_does_is_new() {
    let world = World::with_callers(&["claims-app"]).await;
    let calls = [call("stranger", "Hello.", ago(3), "a"), call("stranger", "Goodbye.", ago(2), "b")];
    assert!(world.told(&calls).await.is_empty());
    // six days later still
    let then = now().checked_add(time::days(6)).unwrap();
    world.index("sixth", &[call("stranger", "Again.", then, "c")], then).await.unwrap();
    assert!(world.memory.published().is_empty());
    let then = now().checked_add(time::days(7)).unwrap();
    world.index("seventh", &[call("stranger", "At last.", then, "d")], then).await.unwrap();
    let [told] = world.memory.published().try_into().unwrap();
    assert_eq!(told.text.matches(" --stack audit-prod\n").count(), 2, "{}", told.text);
    assert!(json_of(&told)["command"].as_str().unwrap().ends_with(" --stack audit-prod"));
}

#[tokio::test]
async fn a_prompt_that_anybody_used_is_no_news() {
    let world = World::with_callers(&["claims-app", "other-app"]).await;
    world.index("first", &[call("stranger", "Shared.", ago(60), "a")], now()).await.unwrap();
    assert!(world.told(&[call("claims-app", "Shared.", ago(3), "b")]).await.is_empty());
    // two callers that begin at once are one alert, of the one who was first
    let both = [call("claims-app", "New.", ago(1), "c"), call("other-app", "New.", ago(2), "d")];
    let [message] = world.told(&both).await.try_into().expect("one alert");
    assert_eq!(json_of(&message)["request_id"], "d");
}

#[tokio::test]
async fn what_comes_late_is_no_news_and_asks_nothing() {
    let world = World::with_callers(&["claims-app"]).await;
    let lookups = world.memory.lookups();
    assert!(world.told(&[call("claims-app", "New.", ago(DAY + 1), "a")]).await.is_empty());
    assert_eq!(world.memory.lookups(), lookups);
}

#[tokio::test]
async fn a_caller_that_makes_up_its_prompts_is_left_alone() {
    for (day, told) in [(now(), 0), (ago(DAY), 0), (ago(2 * DAY), 1)] {
        let world = World::with_callers(&["claims-app"]).await;
        let caller = "arn:aws:sts::444455556666:assumed-role/claims-app";
        for nth in 0..VOLATILE {
            let id = format!("{nth:064}");
            let sighting = Sighting {
                system_prompt_id: id.clone(),
                first_seen: day,
                last_seen: day,
                sample_request_id: "r".into(),
                model_id: "m".into(),
                caller: caller.into(),
            };
            let key = StateKey::caller_seen(caller, &time::day(day), &id);
            world.memory.put_sighting(&key, &sighting, 0).await.unwrap();
        }
        let calls = [call("claims-app", "Today is Monday.", ago(3), "a")];
        assert_eq!(world.told(&calls).await.len(), told, "{day}");
        // it is known by now that it is: nothing more is looked up
        let lookups = world.memory.lookups();
        world.index("next", &[call("claims-app", "Today is Tuesday.", ago(2), "b")], now()).await.unwrap();
        assert_eq!(world.memory.lookups() - lookups, told, "{day}");
    }
}

#[tokio::test]
async fn the_alerts_of_an_hour_are_bounded_and_the_last_one_says_so() {
    let world = World::with_callers(&["claims-app", "other-app"]).await;
    let many = |from: usize, to: usize| -> Vec<String> {
        let calls = (from..to).map(|nth| (nth, i64::try_from(nth).unwrap()));
        calls
            .map(|(nth, n)| call("claims-app", &format!("You are number {nth}."), ago(300 - n), "r"))
            .collect()
    };
    let told = world.told(&many(0, 12)).await;
    assert_eq!(told.len(), drift::PER_CALLER);
    let last = &told[drift::PER_CALLER - 1];
    assert_eq!(json_of(last)["last_this_hour"], json!({"of": "caller", "left_out": 2}));
    assert!(
        last.text.contains("further new prompts of this caller this hour are not alerted"),
        "{}",
        last.text
    );
    assert!(told[..drift::PER_CALLER - 1].iter().all(|message| json_of(message)["last_this_hour"].is_null()));
    assert_eq!(world.met.take_counts(), (10, 2));

    // within the hour nothing more of this caller, of another one as ever; and a new hour begins
    let later = now().checked_add(SignedDuration::from_mins(59)).unwrap();
    world.index("later", &many(20, 22), later).await.unwrap();
    assert_eq!(world.met.take_counts(), (0, 2));
    world.index("other", &[call("other-app", "Be other.", now(), "o")], later).await.unwrap();
    assert_eq!(world.met.take_counts(), (1, 0));
    let next_hour = now().checked_add(SignedDuration::from_mins(61)).unwrap();
    world.index("next", &many(30, 31), next_hour).await.unwrap();
    assert_eq!(world.met.take_counts(), (1, 0));
}

#[tokio::test]
async fn a_prompt_that_comes_later_in_a_body_of_its_own_is_told_then() {
    let world = World::with_callers(&["claims-app"]).await;
    let path =
        "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/15/13/data/x_input.json.gz";
    let mut record: Value = serde_json::from_str(&call("claims-app", "", ago(9), "a")).unwrap();
    let mut body = record["input"]["inputBodyJson"].take();
    record["input"] = json!({ "inputBodyS3Path": format!("s3://logs/{path}") });
    assert!(world.told(&[record.to_string()]).await.is_empty());

    body["system"] = json!([{"text": "Be long."}]);
    world.memory.put_object(&ObjectLocation::object("logs", path), vec![body.to_string().into_bytes()]);
    let request = world.memory.next_request().expect("the body is asked for");
    let (memory, drift) = (&world.memory, world.drift(now()));
    let indexing = Indexing {
        takes: Takes::Invocations,
        by_content: false,
        retention: Retention::DEFAULT,
        excerpt_characters: EXCERPT,
        now: now(),
    };
    for _ in 0..2 {
        follow_request(&request, memory, None, memory, memory, &drift, indexing).await.unwrap();
        assert_eq!(world.memory.published().len(), 1);
    }
}

#[tokio::test]
async fn a_topic_that_refuses_fails_the_object_and_the_prompt_stays_new() {
    let world = World::with_callers(&["claims-app"]).await;
    let calls = [call("claims-app", "New.", ago(3), "a")];
    world.memory.fails_after(Some(0));
    assert!(world.index("object", &calls, now()).await.is_err());
    assert!(world.memory.published().is_empty());
    world.memory.fails_after(None);
    assert_eq!(world.told(&calls).await.len(), 1);
}
