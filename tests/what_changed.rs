//! What the real `record-changes` binary finds out about a change, and that nothing of it is lost on the way.
//!
//! * here: the sample guardrail that was weakened, however often the function dies, and when it may not read.
//! * [`races`]: changes that come fast or in another order than they happened.
//! * [`subjects`]: deletions, prompts, agents, and one change of each kind that can be read.

mod races;

use audit_domain::{
    ledger::record::{Diff, DiffRead, Record, alert_key},
    state::{State, Verdict},
};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::{ALERTS, CHANGES, Published},
    faults::Fault,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::recorder::{GUARDRAIL, World, ago, another, changed_at, event, kinds, state};

/// The sample guardrail is published as version 3, and three days later its draft is weakened; here within two hours.
struct Story {
    published: String,
    weakened: String,
    monday: Value,
    version_3: Value,
    thursday: Value,
}

impl Story {
    fn new() -> Self {
        let (monday, published, weakened) = (ago(125), ago(120), ago(20));
        Self {
            published: event("incident/changes/02-CreateGuardrailVersion-version-3", published),
            weakened: event("incident/changes/04-UpdateGuardrail-weakened", weakened),
            monday: state("guardrail-DRAFT-monday", monday),
            version_3: state("guardrail-3", published),
            thursday: state("guardrail-DRAFT-thursday", weakened),
        }
    }

    /// A world in which version 3 is recorded, and the draft was changed since.
    async fn until_it_is_weakened(&self) -> World {
        let mut world = World::start().await;
        put_draft(&world, &self.monday);
        world.cloud.bedrock.put("guardrail", GUARDRAIL, "3", self.version_3.clone());
        world.take(&self.published).await;
        put_draft(&world, &self.thursday);
        world.cloud.faults.forget();
        world
    }
}

fn put_draft(world: &World, document: &Value) {
    world.cloud.bedrock.put("guardrail", GUARDRAIL, DRAFT, document.clone());
}

/// The fields that were weakened, with what they were and are.
fn weaker_fields(diff: &Diff) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let weaker = diff.fields.iter().filter(|field| field.effect.as_deref() == Some("weaker"));
    weaker.map(|field| (field.path.as_str(), field.before.as_deref(), field.after.as_deref())).collect()
}

/// The diff of the sample: one topic gone, one filter and one threshold lower, and nothing else.
fn assert_weakened(diff: &Diff, why: &str) {
    let [filter, grounding, topic] = &weaker_fields(diff)[..] else { panic!("{why}: {diff:#?}") };
    assert_eq!(
        *filter,
        ("contentPolicy.filters[MISCONDUCT].inputStrength", Some("\"HIGH\""), Some("\"LOW\"")),
        "{why}"
    );
    let threshold = "contextualGroundingPolicy.filters[GROUNDING].threshold";
    assert_eq!(*grounding, (threshold, Some("0.85"), Some("0.3")), "{why}");
    assert_eq!((topic.0, topic.2), ("topicPolicy.topics[Coverage promises]", None), "{why}");
    assert_eq!((diff.fields.len(), diff.verdict), (3, Some(Verdict::Weaker)), "{why}");
}

/// The states, but for when the function happened to read them.
async fn draft_states(world: &World) -> Vec<State> {
    let states = world.states_of("guardrail", GUARDRAIL, DRAFT).await;
    states.into_iter().map(|state| State { observed_at: Timestamp::UNIX_EPOCH, ..state }).collect()
}

fn json_of(message: &Published) -> Value {
    serde_json::from_str(&message.message).unwrap()
}

