//! Which document a passage is from (FORMATS 4.3, trap 24).

use serde_json::value::RawValue;

use crate::{
    digest::bounded_to,
    json::{Members, text},
};

/// Every type of location: its name, the member that holds it, and the member in that which names the document.
const TYPES: [(&str, &str, &str); 8] = [
    ("S3", "s3Location", "uri"),
    ("WEB", "webLocation", "url"),
    ("CONFLUENCE", "confluenceLocation", "url"),
    ("SALESFORCE", "salesforceLocation", "url"),
    ("SHAREPOINT", "sharePointLocation", "url"),
    ("CUSTOM", "customDocumentLocation", "id"),
    ("KENDRA", "kendraDocumentLocation", "uri"),
    ("SQL", "sqlLocation", "query"),
];

/// The metadata that names the document where no location does.
const METADATA_URI: &str = "x-amz-bedrock-kb-source-uri";
/// The longest name of a document that is kept, in bytes.
const LONGEST: usize = 8 << 10;
/// The longest name of a type, in bytes.
const LONGEST_TYPE: usize = 64;

/// Which document a passage is from, as far as its reference says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// `S3`, `WEB`, ..., or what the reference says instead.
    pub kind: Option<String>,
    /// The document: an address, an id of a custom source, or the query that a row came of.
    pub uri: Option<String>,
}

impl Location {
    /// From the two members of a reference that may say so.
    pub fn of(location: Option<&RawValue>, metadata: &Members<'_>) -> Self {
        let location = location.and_then(Members::of).unwrap_or_default();
        let said = location.text("type");
        let said = said.as_deref().map(str::trim).filter(|kind| !kind.is_empty());
        let (kind, uri) = match known(&location, said) {
            Some((kind, uri)) => (Some(kind), Some(uri)),
            None => (said, only_text(&location)),
        };
        let uri = uri.or_else(|| metadata.text(METADATA_URI).and_then(|uri| whole(&uri)));
        Self { kind: kind.map(|kind| bounded_to(kind, LONGEST_TYPE)), uri }
    }
}

/// The location of the type that is named, else of any known type.
fn known<'k>(location: &Members<'_>, said: Option<&'k str>) -> Option<(&'k str, String)> {
    let is_said = |name: &str| said.is_some_and(|said| said.eq_ignore_ascii_case(name));
    let (named, others): (Vec<_>, Vec<_>) = TYPES.iter().partition(|(name, _, _)| is_said(name));
    named.into_iter().chain(others).find_map(|&(name, member, key)| {
        let uri = location.object(member)?.text(key)?;
        Some((name, whole(&uri)?))
    })
}

/// What a location of a type that nobody knows yet holds: its only text, if it has one alone.
fn only_text(location: &Members<'_>) -> Option<String> {
    let mut found = None;
    for (_, value) in location.iter() {
        for (_, value) in Members::of(value).unwrap_or_default().iter() {
            match (text(value), &found) {
                (Some(uri), None) => found = Some(uri.into_owned()),
                (Some(_), Some(_)) => return None,
                (None, _) => {}
            }
        }
    }
    whole(&found?)
}

fn whole(uri: &str) -> Option<String> {
    let uri = uri.trim();
    (!uri.is_empty()).then(|| bounded_to(uri, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(location: &str, metadata: &str) -> Location {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        Location::of(Some(&raw(location)), &Members::of(&raw(metadata)).unwrap_or_default())
    }

    #[test]
    fn every_type_has_one_accessor() {
        for (name, member, key) in TYPES {
            let json = format!(r#"{{"type":"{name}","{member}":{{"{key}":" the document "}}}}"#);
            let found = of(&json, r#"{"x-amz-bedrock-kb-source-uri":"another"}"#);
            assert_eq!((found.kind.as_deref(), found.uri.as_deref()), (Some(name), Some("the document")));
            // the member alone tells it, and so does one that the type contradicts
            for json in [
                format!(r#"{{"{member}":{{"{key}":"the document"}}}}"#),
                format!(r#"{{"type":"NEW","{member}":{{"{key}":"the document"}}}}"#),
            ] {
                assert_eq!(of(&json, "{}").kind.as_deref(), Some(name), "{json}");
            }
        }
    }

    #[test]
    fn the_named_type_wins_over_others() {
        let both =
            r#"{"type":"WEB","s3Location":{"uri":"s3://b/k"},"webLocation":{"url":"https://e.example/"}}"#;
        assert_eq!(of(both, "{}").uri.as_deref(), Some("https://e.example/"));
    }

    #[test]
    fn an_unknown_type_is_kept_by_its_only_text() {
        let found = of(r#"{"type":"ARCHIVE","archiveLocation":{"shelf":"s/7","year":3}}"#, "{}");
        assert_eq!((found.kind.as_deref(), found.uri.as_deref()), (Some("ARCHIVE"), Some("s/7")));
        let two = of(r#"{"type":"ARCHIVE","archiveLocation":{"shelf":"s/7","box":"b"}}"#, "{}");
        assert_eq!((two.kind.as_deref(), two.uri), (Some("ARCHIVE"), None));
    }

    #[test]
    fn metadata_names_the_document_where_no_location_does() {
        let metadata = r#"{"x-amz-bedrock-kb-source-uri":"s3://docs/a.pdf"}"#;
        for location in ["null", "{}", "[]", r#"{"type":"S3","s3Location":{"uri":""}}"#, r#"{"type":7}"#] {
            assert_eq!(of(location, metadata).uri.as_deref(), Some("s3://docs/a.pdf"), "{location}");
            assert_eq!(of(location, "{}").uri, None, "{location}");
        }
    }
}
