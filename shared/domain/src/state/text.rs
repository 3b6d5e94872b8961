//! Which fields are prompt or message text, and how an alert tells of them: how long they are and their digest, no word.

use serde_json::Value;

use super::{
    SubjectKind, canonical,
    diff::{CUT, measured},
    path::{Path, Step},
    shape::{Order, Shape},
};
use crate::ledger::record::FieldChange;

/// How many characters of a text may stand in an alert that no table knows to be prompt or message: an ARN has fewer.
const LONG: usize = 256;

/// Whether the field at a path is, or is part of, a text that models are told or that is told to people.
pub fn is_text(kind: SubjectKind, path: &str) -> bool {
    Shape::of(kind).is_text(&Path::parse(path))
}

/// A field as an alert may tell it: `412 characters, sha256 0baa2218...` in place of texts, those inside a list's element
/// and those that name one included. A value that was cut is told like that whatever it is.
pub fn for_alert(field: &FieldChange, kind: SubjectKind) -> FieldChange {
    let shape = Shape::of(kind);
    let path = Path::parse(&field.path);
    let told = |json: &Option<String>| json.as_deref().map(|json| told(shape, &path, json));
    FieldChange {
        path: told_path(shape, &path).unwrap_or_else(|| field.path.clone()),
        before: told(&field.before),
        after: told(&field.after),
        effect: field.effect.clone(),
    }
}

fn told(shape: &Shape, path: &Path, json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(value) if is_hidden(shape, path, &value) => in_numbers(&value),
        Ok(value) => canonical::text(&without_texts(shape, path, value)),
        Err(_) => match json.rsplit_once(CUT) {
            Some((_, mark)) => shortened(mark.trim_end_matches(')')),
            None => in_numbers(&Value::from(json)),
        },
    }
}

fn is_hidden(shape: &Shape, path: &Path, value: &Value) -> bool {
    let is_long = |text: &str| text.contains('\n') || text.chars().nth(LONG).is_some();
    shape.is_text(path) || value.as_str().is_some_and(is_long)
}

fn without_texts(shape: &Shape, path: &Path, value: Value) -> Value {
    if is_hidden(shape, path, &value) {
        return Value::from(in_numbers(&value));
    }
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let inner = without_texts(shape, &path.member(&name), value);
                (name, inner)
            })
            .collect(),
        Value::Array(elements) => elements
            .into_iter()
            .enumerate()
            .map(|(nth, value)| without_texts(shape, &path.then(Step::Index(nth)), value))
            .collect(),
        scalar => scalar,
    }
}

/// The path, where one of its keys is a text; `None` where none is.
fn told_path(shape: &Shape, path: &Path) -> Option<String> {
    let mut told = Path::default();
    for step in &path.0 {
        let key = match step {
            Step::Key(key) if names_by_text(shape, &told, step) => {
                Step::Key(in_numbers(&Value::from(key.as_str())))
            }
            _ => step.clone(),
        };
        told = told.then(key);
    }
    (told != *path).then(|| told.to_string())
}

/// Whether the list at a path names its elements by a member that is a text.
fn names_by_text(shape: &Shape, list: &Path, element: &Step) -> bool {
    match shape.order(list) {
        Some(Order::By(member)) => shape.is_text(&list.then(element.clone()).member(member)),
        _ => false,
    }
}

fn in_numbers(value: &Value) -> String {
    shortened(&measured(value))
}

/// The first 8 characters of a digest are enough to recognise it.
fn shortened(measured: &str) -> String {
    match measured.split_once("sha256 ") {
        Some((length, digest)) => format!("{length}sha256 {}...", digest.get(..8).unwrap_or(digest)),
        None => measured.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::diff::Difference;

    fn check(kind: SubjectKind, path: &str, before: &Value, expected: (&str, &str)) {
        let field =
            Difference { path: Path::parse(path), before: Some(before), after: None }.told(Some("weaker"));
        assert_eq!(field.path, path);
        let told = for_alert(&field, kind);
        assert_eq!((told.path.as_str(), told.before.as_deref()), (expected.0, Some(expected.1)));
        assert_eq!((told.after, told.effect.as_deref()), (None, Some("weaker")));
    }

    #[test]
    fn texts_are_told_in_numbers_and_settings_as_they_are() {
        use SubjectKind::{Agent, Flow, Guardrail, Prompt};
        let strength = "contentPolicy.filters[HATE].inputStrength";
        check(Guardrail, strength, &json!("HIGH"), (strength, "\"HIGH\""));
        let secret = json!("secret");
        let hidden = "6 characters, sha256 2bb80d53...";
        for (kind, path) in [
            (Guardrail, "blockedInputMessaging"),
            (Guardrail, "topicPolicy.topics[Investment advice].definition"),
            (Prompt, "variants[v].templateConfiguration.chat.system[0].text"),
            (Agent, "agent.instruction"),
            (
                Agent,
                "agent.promptOverrideConfiguration.promptConfigurations[ORCHESTRATION].basePromptTemplate",
            ),
            (Agent, "actionGroups[A].functionSchema.functions[f].parameters.status.description"),
            (Flow, "definition.nodes[n].configuration.knowledgeBase.promptTemplate.textPromptTemplate"),
            (Flow, "definition.nodes[l].configuration.loop.definition.nodes[m].inputs[i].expression"),
        ] {
            assert!(is_text(kind, path), "{path}");
            check(kind, path, &secret, (path, hidden));
        }
        assert!(!is_text(Prompt, "variants[v].modelId"));
    }

    #[test]
    fn no_text_gets_out_by_an_element_by_a_key_or_by_a_cut() {
        let topic = json!({"name": "Advice", "definition": "secret", "examples": ["secret"], "type": "DENY"});
        check(
            SubjectKind::Guardrail,
            "topicPolicy.topics[Advice]",
            &topic,
            (
                "topicPolicy.topics[Advice]",
                r#"{"definition":"6 characters, sha256 2bb80d53...","examples":"10 characters, sha256 7ed69362...","name":"Advice","type":"DENY"}"#,
            ),
        );
        check(
            SubjectKind::Guardrail,
            r"wordPolicy.words[sec\]ret].inputAction",
            &json!("BLOCK"),
            ("wordPolicy.words[7 characters, sha256 58deae65...].inputAction", "\"BLOCK\""),
        );
        let long = json!("secret ".repeat(1_000));
        check(
            SubjectKind::Agent,
            "agent.instruction",
            &long,
            ("agent.instruction", "7000 characters, sha256 295e64ff..."),
        );
        check(
            SubjectKind::Agent,
            "agent.new",
            &json!("a\nb"),
            ("agent.new", "3 characters, sha256 7e18f737..."),
        );
    }
}