/// "A guardrail changed in three fields gives one alert that names principal, fields, before -> after, `weaker`."
#[tokio::test(flavor = "multi_thread")]
async fn a_weakened_guardrail_is_told_field_by_field() {
    let story = Story::new();
    let mut world = story.until_it_is_weakened().await;
    // a new version is a copy of its draft, which is kept with it
    assert_eq!(draft_states(&world).await.len(), 1);
    assert_eq!(world.states_of("guardrail", GUARDRAIL, "3").await.len(), 1);
    world.take(&story.weakened).await;

    let [_, alert] = world.sent_to(ALERTS).try_into().expect("one alert for each change");
    assert_eq!(
        alert.subject.as_deref(),
        Some("[critical, weaker] UpdateGuardrail on guardrail/gr4k2p9x7wzq by marta.klein@example.com")
    );
    for part in [
        "who:       marta.klein@example.com",
        "severity:  critical\n",
        "changed:   3 fields, weaker\n",
        " UTC; what no event told since is in it, too\n",
        "contentPolicy.filters[MISCONDUCT].inputStrength: \"HIGH\" -> \"LOW\" (weaker)\n",
        "contextualGroundingPolicy.filters[GROUNDING].threshold: 0.85 -> 0.3 (weaker)\n",
        "topicPolicy.topics[Coverage promises]: {",
        "-> nothing (weaker)\n",
        "more:      bedrock-audit changes --resource guardrail/gr4k2p9x7wzq",
    ] {
        assert!(alert.message.contains(part), "{part:?} in\n{}", alert.message);
    }
    assert_eq!(alert.attributes["severity"], "critical");

    let machines = world.last_to(CHANGES);
    let json = json_of(&machines);
    let command = json["command"].as_str().unwrap();
    assert!(command.ends_with(" --stack bedrock-audit"), "{command}");
    assert!(alert.message.contains(&format!("more:      {command}\n")), "{}", alert.message);
    assert_eq!((&json["severity"], &json["verdict"]), (&json!("critical"), &json!("weaker")));
    assert_eq!(json["principal"]["name"], "marta.klein@example.com");
    let effects: Vec<_> = json["diff"].as_array().unwrap().iter().map(|field| &field["effect"]).collect();
    assert_eq!(effects, ["weaker"; 3]);
    for document in [&story.monday, &story.version_3, &story.thursday] {
        for text in texts(document) {
            for message in world.cloud.published() {
                assert!(!message.message.contains(text), "{text:?} in\n{}", message.message);
            }
        }
    }

    // the ledger says the same, and what the texts were
    let diff = world.diff_of(&story.weakened).await;
    assert_weakened(&diff, "in the ledger");
    let topic = weaker_fields(&diff)[2].1.unwrap();
    assert!(topic.contains("Promising that a claim will be paid before it was assessed."), "{topic}");
    let states = draft_states(&world).await;
    let documents: Vec<_> = states.iter().map(|state| &state.document).collect();
    assert_eq!(documents, [&story.monday, &story.thursday]);
    assert_eq!(diff.state_before.as_ref(), Some(&states[0].sha256));
    assert_eq!(diff.state_after.as_ref(), Some(&states[1].sha256));
    let entry = world.entry_of(&story.weakened).await;
    for member in ["verdict", "severity", "state", "event_id"] {
        assert_eq!(entry[member], json[member], "{member}");
    }

    let records = world.records_of(&story.weakened).await;
    let told = world.cloud.published();
    assert!(world.record(&[story.weakened.clone(), story.weakened.clone()]).await.is_empty());
    assert_eq!(world.records_of(&story.weakened).await, records);
    assert_eq!(draft_states(&world).await, states);
    assert_eq!(world.cloud.published(), told, "told once");
}

/// What is said to people or about topics in a guardrail's document.
fn texts(document: &Value) -> Vec<&str> {
    let topics = document["topicPolicy"]["topics"].as_array().unwrap();
    let messages = ["blockedInputMessaging", "blockedOutputsMessaging", "description"];
    let messages = messages.iter().filter_map(|name| document[name].as_str());
    let definitions = topics.iter().filter_map(|topic| topic["definition"].as_str());
    let examples = topics.iter().flat_map(|topic| topic["examples"].as_array().unwrap());
    let all: Vec<_> = messages.chain(definitions).chain(examples.filter_map(Value::as_str)).collect();
    assert!(all.len() >= 5, "{all:?}");
    all
}

/// "Every step computed from what is stored, so that a crash between any two is harmless."
#[tokio::test(flavor = "multi_thread")]
async fn killed_around_every_call_the_diff_is_the_same() {
    let story = Story::new();
    let mut undisturbed = story.until_it_is_weakened().await;
    undisturbed.take(&story.weakened).await;
    let expected = draft_states(&undisturbed).await;
    let calls = undisturbed.cloud.faults.seen();
    assert_eq!(calls.len(), 12, "{calls:?}");

    for (nth, call) in calls.iter().enumerate() {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let why = format!("{fault:?} call {nth}, {call}");
            let mut world = story.until_it_is_weakened().await;
            let told_before = world.sent_to(ALERTS).len();
            world.cloud.faults.add("", nth, 1, fault);
            world.die_of(&story.weakened, &why).await;
            world.take(&story.weakened).await;
            assert_eq!(kinds(&world.records_of(&story.weakened).await), ["alert", "change", "diff"], "{why}");
            assert_weakened(&world.diff_of(&story.weakened).await, &why);
            assert_eq!(draft_states(&world).await, expected, "{why}");
            let alerts = world.sent_to(ALERTS).split_off(told_before);
            assert!((1..=2).contains(&alerts.len()), "{} alerts: {why}", alerts.len());
            for alert in alerts {
                assert!(alert.message.contains("changed:   3 fields, weaker\n"), "{why}: {}", alert.message);
            }
            let told = world.cloud.published().len();
            world.take(&story.weakened).await;
            assert_eq!(world.cloud.published().len(), told, "{why}");
        }
    }
}

