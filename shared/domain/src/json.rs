//! Lenient reading of JSON that others wrote: a member of the wrong type is absent, never an error.
//!
//! Bodies stay raw text until somebody asks for a member, so that a log record is scanned and not rebuilt.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

/// A raw JSON value that is no `null`.
pub fn present(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}

/// Whether a value has nothing in it: `null`, `{}`, `[]`, `""`.
pub fn is_empty(raw: &RawValue) -> bool {
    let mut inner = raw.get().chars().filter(|c| !c.is_whitespace());
    matches!(
        (inner.next(), inner.next(), inner.next()),
        (Some('{'), Some('}'), None) | (Some('['), Some(']'), None) | (Some('"'), Some('"'), None)
    ) || raw.get() == "null"
}

/// The text of a JSON string. A lone surrogate, which strict readers refuse, becomes U+FFFD.
pub fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = raw.get();
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    match serde_json::from_str::<String>(quoted) {
        Ok(text) => Some(Cow::Owned(text)),
        Err(_) => lossy_text(quoted).map(Cow::Owned),
    }
}

/// A JSON string, or a number or boolean as it is written: what is meant as text.
pub fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    match raw.get().as_bytes().first()? {
        b'"' => text(raw),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(raw.get())),
    }
}

/// A whole, non-negative number; written as text or with a fraction of zero, too.
pub fn count(raw: &RawValue) -> Option<u64> {
    let written = scalar(raw)?;
    let digits = written
        .split_once('.')
        .map_or(&*written, |(whole, fraction)| if fraction.bytes().all(|b| b == b'0') { whole } else { "" });
    digits.parse().ok()
}

/// A boolean; CloudTrail writes some of them as text (FORMATS 11.36).
pub fn boolean(raw: &RawValue) -> Option<bool> {
    match &*scalar(raw)? {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A value as it is written, without white space between its parts: however a record was laid out, it is the same text.
pub fn compact(raw: &RawValue) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |c: &char| {
        let quotes = *c == '"' && !escaped;
        escaped = in_string && *c == '\\' && !escaped;
        in_string ^= quotes;
        in_string || !c.is_ascii_whitespace()
    };
    raw.get().chars().filter(keep).collect()
}

/// The elements of an array; `None` for anything else.
pub fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    from_array(raw)
}

/// The elements of an array, each as its members where it is an object; `None` for anything else.
pub fn objects(raw: &RawValue) -> Option<Vec<Option<Members<'_>>>> {
    // in one pass, unless something stands among them that only raw text can hold: a lone surrogate, a huge number
    match from_array::<Lenient<Members<'_>>>(raw) {
        Some(elements) => Some(elements.into_iter().map(|element| element.0).collect()),
        None => Some(elements(raw)?.into_iter().map(Members::of).collect()),
    }
}

/// The first element of an array where that is an object; what comes behind it is not looked at.
pub fn first_object(raw: &RawValue) -> Option<Members<'_>> {
    let elements = raw.get().strip_prefix('[')?.trim_start();
    let mut values = serde_json::Deserializer::from_str(elements).into_iter();
    values.next().filter(|_| elements.starts_with('{'))?.ok()
}

/// Only arrays are parsed: a parser that meets a text instead would quote all of it in its error.
fn from_array<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<Vec<T>> {
    if !raw.get().starts_with('[') {
        return None;
    }
    serde_json::from_str(raw.get()).ok()
}

/// The members of one object in the order in which they are written, values raw.
#[derive(Debug, Default, Clone)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads one object; `None` for anything else.
    pub fn of(raw: &'a RawValue) -> Option<Self> {
        if !raw.get().starts_with('{') {
            return None;
        }
        serde_json::from_str(raw.get()).ok()
    }

    /// The value of a member; the last one where a name is written twice, as most readers take it.
    /// `null` is absent.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        present(self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value))
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the member is there at all, `null` included.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The text of a member.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(text)
    }

    /// A member that is an object itself.
    pub fn object(&self, name: &str) -> Option<Members<'a>> {
        self.get(name).and_then(Members::of)
    }

    /// A member that is an array.
    pub fn array(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        self.get(name).and_then(elements)
    }

    /// The value at the end of a path of object members.
    pub fn at(&self, path: &[&str]) -> Option<&'a RawValue> {
        let (last, parents) = path.split_last()?;
        let mut here = self.clone();
        for name in parents {
            here = here.object(name)?;
        }
        here.get(last)
    }

    /// All members, as written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (&**key, *value))
    }

    /// The names of the members, as written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> de::Visitor<'de> for MembersVisitor<'a> {
            type Value = Members<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

