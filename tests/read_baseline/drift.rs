//! Changes of which no event tells, and changes that one does.

use audit_app::answer::{ChangeQuery, changes};
use audit_domain::{
    change::{Change, Origin},
    ledger::record::{Diff, DiffRead, FieldChange},
    state::Verdict,
    time,
};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::CHANGES,
    faults::Fault,
    function::{Function, failed, messages},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    super::recorder::{GUARDRAIL, ago, event, state},
    World,
};

impl World {
    /// The changes in the ledger, newest first.
    async fn changes(&self) -> Vec<(Change, Option<Diff>)> {
        let now = audit_lambda::run::now();
        changes(&ChangeQuery::default(), now, &self.cloud.ledger()).await.unwrap()
    }

    /// Hands an event to `record-changes`.
    async fn record(&self, body: &str) {
        let mut function = Function::start("record-changes", &self.cloud).await;
        let answer = function.invoke(messages(&[body.to_owned()]), &self.cloud).await.expect("it lives");
        assert!(failed(&answer).is_empty(), "it comes again: {body}");
    }
}

/// As if every difference without a date had been seen an hour earlier.
pub(super) async fn an_hour_later(world: &World) {
    world.cloud.set_first_sights_back(SignedDuration::from_hours(1)).await;
}

fn weaker(fields: &[FieldChange]) -> usize {
    fields.iter().filter(|field| field.effect.as_deref() == Some("weaker")).count()
}

/// The sample guardrail, weakened on Thursday without an event: that long ago.
fn thursday(minutes: i64) -> Value {
    state("guardrail-DRAFT-thursday", ago(minutes))
}

/// "An edit without any event: after 30 minutes one Drift with diff, verdict and one alert", however often it is looked for.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_no_event_tells_is_told_once() {
    let mut world = World::with_guardrail().await;
    world.put_draft(&thursday(20));
    world.run().await;
    assert_eq!((world.changes().await.len(), world.draft_states().await.len()), (0, 1), "it is young");
    assert_eq!(world.cloud.published(), []);

    let edited = thursday(40);
    world.put_draft(&edited);
    for _ in 1..=3 {
        world.run().await;
    }
    let [(change, Some(diff))] = &world.changes().await[..] else { panic!("one change") };
    assert_eq!((change.event_name.as_str(), change.origin), ("Drift", Origin::Baseline));
    assert_eq!(
        (change.resource.short().as_str(), change.resource.version.as_deref()),
        ("guardrail/gr4k2p9x7wzq", Some(DRAFT))
    );
    assert_eq!(
        (change.principal.best(), Some(change.occurred_at)),
        ("unknown", edited["updatedAt"].as_str().and_then(time::parse))
    );
    assert_eq!(
        (diff.read, diff.verdict, weaker(&diff.fields)),
        (DiffRead::Ok, Some(Verdict::Weaker), 3),
        "{diff:#?}"
    );
    let states = world.draft_states().await;
    let [monday, after] = &states[..] else { panic!("{states:#?}") };
    assert_eq!(
        (&diff.state_before, &diff.state_after),
        (&Some(monday.sha256.clone()), &Some(after.sha256.clone()))
    );
    assert_eq!((after.cause.as_str(), &after.document), (change.event_id.as_str(), &edited));

    let [alert] = &world.alerts()[..] else { panic!("one alert") };
    assert_eq!(
        alert.subject.as_deref(),
        Some("[critical, weaker] Drift on guardrail/gr4k2p9x7wzq: no event tells who")
    );
    for part in [
        "what:      Drift: it is not as it was last known, and no event that was recorded explains it\n",
        "who:       no event tells who\n",
        " UTC, as the service says\n",
        "changed:   3 fields, weaker\n",
        "contentPolicy.filters[MISCONDUCT].inputStrength: \"HIGH\" -> \"LOW\" (weaker)\n",
    ] {
        assert!(alert.message.contains(part), "{part:?} in\n{}", alert.message);
    }
    assert_eq!(alert.attributes["severity"], "critical");
    let machines = world.cloud.published().into_iter().find(|message| message.topic == CHANGES).unwrap();
    let json: Value = serde_json::from_str(&machines.message).unwrap();
    assert_eq!((&json["origin"], &json["verdict"]), (&json!("baseline"), &json!("weaker")));

    // what is kept as evidence is what was noticed, and no text
    let kept = world.cloud.audit_keys().await;
    let [key] = &kept[..] else { panic!("{kept:?}") };
    assert!(key.starts_with("events/") && change.evidence.location.to_string().ends_with(key), "{key}");

    // another edit of that kind is another drift
    let mut again = thursday(35);
    again["contentPolicy"]["filters"] = json!([]);
    world.put_draft(&again);
    world.run().await;
    assert_eq!(
        (world.changes().await.len(), world.alerts().len(), world.draft_states().await.len()),
        (2, 2, 3)
    );

    // the same in another form, of the same date, is nobody's edit
    let mut restated = again.clone();
    restated["newMember"] = json!({"of": "the API"});
    world.put_draft(&restated);
    for _ in 0..2 {
        world.run().await;
    }
    assert_eq!((world.changes().await.len(), world.alerts().len()), (2, 2));
}