/// The ways in which the service does not answer, and how the ledger calls them.
const REFUSALS: [(u16, &str, &str, DiffRead); 3] = [
    (
        403,
        "AccessDeniedException",
        "User: arn:aws:sts::444455556666:assumed-role/record-changes/f is not authorized to perform: kms:Decrypt on \
         resource: arn:aws:kms:eu-central-1:444455556666:key/6c1d8f0a-3b7e-4f2a-9c55-0d2e8b7a1f43",
        DiffRead::Denied,
    ),
    (429, "ThrottlingException", "Too many requests, please wait before trying again.", DiffRead::Throttled),
    (500, "InternalServerException", "The server could not respond.", DiffRead::Throttled),
];

/// "Missing permission, throttling or a race never loses the change or the alert."
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_alerted_at_once_and_told_later() {
    let story = Story::new();
    for (status, code, message, read) in REFUSALS {
        let mut world = story.until_it_is_weakened().await;
        world.cloud.bedrock.refuse("guardrail", GUARDRAIL, status, code, message);
        for delivery in 1..=2 {
            assert_eq!(world.record(std::slice::from_ref(&story.weakened)).await, ["1"], "{code}");
            assert_eq!(world.sent_to(ALERTS).len(), 2, "{code}, delivery {delivery}");
        }
        let alert = world.last_to(ALERTS);
        assert!(alert.subject.unwrap().starts_with("[high] UpdateGuardrail on guardrail/gr4k2p9x7wzq by"));
        let told = format!("not known: the resource could not be read ({}: {code}: {message})", read.name());
        assert!(alert.message.contains(&told), "{told:?} in\n{}", alert.message);
        let diff = world.diff_of(&story.weakened).await;
        assert_eq!((diff.read, diff.fields.len(), diff.verdict), (read, 0, None), "{code}");
        assert_eq!(diff.reason, Some(format!("{code}: {message}")));
        assert_eq!(json_of(&world.last_to(CHANGES))["state"]["read"], read.name());

        world.cloud.bedrock.allow();
        world.take(&story.weakened).await;
        assert_weakened(&world.diff_of(&story.weakened).await, code);
        let follow_up = world.last_to(ALERTS);
        assert!(
            follow_up.subject.unwrap().starts_with("[critical, weaker] what changed: UpdateGuardrail on"),
            "{code}"
        );
        assert!(follow_up.message.contains("changed:   3 fields, weaker\n"), "{}", follow_up.message);
        assert_eq!(follow_up.attributes["severity"], "critical");
        let records = world.records_of(&story.weakened).await;
        assert_eq!(kinds(&records), ["alert", "alert", "change", "diff"], "{code}");
        let marked = alert_key(&diff.event_id, true);
        assert!(records.iter().any(|record| record.sort_key() == marked), "{marked}");

        let told = world.cloud.published().len();
        world.take(&story.weakened).await;
        assert_eq!(world.cloud.published().len(), told, "{code}: told once");
    }
}

/// The same for a function that dies once it knows what changed, and for the draft of a new version.
#[tokio::test(flavor = "multi_thread")]
async fn killed_before_it_tells_what_changed_it_still_tells() {
    let story = Story::new();
    let (status, code, message, _) = REFUSALS[1];
    let mut world = story.until_it_is_weakened().await;
    world.cloud.bedrock.refuse("guardrail", GUARDRAIL, status, code, message);
    assert_eq!(world.record(std::slice::from_ref(&story.weakened)).await, ["1"]);
    world.cloud.bedrock.allow();
    world.cloud.faults.add("sns:Publish", 0, 1, Fault::KillBefore);
    world.die_of(&story.weakened, "between the diff and its message").await;
    assert_weakened(&world.diff_of(&story.weakened).await, "it is kept");
    assert_eq!(world.sent_to(ALERTS).len(), 2);
    world.take(&story.weakened).await;
    assert!(world.last_to(ALERTS).subject.unwrap().contains("what changed: "));
    assert_eq!(world.sent_to(ALERTS).len(), 3);

    let mut world = World::start().await;
    put_draft(&world, &story.monday);
    world.cloud.bedrock.put("guardrail", GUARDRAIL, "3", story.version_3.clone());
    world.cloud.bedrock.refuse("guardrail", GUARDRAIL, status, code, message);
    assert_eq!(world.record(std::slice::from_ref(&story.published)).await, ["1"]);
    world.cloud.bedrock.allow();
    world.take(&story.published).await;
    assert_eq!(draft_states(&world).await.len(), 1);
    let marks = world.records_of(&story.published).await;
    let with_diff =
        |record: &Record| matches!(record, Record::Alert(mark) if mark.follow_up && mark.with_diff);
    assert!(marks.iter().any(with_diff));
}

