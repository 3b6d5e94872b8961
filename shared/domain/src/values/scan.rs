//! Where values begin and end in bytes that no parser takes: brackets, braces, lines.

use super::skip::object_length;

/// What stands in front of the first value.
pub(super) enum Opening {
    Nothing,
    Array(usize),
    Unclear,
}

/// `[`, or `{"Records":[` as CloudTrail writes its files.
pub(super) fn opening(bytes: &[u8], finished: bool) -> Opening {
    const LOOK_AHEAD: usize = 64;
    let head = bytes.get(..LOOK_AHEAD.min(bytes.len())).unwrap_or_default();
    let mut tokens = head.iter().enumerate().filter(|(_, b)| !b.is_ascii_whitespace());
    for (nth, expected) in b"{\"Records\":[".iter().enumerate() {
        match tokens.next() {
            Some((at, b'[')) if nth == 0 => return Opening::Array(at + 1),
            Some((at, b)) if b == expected => {
                if *b == b'[' {
                    return Opening::Array(at + 1);
                }
            }
            None if !finished && bytes.len() < LOOK_AHEAD => return Opening::Unclear,
            Some(_) | None => return Opening::Nothing,
        }
    }
    Opening::Nothing
}

/// Where the next line starts with `{` in its first column, at `from` or behind it.
pub(super) fn next_object_behind(from: usize, bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..).unwrap_or_default(), b"\n{").map(|at| from + at)
}

/// What stands before the place where a parser broke off, the byte included that it broke off at.
pub(super) fn before<'b>(error: &serde_json::Error, bytes: &'b [u8]) -> &'b [u8] {
    let line_end = error.line().checked_sub(2).and_then(|nth| memchr::memchr_iter(b'\n', bytes).nth(nth));
    let length = line_end.map_or(0, |at| at + 1) + error.column();
    bytes.get(..length).unwrap_or(bytes)
}

/// Where a line starts with a brace that is not closed in these bytes. The last byte opens nothing.
pub(super) fn left_open(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let (mut depth, mut in_string, mut escaped, mut line_starts) = (0_usize, false, false, true);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if line_starts && *byte == b'{' && at + 1 < bytes.len() {
                    open.push((depth, at));
                }
            }
            b'}' | b']' => {
                open.pop_if(|(opened, _)| *opened == depth);
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        line_starts = *byte == b'\n';
    }
    open.into_iter().map(|(_, at)| at)
}

/// The length of the object that starts these bytes, for a reader that passes over objects unread; `None` where its end is
/// not in sight, or where a line within it starts with a brace, so that only a parser can tell whether that is its own.
pub fn whole_object(bytes: &[u8]) -> Option<usize> {
    object_length(bytes)
        .filter(|length| bytes.get(..*length).is_some_and(|object| next_object_behind(0, object).is_none()))
}

/// Whether the element that starts here cannot go on behind these bytes without their saying so.
pub(super) fn is_delimited(bytes: &[u8]) -> bool {
    const DELIMITERS: &[u8] = b" \n\t\r\"[]{},:";
    matches!(bytes.first(), Some(b'{' | b'[' | b'"')) || bytes.iter().any(|byte| DELIMITERS.contains(byte))
}

/// Where a broken element of an array ends: where the braces that open here are closed again, strings taken into account,
/// or in front of a line that starts with a brace: that is somebody else's, whatever the quotes before it say. An object
/// ends where [`whole_object`] says, so that it is the same whether it was passed over unread or found to be broken.
pub(super) fn element_end(bytes: &[u8]) -> Option<usize> {
    if bytes.first() == Some(&b'{') {
        let next_line = next_object_behind(0, bytes);
        return object_length(next_line.map_or(bytes, |at| bytes.get(..at).unwrap_or(bytes))).or(next_line);
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if bytes.get(at + 1) == Some(&b'{') => return Some(at),
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                // a bracket of the surrounding array: what stood before it is the broken element
                let Some(outer) = depth.checked_sub(1) else { return Some(at.max(1)) };
                depth = outer;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b',' if depth == 0 => return Some(at.max(1)),
            _ => {}
        }
    }
    None
}
