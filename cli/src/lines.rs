//! Two texts compared line by line.
//!
//! For people a long line is compared sentence by sentence, since many a prompt is one line; and only some of what changed is
//! shown, the rest is counted. For machines it is a unified diff of the lines as they are.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::output;

/// A line of more characters is compared sentence by sentence, and a sentence of more part by part.
const LONG: usize = 160;
/// So many characters has a part at most.
const PART: usize = 120;
/// So many places at which a text changed are shown.
const PLACES: usize = 4;
/// So many lines of all of them together.
const LINES: usize = 40;
/// After so long the comparison is content with an answer that is right and not the shortest.
const PATIENCE: Duration = Duration::from_millis(500);

/// A unified diff.
pub(crate) struct Unified {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) text: String,
}

/// Compares the lines as they are.
pub(crate) fn unified(before: &str, after: &str) -> Unified {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    let text = diff.unified_diff().missing_newline_hint(false).to_string();
    Unified { added: count(ChangeTag::Insert), removed: count(ChangeTag::Delete), text }
}

/// What changed, for people: `- ` what went, `+ ` what came, and what stayed around it, one line each; bounded.
pub(crate) fn told(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (pieces(before), pieces(after));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&before, &after);
    let (mut told, mut left_out) = (Vec::new(), 0_usize);
    for (nth, place) in diff.grouped_ops(1).iter().enumerate() {
        if nth > 0 && nth < PLACES && told.len() < LINES {
            told.push("...".to_owned());
        }
        for change in place.iter().flat_map(|part| diff.iter_changes(part)) {
            let mark = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            if nth < PLACES && told.len() < LINES {
                told.push(format!("{mark} {}", output::line(change.value())));
            } else if mark != ' ' {
                left_out += 1;
            }
        }
    }
    if left_out > 0 {
        told.push(format!("... and {} more that changed", output::counted(left_out, "line")));
    }
    told
}

/// The lines of a text; long ones in sentences, and long sentences in parts.
fn pieces(text: &str) -> Vec<&str> {
    text.split('\n').flat_map(|line| if is_long(line) { sentences(line) } else { vec![line] }).collect()
}

fn is_long(text: &str) -> bool {
    text.chars().nth(LONG).is_some()
}

fn sentences(line: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let (mut from, mut last) = (0, ' ');
    for (at, c) in line.char_indices() {
        let is_end = last == '。' || (c == ' ' && matches!(last, '.' | '!' | '?' | ';'));
        if is_end && let Some(sentence) = line.get(from..at) {
            sentences.push(sentence.trim_start());
            from = at;
        }
        last = c;
    }
    sentences.extend(line.get(from..).map(str::trim_start));
    sentences.into_iter().flat_map(parts).collect()
}

/// Cut at spaces, where there are any. A word more moves the cuts of its own sentence, and of no other.
fn parts(sentence: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), sentence);
    while is_long(rest) {
        let end = rest.char_indices().nth(PART).map_or(rest.len(), |(at, _)| at);
        let head = rest.get(..end).unwrap_or(rest);
        let at = head.rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        let (part, behind) = rest.split_at(at);
        parts.push(part);
        rest = behind.trim_start();
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_and_what_came_stands_between_what_stayed() {
        let told = told("One.\nTwo.\nThree.\nFour.", "One.\nTwo!\nThree.\nFour.");
        assert_eq!(told, ["  One.", "- Two.", "+ Two!", "  Three."]);
        let unified = unified("One.\nTwo.", "One.\nTwo!\nThree.");
        assert_eq!((unified.added, unified.removed), (2, 1));
        assert!(unified.text.contains("-Two.\n+Two!\n+Three.\n"), "{}", unified.text);
    }

    #[test]
    fn a_long_line_is_compared_sentence_by_sentence() {
        let sentence = |nth: usize| format!("This is sentence {nth} of a prompt without any line feed.");
        let text = |changed: &str| {
            let all: Vec<_> =
                (0..20).map(|nth| if nth == 7 { changed.to_owned() } else { sentence(nth) }).collect();
            all.join(" ")
        };
        let told = told(&text("Be kind."), &text("Be rude."));
        assert_eq!(told.len(), 4, "{told:#?}");
        assert_eq!(told[1..3], ["- Be kind.", "+ Be rude."]);
        // words, and what has none, too: nothing is lost by the cuts
        for long in ["word ".repeat(200), "x".repeat(1_000), "文".repeat(500), "文。".repeat(300)] {
            let pieces = pieces(long.trim_end());
            assert!(pieces.len() > 3 && pieces.iter().all(|piece| !is_long(piece)), "{pieces:?}");
            let squeezed = |text: &str| text.replace(' ', "");
            assert_eq!(squeezed(&pieces.concat()), squeezed(&long));
        }
    }

    #[test]
    fn much_that_changed_is_counted() {
        let before: Vec<_> = (0..200).map(|nth| format!("line {nth}")).collect();
        let after: Vec<_> = (0..200).map(|nth| format!("{nth}. line")).collect();
        let changed = told(&before.join("\n"), &after.join("\n"));
        assert_eq!(changed.len(), LINES + 1);
        assert_eq!(changed.last().unwrap(), "... and 360 lines more that changed");
        let every_tenth = |nth: usize| {
            if nth.is_multiple_of(10) { format!("changed {nth}") } else { format!("line {nth}") }
        };
        let after: Vec<_> = (0..200).map(every_tenth).collect();
        let told = told(&before.join("\n"), &after.join("\n"));
        assert_eq!(told.iter().filter(|line| *line == "...").count(), PLACES - 1);
        assert_eq!(told.last().unwrap(), "... and 32 lines more that changed");
    }

    #[test]
    fn nothing_of_a_text_steers_the_terminal() {
        let told = told("a", "\u{1b}[2Jb\r\u{202e}");
        assert_eq!(told, ["- a", "+ \\u{1b}[2Jb\\u{d}\\u{202e}"]);
    }
}
