//! What the property tests are fed with: JSON as text, so that it can hold what no reader writes.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::value::RawValue;

use crate::json::{Members, elements};

/// A JSON value with its scalars and names as they are written, quotes included.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Scalar(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The same value as text was read from.
    pub(crate) fn of(raw: &RawValue) -> Self {
        if let Some(list) = elements(raw) {
            return Self::Array(list.into_iter().map(Self::of).collect());
        }
        match Members::of(raw) {
            Some(members) => {
                Self::Object(members.iter().map(|(name, value)| (quoted(name), Self::of(value))).collect())
            }
            None => Self::Scalar(raw.get().to_owned()),
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self::of(serde_json::from_str(text).unwrap())
    }

    /// Without white space.
    pub(crate) fn compact(&self) -> String {
        self.written("", "", "")
    }

    /// With `between` the parts of arrays and objects, and `around` each colon.
    pub(crate) fn laid_out(&self, between: &str, around: &str) -> String {
        self.written(between, between, around)
    }

    fn written(&self, opening: &str, between: &str, around: &str) -> String {
        let (open, parts, close): (_, Vec<String>, _) = match self {
            Self::Scalar(text) => return text.clone(),
            Self::Array(list) => {
                ('[', list.iter().map(|value| value.written(opening, between, around)).collect(), ']')
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| {
                    format!("{name}{around}:{around}{}", value.written(opening, between, around))
                };
                ('{', members.iter().map(member).collect(), '}')
            }
        };
        format!("{open}{opening}{}{between}{close}", parts.join(&format!(",{between}")))
    }

    /// The members of all objects in another order; except below these, whose text is kept as it is written.
    pub(crate) fn shuffled(&self, seed: u64, kept: &[&str]) -> Self {
        match self {
            Self::Scalar(_) => self.clone(),
            Self::Array(list) => Self::Array(list.iter().map(|value| value.shuffled(seed, kept)).collect()),
            Self::Object(members) => {
                let shuffled = |name: &String, value: &Self| {
                    let keep = kept.iter().any(|kept| *name == quoted(kept));
                    if keep { value.clone() } else { value.shuffled(seed, kept) }
                };
                let mut members: Vec<_> =
                    members.iter().map(|(name, value)| (name.clone(), shuffled(name, value))).collect();
                members.sort_by_key(|(name, _)| scattered(seed, name));
                Self::Object(members)
            }
        }
    }

    /// How many values there are in this one, itself included.
    fn count(&self) -> usize {
        1 + match self {
            Self::Scalar(_) => 0,
            Self::Array(list) => list.iter().map(Self::count).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.count()).sum(),
        }
    }

    /// Changes the value at this place, counted from the outermost.
    fn change_at(&mut self, place: usize, change: &Change) {
        if place == 0 {
            return change.apply(self);
        }
        let inner: Vec<&mut Self> = match self {
            Self::Scalar(_) => return,
            Self::Array(list) => list.iter_mut().collect(),
            Self::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
        };
        let mut before = 1;
        for value in inner {
            let count = value.count();
            if place < before + count {
                return value.change_at(place - before, change);
            }
            before += count;
        }
    }
}

fn scattered(seed: u64, name: &str) -> u64 {
    name.bytes()
        .fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23))
}

/// What is done to one value of a record.
#[derive(Clone, Debug)]
enum Change {
    Replace(Json),
    /// Leaves a part of it out.
    Drop(usize),
    /// Writes a member of it once more, with another value.
    Double(usize, Json),
    /// Adds a member or an element.
    Add(String, Json),
    /// Puts it so deep into arrays or objects.
    Wrap(usize, bool),
}

