//! What a record says, in whatever bytes it is written.
//!
//! Where invocations are logged to two places, a record comes twice, and nothing promises that it is written alike: members may
//! stand in another order, and a body that lies beside the log lies below another bucket and prefix (FORMATS 2).

use serde_json::Value;

use crate::{digest::Sha256, state::canonical};

/// A log event holds no more. What is larger comes by one way alone.
const LARGEST: usize = 1 << 20;

/// The digest of the canonical JSON of a record, with pointers beside the log from `AWSLogs/` on; `None` for what is no JSON, or
/// larger than a log event may be.
pub fn content(raw: &[u8]) -> Option<Sha256> {
    let mut record = (raw.len() <= LARGEST).then(|| serde_json::from_slice::<Value>(raw).ok()).flatten()?;
    shorten_pointers(&mut record);
    Some(Sha256::of(canonical::text(&record).as_bytes()))
}

/// `inputBodyS3Path`, `outputBodyS3Path` and the like at the record level, `s3Uri` of media inside of bodies.
fn shorten_pointers(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(shorten_pointers),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match value {
                    Value::String(path) if name.ends_with("S3Path") || name == "s3Uri" => shorten(path),
                    value => shorten_pointers(value),
                }
            }
        }
        _ => {}
    }
}

fn shorten(path: &mut String) {
    let below =
        path.strip_prefix("s3://").and_then(|path| path.find("/AWSLogs/").and_then(|at| path.get(at..)));
    if let Some(below) = below.map(str::to_owned) {
        *path = below;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_the_same_in_any_bytes() {
        let one = r#"{"requestId":"r","input":{"inputBodyS3Path":"s3://logs/AWSLogs/4/data/x","inputTokenCount":7}}"#;
        let same = [
            "{\"input\": {\"inputTokenCount\": 7, \"inputBodyS3Path\": \"s3://others/large/AWSLogs/4/data/x\"},\n \"requestId\": \"\\u0072\"}",
            one,
        ];
        for other in same {
            assert_eq!(content(one.as_bytes()), content(other.as_bytes()), "{other}");
        }
        let different = [
            one.replace("\"r\"", "\"R\""),
            one.replace('7', "8"),
            one.replace("data/x", "data/y"),
            one.replace("inputBodyS3Path", "text"),
        ];
        for other in different {
            assert_ne!(content(one.as_bytes()), content(other.as_bytes()), "{other}");
        }
        assert_eq!(content(b"{"), None);
        assert_eq!(content(format!("\"{}\"", "x".repeat(LARGEST)).as_bytes()), None);
    }
}
