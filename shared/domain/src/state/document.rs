//! A document as it was read, without what changes by itself and in one order: what can be compared.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    SubjectKind, canonical,
    path::{Path, Step},
    shape::{Order, Shape},
};
use crate::{digest::Sha256, time};

/// What a resource's document says.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    kind: SubjectKind,
    normal: Value,
    sha256: Sha256,
    updated_at: Option<Timestamp>,
}

impl Document {
    /// Reads a document as the API gave it, or as it was stored.
    ///
    /// That of an agent is put together of several answers: `agent`, and the lists `actionGroups`, `aliases`,
    /// `collaborators` and `knowledgeBases` of what stands inside theirs; a flow's has its `aliases` besides. That of an
    /// enforced guardrail is one entry of the list. The others are answers as they are, with their outermost member.
    pub fn of(kind: SubjectKind, raw: &Value) -> Self {
        let mut reading = Reading { shape: Shape::of(kind), updated_at: None };
        let normal = reading.normal(&Path::default(), raw).unwrap_or_else(|| Value::Object(Map::new()));
        let sha256 = Sha256::of(canonical::text(&normal).as_bytes());
        Self { kind, normal, sha256, updated_at: reading.updated_at }
    }

    /// Whose document it is.
    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    /// The document without volatile members, its lists in the order of their natural keys.
    pub fn normal(&self) -> &Value {
        &self.normal
    }

    /// The digest of [`Self::normal`] as RFC 8785 writes it: the same for the same configuration.
    pub fn sha256(&self) -> &Sha256 {
        &self.sha256
    }

    /// When the document, or a part of it, says that it was changed last.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    /// Whether there is no configuration in it: an account without invocation logging is answered with nothing.
    pub fn is_empty(&self) -> bool {
        self.normal.as_object().is_some_and(Map::is_empty)
    }
}

struct Reading {
    shape: &'static Shape,
    updated_at: Option<Timestamp>,
}

impl Reading {
    /// `None` where nothing is left: `null` is absent, and so is what held volatile members or empty lists alone.
    fn normal(&mut self, path: &Path, raw: &Value) -> Option<Value> {
        if self.shape.is_volatile(path) {
            self.note_update(path, raw);
            return None;
        }
        match raw {
            Value::Null => None,
            Value::Object(members) => self.object(path, members),
            Value::Array(elements) => self.list(path, elements),
            Value::Number(number) => Some(Value::Number(canonical::number(number))),
            Value::String(text) if self.shape.is_embedded(path) => self.embedded(path, text),
            Value::String(_) | Value::Bool(_) => Some(raw.clone()),
        }
    }

    fn object(&mut self, path: &Path, members: &Map<String, Value>) -> Option<Value> {
        let normal: Map<_, _> = members
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.normal(&path.member(name), value)?)))
            .collect();
        // an object that is empty as it stands may mean something: `toolChoice: {"any": {}}`
        (members.is_empty() || !normal.is_empty()).then_some(Value::Object(normal))
    }

    fn list(&mut self, path: &Path, elements: &[Value]) -> Option<Value> {
        let mut normal: Vec<Value> = elements
            .iter()
            .enumerate()
            .map(|(nth, element)| self.normal(&path.then(Step::Index(nth)), element).unwrap_or_default())
            .collect();
        let order = self.shape.order(path);
        match order {
            Some(Order::By(member)) => sort_by_key(&mut normal, member),
            Some(Order::Set) => sort_set(&mut normal),
            None => {}
        }
        (order.is_none() || !normal.is_empty()).then_some(Value::Array(normal))
    }

    /// Text that is no JSON stays text.
    fn embedded(&mut self, path: &Path, text: &str) -> Option<Value> {
        match serde_json::from_str(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => self.normal(path, &inner),
            _ => Some(Value::from(text)),
        }
    }

    fn note_update(&mut self, path: &Path, raw: &Value) {
        let tells = matches!(path.0.last(), Some(Step::Member(name)) if name == "updatedAt" || name == "lastUpdatedAt");
        let moment = raw.as_str().filter(|_| tells).and_then(time::parse);
        self.updated_at = self.updated_at.max(moment);
    }
}

/// The elements of a list by their natural key; `None` unless each has one of its own.
pub(super) fn by_key<'a>(elements: &'a [Value], member: &str) -> Option<Vec<(&'a str, &'a Value)>> {
    let mut keyed: Vec<_> = elements
        .iter()
        .map(|element| Some((element.get(member)?.as_str()?, element)))
        .collect::<Option<_>>()?;
    keyed.sort_by_key(|(key, _)| *key);
    let are_unique = keyed.windows(2).all(|pair| matches!(pair, [(one, _), (other, _)] if one != other));
    are_unique.then_some(keyed)
}

fn sort_by_key(elements: &mut Vec<Value>, member: &str) {
    if let Some(keyed) = by_key(elements, member) {
        *elements = keyed.into_iter().map(|(_, element)| element.clone()).collect();
    }
}