/// An event explains the edit, whether it could be read then or not; one that comes later is recorded as every other.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_with_its_event_is_no_drift() {
    // one moment for both, however long the test takes
    let then = ago(40);
    let (weakened, edited) = (
        event("incident/changes/04-UpdateGuardrail-weakened", then),
        state("guardrail-DRAFT-thursday", then),
    );
    // recorded and read
    let mut world = World::with_guardrail().await;
    world.put_draft(&edited);
    world.record(&weakened).await;
    world.run().await;
    assert_eq!(
        (world.changes().await.len(), world.alerts().len(), world.draft_states().await.len()),
        (1, 1, 2)
    );

    // recorded, and denied then
    let mut world = World::with_guardrail().await;
    world.put_draft(&edited);
    world.cloud.bedrock.refuse("guardrail", GUARDRAIL, 403, "AccessDeniedException", "not you");
    let mut recorder = Function::start("record-changes", &world.cloud).await;
    let answer = recorder.invoke(messages(std::slice::from_ref(&weakened)), &world.cloud).await.unwrap();
    assert_eq!(failed(&answer), ["1"]);
    world.cloud.bedrock.allow();
    world.run().await;
    assert_eq!((world.changes().await.len(), world.alerts().len()), (1, 1), "it explains the edit");
    let states = world.draft_states().await;
    assert_eq!((states.len(), &states[1].cause), (2, &world.changes().await[0].0.event_id));
    // and what it changed is still told
    world.record(&weakened).await;
    assert_eq!((world.alerts().len(), world.draft_states().await.len()), (2, 2));
    let (_, diff) = world.changes().await.remove(0);
    assert_eq!(weaker(&diff.unwrap().fields), 3);

    // it comes after the drift was told: two changes with the same fields, and one of them names who
    let mut world = World::with_guardrail().await;
    world.put_draft(&edited);
    world.run().await;
    world.record(&weakened).await;
    world.run().await;
    let changes = world.changes().await;
    assert_eq!((changes.len(), world.alerts().len(), world.draft_states().await.len()), (2, 2, 2));
    for (change, diff) in &changes {
        assert_eq!(weaker(&diff.as_ref().unwrap().fields), 3, "{}", change.event_name);
    }
}

