//! Which document a passage is from, and which passages a document has: kept in States, so that a passage in any prompt is
//! given its document, and a document its answers, whatever came first.

use jiff::Timestamp;

use super::state::StateKey;
use crate::{
    attribution::{Attribution, retrieved::Retrieved},
    digest::{Sha256, bounded_key, bounded_to},
    invocation::{Invocation, PromptPassage},
};

/// The longest name of a document that a prompt may give, in bytes.
const LONGEST: usize = 4_096;

/// A passage of a document, or a document: when it was first and last retrieved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSighting {
    /// The document, whole, where the key is cut.
    pub document_uri: String,
    /// The passage; `None` for the document as such.
    pub text_sha256: Option<Sha256>,
    /// The knowledge base; of several the first by name.
    pub knowledge_base_id: Option<String>,
    /// The chunk; of several the first by name.
    pub chunk_id: Option<String>,
    /// The earliest.
    pub first_seen: Timestamp,
    /// The latest.
    pub last_seen: Timestamp,
    /// The request of the earliest; of two at the same time the one whose id sorts first.
    pub sample_request_id: String,
}

impl DocumentSighting {
    /// What a retrieved passage says, by key: `passage/<sha256>`, `document/<uri>` and `documents/<authority>`. Nothing where
    /// it names no document.
    pub fn of(attribution: &Attribution, found: &Retrieved) -> Vec<(StateKey, Self)> {
        let Some(uri) = found.uri.as_deref() else { return Vec::new() };
        let common = &attribution.common;
        Self {
            text_sha256: Some(found.hash.clone()),
            knowledge_base_id: found.knowledge_base_id.clone(),
            chunk_id: found.chunk_id.clone(),
            ..Self::at(uri, common.occurred_at, &common.request_id)
        }
        .keyed()
    }

    /// What a passage in a prompt says in the same way. One whose text the log does not have is found by the request that
    /// names it.
    pub fn in_prompt(invocation: &Invocation, found: &PromptPassage) -> Vec<(StateKey, Self)> {
        let Some(uri) = found.passage.uri.as_deref() else { return Vec::new() };
        let seen = Self::at(&bounded_to(uri, LONGEST), invocation.occurred_at, &invocation.request_id);
        Self { text_sha256: found.passage.hash(), ..seen }.keyed()
    }

    fn at(uri: &str, moment: Timestamp, request_id: &str) -> Self {
        Self {
            document_uri: uri.to_owned(),
            text_sha256: None,
            knowledge_base_id: None,
            chunk_id: None,
            first_seen: moment,
            last_seen: moment,
            sample_request_id: bounded_key(request_id),
        }
    }

    fn keyed(self) -> Vec<(StateKey, Self)> {
        let uri = self.document_uri.clone();
        let listed = (StateKey::documents(&uri), Self { text_sha256: None, chunk_id: None, ..self.clone() });
        match self.text_sha256.clone() {
            Some(hash) => vec![
                (StateKey::passage(&hash, &uri), self.clone()),
                (StateKey::document(&uri, &hash), self),
                listed,
            ],
            None => vec![
                (StateKey::document_without_text(&uri, self.first_seen, &self.sample_request_id), self),
                listed,
            ],
        }
    }

    /// Takes another sighting of the same in: in whichever order they come, the end is the same.
    pub fn merge(&mut self, other: &Self) {
        if (other.first_seen, &other.sample_request_id) < (self.first_seen, &self.sample_request_id) {
            self.sample_request_id.clone_from(&other.sample_request_id);
        }
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        first(&mut self.knowledge_base_id, &other.knowledge_base_id);
        first(&mut self.chunk_id, &other.chunk_id);
    }
}

/// The one of two names that sorts first; any is better than none.
fn first(name: &mut Option<String>, other: &Option<String>) {
    if other.is_some() && (name.is_none() || other < name) {
        name.clone_from(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: &str, request: &str, knowledge_base: Option<&str>) -> DocumentSighting {
        let at: Timestamp = at.parse().unwrap();
        DocumentSighting {
            document_uri: "s3://docs/a.pdf".into(),
            text_sha256: None,
            knowledge_base_id: knowledge_base.map(str::to_owned),
            chunk_id: knowledge_base.map(|name| format!("chunk of {name}")),
            first_seen: at,
            last_seen: at,
            sample_request_id: request.into(),
        }
    }

    #[test]
    fn sightings_of_a_document_merge_the_same_in_every_order() {
        let all = [
            seen("2026-01-01T10:00:00Z", "b", None),
            seen("2026-01-01T09:00:00Z", "d", Some("KB2")),
            seen("2026-01-01T09:00:00Z", "c", None),
            seen("2026-01-01T12:00:00Z", "a", Some("KB1")),
        ];
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
        let merged = orders.map(|order| {
            let mut merged = all[order[0]].clone();
            order.iter().for_each(|nth| merged.merge(&all[*nth]));
            merged
        });
        assert_eq!(merged[0].sample_request_id, "c");
        assert_eq!(merged[0].last_seen, all[3].last_seen);
        assert_eq!(merged[0].knowledge_base_id.as_deref(), Some("KB1"));
        assert!(merged.iter().all(|m| m == &merged[0]), "{merged:?}");
    }
}