fn sort_set(elements: &mut Vec<Value>) {
    if elements.iter().any(|element| element.is_object() || element.is_array()) {
        return;
    }
    elements.sort_by_cached_key(canonical::text);
    elements.dedup();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(kind: SubjectKind, one: &Value, other: &Value) {
        let (one, other) = (Document::of(kind, one), Document::of(kind, other));
        assert_eq!(one.normal(), other.normal());
        assert_eq!(one.sha256(), other.sha256());
    }

    fn guardrail() -> Value {
        json!({
            "name": "claims", "guardrailId": "gr4k2p9x7wzq", "version": "DRAFT", "status": "READY",
            "contentPolicy": {"filters": [
                {"type": "HATE", "inputStrength": "HIGH", "inputModalities": ["TEXT", "IMAGE"]},
                {"type": "VIOLENCE", "inputStrength": "LOW"},
            ]},
            "wordPolicy": {"words": [], "managedWordLists": []},
            "contextualGroundingPolicy": {"filters": [{"type": "GROUNDING", "threshold": 0.7}]},
            "statusReasons": [], "createdAt": "2026-10-01T08:00:00Z", "updatedAt": "2026-10-15T14:07:21.250Z",
        })
    }

    #[test]
    fn status_order_and_time_alone_change_nothing() {
        let other = json!({
            "ResponseMetadata": {"RequestId": "r"}, "description": null,
            "name": "claims", "guardrailId": "gr4k2p9x7wzq", "version": "DRAFT", "status": "UPDATING",
            "contextualGroundingPolicy": {"filters": [{"threshold": 7e-1, "type": "GROUNDING"}]},
            "contentPolicy": {"filters": [
                {"type": "VIOLENCE", "inputStrength": "LOW"},
                {"inputModalities": ["IMAGE", "TEXT"], "type": "HATE", "inputStrength": "HIGH"},
            ]},
            "statusReasons": ["busy"], "failureRecommendations": ["wait"], "updatedAt": "2026-10-16T00:00:00Z",
        });
        same(SubjectKind::Guardrail, &guardrail(), &other);
        let mut weaker = guardrail();
        weaker["contentPolicy"]["filters"][0]["inputStrength"] = json!("LOW");
        let digest = |document| Document::of(SubjectKind::Guardrail, document).sha256().clone();
        assert_ne!(digest(&guardrail()), digest(&weaker));
    }

    #[test]
    fn what_is_stored_and_read_again_is_the_same() {
        let once = Document::of(SubjectKind::Guardrail, &guardrail());
        let again: Value = serde_json::from_str(&guardrail().to_string()).unwrap();
        assert_eq!(Document::of(SubjectKind::Guardrail, &again), once);
        assert_eq!(Document::of(SubjectKind::Guardrail, once.normal()).sha256(), once.sha256());
        assert_eq!(once.updated_at().map(time::rfc3339).as_deref(), Some("2026-10-15T14:07:21.250Z"));
    }

    #[test]
    fn the_latest_part_dates_the_whole() {
        let agent = json!({
            "agent": {"agentId": "A", "agentStatus": "PREPARED", "updatedAt": "2026-01-01T00:00:00Z"},
            "aliases": [{"agentAliasId": "B", "updatedAt": "2026-01-03T00:00:00Z", "agentAliasStatus": "UPDATING"}],
            "collaborators": [{"collaboratorId": "C", "lastUpdatedAt": "2026-01-02T00:00:00Z"}],
        });
        let document = Document::of(SubjectKind::Agent, &agent);
        assert_eq!(document.updated_at().map(time::day).as_deref(), Some("2026-01-03"));
        let bare = json!({"agent": {"agentId": "A"}, "aliases": [{"agentAliasId": "B"}],
            "collaborators": [{"collaboratorId": "C"}]});
        assert_eq!(document.normal(), &bare);
    }

    #[test]
    fn a_member_is_volatile_in_its_place_alone() {
        let flow = |status: &str| {
            json!({"status": "Prepared", "definition": {"nodes": [
                {"name": "n", "configuration": {"lambdaFunction": {"status": status}}},
            ]}})
        };
        let digest = |status| Document::of(SubjectKind::Flow, &flow(status)).sha256().clone();
        assert_ne!(digest("on"), digest("off"));
    }

    #[test]
    fn a_list_keeps_an_order_that_means_something() {
        let chat = |texts: [&str; 2]| {
            let content: Vec<_> = texts.iter().map(|text| json!({"text": text})).collect();
            json!({"variants": [{"name": "v", "templateConfiguration": {"chat": {"system": content}}}]})
        };
        let prompt = |texts| Document::of(SubjectKind::Prompt, &chat(texts)).sha256().clone();
        assert_ne!(prompt(["a", "b"]), prompt(["b", "a"]));
        let twins = |texts: [&str; 2]| {
            let topics = texts.map(|text| json!({"name": "same", "definition": text}));
            let document = json!({"topicPolicy": {"topics": topics}});
            Document::of(SubjectKind::Guardrail, &document).sha256().clone()
        };
        assert_ne!(twins(["a", "b"]), twins(["b", "a"]), "keys that are not unique are none");
    }

    #[test]
    fn a_policy_is_compared_by_what_it_says() {
        let policy = |text: &str| json!({"resourcePolicy": text});
        let one = r#"{"Statement": [{"Sid": "A", "Action": ["x", "y"]}, {"Sid": "B"}]}"#;
        let other = r#"{"Statement":[{"Sid":"B"},{"Action":["y","x"],"Sid":"A"}]}"#;
        same(SubjectKind::ResourcePolicy, &policy(one), &policy(other));
        let broken = Document::of(SubjectKind::ResourcePolicy, &policy("{\"Statement\""));
        assert_eq!(broken.normal(), &policy("{\"Statement\""));
    }
}
