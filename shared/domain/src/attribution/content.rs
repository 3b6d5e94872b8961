//! What a passage holds: text, an image, a row, a recording (FORMATS 4.3).

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::value::RawValue;

use crate::{
    digest::{Sha256, bounded_to},
    json::{Members, objects, scalar, text},
    passage,
};

/// Every type of content with the member that holds it, in the order in which they are taken.
const TYPES: [(&str, &str); 5] =
    [("TEXT", "text"), ("IMAGE", "byteContent"), ("ROW", "row"), ("AUDIO", "audio"), ("VIDEO", "video")];

/// The longest name of a type, in bytes.
const LONGEST_TYPE: usize = 64;

/// Whoever sent it may have dropped the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes that a text in base64 stands for; `None` where it is none.
pub fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim()).ok()
}

/// What a passage holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// `TEXT`, `IMAGE`, `ROW`, `AUDIO`, `VIDEO`, or what the reference says instead.
    pub kind: Option<String>,
    /// Its text; of a row a line for each column, of a recording what was said or shown. An image has none.
    pub text: Option<String>,
    /// By what the same passage is found again: the hash of its text, else of the image's bytes.
    pub hash: Option<Sha256>,
    /// Where a recording lies.
    pub media_uri: Option<String>,
}

impl Content {
    /// Reads the member `content` of a reference.
    pub fn of(raw: &RawValue) -> Self {
        let Some(members) = Members::of(raw) else {
            return Self::of_text(text(raw).map(String::from)).of_kind(Some("TEXT"));
        };
        let of_member = TYPES.iter().find(|(_, member)| members.get(member).is_some());
        let said = members.text("type");
        let kind = said.as_deref().or(of_member.map(|(name, _)| *name));
        let media = || members.object("audio").or_else(|| members.object("video")).unwrap_or_default();
        let spoken = || {
            let media = media();
            media.text("transcription").or_else(|| media.text("summary")).map(String::from)
        };
        let full = |text: &String| !text.trim().is_empty();
        let written = members.text("text").map(String::from).filter(full);
        let written = written.or_else(|| members.get("row").and_then(row).filter(full));
        let mut content = Self::of_text(written.or_else(spoken).filter(full));
        if content.hash.is_none() {
            content.hash = members.text("byteContent").as_deref().and_then(image);
        }
        content.media_uri = media().text("s3Uri").map(String::from).filter(full);
        content.of_kind(kind)
    }

    fn of_text(text: Option<String>) -> Self {
        let text = text.filter(|text| !text.trim().is_empty());
        Self { hash: text.as_deref().map(passage::hash), text, ..Self::default() }
    }

    fn of_kind(self, kind: Option<&str>) -> Self {
        Self { kind: kind.map(|kind| bounded_to(kind.trim(), LONGEST_TYPE)), ..self }
    }
}

/// A row as text: `name: value`, a line for each column.
fn row(raw: &RawValue) -> Option<String> {
    let columns = objects(raw)?.into_iter().flatten();
    let line = |column: Members<'_>| {
        let name = column.text("columnName").unwrap_or_default();
        let value = column.get("columnValue").and_then(scalar).unwrap_or_default();
        format!("{name}: {value}")
    };
    Some(columns.map(line).collect::<Vec<_>>().join("\n"))
}

/// The hash of the bytes in a data URI (`data:image/png;base64,...`); of the URI where it holds no base64.
fn image(uri: &str) -> Option<Sha256> {
    let data = uri.strip_prefix("data:").and_then(|uri| uri.split_once(',')).map_or(uri, |(_, data)| data);
    let bytes = base64_bytes(data).unwrap_or_else(|| data.as_bytes().to_vec());
    (!bytes.is_empty()).then(|| Sha256::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Content {
        Content::of(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn every_type_of_content_is_read() {
        let text = of(r#"{"text":"Water  damage is covered.","type":"TEXT"}"#);
        assert_eq!(text.hash, Some(passage::hash("Water damage is covered.")));
        let image = of(r#"{"type":"IMAGE","byteContent":"data:image/png;base64,aGVsbG8="}"#);
        assert_eq!((image.text, image.hash), (None, Some(Sha256::of(b"hello"))));
        let row = of(
            r#"{"type":"ROW","row":[{"columnName":"tariff","columnValue":"Home","type":"STRING"},{"columnName":"cap","columnValue":5000}]}"#,
        );
        assert_eq!(row.text.as_deref(), Some("tariff: Home\ncap: 5000"));
        let audio =
            of(r#"{"type":"AUDIO","audio":{"s3Uri":"s3://media/call.mp3","transcription":"Hello."}}"#);
        assert_eq!(audio.text.as_deref(), Some("Hello."));
        assert_eq!(audio.media_uri.as_deref(), Some("s3://media/call.mp3"));
        let video = of(r#"{"video":{"s3Uri":"s3://media/a.mp4","summary":"A flooded cellar."}}"#);
        assert_eq!(
            (video.kind.as_deref(), video.text.as_deref()),
            (Some("VIDEO"), Some("A flooded cellar."))
        );
    }

    #[test]
    fn what_is_of_no_type_is_empty_and_no_error() {
        for json in ["null", "7", "{}", "[]", r#"{"text":"  "}"#, r#"{"row":[]}"#, r#"{"audio":"x"}"#] {
            let content = of(json);
            assert_eq!((content.text, content.hash), (None, None), "{json}");
        }
        assert_eq!(of(r#""bare""#).text.as_deref(), Some("bare"));
        assert_eq!(of(r#"{"type":"HOLOGRAM","text":"t"}"#).kind.as_deref(), Some("HOLOGRAM"));
        // not base64 after all: still the same hash for the same image
        assert_eq!(
            of(r#"{"byteContent":"data:image/svg+xml,%3Csvg%3E"}"#).hash,
            Some(Sha256::of(b"%3Csvg%3E"))
        );
    }
}
