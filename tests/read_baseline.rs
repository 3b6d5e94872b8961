//! The real `read-baseline` binary against real engines: what no event tells is noticed, once, and nothing else is.
//!
//! * here: runs over everything, in pages, with faults.
//! * [`drift`]: what was changed and not told.

mod drift;

use std::collections::BTreeSet;

use audit_app::{answer, ports::QueryResourceStates as _};
use audit_domain::{
    change::Resource,
    state::{State, drift::BASELINE as FIRST_SIGHT},
};
use audit_testkit::{
    bedrock::{DRAFT, SINGLETON},
    cloud::{ALERTS, BASELINE, Cloud, Published},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use serde_json::{Value, json};

use super::{
    bedrock_reads::{EVERY_KIND, furnish},
    recorder::{GUARDRAIL, ago, state},
    text,
};

/// A cloud, and the function in it.
struct World {
    cloud: Cloud,
    function: Function,
}

impl World {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        let function = Function::start("read-baseline", &cloud).await;
        Self { cloud, function }
    }

    /// A world that knows the sample guardrail as it was on Monday.
    async fn with_guardrail() -> Self {
        let mut world = Self::start().await;
        world.put_draft(&state("guardrail-DRAFT-monday", ago(200)));
        world.run().await;
        assert_eq!(world.draft_states().await.len(), 1);
        world.cloud.faults.forget();
        world
    }

    fn put_draft(&self, document: &Value) {
        self.cloud.bedrock.put("guardrail", GUARDRAIL, DRAFT, document.clone());
    }

    /// Gives the function a message; whether it has to come again.
    async fn take(&mut self, body: &str) -> bool {
        let event = messages(&[body.to_owned()]);
        !failed(&self.function.invoke(event, &self.cloud).await.expect("the function lives")).is_empty()
    }

    /// Gives the function a message that is to kill it, and starts another one.
    async fn die_of(&mut self, body: &str, why: &str) {
        let died = self.function.invoke(messages(&[body.to_owned()]), &self.cloud).await;
        assert_eq!(died, Err(Died), "{why}");
        self.cloud.faults.clear();
        self.function = Function::start("read-baseline", &self.cloud).await;
    }

    /// A whole run: what begins it, and everything that the function then asks itself for. How many messages that were.
    async fn run(&mut self) -> usize {
        assert!(!self.take(&scheduled()).await, "it begins");
        self.go_on().await
    }

    /// Everything that the function asked itself for.
    async fn go_on(&mut self) -> usize {
        let mut handled = 0;
        let mut waiting = self.cloud.take_from(BASELINE);
        while !waiting.is_empty() {
            for body in waiting {
                assert!(!self.take(&body).await, "it comes again: {body}");
                handled += 1;
            }
            waiting = self.cloud.take_from(BASELINE);
        }
        handled
    }

    fn alerts(&self) -> Vec<Published> {
        self.cloud.published().into_iter().filter(|message| message.topic == ALERTS).collect()
    }

    async fn states_of(&self, kind: &str, id: &str, version: &str) -> Vec<State> {
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

    async fn draft_states(&self) -> Vec<State> {
        self.states_of("guardrail", GUARDRAIL, DRAFT).await
    }
}

/// What EventBridge sends on schedule.
fn scheduled() -> String {
    let time = audit_lambda::run::now().to_string();
    json!({
        "version": "0", "id": "b2c1", "detail-type": "Scheduled Event", "source": "aws.events",
        "account": "444455556666", "time": time, "region": "eu-central-1", "resources": [], "detail": {},
    })
    .to_string()
}

/// The kind under which the states of a part or version are kept.
fn kept_as(kind: &str) -> &str {
    kind.strip_suffix("-version").unwrap_or(kind)
}

/// "First sight is silent", of every kind and version, over several pages; and invariant 10 for this function.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_keeps_everything_and_tells_nobody() {
    let mut world = World::start().await;
    furnish(&world.cloud);
    for nth in 0..5 {
        world.cloud.bedrock.put("prompt", &format!("MORE{nth}"), DRAFT, json!({"id": format!("MORE{nth}")}));
    }
    world.run().await;
    let logging = ("model-invocation-logging-configuration", SINGLETON, None, "", "");
    for (kind, id, version, ..) in EVERY_KIND.into_iter().chain([logging]) {
        let states = world.states_of(kept_as(kind), id, version.unwrap_or(DRAFT)).await;
        let [state] = &states[..] else { panic!("{kind} {id} {version:?}: {states:#?}") };
        assert_eq!((state.cause.as_str(), state.is_tombstone), (FIRST_SIGHT, false), "{kind}");
    }
    for nth in 0..5 {
        assert_eq!(world.states_of("prompt", &format!("MORE{nth}"), DRAFT).await.len(), 1, "{nth}");
    }
    assert_eq!(world.cloud.published(), []);
    assert_eq!(world.cloud.count("records").await, 0);
    // what was never changed is found all the same, by its whole name
    let now = audit_lambda::run::now();
    for (name, expected) in [
        ("444455556666/eu-central-1/prompt/PROMPT0001", 2),
        ("arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq", 3),
        ("444455556666/eu-central-1/agent-alias/AGENT00001:A1", 2),
        ("444455556666/eu-central-1/prompt/PROMPT000", 0),
    ] {
        let states = answer::states(name, None, now, &world.cloud.ledger()).await.unwrap();
        assert_eq!(states.len(), expected, "{name}: {states:#?}");
    }

    let called: BTreeSet<String> =
        world.cloud.faults.seen().into_iter().filter(|call| call.starts_with("bedrock:")).collect();
    let template = text("template.yaml");
    let role = template.split("\n  ReadBaselineRole:\n").nth(1).expect("the role");
    let role = role.split("\n\n").next().unwrap();
    let allowed: BTreeSet<String> = role
        .lines()
        .map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: "))
        .filter(|line| line.starts_with("bedrock:"))
        .map(str::to_owned)
        .collect();
    assert_eq!(called, allowed);

    // a second run finds everything as it was
    let before = world.cloud.count("states").await;
    world.run().await;
    assert_eq!(world.cloud.count("states").await, before);
    assert_eq!((world.cloud.published().len(), world.cloud.count("records").await), (0, 0));
}

