//! JSON as text, with members in the order in which they are given.

/// `{"name":value,...}` of values that are JSON already.
pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> =
        members.into_iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// `[value,...]` of values that are JSON already.
pub fn array(elements: impl IntoIterator<Item = String>) -> String {
    let elements: Vec<_> = elements.into_iter().collect();
    format!("[{}]", elements.join(","))
}

/// A text, quoted and escaped.
pub fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The same JSON in ASCII alone, as some writers send it: `ä` as `\u00e4`.
pub fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            ascii.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ascii_form_is_the_same_json() {
        let json = object([("ä\"", array([string("a\n\u{1f600}"), "1".to_owned()]))]);
        let ascii = ascii(&json);
        assert!(ascii.is_ascii(), "{ascii}");
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(read(&ascii), read(&json));
    }
}