/// "A crash in the middle resumes": around every call of a look that finds drift, there is one change and no lost alert.
#[tokio::test(flavor = "multi_thread")]
async fn killed_around_every_call_drift_is_told() {
    let look = json!({
        "baseline": "2026-10-15T06:00:00.000Z", "step": "look", "kind": "guardrail", "id": GUARDRAIL, "version": DRAFT,
    })
    .to_string();
    let mut undisturbed = World::with_guardrail().await;
    undisturbed.put_draft(&thursday(40));
    assert!(!undisturbed.take(&look).await);
    let calls = undisturbed.cloud.faults.seen();
    assert!(calls.len() > 10, "{calls:?}");
    for (nth, call) in calls.iter().enumerate() {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let why = format!("{fault:?} call {nth}, {call}");
            let mut world = World::with_guardrail().await;
            world.put_draft(&thursday(40));
            world.cloud.faults.add("", nth, 1, fault);
            world.die_of(&look, &why).await;
            assert!(!world.take(&look).await, "{why}");
            let [(change, Some(diff))] = &world.changes().await[..] else { panic!("one change: {why}") };
            assert_eq!((change.event_name.as_str(), weaker(&diff.fields)), ("Drift", 3), "{why}");
            assert_eq!(world.draft_states().await.len(), 2, "{why}");
            assert!((1..=2).contains(&world.alerts().len()), "{} alerts: {why}", world.alerts().len());
            let told = world.cloud.published().len();
            assert!(!world.take(&look).await, "{why}");
            assert_eq!(world.cloud.published().len(), told, "{why}");
        }
    }
}

/// What has no date is drift once it was seen for half an hour: also that something is gone, or there again.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_date_waits_for_a_second_look() {
    let mut world = World::with_guardrail().await;
    let (kind, id) = ("model-invocation-logging-configuration", "default");
    let logging = json!({"textDataDeliveryEnabled": true, "s3Config": {"bucketName": "logs"}});
    world.cloud.bedrock.put(kind, id, DRAFT, logging.clone());
    world.run().await;
    for (nth, is_on) in [(1, false), (2, true)] {
        match is_on {
            true => world.cloud.bedrock.put(kind, id, DRAFT, logging.clone()),
            false => world.cloud.bedrock.remove(kind, id, DRAFT),
        }
        world.run().await;
        assert_eq!(world.changes().await.len(), nth - 1, "seen, and too young");
        an_hour_later(&world).await;
        for _ in 1..=2 {
            world.run().await;
        }
        let changes = world.changes().await;
        assert_eq!((changes.len(), world.alerts().len()), (nth, nth));
        let (change, diff) = changes.iter().max_by_key(|(change, _)| change.occurred_at).unwrap();
        let expected = if is_on { Verdict::Stronger } else { Verdict::Weaker };
        assert_eq!(diff.as_ref().unwrap().verdict, Some(expected));
        assert_eq!(change.resource.kind, kind);
        let states = world.states_of(kind, id, DRAFT).await;
        assert_eq!((states.len(), states.last().unwrap().is_tombstone), (nth + 1, !is_on));
    }
    let off = &world.alerts()[0];
    assert!(off.subject.as_ref().unwrap().starts_with("[critical, weaker] Drift on"), "{off:?}");
    assert!(off.message.contains("when:      not known: between "), "{}", off.message);
}

