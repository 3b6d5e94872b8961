//! What the States table holds: keys of every subject, and how sightings of system prompts are merged.

use jiff::Timestamp;

use crate::{
    change::Resource,
    digest::{Sha256, bounded_key},
    time,
};

/// Subject and version of one item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateKey {
    /// The partition key.
    pub subject: String,
    /// The sort key.
    pub version: String,
}

impl StateKey {
    fn new(subject: &str, version: &str) -> Self {
        Self { subject: bounded_key(subject), version: bounded_key(version) }
    }

    /// The text of a system prompt.
    pub fn prompt_text(id: &Sha256) -> Self {
        Self::new(&prompt_subject(id.as_str()), "text")
    }

    /// A configuration resource as it was read: in the order of its own `updatedAt`, else of its cause.
    pub fn resource(resource: &Resource, moment: Timestamp, document: &Sha256) -> Self {
        Self::new(&resource_subject(resource), &format!("{}#{}", time::rfc3339(moment), document.short()))
    }

    /// A configuration resource in the list of those of its kind that were seen.
    pub fn noted(resource: &Resource) -> Self {
        let version = resource.version.as_deref().unwrap_or("DRAFT");
        let list = noted_subject(&resource.account_id, &resource.region, &resource.kind);
        Self::new(&list, &format!("{}@{version}", resource.id))
    }

    /// The first sight of a difference (by the digests of both sides) of a configuration resource.
    pub fn first_sight(resource: &Resource, difference: &str) -> Self {
        let version = resource.version.as_deref().unwrap_or("DRAFT");
        Self::new(&format!("sight/{resource}@{version}"), difference)
    }

    /// Which document a passage is from.
    pub fn passage(hash: &Sha256, document_uri: &str) -> Self {
        Self::new(&passage_subject(hash), document_uri)
    }

    /// Which passages a document has.
    pub fn document(document_uri: &str, hash: &Sha256) -> Self {
        Self::new(&document_subject(document_uri), hash.as_str())
    }

    /// A request that names a document whose text its log does not have.
    pub fn document_without_text(document_uri: &str, moment: Timestamp, request_id: &str) -> Self {
        let version = format!("request#{}#{request_id}", time::rfc3339(moment));
        Self::new(&document_subject(document_uri), &version)
    }

    /// Which documents lie below an authority: `documents/s3://bucket` and the path.
    pub fn documents(document_uri: &str) -> Self {
        let (authority, path) = authority_and_path(document_uri);
        Self::new(&documents_subject(&authority), if path.is_empty() { "/" } else { path })
    }

    /// A request of a session.
    pub fn turn(session_id: &str, moment: Timestamp, request_id: &str) -> Self {
        Self::new(&session_subject(session_id), &format!("{}#{request_id}", time::rfc3339(moment)))
    }

    /// A system prompt on a day.
    pub fn prompt_seen(id: &str, day: &str) -> Self {
        Self::new(&prompt_subject(id), &format!("{SEEN}{day}"))
    }

    /// A caller's system prompt on a day.
    pub fn caller_seen(caller: &str, day: &str, id: &str) -> Self {
        Self::new(&caller_subject(caller), &format!("{SEEN}{day}#{id}"))
    }

    /// A day (`2026-10-15`) on which there were invocations.
    pub fn invocation_day(day: &str) -> Self {
        Self::new(&days_subject(day.get(..7).unwrap_or(day)), day)
    }

    /// A system prompt in the list of a month.
    pub fn prompt_listed(month: &str, id: &str) -> Self {
        Self::new(&list_subject(month), id)
    }
}

/// How the versions of sightings begin.
pub const SEEN: &str = "seen#";

/// The subject of a configuration resource: each of its versions has one.
pub fn resource_subject(resource: &Resource) -> String {
    let version = resource.version.as_deref().unwrap_or("DRAFT");
    bounded_key(&format!("state/{resource}@{version}"))
}

/// The subject of the list of resources of a kind in an account and region.
pub fn noted_subject(account_id: &str, region: &str, kind: &str) -> String {
    bounded_key(&format!("resources/{account_id}/{region}/{kind}"))
}

/// The subject of a passage: its documents.
pub fn passage_subject(hash: &Sha256) -> String {
    format!("passage/{hash}")
}

