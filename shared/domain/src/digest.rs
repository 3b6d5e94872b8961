//! SHA-256, as ids and as evidence; and bytes as text.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A SHA-256 in lower-case hex: 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256(String);

impl Sha256 {
    /// The digest of these exact bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        Self(hex(digest.as_ref()))
    }

    /// A digest that was stored before; `None` unless it is 64 lower-case hex characters.
    pub fn from_hex(text: &str) -> Option<Self> {
        let well_formed = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// All 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 16 characters, as used in sort keys.
    pub fn short(&self) -> &str {
        self.0.get(..16).unwrap_or(&self.0)
    }

    /// The first byte, as used to spread keys.
    pub fn first_byte(&self) -> u8 {
        self.0.get(..2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or_default()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| DIGITS.get(usize::from(n))).collect()
}

/// Bytes as base64, where only text can be sent.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a base64 text; `None` where it is none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Cuts a key attribute at 1,000 bytes; a cut key ends in `~<first 16 hex of its sha256>`.
///
/// DynamoDB takes 2,048 bytes for a partition and 1,024 for a sort key; what is cut here is kept whole as an
/// attribute beside it.
pub fn bounded_key(key: &str) -> String {
    bounded_to(key, 1_000)
}

/// As [`bounded_key`], with a limit in bytes of the caller's own (at least 17).
pub fn bounded_to(key: &str, limit: usize) -> String {
    if key.len() <= limit {
        return key.to_owned();
    }
    let mut end = limit.saturating_sub(17);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{}", key.get(..end).unwrap_or_default(), Sha256::of(key.as_bytes()).short())
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        let empty = Sha256::of(b"");
        assert_eq!(empty.as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(empty.short(), "e3b0c44298fc1c14");
        assert_eq!(empty.first_byte(), 0xe3);
        assert_eq!(Sha256::from_hex(empty.as_str()), Some(empty));
        assert_eq!(Sha256::from_hex("E3"), None);
    }

    #[test]
    fn a_long_key_is_cut_at_a_character_and_stays_distinct() {
        assert_eq!(bounded_key("short"), "short");
        let a = bounded_key(&"ä".repeat(600));
        let b = bounded_key(&("ä".repeat(600) + "b"));
        assert!(a.len() <= 1_000 && b.len() <= 1_000);
        assert_ne!(a, b);
        assert!(a.contains('~'));
    }
}
