//! Bodies that lie beside the log: where a record points, and whether anybody should go there.
//!
//! A path inside a record is data that others wrote (FORMATS 11.13). It is followed only into a bucket and prefix that the
//! operator allows, and only to where Bedrock itself puts the bodies of this account and region.

use serde_json::value::RawValue;

use crate::evidence::ObjectLocation;

/// One side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodySide {
    /// What the model was given.
    Input,
    /// What it answered.
    Output,
}

/// A body that is not in its record, and the path under which the record says that it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyPointer {
    /// Which body.
    pub side: BodySide,
    /// `inputBodyS3Path` or `outputBodyS3Path` as written.
    pub path: String,
    folder: String,
}

impl BodyPointer {
    pub(super) fn new(side: BodySide, path: String, account_id: &str, region: &str) -> Self {
        Self { side, path, folder: format!("AWSLogs/{account_id}/BedrockModelInvocationLogs/{region}/") }
    }

    /// The object, where the path leads to where bodies of the record's own account and region lie:
    /// `.../AWSLogs/<account>/BedrockModelInvocationLogs/<region>/.../data/<name>`.
    pub fn target(&self) -> Option<ObjectLocation> {
        let (bucket, key) = self.path.strip_prefix("s3://")?.split_once('/')?;
        let inside =
            key.split_once(&self.folder).filter(|(prefix, _)| prefix.is_empty() || prefix.ends_with('/'))?.1;
        let (_, name) =
            format!("/{inside}").rsplit_once("/data/").map(|(head, name)| (head.len(), name.to_owned()))?;
        let strange = key.split('/').any(|part| matches!(part, "" | "." | ".."));
        let sound = !bucket.is_empty() && !strange && !name.contains('/') && !key.contains(['\\', '\0']);
        sound.then(|| ObjectLocation::object(bucket, key))
    }
}

/// The buckets and prefixes into which pointers are followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedPlaces(Vec<(String, String)>);

impl AllowedPlaces {
    /// From `bucket[/prefix],...`; `None` where an entry names no bucket.
    pub fn parse(list: &str) -> Option<Self> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let places = entries.map(|entry| {
            let entry = entry.strip_prefix("s3://").unwrap_or(entry);
            let (bucket, prefix) = entry.split_once('/').unwrap_or((entry, ""));
            (!bucket.is_empty()).then(|| (bucket.to_owned(), prefix.trim_end_matches('/').to_owned()))
        });
        places.collect::<Option<_>>().map(Self)
    }

    /// All of one bucket.
    pub fn bucket(name: &str) -> Self {
        Self(vec![(name.to_owned(), String::new())])
    }

    /// The buckets of the places.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(bucket, _)| bucket.as_str())
    }

    /// Whether one of the places is in this bucket.
    pub fn has_bucket(&self, name: &str) -> bool {
        self.0.iter().any(|(bucket, _)| bucket == name)
    }

    /// The bucket and prefix of the first place.
    pub fn first(&self) -> Option<(&str, &str)> {
        self.0.first().map(|(bucket, prefix)| (bucket.as_str(), prefix.as_str()))
    }

    /// Whether an object lies in one of the places. A prefix means whole folders: `logs` is not `logs-of-others`.
    pub fn hold(&self, location: &ObjectLocation) -> bool {
        self.0.iter().any(|(bucket, prefix)| {
            let below = location.key.strip_prefix(prefix.as_str());
            location.bucket.as_deref() == Some(bucket)
                && below.is_some_and(|rest| prefix.is_empty() || rest.starts_with('/'))
        })
    }
}

/// What became of a pointer.
#[derive(Clone, Debug)]
pub enum Followed {
    /// The body, read from its object.
    Body(Box<RawValue>),
    /// It is followed at another time.
    Later,
    /// Nothing is there; it may still come.
    NotThere,
    /// Nothing is there, and nothing more is expected.
    Missing,
    /// It leads where we do not follow.
    Refused,
}

