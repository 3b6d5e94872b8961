//! Changes that come fast, or in another order than they happened.

use audit_domain::{
    change::Severity,
    ledger::record::{Diff, Record},
    state::{State, Verdict},
};
use audit_testkit::{cloud::ALERTS, cloud::CHANGES, faults::Fault};
use jiff::Timestamp;
use serde_json::json;

use super::{
    super::recorder::{World, ago, another, changed_at, event, state},
    Story, assert_weakened, draft_states, json_of, put_draft,
};

/// The diffs and changes of these events, and the states: but for when and for which event they were read first.
async fn ledger(world: &World, bodies: &[&String]) -> (Vec<Record>, Vec<State>) {
    let mut records = Vec::new();
    for body in bodies {
        records.extend(world.records_of(body).await.into_iter().filter_map(|record| match record {
            // when things were read is the clock's, and another one in each world
            Record::Diff(diff) => {
                assert_eq!(diff.before_at.is_some(), diff.state_before.is_some(), "{diff:#?}");
                assert!(diff.before_at <= diff.observed_at, "{diff:#?}");
                Some(Record::Diff(Box::new(Diff { observed_at: None, before_at: None, ..*diff })))
            }
            Record::Change(_) => Some(record),
            _ => None,
        }));
    }
    let states = draft_states(world).await.into_iter();
    let states = states.map(|mut state| {
        state.subject.resource.arn = None;
        State { cause: String::new(), caused_at: Timestamp::UNIX_EPOCH, ..state }
    });
    (records, states.collect())
}

/// "A read that races a second change is labelled by `updated_at`."
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_read_after_the_next_one_says_so() {
    let mut story = Story::new();
    let first = story.weakened.clone();
    let second = another(&first, ago(18), 2);
    story.thursday = changed_at(story.thursday, ago(18));
    let mut ledgers = Vec::new();
    for order in [[&first, &second], [&second, &first]] {
        let mut world = story.until_it_is_weakened().await;
        for body in order {
            world.take(body).await;
            assert_weakened(&world.diff_of(body).await, body);
            let is_first = body == &first;
            let alert = world.last_to(ALERTS).message;
            let label = "it was changed again before it was read: these are the changes of both";
            assert_eq!(alert.contains(label), is_first, "{alert}");
            assert!(!alert.contains("nothing that matters"), "{alert}");
            let later = json!(is_first);
            assert_eq!(json_of(&world.last_to(CHANGES))["state"]["holds_later_changes"], later);
            assert_eq!(world.entry_of(body).await["state"]["holds_later_changes"], later);
        }
        assert_eq!(draft_states(&world).await.len(), 2);
        ledgers.push(ledger(&world, &[&first, &second]).await);
    }
    assert!(ledgers[0] == ledgers[1], "invariant 3: out of order ends the same");
}

/// Who weakens a guardrail and undoes it before anybody can look is not taken for somebody who changed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_undone_before_it_was_read_is_no_harmless_one() {
    let mut story = Story::new();
    let weakened = story.weakened.clone();
    let undone = another(&weakened, ago(18), 2);
    story.thursday = changed_at(story.monday.clone(), ago(18));
    let mut world = story.until_it_is_weakened().await;
    world.take(&weakened).await;
    let alert = world.last_to(ALERTS);
    assert!(alert.message.contains("it was changed again before it was read"), "{}", alert.message);
    assert_eq!(alert.attributes["severity"], "high", "{}", alert.message);
    let diff = world.diff_of(&weakened).await;
    assert!(diff.holds_later_changes() && diff.fields.is_empty(), "{diff:?}");
    assert_eq!(diff.severity, Some(Severity::High));
    world.take(&undone).await;
    assert!(!world.diff_of(&undone).await.holds_later_changes());
    assert_eq!(draft_states(&world).await.len(), 1);
}

