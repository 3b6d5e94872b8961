//! Parts of a whole that are read in calls of their own: one of them may stay unread while the rest is known.
//!
//! What could not be read stands as `{"unread": "why"}` in place of its list, or as a member `unread` of an entry that was
//! only listed. It says nothing about what it stands for: it is no difference, and no state hides an earlier one by it.

use serde_json::Value;

use super::{
    SubjectKind,
    path::{Path, Step},
    shape::Shape,
};
use crate::change::UNKNOWN;

/// The member that says why something could not be read.
pub const UNREAD: &str = "unread";

/// A list of parts.
pub(super) struct Part {
    /// The kind under which changes of one are recorded.
    pub(super) kind: &'static str,
    /// The member of the whole's document that has them.
    pub(super) list: &'static str,
    /// The member of a part that names it.
    pub(super) id: &'static str,
}

const fn part(kind: &'static str, list: &'static str, id: &'static str) -> Part {
    Part { kind, list, id }
}

/// Of an agent.
pub(super) const OF_AGENT: &[Part] = &[
    part("agent-action-group", "actionGroups", "actionGroupId"),
    part("agent-alias", "aliases", "agentAliasId"),
    part("agent-collaborator", "collaborators", "collaboratorId"),
    part("agent-knowledge-base", "knowledgeBases", "knowledgeBaseId"),
];

/// Of a flow.
pub(super) const OF_FLOW: &[Part] = &[part("flow-alias", "aliases", "id")];

impl Shape {
    /// The list of parts that stands at a place, or an entry of which does.
    fn part(&self, path: &Path) -> Option<&'static Part> {
        let list = match path.0.as_slice() {
            [Step::Member(list)] | [Step::Member(list), Step::Key(_) | Step::Index(_)] => list,
            _ => return None,
        };
        self.parts.iter().find(|part| part.list == list)
    }

    /// Whether what stands at a place could not be read; of a list, whether an entry that nobody can tell from others could
    /// not.
    pub(super) fn is_unread(&self, path: &Path, value: &Value) -> bool {
        let Some(part) = self.part(path) else { return false };
        let has_no_name = |entry: &&Value| entry.get(part.id).is_none_or(|id| !id.is_string());
        let entries = value.as_array().into_iter().flatten();
        says_unread(value) || entries.filter(has_no_name).any(says_unread)
    }
}

fn says_unread(value: &Value) -> bool {
    value.get(UNREAD).is_some_and(Value::is_string)
}

/// Why parts of a document could not be read; nothing where all of them were.
pub fn unread_parts(kind: SubjectKind, document: &Value) -> Vec<String> {
    let parts = Shape::of(kind).parts.iter();
    parts
        .filter_map(|part| Some((part, document.get(part.list)?)))
        .flat_map(|(part, list)| {
            let entries = list.as_array().into_iter().flatten();
            let reasons =
                std::iter::once(list).chain(entries).filter_map(|value| value.get(UNREAD)?.as_str());
            reasons.map(move |why| format!("{}: {why}", part.list))
        })
        .collect()
}

/// A document in which what could not be read is as it was last known: so that it can be kept without hiding that.
pub fn completed(kind: SubjectKind, mut document: Value, last: &Value) -> Value {
    for part in Shape::of(kind).parts {
        let Some(list) = document.get_mut(part.list) else { continue };
        let path = Path::default().member(part.list);
        let known = last.get(part.list).unwrap_or(&Value::Null);
        if Shape::of(kind).is_unread(&path, list) {
            *list = known.clone();
            continue;
        }
        let named =
            |id: &Value| known.as_array().into_iter().flatten().find(|entry| entry.get(part.id) == Some(id));
        for entry in list.as_array_mut().into_iter().flatten().filter(|entry| says_unread(entry)) {
            if let Some(before) = entry.get(part.id).and_then(named) {
                *entry = before.clone();
            }
        }
    }
    document
}

/// The kinds and ids under which changes of these parts of a whole are recorded, and of parts that a record does not name.
pub(super) fn names_of_parts(
    kind: SubjectKind,
    id: &str,
    documents: &[&Value],
) -> Vec<(&'static str, String)> {
    let mut names = Vec::new();
    for part in Shape::of(kind).parts {
        let lists = documents.iter().filter_map(|document| document.get(part.list)?.as_array());
        let ids = lists.flatten().filter_map(|entry| entry.get(part.id)?.as_str());
        names.extend(ids.chain([UNKNOWN]).map(|part_id| (part.kind, format!("{id}:{part_id}"))));
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn agent(aliases: Value) -> Value {
        json!({"agent": {"agentId": "A"}, "aliases": aliases, "actionGroups": [{"actionGroupId": "G"}]})
    }

    #[test]
    fn what_could_not_be_read_is_as_it_was_last_known() {
        let known = agent(json!([{"agentAliasId": "B", "x": 1}, {"agentAliasId": "C", "x": 1}]));
        let all = agent(json!({"unread": "denied"}));
        assert_eq!(completed(SubjectKind::Agent, all.clone(), &known), known);
        let one = agent(json!([{"agentAliasId": "B", "unread": "denied"}, {"agentAliasId": "C", "x": 2}]));
        let expected = agent(json!([{"agentAliasId": "B", "x": 1}, {"agentAliasId": "C", "x": 2}]));
        assert_eq!(completed(SubjectKind::Agent, one.clone(), &known), expected);
        let nameless = agent(json!([{"unread": "the list does not say its id"}]));
        assert_eq!(completed(SubjectKind::Agent, nameless, &known), known);
        // nothing is known of a part that is new
        let new = agent(json!([{"agentAliasId": "N", "unread": "denied"}]));
        assert_eq!(completed(SubjectKind::Agent, new.clone(), &known), new);
        assert_eq!(unread_parts(SubjectKind::Agent, &all), ["aliases: denied"]);
        assert_eq!(unread_parts(SubjectKind::Agent, &one), ["aliases: denied"]);
        assert!(unread_parts(SubjectKind::Agent, &known).is_empty());
        assert!(unread_parts(SubjectKind::Guardrail, &json!({"unread": "x"})).is_empty());
    }

    #[test]
    fn changes_of_parts_are_found_by_their_names() {
        let (old, new) = (agent(json!([{"agentAliasId": "B"}])), agent(json!([{"agentAliasId": "C"}])));
        let names = names_of_parts(SubjectKind::Agent, "A", &[&old, &new]);
        for name in [("agent-alias", "A:B"), ("agent-alias", "A:C"), ("agent-collaborator", "A:unknown")] {
            assert!(names.contains(&(name.0, name.1.to_owned())), "{name:?} in {names:?}");
        }
        assert!(names_of_parts(SubjectKind::Prompt, "P", &[&old]).is_empty());
    }
}