/// A deployment begins a run as a schedule does, and what nobody knows comes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_begins_a_run_and_other_messages_come_again() {
    let mut world = World::start().await;
    let deployed = json!({
        "version": "0", "id": "d1", "detail-type": "CloudFormation Stack Status Change",
        "source": "aws.cloudformation", "time": "2026-10-15T06:00:00Z",
        "detail": {"stack-id": "arn:aws:cloudformation:eu-central-1:444455556666:stack/bedrock-audit/1",
            "status-details": {"status": "UPDATE_COMPLETE", "status-reason": ""}},
    });
    for _delivery in 1..=2 {
        assert!(!world.take(&deployed.to_string()).await);
        let asked = world.cloud.take_from(BASELINE);
        assert_eq!(asked.len(), 8, "{asked:#?}");
        let run = "\"baseline\":\"2026-10-15T06:00:00.000Z\"";
        assert!(asked.iter().all(|body| body.contains(run)), "{asked:#?}");
    }
    for other in ["no json", "{}", r#"{"baseline":"2026-10-15T06:00:00Z","step":"list","kind":"toaster"}"#] {
        assert!(world.take(other).await, "{other}");
    }
}

/// "A crash brings the message back and repeats nothing that matters": a page is killed at every call in its middle.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_page_it_goes_on() {
    let page = json!({"baseline": "2026-10-15T06:00:00.000Z", "step": "list", "kind": "prompt"}).to_string();
    let furnished = async || {
        let world = World::start().await;
        for nth in 0..3 {
            world.cloud.bedrock.put("prompt", &format!("P{nth}"), DRAFT, json!({"id": format!("P{nth}")}));
        }
        world
    };
    let mut undisturbed = furnished().await;
    undisturbed.take(&page).await;
    undisturbed.go_on().await;
    let expected = undisturbed.cloud.count("states").await;
    // three states and three notes
    assert_eq!(expected, 6);
    for (action, nth) in [
        ("bedrock:ListPrompts", 0),
        ("bedrock:GetPrompt", 0),
        ("dynamodb:PutItem", 0),
        ("dynamodb:PutItem", 3),
        ("sqs:SendMessage", 0),
        ("sqs:SendMessage", 2),
    ] {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            let why = format!("{fault:?} {action} {nth}");
            let mut world = furnished().await;
            world.cloud.faults.add(action, nth, 1, fault);
            world.die_of(&page, &why).await;
            assert!(!world.take(&page).await, "{why}");
            world.go_on().await;
            assert_eq!(world.cloud.count("states").await, expected, "{why}");
            assert_eq!(world.cloud.published(), [], "{why}");
        }
    }
}

/// What is throttled is looked at by itself later, what is denied is not claimed to be anything, and neighbours go on.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_takes_nobody_down() {
    let mut world = World::start().await;
    for id in ["P1", "P2", "P3"] {
        world.cloud.bedrock.put("prompt", id, DRAFT, json!({"id": id}));
    }
    world.put_draft(&state("guardrail-DRAFT-monday", ago(200)));
    world.cloud.bedrock.refuse("prompt", "P2", 403, "AccessDeniedException", "not you");
    world.cloud.bedrock.refuse("guardrail", SINGLETON, 403, "AccessDeniedException", "not you");
    world.cloud.faults.add("bedrock:GetPrompt", 0, 5, Fault::Refuse(429, "ThrottlingException"));
    world.run().await;
    let states = async |world: &World| {
        let mut found = Vec::new();
        for id in ["P1", "P2", "P3"] {
            found.push(world.states_of("prompt", id, DRAFT).await.len());
        }
        found
    };
    assert_eq!(states(&world).await, [1, 0, 1]);
    assert_eq!(world.draft_states().await, []);

    // known, and denied from then on: it is not gone
    world.cloud.bedrock.allow();
    world.run().await;
    assert_eq!((states(&world).await, world.draft_states().await.len()), (vec![1, 1, 1], 1));
    for (kind, id) in
        [("prompt", "P1"), ("prompt", SINGLETON), ("guardrail", GUARDRAIL), ("guardrail", SINGLETON)]
    {
        world.cloud.bedrock.refuse(kind, id, 403, "AccessDeniedException", "not you");
    }
    for _ in 1..=2 {
        world.run().await;
        drift::an_hour_later(&world).await;
    }
    assert_eq!((states(&world).await, world.draft_states().await.len()), (vec![1, 1, 1], 1));
    assert_eq!(world.cloud.published(), []);

    // a look that fails on its own comes again
    world.cloud.bedrock.allow();
    world.cloud.faults.add("bedrock:GetPrompt", 0, usize::MAX, Fault::Refuse(429, "ThrottlingException"));
    let look = json!({"baseline": "2026-10-15T06:00:00.000Z", "step": "look", "kind": "prompt", "id": "P1"});
    assert!(world.take(&look.to_string()).await);
}
