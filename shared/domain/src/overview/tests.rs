use jiff::Timestamp;

use super::*;
use crate::{
    change::{Change, Origin, TrailEvent, watch::Watching},
    evidence::ObjectLocation,
    guardrail::GuardrailFinding,
    invocation::{BodyState, Tokens},
    ledger::{
        delivery::{Completion, Counts, line},
        record::{Diff, DiffRead, FieldChange},
        state::Sighting,
    },
    passage::Certainty,
    state::Verdict,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn october() -> Overview {
    Overview::new(at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z"), at("2026-10-20T08:00:00Z"))
}

fn invocation(at_hour: &str) -> CountedInvocation {
    CountedInvocation {
        request_id: "r".into(),
        occurred_at: at(&format!("2026-10-15T{at_hour}:30:00Z")),
        account_id: "444455556666".into(),
        region: "eu-central-1".into(),
        caller: "arn:aws:sts::444455556666:assumed-role/claims-app".into(),
        model_id: "m".into(),
        guardrail: GuardrailFinding::unknown(),
        error_code: None,
        tokens: Tokens { input: Some(10), output: Some(2), ..Tokens::default() },
        input_body: BodyState::Inline,
        output_body: BodyState::Inline,
        system_prompt: None,
    }
}

fn change(path: &str) -> Change {
    let path = format!("{}/../../events/incident/changes/{path}.json", env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read_to_string(path).unwrap();
    let place = ObjectLocation::object("audit", "events/x");
    let read = TrailEvent::read(json.as_bytes(), 1, &place, Origin::Eventbridge, &Watching::default());
    match read.unwrap().0 {
        TrailEvent::Change(change) => *change,
        other => panic!("{other:?}"),
    }
}

fn log(hour: &str) -> ObjectLocation {
    let key = format!("AWSLogs/1/BedrockModelInvocationLogs/eu-central-1/2026/10/15/{hour}/x.json.gz");
    ObjectLocation::object("logs", key)
}

#[test]
fn how_a_guardrail_is_known_is_told_apart() {
    let known = |certainty, id: Option<&str>, action: Option<&str>| {
        let guardrail = GuardrailFinding {
            certainty,
            id: id.map(str::to_owned),
            version: None,
            action: action.map(str::to_owned),
            basis: None,
        };
        Tally::of(&CountedInvocation { guardrail, ..invocation("09") })
    };
    let cases = [
        (known(Certainty::Recorded, Some("g"), Some("NONE")), "guardrail_recorded", 0),
        (known(Certainty::Recorded, Some("g"), Some("INTERVENED")), "guardrail_recorded", 1),
        (known(Certainty::Reported, Some("g"), None), "guardrail_reported", 0),
        (known(Certainty::Inferred, Some("g"), None), "guardrail_inferred", 0),
        (known(Certainty::Unknown, None, Some("INTERVENED")), "guardrail_unnamed", 1),
        (known(Certainty::Unknown, None, None), "guardrail_unknown", 0),
    ];
    for (tally, counted_as, interventions) in cases {
        assert!(tally.adds_up());
        assert_eq!(tally.interventions, interventions, "{counted_as}");
        let numbers = Tally::NUMBERS
            .iter()
            .filter(|(name, number)| name.starts_with("guardrail_") && number(&tally) == 1);
        assert_eq!(numbers.map(|(name, _)| *name).collect::<Vec<_>>(), [counted_as]);
    }
}

#[test]
fn what_is_missing_of_an_invocation_is_counted() {
    let offloaded = CountedInvocation {
        input_body: BodyState::Offloaded,
        output_body: BodyState::Missing,
        tokens: Tokens::default(),
        error_code: Some("ThrottlingException".into()),
        ..invocation("09")
    };
    let mut overview = october();
    overview.add_invocation(&offloaded);
    overview.add_invocation(&CountedInvocation { output_body: BodyState::NotDelivered, ..invocation("09") });
    let total = &overview.invocations.total;
    assert_eq!((total.bodies_outstanding, total.bodies_missing, total.bodies_not_delivered), (1, 1, 1));
    assert_eq!((total.without_tokens, total.errors, total.input_tokens, total.output_tokens), (1, 1, 10, 2));
    let open = unknown::not_covered(&overview).join("\n");
    for part in [
        "no guardrail is known: 2.",
        "without token counts: 1.",
        "no delivery is listed",
        "ends after this page was made",
    ] {
        assert!(open.contains(part), "{part} in {open}");
    }
    assert!(!open.contains("Log objects that could not be read"), "{open}");
}

#[test]
fn a_change_is_told_without_its_texts() {
    let change = change("04-UpdateGuardrail-weakened");
    let field = |path: &str, before: &str, after: &str| FieldChange {
        path: path.into(),
        before: Some(before.into()),
        after: Some(after.into()),
        effect: Some("weaker".into()),
    };
    let mut fields = vec![
        field("contentPolicy.filters[HATE].inputStrength", "\"HIGH\"", "\"LOW\""),
        field("blockedInputMessaging", "\"Our secret message.\"", "\"Another secret.\""),
    ];
    fields.extend((0..12).map(|nth| field(&format!("contentPolicy.x{nth}"), "1", "2")));
    let diff = Diff {
        read: DiffRead::Ok,
        verdict: Some(Verdict::Weaker),
        severity: Some(crate::change::Severity::Critical),
        fields,
        fields_left_out: 5,
        ..Diff::of_change(&change)
    };
    let row = ChangeRow::of(&change, Some(&diff), Some(at("2026-10-15T14:10:00Z")));
    let fields = row.fields.as_ref().unwrap();
    assert_eq!((fields.len(), row.fields_left_out), (10, 9));
    assert!(!format!("{row:?}").contains("secret"), "{row:?}");
    assert_eq!(fields[0].after.as_deref(), Some("\"LOW\""));
    assert!(fields[1].after.as_deref().is_some_and(|told| told.contains("sha256")), "{row:?}");
    assert!(!row.is_content_unknown());
    assert_eq!((row.class, row.severity.name()), (ChangeClass::Change, "critical"));
    assert!(ChangeRow::of(&change, None, None).is_content_unknown());
}

#[test]
fn each_change_is_of_one_kind_and_the_worst_stand_first() {
    let mut overview = october();
    for name in
        ["02-CreateGuardrailVersion-version-3", "04-UpdateGuardrail-weakened", "06-DeleteGuardrail-denied"]
    {
        overview.add_change(ChangeRow::of(&change(name), None, None));
    }
    let resource = change("04-UpdateGuardrail-weakened").resource;
    let drift = Change::noticed(
        "Drift",
        resource,
        crate::change::Severity::High,
        at("2026-10-16T00:00:00Z"),
        "x",
        b"{}",
    );
    overview.add_change(ChangeRow::of(&drift, None, Some(at("2026-10-16T00:01:00Z"))));
    overview.finish();
    let changes = &overview.changes;
    assert_eq!(
        changes.by_class.iter().map(|(name, count)| (*name, *count)).collect::<Vec<_>>(),
        [("change", 2), ("denied", 1), ("failed", 0), ("noticed", 1)]
    );
    assert_eq!((changes.total(), changes.content_unknown, changes.without_alert), (4, 2, 3));
    assert_eq!(changes.effect_unknown, 2, "an attempt has no effect, and what was noticed is counted there");
    assert_eq!(changes.by_severity.values().sum::<u64>(), 4);
    assert_eq!(changes.by_origin.values().sum::<u64>(), 4);
    assert_eq!(changes.by_verdict.values().sum::<u64>(), 4);
    let listed = changes.listed[&ChangeClass::Change].kept();
    assert_eq!(listed[0].event_name, "UpdateGuardrail");
    assert_eq!(changes.listed[&ChangeClass::Noticed].kept()[0].who, "no event tells who");
}

#[test]
fn objects_add_up_by_stream_and_by_day() {
    let counts =
        |received, rejected| Counts { received, indexed: received - rejected, rejected, ..Counts::default() };
    let mut overview = october();
    overview.add_delivery(&line(log("09"), counts(10, 0), "2026-10-15T09:05:00Z"));
    let mut broken = line(log("13"), counts(5, 2), "2026-10-15T13:05:00Z");
    broken.completion = Completion::Partial("cut".into());
    overview.add_delivery(&broken);
    let trail = ObjectLocation::object("trail", "AWSLogs/1/CloudTrail/eu-central-1/2026/10/16/x.json.gz");
    overview.add_delivery(&line(trail, counts(3, 0), "2026-10-17T13:05:00Z"));
    overview.add_delivery(&line(ObjectLocation::file("/logs/a.json"), counts(1, 1), "2026-10-18T00:00:00Z"));
    overview.finish();
    let deliveries = &overview.deliveries;
    let total = deliveries.total;
    assert_eq!((total.objects, total.partial, total.counts.received, total.counts.rejected), (4, 1, 19, 3));
    assert!(total.counts.add_up());
    for sums in [deliveries.by_day.values().collect::<Vec<_>>(), deliveries.by_stream.values().collect()] {
        for (name, number) in DeliveryTally::NUMBERS {
            assert_eq!(sums.iter().map(|tally| number(tally)).sum::<u64>(), number(&total), "{name}");
        }
    }
    assert_eq!(deliveries.rejects_left_out(), 3);
    assert_eq!(deliveries.first_and_last, Some((at("2026-10-15T09:00:00Z"), at("2026-10-18T00:00:00Z"))));
    let silent = overview.silent_hours();
    assert!(silent.contains(&Gap { from: at("2026-10-15T10:00:00Z"), until: at("2026-10-15T13:00:00Z") }));
    assert!(overview.invocations.total == Tally::default() && !overview.is_empty());
}

#[test]
fn hours_and_days_of_which_nothing_is_known_are_told() {
    let mut overview = october();
    assert!(overview.is_empty());
    overview.add_invocation(&invocation("09"));
    overview.add_delivery(&line(log("11"), Counts::default(), "2026-10-15T12:00:00Z"));
    overview.add_invocation(&invocation("15"));
    // read on the 19th, and of nobody knows when
    let undated = ObjectLocation::object("b", "AWSLogs/1/BedrockModelInvocationLogs/x.json.gz");
    overview.add_delivery(&line(undated, Counts::default(), "2026-10-19T12:00:00Z"));
    let silent = overview.silent_hours();
    // before the first and behind the last one, too: a log that went off and stayed off
    let longest = [(14 * 24 + 9), (4 * 24 + 16), 3, 1];
    assert_eq!(silent.iter().map(Gap::hours).collect::<Vec<_>>(), longest, "the longest first");
    let whole = october().silent_hours();
    assert_eq!(whole, [Gap { from: overview.since, until: overview.made_at }], "nothing at all is one gap");
    overview.add_change(ChangeRow::of(&change("04-UpdateGuardrail-weakened"), None, None));
    // up to the present alone: nobody can know of tomorrow
    let expected =
        [("2026-10-01T00:00:00Z", "2026-10-15T00:00:00Z"), ("2026-10-16T00:00:00Z", "2026-10-20T08:00:00Z")];
    assert_eq!(
        overview.days_without_trail(),
        expected.map(|(from, until)| Gap { from: at(from), until: at(until) })
    );
    // what the audit noticed itself says nothing of CloudTrail
    let resource = change("04-UpdateGuardrail-weakened").resource;
    let drift = Change::noticed(
        "Drift",
        resource,
        crate::change::Severity::High,
        at("2026-10-18T00:00:00Z"),
        "x",
        b"{}",
    );
    overview.add_change(ChangeRow::of(&drift, None, None));
    assert_eq!(overview.days_without_trail().len(), 2);
}

#[test]
fn new_prompts_stand_first_and_json_says_what_is_left_out() {
    let mut overview = october();
    for nth in 0..150 {
        let seen = Sighting {
            system_prompt_id: format!("{nth:064}"),
            first_seen: at("2026-10-15T10:00:00Z"),
            last_seen: at("2026-10-15T10:00:00Z") + jiff::SignedDuration::from_secs(nth),
            sample_request_id: "r".into(),
            model_id: "m".into(),
            caller: "c".into(),
        };
        let new = if nth == 3 { Some(true) } else { (nth > 4).then_some(false) };
        overview.prompts.add(PromptRow { seen, new });
    }
    overview.finish();
    let json = json::overview(&overview, "a file");
    let prompts = &json["system_prompts"];
    assert_eq!(
        (&prompts["in_use"], &prompts["new"], &prompts["not_looked_up"]),
        (&150.into(), &1.into(), &4.into())
    );
    assert_eq!(
        (&prompts["prompts"]["left_out"], &prompts["prompts"]["entries"][0]["new"]),
        (&50.into(), &true.into())
    );
    assert_eq!(json["window"]["since"], "2026-10-01T00:00:00.000Z");
    assert_eq!(json["changes"]["denied"]["entries"], serde_json::json!([]));
}
