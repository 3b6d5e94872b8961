use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::state::{Comparison, Document, Known, SubjectKind, compare, path::Path};

/// A hit and the nearest miss for each rule.
const CASES: &str = include_str!("../../../../../events/verdicts.ndjson");

struct Case {
    text: String,
    kind: SubjectKind,
    rule: &'static Rule,
    is_hit: bool,
    before: Option<Document>,
    after: Option<Document>,
    expected: Value,
}

impl Case {
    fn read(line: &str) -> Self {
        let case: Value = serde_json::from_str(line).unwrap();
        let (kind, path) = case["rule"].as_str().unwrap().split_once(' ').unwrap();
        let kind = SubjectKind::of_name(kind).unwrap();
        let document = |raw: &Value| (!raw.is_null()).then(|| Document::of(kind, raw));
        Self {
            text: format!("{} {} {}", case["rule"], case["case"], case["why"]),
            kind,
            rule: RULES.iter().find(|rule| rule.kind == kind && rule.path == path).expect(line),
            is_hit: case["case"] == "hit",
            before: document(&case["before"]),
            after: document(&case["after"]),
            expected: case,
        }
    }

    fn compared(&self) -> Comparison {
        compare(self.kind, known(self.before.as_ref()), known(self.after.as_ref()))
    }

    /// Whether the rule judged the whole or a field.
    fn is_judged(&self, comparison: &Comparison) -> bool {
        let whole =
            |document: &Option<Document>| document.as_ref().is_some_and(|document| !document.is_empty());
        let judged =
            |path: &str| Rule::of(self.kind, &Path::parse(path)).is_some_and(|rule| is_same(rule, self.rule));
        if whole(&self.before) != whole(&self.after) {
            return self.rule.path.is_empty();
        }
        comparison.fields.iter().any(|field| judged(&field.path))
    }
}

fn known(document: Option<&Document>) -> Known<'_> {
    document.map_or(Known::Absent, Known::Present)
}

fn is_same(one: &Rule, other: &Rule) -> bool {
    one.kind == other.kind && one.path == other.path
}

fn cases() -> impl Iterator<Item = Case> {
    CASES.lines().map(Case::read)
}

#[test]
fn every_rule_has_its_hit_and_its_nearest_miss() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let comparison = case.compared();
        assert_eq!(case.is_judged(&comparison), case.is_hit, "{}: {comparison:#?}", case.text);
        seen.insert((case.kind, case.rule.path, case.is_hit));
    }
    for rule in RULES {
        for is_hit in [true, false] {
            assert!(
                seen.contains(&(rule.kind, rule.path, is_hit)),
                "{} {:?} {is_hit}",
                rule.kind.name(),
                rule.path
            );
        }
    }
}

#[test]
fn verdicts_and_effects_are_the_expected_ones() {
    for case in cases() {
        let found = case.compared();
        let fields: Vec<Value> = found
            .fields
            .iter()
            .map(|field| serde_json::json!({"path": field.path, "effect": field.effect}))
            .collect();
        assert_eq!(Value::from(fields), case.expected["fields"], "{}", case.text);
        assert_eq!(found.verdict.map(Verdict::name), case.expected["verdict"].as_str(), "{}", case.text);
        assert_eq!(found.is_lost, case.expected["is_lost"], "{}", case.text);
    }
}

/// What was weaker is stronger the other way round: no rule claims a direction that it does not have.
#[test]
fn every_effect_turns_around() {
    for case in cases().filter(|case| case.before.is_some() && case.after.is_some()) {
        let there = case.compared();
        let back = compare(case.kind, known(case.after.as_ref()), known(case.before.as_ref()));
        let effect = |effect: &Option<String>| effect.as_deref().and_then(Verdict::of_name);
        for field in &there.fields {
            let other = back.fields.iter().find(|other| other.path == field.path).unwrap();
            let turned = effect(&field.effect).map(Verdict::reversed);
            assert_eq!(effect(&other.effect), turned, "{}: {}", case.text, field.path);
        }
    }
}

#[test]
fn over_all_is_what_all_fields_say() {
    use Verdict::{Mixed, Neutral, Stronger, Weaker};
    for (effects, expected) in [
        (vec![], Neutral),
        (vec![Some(Neutral)], Neutral),
        (vec![Some(Weaker), Some(Neutral), Some(Weaker)], Weaker),
        (vec![Some(Neutral), Some(Stronger)], Stronger),
        (vec![Some(Weaker), Some(Stronger)], Mixed),
        (vec![Some(Stronger), None], Mixed),
        (vec![None], Mixed),
    ] {
        assert_eq!(Verdict::over_all(effects.clone()), expected, "{effects:?}");
    }
    assert!(Verdict::NAMES.iter().all(|(verdict, name)| Verdict::of_name(name) == Some(*verdict)));
}