/// What became of the pointers of one record.
#[derive(Clone, Debug, Default)]
pub struct FollowedBodies {
    /// Of the input's.
    pub input: Option<Followed>,
    /// Of the output's.
    pub output: Option<Followed>,
}

impl FollowedBodies {
    /// Notes what became of a pointer.
    pub fn set(&mut self, side: BodySide, followed: Followed) {
        match side {
            BodySide::Input => self.input = Some(followed),
            BodySide::Output => self.output = Some(followed),
        }
    }

    /// Whether a body is still to come.
    pub fn outstanding(&self) -> bool {
        let to_come =
            |followed: &Option<Followed>| matches!(followed, Some(Followed::Later | Followed::NotThere));
        to_come(&self.input) || to_come(&self.output)
    }
}

/// A body out of its object. What is no JSON (binary bodies lie there as well, FORMATS 2) is a body of no known shape.
pub fn body_of(bytes: &[u8]) -> Box<RawValue> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Box<RawValue>>();
    match values.next() {
        Some(Ok(body)) => body,
        _ => RawValue::from_string("\"\"".to_owned()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> Option<String> {
        let pointer = BodyPointer::new(BodySide::Input, path.to_owned(), "444455556666", "eu-central-1");
        pointer.target().map(|location| location.to_string())
    }

    const FOLDER: &str = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/15/15";

    #[test]
    fn a_pointer_leads_only_to_where_bedrock_puts_bodies() {
        for prefix in ["", "large-volume/", "a/b/"] {
            let path = format!("s3://logs/{prefix}{FOLDER}/data/x_input.json.gz");
            assert_eq!(target(&path).as_deref(), Some(path.as_str()));
        }
        for path in [
            format!("s3://logs/{FOLDER}/x_input.json.gz"),
            format!("s3://logs/{FOLDER}/data/"),
            format!("s3://logs/{FOLDER}/data/../secret"),
            format!("s3://logs/{FOLDER}/../../data/x.json.gz"),
            format!("s3://logs/{FOLDER}/data/a/b.json.gz"),
            format!("s3://logs/x{FOLDER}/data/x.json.gz"),
            format!("s3:///{FOLDER}/data/x.json.gz"),
            format!("https://logs/{FOLDER}/data/x.json.gz"),
            format!("/{FOLDER}/data/x.json.gz"),
            FOLDER.replace("444455556666", "111122223333") + "/data/x.json.gz",
            "s3://logs/AWSLogs/111122223333/BedrockModelInvocationLogs/eu-central-1/data/x.json.gz"
                .to_owned(),
            "s3://logs/AWSLogs/444455556666/BedrockModelInvocationLogs/us-east-1/data/x.json.gz".to_owned(),
            "s3://logs".to_owned(),
            String::new(),
        ] {
            assert_eq!(target(&path), None, "{path}");
        }
    }

    #[test]
    fn places_are_buckets_and_whole_folders() {
        let places = AllowedPlaces::parse("logs, s3://others/team/a/ ,").unwrap();
        for (bucket, key, held) in [
            ("logs", "x", true),
            ("logs2", "x", false),
            ("others", "team/a/x", true),
            ("others", "team/ab/x", false),
            ("others", "team", false),
        ] {
            assert_eq!(places.hold(&ObjectLocation::object(bucket, key)), held, "{bucket}/{key}");
        }
        assert!(!places.hold(&ObjectLocation::file("logs/x")));
        assert_eq!(AllowedPlaces::parse("/prefix"), None);
        assert!(!AllowedPlaces::default().hold(&ObjectLocation::object("logs", "x")));
    }

    #[test]
    fn a_body_that_is_no_json_is_of_no_known_shape() {
        assert_eq!(body_of(b" {\"a\":1}\n").get(), "{\"a\":1}");
        for bytes in [&b"\x89PNG"[..], b"", b"{\"a\":"] {
            assert_eq!(body_of(bytes).get(), "\"\"");
        }
    }
}
