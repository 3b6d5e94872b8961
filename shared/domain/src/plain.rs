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

/// Control characters, and those that turn the direction of text around.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
