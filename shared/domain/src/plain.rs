//! Text of records, made safe to be shown: it never steers a terminal or a mail.

/// Text from a record on one line of at most `limit` characters: control characters never reach a terminal or a mail.
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for (nth, c) in text.trim().chars().enumerate() {
        if nth == limit {
            line.push('…');
            break;
        }
        if is_unsafe(c) { line.extend(c.escape_unicode()) } else { line.push(c) }
    }
    line
}

/// Control characters, those that end a line or turn the direction of text around, and those that nobody sees: two names that
/// look the same are the same.
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || TURNING_OR_UNSEEN.iter().any(|(from, to)| (*from..=*to).contains(&c))
}

/// Of Unicode's directional marks, separators, fillers and tags; joiners, which scripts and emoji need, are left.
const TURNING_OR_UNSEEN: [(char, char); 13] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200b}'),
    ('\u{200e}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{e0000}', '\u{e007f}'),
];