/// The subject of a document: its passages, and the requests that name it without a text.
pub fn document_subject(document_uri: &str) -> String {
    bounded_key(&format!("document/{document_uri}"))
}

/// The subject of the documents of an authority (`s3://bucket`).
pub fn documents_subject(authority: &str) -> String {
    bounded_key(&format!("documents/{authority}"))
}

/// The subject of a session: its requests.
pub fn session_subject(session_id: &str) -> String {
    bounded_key(&format!("session/{session_id}"))
}

/// `s3://bucket` and `a/b.pdf` of `s3://bucket/a/b.pdf`. A name without a scheme has an empty one.
pub fn authority_and_path(document_uri: &str) -> (String, &str) {
    let (scheme, rest) = document_uri.split_once("://").unwrap_or(("", document_uri));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    (format!("{scheme}://{authority}"), path)
}

/// The subject of a system prompt.
pub fn prompt_subject(id: &str) -> String {
    format!("system-prompt/{id}")
}

/// The subject of a caller: a role or user ARN.
pub fn caller_subject(caller: &str) -> String {
    bounded_key(&format!("caller/{caller}"))
}

/// The subject of a month's list of system prompts.
pub fn list_subject(month: &str) -> String {
    format!("system-prompts/{month}")
}

/// The subject of a month's days with invocations, so that a question over years asks about these days alone.
pub fn days_subject(month: &str) -> String {
    format!("invocation-days/{month}")
}

/// When a system prompt was first and last seen, and one request that used it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The system prompt.
    pub system_prompt_id: String,
    /// The earliest.
    pub first_seen: Timestamp,
    /// The latest.
    pub last_seen: Timestamp,
    /// The request of the earliest; of two at the same time the one whose id sorts first, then by model and caller.
    pub sample_request_id: String,
    /// The model of that request.
    pub model_id: String,
    /// The caller of that request.
    pub caller: String,
}

impl Sighting {
    /// Takes another sighting of the same prompt in: in whichever order they come, the end is the same.
    pub fn merge(&mut self, other: &Self) {
        if other.sample() < self.sample() {
            self.sample_request_id.clone_from(&other.sample_request_id);
            self.model_id.clone_from(&other.model_id);
            self.caller.clone_from(&other.caller);
        }
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }

    /// Which of two is taken as the sample: the order is the same for whoever merges them.
    fn sample(&self) -> (Timestamp, &str, &str, &str) {
        (self.first_seen, &self.sample_request_id, &self.model_id, &self.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: &str, request: &str) -> Sighting {
        let at: Timestamp = at.parse().unwrap();
        Sighting {
            system_prompt_id: "p".into(),
            first_seen: at,
            last_seen: at,
            sample_request_id: request.into(),
            model_id: format!("model-{request}"),
            caller: format!("caller-{request}"),
        }
    }

    #[test]
    fn sightings_merge_the_same_in_every_order() {
        let all = [
            seen("2026-01-01T10:00:00Z", "b"),
            seen("2026-01-01T09:00:00Z", "d"),
            seen("2026-01-01T09:00:00Z", "c"),
            seen("2026-01-01T12:00:00Z", "a"),
            Sighting { model_id: "another".into(), ..seen("2026-01-01T09:00:00Z", "c") },
        ];
        let orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 3, 4, 1], [1, 3, 4, 0, 2]];
        let merged = orders.map(|order| {
            let mut merged = all[order[0]].clone();
            order.iter().for_each(|nth| merged.merge(&all[*nth]));
            merged
        });
        assert_eq!(merged[0].sample_request_id, "c");
        assert_eq!(merged[0].last_seen, all[3].last_seen);
        assert!(merged.iter().all(|m| m == &merged[0]), "{merged:?}");
    }

    #[test]
    fn keys_are_the_designs() {
        let id = Sha256::of(b"x");
        assert_eq!(StateKey::prompt_text(&id).subject, format!("system-prompt/{id}"));
        assert_eq!(
            StateKey::documents("s3://docs/a/b.pdf"),
            StateKey { subject: "documents/s3://docs".into(), version: "a/b.pdf".into() }
        );
        assert_eq!(StateKey::caller_seen("arn:x", "2026-10-15", "p").version, "seen#2026-10-15#p");
        assert!(StateKey::document(&"s3://b/".repeat(300), &id).subject.len() <= 1_000);
    }
}