/// A resource that is on no list any more is missed without a scan; with the event of its deletion it is no drift.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_without_an_event_is_missed() {
    for with_event in [false, true] {
        let mut world = World::with_guardrail().await;
        world.cloud.bedrock.put("guardrail", GUARDRAIL, "3", state("guardrail-3", ago(100)));
        world.cloud.bedrock.put("data-source", "KB1:DS1", DRAFT, json!({"dataSourceId": "DS1"}));
        world.cloud.bedrock.put("knowledge-base", "KB1", DRAFT, json!({"knowledgeBaseId": "KB1"}));
        world.run().await;
        for version in [DRAFT, "3"] {
            world.cloud.bedrock.remove("guardrail", GUARDRAIL, version);
        }
        world.cloud.bedrock.remove("data-source", "KB1:DS1", DRAFT);
        if with_event {
            for name in ["DeleteGuardrail", "DeleteKnowledgeBase"] {
                let mut deleted: Value =
                    serde_json::from_str(&event("changes/DeleteGuardrail", ago(0))).unwrap();
                deleted["detail"]["eventName"] = name.into();
                deleted["detail"]["eventID"] = format!("event-{name}").into();
                deleted["detail"]["requestID"] = format!("request-{name}").into();
                deleted["detail"]["requestParameters"] = match name {
                    "DeleteGuardrail" => json!({"guardrailIdentifier": GUARDRAIL}),
                    _ => json!({"knowledgeBaseId": "KB1"}),
                };
                world.record(&deleted.to_string()).await;
            }
        }
        let told = world.alerts().len();
        world.run().await;
        assert_eq!(world.alerts().len(), told, "seen, and too young");
        an_hour_later(&world).await;
        for _ in 1..=2 {
            world.run().await;
        }
        let drifts: Vec<_> =
            world.changes().await.into_iter().filter(|(change, _)| change.event_name == "Drift").collect();
        let expected = if with_event { 0 } else { 3 };
        assert_eq!((drifts.len(), world.alerts().len() - told), (expected, expected), "{drifts:#?}");
        for (_, diff) in &drifts {
            assert_eq!(diff.as_ref().unwrap().read, DiffRead::Gone);
        }
        for (kind, id, version) in [
            ("guardrail", GUARDRAIL, DRAFT),
            ("guardrail", GUARDRAIL, "3"),
            ("data-source", "KB1:DS1", DRAFT),
        ] {
            let states = world.states_of(kind, id, version).await;
            assert!(states.last().unwrap().is_tombstone, "{kind} {version}, {with_event}");
        }
        assert_eq!(
            world.states_of("knowledge-base", "KB1", DRAFT).await.len(),
            if with_event { 2 } else { 1 }
        );
    }
}

/// A part that could not be read is not taken for different, nor what is kept in its place for what it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_cannot_be_read_hides_nothing() {
    let put_agent = |world: &World, instruction: &str, minutes: i64| {
        let agent =
            json!({"agentId": "A1", "instruction": instruction, "updatedAt": ago(minutes).to_string()});
        world.cloud.bedrock.put("agent", "A1", DRAFT, agent);
    };
    let put_alias = |world: &World, version: &str, minutes: i64| {
        let updated = ago(minutes).to_string();
        let alias = json!({"agentAliasId": "L1", "routingConfiguration": version, "updatedAt": updated});
        world.cloud.bedrock.put("agent-alias", "A1:L1", DRAFT, alias);
    };
    let mut world = World::start().await;
    put_agent(&world, "Answer.", 300);
    put_alias(&world, "1", 290);
    world.run().await;
    // the alias cannot be read, and is changed
    world.cloud.bedrock.refuse("agent-alias", "A1:L1", 403, "AccessDeniedException", "not you");
    put_alias(&world, "2", 200);
    world.run().await;
    assert_eq!((world.changes().await.len(), world.states_of("agent", "A1", DRAFT).await.len()), (0, 1));
    // the rest is still watched
    put_agent(&world, "Answer well.", 100);
    world.run().await;
    let [(_, Some(diff))] = &world.changes().await[..] else { panic!("one change") };
    assert_eq!(
        diff.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(),
        ["agent.instruction"]
    );
    // and what was changed meanwhile is seen once it can be
    world.cloud.bedrock.allow();
    world.run().await;
    an_hour_later(&world).await;
    world.run().await;
    let changes = world.changes().await;
    let paths: Vec<_> = changes
        .iter()
        .flat_map(|(_, diff)| &diff.as_ref().unwrap().fields)
        .map(|field| &field.path)
        .collect();
    assert_eq!(changes.len(), 2, "{paths:?}");
    assert!(paths.iter().any(|path| *path == "aliases[L1].routingConfiguration"), "{paths:?}");
    assert_eq!(world.alerts().len(), 2);
}
