//! What is different between two documents, field by field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    canonical,
    document::by_key,
    path::{Path, Step},
    shape::{Order, Shape},
};
use crate::{digest::Sha256, ledger::record::FieldChange};

/// How many fields are told; more are counted.
pub const FIELDS: usize = 100;

/// How many bytes of a value are told.
pub const VALUE: usize = 2_048;

/// How many bytes all fields have together: an item of the ledger holds 400 KB.
const TOTAL: usize = 300_000;

/// How deep a document is compared; what is deeper is told with what it stands in.
const DEPTH: usize = 24;

/// How the mark begins that a value was cut. No JSON text ends as the mark does, in `)`.
pub(super) const CUT: &str = "…(cut: ";

/// A field that is not the same in both documents.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    pub(super) path: Path,
    pub(super) before: Option<&'a Value>,
    pub(super) after: Option<&'a Value>,
}

/// All differences between two normal forms, in the order of their paths. An element of a list that came or went is one,
/// and so is a list of scalars that changed.
pub(super) fn differences<'a>(
    shape: &Shape,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
) -> Vec<Difference<'a>> {
    let mut open = vec![Difference { path: Path::default(), before, after }];
    let mut found = Vec::new();
    while let Some(pair) = open.pop() {
        if pair.before == pair.after || is_unread(shape, &pair) {
            continue;
        }
        match parts(shape, &pair) {
            Some(parts) => open.extend(parts.into_iter().rev()),
            None => found.push(pair),
        }
    }
    found
}

/// Whether one side says only why it could not be read: that is no difference in content.
fn is_unread(shape: &Shape, pair: &Difference<'_>) -> bool {
    pair.before.into_iter().chain(pair.after).any(|side| shape.is_unread(&pair.path, side))
}

/// The pairs inside a pair; `None` where the pair itself is what is told.
fn parts<'a>(shape: &Shape, pair: &Difference<'a>) -> Option<Vec<Difference<'a>>> {
    let is_one_sided = pair.before.is_none() || pair.after.is_none();
    let is_told_whole = pair.path.is_element() || shape.is_whole(&pair.path);
    if pair.path.0.len() >= DEPTH || (is_one_sided && is_told_whole) {
        return None;
    }
    let both_are = |is: fn(&Value) -> bool| pair.before.into_iter().chain(pair.after).all(is);
    let parts = if both_are(Value::is_object) {
        members(pair)
    } else if both_are(is_list_of_objects) {
        elements(shape, pair)
    } else {
        return None;
    };
    // nothing became `{}`: that is all there is to tell
    (!parts.is_empty()).then_some(parts)
}

fn is_list_of_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|elements| elements.iter().all(Value::is_object))
}

fn members<'a>(pair: &Difference<'a>) -> Vec<Difference<'a>> {
    let names = |side: Option<&'a Value>| side.and_then(Value::as_object).into_iter().flat_map(|m| m.keys());
    let all: BTreeSet<&String> = names(pair.before).chain(names(pair.after)).collect();
    let of = |side: Option<&'a Value>, name: &str| side.and_then(|value| value.get(name));
    all.into_iter()
        .map(|name| Difference {
            path: pair.path.member(name),
            before: of(pair.before, name),
            after: of(pair.after, name),
        })
        .collect()
}

fn elements<'a>(shape: &Shape, pair: &Difference<'a>) -> Vec<Difference<'a>> {
    let list = |side: Option<&'a Value>| side.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (before, after) = (list(pair.before), list(pair.after));
    if let Some(Order::By(member)) = shape.order(&pair.path)
        && let (Some(before), Some(after)) = (by_key(before, member), by_key(after, member))
    {
        return keyed(&pair.path, &before, &after);
    }
    (0..before.len().max(after.len()))
        .map(|nth| Difference {
            path: pair.path.then(Step::Index(nth)),
            before: before.get(nth),
            after: after.get(nth),
        })
        .collect()
}

fn keyed<'a>(
    path: &Path,
    before: &[(&'a str, &'a Value)],
    after: &[(&'a str, &'a Value)],
) -> Vec<Difference<'a>> {
    let all: BTreeSet<&str> = before.iter().chain(after).map(|(key, _)| *key).collect();
    let of = |side: &[(&str, &'a Value)], key: &str| {
        let nth = side.binary_search_by_key(&key, |(key, _)| key).ok()?;
        side.get(nth).map(|(_, value)| *value)
    };
    all.into_iter()
        .map(|key| Difference {
            path: path.then(Step::Key(key.to_owned())),
            before: of(before, key),
            after: of(after, key),
        })
        .collect()
}