/// A member name, borrowed where no escape stands in it. A lone surrogate becomes U+FFFD.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> de::Visitor<'de> for NameVisitor<'a> {
            type Value = Name<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }
            fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Name(String::from_utf8_lossy(name)))
            }
            fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(String::from_utf8_lossy(name).into_owned())))
            }
        }
        // as bytes, since a lone surrogate is no text
        deserializer.deserialize_bytes(NameVisitor(PhantomData))
    }
}

/// A struct read from an object; any other type of value is read as nothing.
#[derive(Debug)]
pub struct Lenient<T>(pub Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor(PhantomData))
    }
}

struct LenientVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for LenientVisitor<T> {
    type Value = Lenient<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Lenient(Some(value)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Lenient(None))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Lenient(None))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Lenient(None))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Lenient(None))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Lenient(None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Lenient(None))
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Lenient(None))
    }
}

fn lossy_text(quoted: &str) -> Option<String> {
    struct Lossy(String);
    impl<'de> Deserialize<'de> for Lossy {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct LossyVisitor;
            impl de::Visitor<'_> for LossyVisitor {
                type Value = Lossy;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a string")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
                    Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
                }
            }
            deserializer.deserialize_bytes(LossyVisitor)
        }
    }
    serde_json::from_str::<Lossy>(quoted).ok().map(|lossy| lossy.0)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn scalars_are_read_leniently() {
        assert_eq!(count(&raw("12")), Some(12));
        assert_eq!(count(&raw("\"12\"")), Some(12));
        assert_eq!(count(&raw("12.0")), Some(12));
        assert_eq!(count(&raw("12.5")), None);
        assert_eq!(count(&raw("-1")), None);
        assert_eq!(count(&raw("{}")), None);
        assert_eq!(boolean(&raw("\"false\"")), Some(false));
        assert_eq!(boolean(&raw("true")), Some(true));
        assert_eq!(boolean(&raw("\"maybe\"")), None);
    }

    #[test]
    fn a_lone_surrogate_loses_one_character_and_not_the_text() {
        let value = raw(r#""a \ud83d b""#);
        let read = text(&value).unwrap();
        assert!(read.starts_with("a ") && read.ends_with(" b"), "{read}");
        assert_eq!(text(&raw(r#""\u00e4""#)).as_deref(), Some("ä"));
    }

    #[test]
    fn what_no_text_can_hold_hides_nothing_beside_it() {
        let object = raw(r#"{"\ud83d":"\ud83d","a":"x"}"#);
        assert_eq!(Members::of(&object).unwrap().text("a").as_deref(), Some("x"));
        let array = raw(r#"["\ud83d",1e999,{"a":"x"}]"#);
        let found = objects(&array).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[2].as_ref().unwrap().text("a").as_deref(), Some("x"));
    }

    #[test]
    fn white_space_between_parts_is_no_part_of_them() {
        let laid_out = raw("{\n \"a\" : [ 1.50, \"b \\\" c \\\\\" ],\t\"d\":null }");
        assert_eq!(compact(&laid_out), "{\"a\":[1.50,\"b \\\" c \\\\\"],\"d\":null}");
    }

    #[test]
    fn members_take_the_last_of_a_name_and_skip_null() {
        let object = raw(r#"{"a":1,"a":2,"b":null,"c":{"d":{"e":"x"}}}"#);
        let members = Members::of(&object).unwrap();
        assert_eq!(members.get("a").map(RawValue::get), Some("2"));
        assert!(members.get("b").is_none() && members.has("b"));
        assert_eq!(members.at(&["c", "d", "e"]).map(RawValue::get), Some("\"x\""));
        assert!(members.at(&["c", "x", "e"]).is_none());
        assert!(Members::of(&raw("[1]")).is_none());
    }

    #[test]
    fn the_first_object_is_read_without_the_others() {
        let first = |json: &str| first_object(&raw(json)).map(|members| members.names().collect::<String>());
        assert_eq!(first(r#"[ {"a":1}, 2]"#).as_deref(), Some("a"));
        for none in ["[]", "[1,{}]", "{\"a\":1}", "\"[{}\""] {
            assert_eq!(first(none), None, "{none}");
        }
    }

    #[test]
    fn emptiness_is_seen_through_white_space() {
        for empty in ["{}", "[]", "\"\"", "null", "{ }", "[\n]"] {
            assert!(is_empty(&raw(empty)), "{empty}");
        }
        for full in ["{\"a\":1}", "[0]", "\"a\"", "0"] {
            assert!(!is_empty(&raw(full)), "{full}");
        }
    }
}
