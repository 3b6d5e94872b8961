//! RFC 8785: one text for all JSON texts that mean the same, so that its digest is the document's.
//!
//! It is written out here, and not taken from a crate: these digests are kept for years, and what they rest on is to be seen
//! in one place. Numbers are doubles, as the RFC has them; the standard library already finds their shortest digits.

use serde_json::{Number, Value};

/// The canonical text.
pub fn text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => text.push_str(&number_text(number)),
        Value::Array(elements) => enclosed(text, '[', elements, ']', write),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // by UTF-16 code units, as the RFC asks for: beyond the basic plane this is not the order of UTF-8
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            enclosed(text, '{', members, '}', |(name, value), text| {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
            });
        }
        // what serde_json escapes in a string is what the RFC does
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

fn enclosed<T>(
    text: &mut String,
    open: char,
    parts: impl IntoIterator<Item = T>,
    close: char,
    mut write: impl FnMut(T, &mut String),
) {
    text.push(open);
    for (nth, part) in parts.into_iter().enumerate() {
        if nth > 0 {
            text.push(',');
        }
        write(part, text);
    }
    text.push(close);
}

/// A number as ECMAScript writes it: `1`, `0.7`, `1e-7`, `1e+21`.
fn number_text(number: &Number) -> String {
    let Some(double) = number.as_f64() else { return number.to_string() };
    if double == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..1e21).contains(&double.abs()) {
        return double.to_string();
    }
    let written = format!("{double:e}");
    if written.contains("e-") { written } else { written.replace('e', "e+") }
}

/// The same number in one form: `1.0` is `1`.
pub(super) fn number(number: &Number) -> Number {
    serde_json::from_str(&number_text(number)).unwrap_or_else(|_| number.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &str) {
        assert_eq!(text(&serde_json::from_str(json).unwrap()), expected, "{json}");
    }

    /// The examples of RFC 8785, 3.2.2 to 3.2.3, and of its appendix B.
    #[test]
    fn the_texts_are_the_published_ones() {
        check(
            r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals": [null, true, false]}"#,
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#,
        );
        check(
            r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
                "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"#,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\
             \"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        );
        for (bits, expected) in [
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            let number = Number::from_f64(f64::from_bits(bits)).unwrap();
            assert_eq!(number_text(&number), expected);
        }
    }

    #[test]
    fn a_text_that_is_read_again_is_the_same() {
        for json in ["0.69999998807907104", "0.1", "123456789.12345679", "5e-324"] {
            let once = text(&serde_json::from_str(json).unwrap());
            check(&once, &once);
        }
    }
}