impl Difference<'_> {
    /// The difference as the ledger holds it.
    pub(super) fn told(&self, effect: Option<&str>) -> FieldChange {
        FieldChange {
            path: self.path.to_string(),
            before: self.before.map(told_value),
            after: self.after.map(told_value),
            effect: effect.map(str::to_owned),
        }
    }
}

/// As many fields as may be told, and how many are left out.
pub(super) fn bounded(fields: impl ExactSizeIterator<Item = FieldChange>) -> (Vec<FieldChange>, u32) {
    let all = fields.len();
    let mut room = TOTAL;
    let told: Vec<FieldChange> = fields
        .take(FIELDS)
        .map_while(|field| {
            room = room.checked_sub(size(&field))?;
            Some(field)
        })
        .collect();
    let left_out = u32::try_from(all - told.len()).unwrap_or(u32::MAX);
    (told, left_out)
}

fn size(field: &FieldChange) -> usize {
    let length = |value: &Option<String>| value.as_ref().map_or(0, String::len);
    field.path.len() + length(&field.before) + length(&field.after)
}

/// A value as JSON text; a long one is cut, with a mark that says how long it is and what its digest.
fn told_value(value: &Value) -> String {
    let text = canonical::text(value);
    if text.len() <= VALUE {
        return text;
    }
    let mark = format!("{CUT}{})", measured(value));
    let end = text.floor_char_boundary(VALUE.saturating_sub(mark.len()));
    format!("{}{mark}", text.get(..end).unwrap_or_default())
}

