//! One passage as a response refers to it.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::{content::Content, location::Location};
use crate::{
    digest::{Sha256, bounded_to},
    json::{Members, compact, scalar},
    passage::excerpt,
};

/// How the names of Bedrock's own metadata begin; others are the customer's.
const OWN_METADATA: &str = "x-amz-bedrock-kb-";
/// So many members of a customer's metadata are kept.
const METADATA: usize = 20;
/// The longest name of one, and the longest id, in bytes.
const LONGEST_NAME: usize = 256;

/// One passage that was retrieved, or cited.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrieved {
    /// Its number among the response's sources, from 1.
    pub ordinal: u32,
    /// By what the same passage is found again. Where it has neither text nor bytes, that of the reference as it is written.
    pub hash: Sha256,
    /// Its text, whole.
    pub text: Option<String>,
    /// `TEXT`, `IMAGE`, `ROW`, ...
    pub content_type: Option<String>,
    /// The document.
    pub uri: Option<String>,
    /// `S3`, `WEB`, ...
    pub location_type: Option<String>,
    /// How well it fitted the question.
    pub score: Option<f64>,
    /// Whether the answer cites it; `None` where the response cannot tell.
    pub cited: Option<bool>,
    /// The chunk of the document, decoded.
    pub chunk_id: Option<String>,
    /// The knowledge base, where the response names it.
    pub knowledge_base_id: Option<String>,
    /// The data source of the knowledge base.
    pub data_source_id: Option<String>,
    /// The page of the document, from 1.
    pub page_number: Option<f64>,
    /// The customer's own metadata, as text.
    pub metadata: BTreeMap<String, String>,
    /// Where in the response: `citations[0].retrievedReferences[1]`.
    pub found_at: String,
}

impl Retrieved {
    /// Reads a reference, or a result of Retrieve.
    pub fn of(raw: &RawValue, found_at: String) -> Self {
        let reference = Members::of(raw).unwrap_or_default();
        let metadata = reference.object("metadata").unwrap_or_default();
        let content = reference.get("content").map(Content::of).unwrap_or_default();
        let location = Location::of(reference.get("location"), &metadata);
        let own = |name: &str| metadata.get(&format!("{OWN_METADATA}{name}"));
        let id = |name: &str| own(name).and_then(scalar).filter(|id| !id.trim().is_empty());
        Self {
            ordinal: 0,
            hash: content.hash.unwrap_or_else(|| Sha256::of(compact(raw).as_bytes())),
            text: content.text,
            content_type: content.kind,
            uri: location.uri.or(content.media_uri),
            location_type: location.kind,
            score: reference.get("score").and_then(number),
            cited: None,
            chunk_id: id("chunk-id")
                .map(|id| bounded_to(&percent_decode_str(&id).decode_utf8_lossy(), LONGEST_NAME)),
            knowledge_base_id: None,
            data_source_id: id("data-source-id").map(|id| bounded_to(&id, LONGEST_NAME)),
            page_number: own("document-page-number").and_then(number),
            metadata: customers(&metadata),
            found_at,
        }
    }
}

/// The customer's own metadata; of many members the first by name.
fn customers(metadata: &Members<'_>) -> BTreeMap<String, String> {
    let own = metadata.iter().filter(|(name, _)| !name.starts_with(OWN_METADATA) && !name.is_empty());
    let texts = own.map(|(name, value)| {
        let text = scalar(value).map_or_else(|| compact(value), String::from);
        (bounded_to(name, LONGEST_NAME), excerpt(&text, LONGEST_NAME))
    });
    texts.collect::<BTreeMap<_, _>>().into_iter().take(METADATA).collect()
}

/// A number that the ledger can hold, written as text, too.
fn number(raw: &RawValue) -> Option<f64> {
    let number: f64 = scalar(raw)?.parse().ok()?;
    (number == 0.0 || (1e-100..1e100).contains(&number.abs())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Retrieved {
        Retrieved::of(&RawValue::from_string(json.to_owned()).unwrap(), String::new())
    }

    #[test]
    fn metadata_is_any_json_and_bedrocks_own_is_read() {
        let found = of(
            r#"{"content":{"text":"t"},"score":0.5,"metadata":{"x-amz-bedrock-kb-chunk-id":"1%3A0%3Aä%20b","x-amz-bedrock-kb-document-page-number":7.0,"x-amz-bedrock-kb-data-source-id":"DS1","x-amz-bedrock-kb-description":"left out","year":2019.0,"tags":["a",  {"b":null}],"draft":true,"none":null}}"#,
        );
        assert_eq!(found.chunk_id.as_deref(), Some("1:0:ä b"));
        assert_eq!((found.page_number, found.score), (Some(7.0), Some(0.5)));
        assert_eq!(found.data_source_id.as_deref(), Some("DS1"));
        let metadata: Vec<_> = found.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(metadata, ["draft=true", "none=null", "tags=[\"a\",{\"b\":null}]", "year=2019.0"]);
    }

    #[test]
    fn a_reference_without_content_is_told_apart_by_what_it_says() {
        let (one, other) = (of(r#"{"location":{"type":"WEB"}}"#), of(r#"{"location":{"type":"S3"}}"#));
        assert_ne!(one.hash, other.hash);
        assert_eq!(one.hash, of(r#"{ "location": {"type": "WEB"} }"#).hash);
        assert_eq!((of("7").text, of("null").uri), (None, None));
    }

    #[test]
    fn numbers_that_no_ledger_holds_are_absent() {
        for score in ["1e400", "-1e101", "1e-300", "\"NaN\"", "[]", "\"much\""] {
            assert_eq!(of(&format!(r#"{{"score":{score}}}"#)).score, None, "{score}");
        }
        for (score, read) in [("0", 0.0), ("-0.0", 0.0), ("\"0.25\"", 0.25), ("-1", -1.0)] {
            assert_eq!(of(&format!(r#"{{"score":{score}}}"#)).score, Some(read), "{score}");
        }
    }
}
