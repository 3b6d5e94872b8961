//! How long an object is, told by its braces and strings alone: many times as fast as a parser, for objects that are to be
//! passed over. Whether what stands between is JSON is not looked at.

use wide::u8x16;

/// So many bytes are looked at together.
const BLOCK: usize = 64;

/// The length in bytes of the object that starts these bytes; `None` where none does, or its end has not come yet.
pub(super) fn object_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let mut braces = Braces::default();
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (nth, block) in blocks.iter().enumerate() {
        if let Some(end) = braces.end_in(block) {
            return Some(nth * BLOCK + end);
        }
    }
    let mut last = [b' '; BLOCK];
    last.get_mut(..rest.len())?.copy_from_slice(rest);
    braces.end_in(&last).map(|end| blocks.len() * BLOCK + end)
}

/// What is known at the start of a block. A mask has one bit for each byte of a block, the first one lowest.
#[derive(Default)]
struct Braces {
    depth: u32,
    /// All ones inside of a string.
    in_string: u64,
    /// One where the last byte before was a backslash that escapes the next.
    escapes_next: u64,
}

impl Braces {
    /// Where the outermost brace is closed in this block: the number of bytes as far as that.
    fn end_in(&mut self, block: &[u8; BLOCK]) -> Option<usize> {
        let escaped = self.escaped(mask(block, b'\\'));
        let quotes = mask(block, b'"') & !escaped;
        let in_string = prefix_xor(quotes) ^ self.in_string;
        self.in_string = if in_string >> (BLOCK - 1) == 1 { u64::MAX } else { 0 };
        let (opens, closes) = (mask(block, b'{') & !in_string, mask(block, b'}') & !in_string);
        if self.depth > closes.count_ones() {
            self.depth = self.depth + opens.count_ones() - closes.count_ones();
            return None;
        }
        let mut braces = opens | closes;
        while braces != 0 {
            let lowest = braces & braces.wrapping_neg();
            // what stands behind a stray closing brace is somebody else's to judge
            self.depth = if opens & lowest != 0 { self.depth + 1 } else { self.depth.saturating_sub(1) };
            if self.depth == 0 {
                return Some(lowest.trailing_zeros() as usize + 1);
            }
            braces ^= lowest;
        }
        None
    }

    /// Which bytes are escaped by a backslash before them.
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let mut escaped = std::mem::take(&mut self.escapes_next);
        let mut escaping = backslashes & !escaped;
        while escaping != 0 {
            let lowest = escaping & escaping.wrapping_neg();
            let next = lowest << 1;
            if next == 0 {
                self.escapes_next = 1;
            }
            escaped |= next;
            // an escaped backslash escapes nothing
            escaping &= !(lowest | next);
        }
        escaped
    }
}

/// Where a byte stands in a block.
fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().rev().fold(0, |mask, lane| {
        mask << 16 | u64::from(u8x16::new(*lane).simd_eq(u8x16::splat(byte)).to_bitmask())
    })
}

/// Each bit with all that are lower, by exclusive or: ones from each odd quote on, as far as the next.
fn prefix_xor(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_where_its_brace_is_closed() {
        let long = format!(r#"{{"a":"{}","b":{{"c":"\\"}}}}"#, r#"x\"}{\\"#.repeat(40));
        for (object, behind) in [
            ("{}", ""),
            (r#"{"a":{"b":{}}}"#, r#",{"c":1}]}"#),
            (r#"{"a":"}"}"#, "}"),
            (r#"{"a":"\"}"}"#, "}"),
            (r#"{"a":"\\"}"#, "}"),
            (r#"{"a\\\"}":"{{{"}"#, " "),
            (&long, "}"),
        ] {
            for padding in 0..70 {
                // wherever the boundaries between the blocks fall
                let object = object.replacen('{', &format!("{{{}", " ".repeat(padding)), 1);
                let whole = format!("{object}{behind}");
                assert_eq!(object_length(whole.as_bytes()), Some(object.len()), "{whole}");
                assert_eq!(object_length(&whole.as_bytes()[..object.len() - 1]), None, "{whole}");
            }
        }
        for none in ["", "[{}]", " {}", "7", "{", r#"{"a":"#] {
            assert_eq!(object_length(none.as_bytes()), None, "{none}");
        }
    }
}
