//! Which resource is read when something changes: parts are read with the whole that they belong to.

use std::fmt;

use crate::change::{Change, Resource};

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// `GetGuardrail`, the draft or a version.
    Guardrail,
    /// `GetPrompt`, the draft or a version.
    Prompt,
    /// `GetAgent`, with action groups, aliases, collaborators and knowledge base associations.
    Agent,
    /// `GetFlow`, with aliases.
    Flow,
    /// `GetKnowledgeBase`.
    KnowledgeBase,
    /// `GetDataSource`.
    DataSource,
    /// `GetInferenceProfile`.
    InferenceProfile,
    /// `ListEnforcedGuardrailsConfiguration`, the one of this id.
    EnforcedGuardrail,
    /// `GetResourcePolicy`.
    ResourcePolicy,
    /// `GetModelInvocationLoggingConfiguration`.
    InvocationLogging,
}

/// A kind of resource, what is read for it, and how many parts of its id name that.
struct Row {
    kind: &'static str,
    read: SubjectKind,
    /// The kind under which the states are kept.
    subject: &'static str,
    parts: usize,
}

const fn row(kind: &'static str, read: SubjectKind, subject: &'static str, parts: usize) -> Row {
    Row { kind, read, subject, parts }
}

const ROWS: &[Row] = &[
    row("agent", SubjectKind::Agent, "agent", 1),
    row("agent-action-group", SubjectKind::Agent, "agent", 1),
    row("agent-alias", SubjectKind::Agent, "agent", 1),
    row("agent-collaborator", SubjectKind::Agent, "agent", 1),
    row("agent-knowledge-base", SubjectKind::Agent, "agent", 1),
    row("agent-version", SubjectKind::Agent, "agent", 1),
    row("data-source", SubjectKind::DataSource, "data-source", 2),
    row(
        "enforced-guardrail-configuration",
        SubjectKind::EnforcedGuardrail,
        "enforced-guardrail-configuration",
        1,
    ),
    row("flow", SubjectKind::Flow, "flow", 1),
    row("flow-alias", SubjectKind::Flow, "flow", 1),
    row("flow-version", SubjectKind::Flow, "flow", 1),
    row("guardrail", SubjectKind::Guardrail, "guardrail", 1),
    row("guardrail-version", SubjectKind::Guardrail, "guardrail", 1),
    row("inference-profile", SubjectKind::InferenceProfile, "inference-profile", 1),
    row("knowledge-base", SubjectKind::KnowledgeBase, "knowledge-base", 1),
    row(
        "model-invocation-logging-configuration",
        SubjectKind::InvocationLogging,
        "model-invocation-logging-configuration",
        1,
    ),
    row("prompt", SubjectKind::Prompt, "prompt", 1),
    row("prompt-version", SubjectKind::Prompt, "prompt", 1),
    row("resource-policy", SubjectKind::ResourcePolicy, "resource-policy", 1),
];

impl SubjectKind {
    /// The kind of resource under which its states are kept.
    pub fn name(self) -> &'static str {
        ROWS.iter().find(|row| row.read == self).map_or("", |row| row.subject)
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.subject == name).map(|row| row.read)
    }
}

/// A resource whose states are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What is read.
    pub kind: SubjectKind,
    /// Which one; parts of it are named by the whole.
    pub resource: Resource,
}

impl Subject {
    /// What is to be read for a change; `None` where nothing can be: another kind, or an id that the record does not name.
    pub fn of(change: &Change) -> Option<Self> {
        Self::of_resource(&change.resource)
    }

    /// What is read for a resource.
    pub fn of_resource(resource: &Resource) -> Option<Self> {
        let row = ROWS.iter().find(|row| row.kind == resource.kind)?;
        let parts: Vec<_> = resource.id.splitn(row.parts + 1, ':').take(row.parts).collect();
        let is_known = |part: &&str| !part.is_empty() && **part != *crate::change::UNKNOWN;
        if parts.len() < row.parts || !parts.iter().all(is_known) {
            return None;
        }
        let is_whole = row.kind == row.subject;
        let resource = Resource {
            kind: row.subject.to_owned(),
            id: if is_policy(row) { resource.id.clone() } else { parts.join(":") },
            arn: resource.arn.clone().filter(|_| is_whole),
            version: resource.version.clone(),
            ..resource.clone()
        };
        Some(Self { kind: row.read, resource })
    }

    /// Whether a change deletes the resource itself, and not only a part of it.
    pub fn is_deleted_by(&self, change: &Change) -> bool {
        change.event_name.starts_with("Delete") && self.is_meant_by(change)
    }

    /// Whether a change creates the resource itself.
    pub fn is_created_by(&self, change: &Change) -> bool {
        change.event_name.starts_with("Create") && change.resource.kind == self.resource.kind
    }

    /// The draft of which a change makes a new version: a version is a copy of its draft.
    pub fn draft_of_new_version(&self, change: &Change) -> Option<Self> {
        let is_new = change.event_name.starts_with("Create") && change.resource.kind.ends_with("-version");
        let draft = Resource { version: Some("DRAFT".to_owned()), ..self.resource.clone() };
        is_new.then_some(Self { kind: self.kind, resource: draft })
    }

    /// The version before a numbered one.
    pub fn version_before(&self) -> Option<Resource> {
        let number: u64 = self.version().parse().ok()?;
        let version = Some(number.checked_sub(1).filter(|before| *before > 0)?.to_string());
        Some(Resource { version, ..self.resource.clone() })
    }

    fn is_meant_by(&self, change: &Change) -> bool {
        let kind = &change.resource.kind;
        *kind == self.resource.kind || kind.strip_suffix("-version") == Some(&self.resource.kind)
    }

    /// The version that is read; `DRAFT` where the record names none.
    pub fn version(&self) -> &str {
        self.resource.version.as_deref().unwrap_or("DRAFT")
    }
}

/// The id of a policy is that of what it is put on, whatever that is.
fn is_policy(row: &Row) -> bool {
    row.read == SubjectKind::ResourcePolicy
}

/// `guardrail/abc123@DRAFT`
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.resource.short(), self.version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: &str, id: &str, version: Option<&str>) -> Option<String> {
        let resource = Resource {
            account_id: "1".into(),
            region: "r".into(),
            kind: kind.into(),
            id: id.into(),
            version: version.map(Into::into),
            arn: None,
        };
        Subject::of_resource(&resource).map(|subject| subject.to_string())
    }

    #[test]
    fn parts_are_read_with_the_whole() {
        for (kind, id, version, expected) in [
            ("guardrail", "g", Some("DRAFT"), Some("guardrail/g@DRAFT")),
            ("guardrail-version", "g", Some("4"), Some("guardrail/g@4")),
            ("agent-action-group", "A:G", Some("DRAFT"), Some("agent/A@DRAFT")),
            ("agent-alias", "A:unknown", None, Some("agent/A@DRAFT")),
            ("data-source", "KB:DS", None, Some("data-source/KB:DS@DRAFT")),
            ("data-source", "KB:unknown", None, None),
            ("guardrail", "unknown", None, None),
            ("tag", "g", None, None),
            (
                "model-invocation-logging-configuration",
                "default",
                None,
                Some("model-invocation-logging-configuration/default@DRAFT"),
            ),
        ] {
            assert_eq!(subject(kind, id, version).as_deref(), expected, "{kind} {id}");
        }
    }
}