/// `412 characters, sha256 0baa2218...`: of a text, or of the JSON text of anything else.
pub(super) fn measured(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| canonical::text(value), str::to_owned);
    format!("{} characters, sha256 {}", text.chars().count(), Sha256::of(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::{Document, SubjectKind};

    fn check(kind: SubjectKind, before: &Value, after: &Value, expected: &[(&str, Value, Value)]) {
        let (before, after) = (Document::of(kind, before), Document::of(kind, after));
        let found: Vec<_> = differences(Shape::of(kind), Some(before.normal()), Some(after.normal()))
            .into_iter()
            .map(|field| {
                let value = |side: Option<&Value>| side.cloned().unwrap_or_default();
                (field.path.to_string(), value(field.before), value(field.after))
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(path, a, b)| ((*path).to_owned(), a.clone(), b.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn paths_name_what_changed() {
        let topic = json!({"name": "Investment advice", "definition": "d", "type": "DENY"});
        let before = json!({
            "contentPolicy": {"filters": [{"type": "HATE", "inputStrength": "HIGH"}]},
            "topicPolicy": {"topics": [topic]},
            "wordPolicy": {"words": [{"text": "rival"}, {"text": "a]b"}]},
        });
        let after = json!({
            "contentPolicy": {"filters": [
                {"type": "INSULTS", "inputStrength": "LOW"}, {"type": "HATE", "inputStrength": "LOW"},
            ]},
            "wordPolicy": {"words": [{"text": "rival"}]},
        });
        check(
            SubjectKind::Guardrail,
            &before,
            &after,
            &[
                ("contentPolicy.filters[HATE].inputStrength", json!("HIGH"), json!("LOW")),
                (
                    "contentPolicy.filters[INSULTS]",
                    Value::Null,
                    json!({"type": "INSULTS", "inputStrength": "LOW"}),
                ),
                ("topicPolicy.topics[Investment advice]", topic, Value::Null),
                (r"wordPolicy.words[a\]b]", json!({"text": "a]b"}), Value::Null),
            ],
        );
    }

    #[test]
    fn lists_without_keys_are_told_by_place_and_sets_whole() {
        let prompt = |texts: &[&str], stop: Value| {
            let system: Vec<_> = texts.iter().map(|text| json!({"text": text})).collect();
            json!({"variants": [{"name": "v", "templateConfiguration": {"chat": {"system": system}},
                "inferenceConfiguration": {"text": {"stopSequences": stop}}}]})
        };
        check(
            SubjectKind::Prompt,
            &prompt(&["a", "b"], json!(["x"])),
            &prompt(&["a", "c", "d"], json!(["y", "x"])),
            &[
                ("variants[v].inferenceConfiguration.text.stopSequences", json!(["x"]), json!(["x", "y"])),
                ("variants[v].templateConfiguration.chat.system[1].text", json!("b"), json!("c")),
                ("variants[v].templateConfiguration.chat.system[2]", Value::Null, json!({"text": "d"})),
            ],
        );
        let choice =
            |how: &str| json!({"definition": {"nodes": [{"name": "n", "configuration": {how: {}}}]}});
        check(
            SubjectKind::Flow,
            &choice("input"),
            &choice("output"),
            &[
                ("definition.nodes[n].configuration.input", json!({}), Value::Null),
                ("definition.nodes[n].configuration.output", Value::Null, json!({})),
            ],
        );
    }

    #[test]
    fn what_could_not_be_read_is_no_difference() {
        let agent = |instruction: &str, aliases: Value| json!({"agent": {"instruction": instruction}, "aliases": aliases});
        let aliases =
            |version: &str| json!([{"agentAliasId": "A", "v": version}, {"agentAliasId": "B", "v": version}]);
        let refused = json!({"unread": "AccessDeniedException: not you"});
        let half = json!([{"agentAliasId": "A", "unread": "denied"}, {"agentAliasId": "B", "v": "2"}]);
        let nameless = json!([{"v": "1"}, {"unread": "the list does not say its agentAliasId"}]);
        let changed = ("agent.instruction", json!("a"), json!("b"));
        for unread in [&refused, &nameless] {
            check(
                SubjectKind::Agent,
                &agent("a", aliases("1")),
                &agent("b", unread.clone()),
                std::slice::from_ref(&changed),
            );
            check(
                SubjectKind::Agent,
                &agent("a", unread.clone()),
                &agent("b", aliases("1")),
                std::slice::from_ref(&changed),
            );
        }
        let in_b = ("aliases[B].v", json!("1"), json!("2"));
        check(SubjectKind::Agent, &agent("a", aliases("1")), &agent("a", half), &[in_b]);
        // elsewhere it is a word like any other
        let fields =
            |why: &str| json!({"variants": [{"name": "v", "additionalModelRequestFields": {"unread": why}}]});
        let field = ("variants[v].additionalModelRequestFields.unread", json!("a"), json!("b"));
        check(SubjectKind::Prompt, &fields("a"), &fields("b"), &[field]);
    }

    #[test]
    fn a_policy_is_told_by_its_statements() {
        let policy = |who: &str| json!({"resourcePolicy": json!({"Statement": [{"Sid": "A", "Principal": who}]}).to_string()});
        check(
            SubjectKind::ResourcePolicy,
            &policy("x"),
            &policy("*"),
            &[("resourcePolicy.Statement[A].Principal", json!("x"), json!("*"))],
        );
    }

    #[test]
    fn long_values_are_cut_and_their_length_and_digest_told() {
        assert_eq!(told_value(&json!("short")), "\"short\"");
        let long = "ä".repeat(5_000);
        let told = told_value(&json!(long));
        assert!(told.len() <= VALUE && told.starts_with("\"ää"), "{told}");
        let mark = format!("…(cut: 5000 characters, sha256 {})", Sha256::of(long.as_bytes()));
        assert!(told.ends_with(&mark), "{told}");
    }

    #[test]
    fn many_fields_are_counted_and_fit_an_item() {
        let field = |size: usize| {
            move |nth: usize| FieldChange {
                path: nth.to_string(),
                before: Some("x".repeat(size)),
                after: None,
                effect: None,
            }
        };
        let (told, left_out) = bounded((0..250).map(field(10)));
        assert_eq!((told.len(), left_out), (FIELDS, 150));
        let (told, left_out) = bounded((0..100).map(field(4_096)));
        assert!(told.len() < 80 && told.len() + left_out as usize == 100);
    }

    #[test]
    fn a_document_of_any_depth_is_compared() {
        let nested = |leaf: &str| (0..100).fold(json!(leaf), |inner, _| json!({"loop": inner}));
        let (before, after) = (nested("a"), nested("b"));
        let found = differences(Shape::of(SubjectKind::Flow), Some(&before), Some(&after));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path.0.len(), DEPTH);
    }
}
