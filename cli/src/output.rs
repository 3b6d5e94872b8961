//! Tables for people, JSON for machines. Nothing of a record reaches the terminal unescaped.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
};

use anstyle::{AnsiColor, Style};
use audit_app::ports::Span;
use audit_domain::plain::is_unsafe;
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, presets};
use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

/// How a command ended: its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Found, or done: 0.
    Done,
    /// Nothing was found: 1.
    NothingFound,
    /// Something is not in order: 1.
    SomethingOff,
    /// Something could not be read: 2. What could be read was.
    Incomplete,
}

impl Ending {
    pub(crate) fn found(anything: bool) -> Self {
        if anything { Self::Done } else { Self::NothingFound }
    }
}

/// So wide a table is where no terminal says how wide it is.
const WIDTH_OF_A_PIPE: u16 = 160;

/// What stands in the place of a text that was not asked for.
pub(crate) const NOT_SHOWN: &str = "not shown (--no-text)";

const HEADING: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const PROBLEM: Style = AnsiColor::Red.on_default().bold();

/// A line of the answer.
fn put(line: &dyn Display) {
    written(writeln!(anstream::stdout().lock(), "{line}"));
}

/// A line beside the answer. That nobody reads it is no reason to end.
fn tell(line: &dyn Display) {
    let _unread = writeln!(anstream::stderr().lock(), "{line}");
}

/// An answer that is made for machines as a whole, byte by byte as it is.
pub(crate) fn whole(text: &str) {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// Whoever asked may have read enough (`| head`): then the command is done. Other than that, an answer that does not get out is a
/// failure.
fn written(outcome: io::Result<()>) {
    match outcome {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            problem(&format!("could not write the answer: {error}"));
            std::process::exit(2)
        }
    }
}

/// Why a command failed.
pub(crate) fn problem(text: &str) {
    tell(&format_args!("{PROBLEM}error:{PROBLEM:#} {}", block(text)));
}

/// Something that the one who asked should know, beside the answer.
pub(crate) fn note(text: &str) {
    tell(&format_args!("{FAINT}{}{FAINT:#}", block(text)));
}

/// A heading.
pub(crate) fn heading(text: &str) {
    put(&format_args!("{HEADING}{}{HEADING:#}", line(text)));
}

/// A line of our own, or with values that went through [`line`].
pub(crate) fn say(text: &str) {
    put(&text);
}

/// `1 change`, `2 changes`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A labelled value.
pub(crate) fn fact(label: &str, value: &str) {
    put(&format_args!("{FAINT}{label:<14}{FAINT:#} {}", line(value)));
}

/// A text of several lines, marked at its side.
pub(crate) fn quote(text: &str) {
    for part in text.lines() {
        put(&format_args!("  {FAINT}|{FAINT:#} {}", line(part)));
    }
}

/// JSON for machines.
pub(crate) fn json(value: &Value) {
    put(&format_args!("{value:#}"));
}

/// A table whose cells went through [`line`].
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    put(&filled(headings, rows));
}

/// The same, with ids in the first column: they are never wrapped, so that they can be copied.
pub(crate) fn table_by_id<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut table = filled(headings, rows);
    if let Some(ids) = table.column_mut(0) {
        ids.set_constraint(ColumnConstraint::ContentWidth);
    }
    put(&table);
}

fn filled<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.map(|heading| Cell::new(heading).add_attribute(Attribute::Underlined)));
    if !io::stdout().is_terminal() {
        table.set_width(WIDTH_OF_A_PIPE);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| line(cell)));
    }
    table
}

/// Text of a record on one line: control characters are escaped.
pub(crate) fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push(' '),
            c if is_unsafe(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// The first characters of a text; one that is longer ends in an ellipsis.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let mut cut: String = text.chars().take(longest).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// Text of several lines: control characters are escaped, line feeds stay.
pub(crate) fn block(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A moment as people read it, at an offset.
pub(crate) fn moment(moment: Timestamp, offset: Offset) -> String {
    let zone = if offset == Offset::UTC { "UTC".to_owned() } else { offset.to_string() };
    format!("{} {zone}", offset.to_datetime(moment).strftime("%a %Y-%m-%d %H:%M:%S"))
}

/// The window that an answer used; one that ends after the present is open.
pub(crate) fn window(span: Option<Span>, now: Timestamp, offset: Offset) -> String {
    let Some(span) = span else { return "of all time".to_owned() };
    let since = moment(span.since, offset);
    if span.until > now {
        format!("from {since} until now ({})", moment(now, offset))
    } else {
        format!("from {since} to {}", moment(span.until, offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_record_steers_the_terminal() {
        let hostile = "a\u{1b}[2Jb\r\nc\u{202e}d\u{7}é";
        let safe = line(hostile);
        assert!(!safe.chars().any(|c| c.is_control() || c == '\u{202e}'), "{safe}");
        assert!(safe.contains('é'));
        assert_eq!(block("a\nb\r"), "a\nb\\u{d}");
    }
}