impl Change {
    fn apply(&self, value: &mut Json) {
        match (self, &mut *value) {
            (Self::Replace(other), _) => *value = other.clone(),
            (Self::Drop(nth), Json::Array(list)) if !list.is_empty() => drop(list.remove(nth % list.len())),
            (Self::Drop(nth), Json::Object(members)) if !members.is_empty() => {
                drop(members.remove(nth % members.len()));
            }
            (Self::Double(nth, other), Json::Object(members)) if !members.is_empty() => {
                let name = members[nth % members.len()].0.clone();
                members.push((name, other.clone()));
            }
            (Self::Add(_, other), Json::Array(list)) => list.insert(0, other.clone()),
            (Self::Add(name, other), Json::Object(members)) => members.push((name.clone(), other.clone())),
            (Self::Wrap(depth, in_objects), _) => {
                let (opens, closes) = if *in_objects { ("{\"text\":", "}") } else { ("[", "]") };
                *value = Json::Scalar(opens.repeat(*depth) + &value.compact() + &closes.repeat(*depth));
            }
            _ => {}
        }
    }
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Texts of which each has been somebody's undoing.
pub(crate) fn text() -> impl Strategy<Value = String> {
    const HOSTILE: &[&str] = &[
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\u{2003}",
        "\u{85}",
        "\u{feff}",
        "\0",
        "\u{1b}[31m",
        "\u{202e}",
        "e\u{301}",
        "\u{1f9ea}",
        "\\",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "/",
        "..",
        "#",
        "~",
        "%00",
        "null",
        "true",
        "-1",
        "0",
        "12.0",
        "1e999",
        "NaN",
        "arn:aws:bedrock:eu-west-1:1:guardrail/gr1",
        "s3://b/k",
        "<search_results>",
        "</search_results>",
        "<search_result>",
        "<content>",
        "</content>",
        "<source>1</source>",
        "</search_result>",
        "<function_results>",
        "</function_results>",
        "<|eot_id|>",
        "\n\nHuman:",
        "[INST]",
        "<answer_part>",
        "2026-10-07T07:51:59Z",
        "-009999-01-02T00:00:00Z",
    ];
    let piece = prop_oneof![3 => "[a-zA-Z0-9 .äß漢]{0,8}", 3 => select(HOSTILE).prop_map(str::to_owned), 1 => any::<String>()];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A JSON string that no reader writes: lone surrogates, escapes where none are needed.
fn strange_string() -> impl Strategy<Value = String> {
    select(&[r#""\ud83d""#, r#""a\ude00b""#, r#""\u0061\/\b""#, r#""\u0000""#, r#""\ud83d\ude00""#][..])
        .prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Json> {
    const OTHERS: &[&str] = &[
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1",
        "7",
        "1.50",
        "12.0",
        "1e5",
        "1e999",
        "-1e-999",
        "18446744073709551615",
        "18446744073709551616",
        "0.1",
    ];
    prop_oneof![
        4 => text().prop_map(|text| quoted(&text)),
        3 => select(OTHERS).prop_map(str::to_owned),
        1 => strange_string(),
    ]
    .prop_map(Json::Scalar)
}

/// The names that our readers look for, and others.
fn name() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "timestamp",
        "modelId",
        "requestId",
        "input",
        "output",
        "inputBodyJson",
        "outputBodyJson",
        "inputBodyS3Path",
        "requestMetadata",
        "guardrailId",
        "identity",
        "arn",
        "messages",
        "system",
        "role",
        "content",
        "text",
        "type",
        "prompt",
        "message",
        "preamble",
        "chat_history",
        "documents",
        "instructions",
        "query",
        "inputText",
        "schemaVersion",
        "anthropic_version",
        "toolResult",
        "tool_result",
        "document",
        "searchResult",
        "source",
        "guardContent",
        "qualifiers",
        "citations",
        "trace",
        "guardrail",
        "inputAssessment",
        "outputAssessments",
        "appliedGuardrailDetails",
        "guardrailOrigin",
        "stopReason",
        "choices",
        "results",
        "index",
        "relevance_score",
        "detail-type",
        "detail",
        "eventName",
        "eventSource",
        "eventTime",
        "userIdentity",
        "requestParameters",
        "responseElements",
        "omitted",
        "sessionContext",
        "Records",
    ];
    prop_oneof![
        6 => select(NAMES).prop_map(quoted),
        2 => text().prop_map(|text| quoted(&text)),
        1 => strange_string(),
    ]
}

/// Any JSON value.
pub(crate) fn json() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::Array),
            vec((name(), inner), 0..6).prop_map(Json::Object),
        ]
    })
}

/// Any JSON object.
pub(crate) fn object() -> impl Strategy<Value = Json> {
    vec((name(), json()), 0..6).prop_map(Json::Object)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => json().prop_map(Change::Replace),
        4 => any::<usize>().prop_map(Change::Drop),
        2 => (any::<usize>(), json()).prop_map(|(nth, value)| Change::Double(nth, value)),
        2 => (name(), json()).prop_map(|(name, value)| Change::Add(name, value)),
        1 => (select(&[2_usize, 200, 3_000][..]), any::<bool>()).prop_map(|(depth, kind)| Change::Wrap(depth, kind)),
    ]
}

/// One of these values, changed in a few places.
pub(crate) fn changed(values: Vec<Json>) -> impl Strategy<Value = Json> {
    (select(values), vec((any::<usize>(), change()), 1..5)).prop_map(|(mut value, changes)| {
        for (place, change) in changes {
            let count = value.count();
            value.change_at(place % count, &change);
        }
        value
    })
}

/// The fixtures in a folder of `events/`, by file name.
pub(crate) fn fixtures(folder: &str) -> Vec<(String, Json)> {
    let folder = format!("{}/../../events/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "json") && !path.ends_with("expected.json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, Json::parse(&std::fs::read_to_string(path).unwrap()))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Cuts bytes into pieces of these sizes, again and again.
pub(crate) fn cut<'b>(bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Sizes of pieces.
pub(crate) fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), vec(1_usize..40, 1..4), vec(1_usize..4_000, 1..3)]
}