/// The state before a change is one from before it, however late it is read: not one that others made since.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_read_late_is_compared_with_what_was_before_it() {
    let story = Story::new();
    let mut world = story.until_it_is_weakened().await;
    world.cloud.bedrock.refuse("guardrail", super::GUARDRAIL, 403, "AccessDeniedException", "not yet");
    assert_eq!(world.record(std::slice::from_ref(&story.weakened)).await, ["1"]);
    world.cloud.bedrock.allow();
    // two more changes are seen before it comes again
    let renamed = another(&story.weakened, ago(15), 2);
    put_draft(&world, &changed_at(story.thursday.clone(), ago(15)));
    world.take(&renamed).await;
    let again = another(&story.weakened, ago(10), 3);
    let mut document = changed_at(story.thursday.clone(), ago(10));
    document["name"] = json!("other-name");
    put_draft(&world, &document);
    world.take(&again).await;
    assert_eq!(world.diff_of(&again).await.fields.len(), 1);

    world.take(&story.weakened).await;
    let diff = world.diff_of(&story.weakened).await;
    assert!(diff.holds_later_changes());
    assert_eq!((diff.fields.len(), diff.verdict), (4, Some(Verdict::Weaker)), "{diff:#?}");
}

/// The same where it died between the state and the diff, and the resource was changed before it came again.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_half_recorded_keeps_its_own_part() {
    let story = Story::new();
    let mut world = story.until_it_is_weakened().await;
    // the change, the state, the diff
    world.cloud.faults.add("dynamodb:PutItem", 2, 1, Fault::KillBefore);
    world.die_of(&story.weakened, "before the diff").await;
    assert_eq!(draft_states(&world).await.len(), 2);
    let mut document = changed_at(story.thursday.clone(), ago(15));
    document["name"] = json!("other-name");
    put_draft(&world, &document);
    world.take(&story.weakened).await;
    let diff = world.diff_of(&story.weakened).await;
    assert_eq!((diff.fields.len(), diff.holds_later_changes()), (4, true), "{diff:#?}");
    assert_eq!(draft_states(&world).await.len(), 3);
}

/// "Reordered members, updatedAt and status changes alone give no diff and no new state."
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_by_itself_is_no_change() {
    let mut story = Story::new();
    let mut document = changed_at(story.monday.clone(), ago(20));
    document["status"] = json!("UPDATING");
    document["statusReasons"] = json!(["it is being updated"]);
    document["contentPolicy"]["filters"].as_array_mut().unwrap().reverse();
    document["topicPolicy"]["topics"].as_array_mut().unwrap().reverse();
    assert_ne!(document, story.monday);
    story.thursday = document;
    let mut world = story.until_it_is_weakened().await;
    let states = draft_states(&world).await;
    world.take(&story.weakened).await;
    assert_eq!(draft_states(&world).await, states);
    let diff = world.diff_of(&story.weakened).await;
    assert_eq!((diff.fields.len(), diff.verdict), (0, Some(Verdict::Neutral)));
    assert_eq!(diff.state_before, diff.state_after);
    let alert = world.last_to(ALERTS);
    assert!(
        alert.message.contains("changed:   nothing that matters: it looks as before\n"),
        "{}",
        alert.message
    );
    assert!(alert.subject.unwrap().starts_with("[medium, neutral] UpdateGuardrail"));
}

/// "Out of order ends the same": version 4 is a copy of the weakened draft, and is heard of before that was weakened.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_heard_of_before_its_draft_ends_the_same() {
    let story = Story::new();
    let published = ago(18);
    let version_4 = event("incident/changes/05-CreateGuardrailVersion-version-4", published);
    let mut ledgers = Vec::new();
    for order in [[&story.weakened, &version_4], [&version_4, &story.weakened]] {
        let mut world = story.until_it_is_weakened().await;
        world.cloud.bedrock.put("guardrail", super::GUARDRAIL, "4", state("guardrail-4", published));
        for body in order {
            world.take(body).await;
        }
        assert_weakened(&world.diff_of(&story.weakened).await, "the draft");
        assert!(!world.diff_of(&story.weakened).await.holds_later_changes());
        // against version 3: the same three fields, and its description
        let diff = world.diff_of(&version_4).await;
        let weaker = super::weaker_fields(&diff);
        assert_eq!((weaker.len(), diff.verdict), (3, Some(Verdict::Weaker)), "{diff:#?}");
        assert_eq!(diff.fields.iter().filter(|field| field.effect.as_deref() == Some("neutral")).count(), 1);
        assert_eq!(world.states_of("guardrail", super::GUARDRAIL, "4").await.len(), 1);
        ledgers.push(ledger(&world, &[&story.weakened, &version_4]).await);
    }
    assert!(ledgers[0] == ledgers[1], "invariant 3: out of order ends the same");
}