/// "If only that fails, change and alert go on": the alert does not wait for the table of states either.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_states_that_fails_holds_no_alert_back() {
    let story = Story::new();
    for action in ["dynamodb:Query", "dynamodb:PutItem"] {
        let mut world = story.until_it_is_weakened().await;
        // the first one is the change
        let skip = usize::from(action == "dynamodb:PutItem");
        world.cloud.faults.add(action, skip, 8, Fault::Refuse(400, "AccessDeniedException"));
        assert_eq!(world.record(std::slice::from_ref(&story.weakened)).await, ["1"], "{action}");
        if action == "dynamodb:Query" {
            assert!(world.last_to(ALERTS).message.contains("changed:   not known: "), "{action}");
        }
        world.cloud.faults.clear();
        world.take(&story.weakened).await;
        let alert = world.last_to(ALERTS);
        assert!(alert.message.contains("changed:   3 fields, weaker\n"), "{action}: {}", alert.message);
    }
}

/// A change that is too old for an alert of its own is in its delivery's summary, also when it cannot be read yet.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_change_that_cannot_be_read_is_summarised() {
    let (status, code, message, _) = REFUSALS[0];
    let mut world = World::start().await;
    let old = event("changes/UpdateGuardrail", ago(25 * 60));
    world.cloud.bedrock.refuse("guardrail", GUARDRAIL, status, code, message);
    for _ in 1..=2 {
        assert_eq!(world.record(std::slice::from_ref(&old)).await, ["1"]);
        let [summary] = world.sent_to(ALERTS).try_into().expect("one summary");
        assert_eq!(summary.attributes["kind"], "summary");
    }
    world.cloud.bedrock.allow();
    put_draft(&world, &state("guardrail-DRAFT-monday", ago(25 * 60)));
    world.take(&old).await;
    assert_eq!(world.diff_of(&old).await.read, DiffRead::Ok);
    assert_eq!(world.sent_to(ALERTS).len(), 1);
}

/// What changed may be in a part that could not be read: that is not told as nothing, and hides nothing that was known.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_cannot_be_read_is_not_taken_for_unchanged() {
    let first = event("changes/UpdateAgent", ago(60));
    let second = another(&first, ago(20), 2);
    let agent: Value = serde_json::from_str(&first).unwrap();
    let id = agent["detail"]["responseElements"]["agent"]["agentId"].as_str().unwrap().to_owned();
    let alias = format!("{id}:L1");
    let mut world = World::start().await;
    let document = changed_at(json!({"agentId": id, "instruction": "Answer."}), ago(60));
    world.cloud.bedrock.put("agent", &id, DRAFT, document);
    world.cloud.bedrock.put(
        "agent-alias",
        &alias,
        DRAFT,
        json!({"agentAliasId": "L1", "description": "old"}),
    );
    world.take(&first).await;
    world.cloud.bedrock.refuse("agent-alias", &alias, 403, "AccessDeniedException", "not you");
    world.cloud.bedrock.put(
        "agent-alias",
        &alias,
        DRAFT,
        json!({"agentAliasId": "L1", "description": "new"}),
    );
    assert_eq!(world.record(std::slice::from_ref(&second)).await, ["1"]);
    let diff = world.diff_of(&second).await;
    assert_eq!((diff.read, diff.fields.len()), (DiffRead::Denied, 0), "{diff:#?}");
    assert_eq!(diff.reason.as_deref(), Some("aliases: AccessDeniedException: not you"));
    assert_eq!(world.states_of("agent", &id, DRAFT).await.len(), 1);

    world.cloud.bedrock.allow();
    world.take(&second).await;
    let diff = world.diff_of(&second).await;
    let [field] = &diff.fields[..] else { panic!("{diff:#?}") };
    assert_eq!(field.path, "aliases[L1].description");
    assert!(world.last_to(ALERTS).subject.unwrap().contains("what changed: UpdateAgent on"));
}
