//! One JSON value after another out of a stream of bytes, whatever is broken between them.
//!
//! Log objects are newline-delimited JSON by the documentation (FORMATS 2); concatenated objects, pretty-printed
//! ones, a top-level array and CloudTrail's `{"Records":[...]}` are taken as well, since it costs nothing and removes a
//! risk. A value that cannot be read never takes its neighbours with it:
//! * a line that is no JSON is one reject;
//! * a value that goes on over several lines and then breaks is given up as far as the next line that starts with `{`;
//! * an element of an array that is no JSON is given up as far as its closing brace.

use serde::de::IgnoredAny;

use crate::digest::Sha256;

/// Largest value that is read, in bytes. A log record holds two bodies of at most 100 KB, a CloudTrail record 1 MB.
pub const MAX_VALUE: usize = 8 << 20;

/// A line that is so long without an end is taken for values that follow each other without one.
const LONG_LINE: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A value that could not be read: counted and kept, by its place, never by its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Which value of the object, counted from 1.
    pub ordinal: u64,
    /// What is wrong with it; holds no text of the value.
    pub reason: String,
    /// The digest of the bytes that were given up.
    pub sha256: Sha256,
    /// How many bytes were given up.
    pub bytes: u64,
}

/// Why a reader did not take the value at the start of the bytes that it was shown.
#[derive(Debug)]
pub enum Unread {
    /// The bytes are no JSON value, or the start of one.
    Json(serde_json::Error),
    /// The value is JSON, ends after so many bytes, and is nothing that we take.
    Refused {
        /// Length of the value in bytes.
        used: usize,
        /// What is wrong with it.
        reason: String,
        /// Whether it was meant to be what the reader reads, and is broken; or is something else.
        meant: bool,
    },
}

/// What [`Values::next`] came to.
#[derive(Debug)]
pub enum Step<T> {
    /// A value was read.
    Value(T),
    /// A value was given up.
    Reject(Reject),
    /// More bytes are needed.
    NeedMore,
    /// Every byte was used.
    End,
}

/// Splits a stream of bytes into JSON values.
#[derive(Debug, Default)]
pub struct Values {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that are used up.
    start: usize,
    /// Every byte before this was searched for a line end.
    scanned: usize,
    /// The line end that was found last.
    line_end: Option<usize>,
    /// The first line alone is the beginning of a value that goes on.
    goes_on: bool,
    /// An unfinished value is tried again once `buffer` has grown to this.
    retry_at: usize,
    finished: bool,
    layout: Layout,
    ordinal: u64,
    /// A value over [`MAX_VALUE`] that is being passed over.
    oversized: Option<Oversized>,
    /// Lines of `buffer` that start with a brace which was still open where a value before them broke: what starts there
    /// breaks at the same place, and is not read as far as that once more for each of them.
    hopeless: Vec<usize>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One value after another.
    #[default]
    Sequence,
    /// Inside of a top-level array or of `{"Records":[`.
    Array,
    /// Behind the array of a wrapper: nothing more is expected but its closing brace.
    Tail,
}

#[derive(Debug)]
struct Oversized {
    ordinal: u64,
    bytes: u64,
    /// The digest of its first [`MAX_VALUE`] bytes.
    head: Sha256,
    /// It goes on over several lines.
    goes_on: bool,
}

/// What stands in front of the first value.
enum Opening {
    Nothing,
    Array(usize),
    Unclear,
}

impl Values {
    /// A splitter at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.scanned = self.scanned.saturating_sub(self.start);
            self.retry_at = self.retry_at.saturating_sub(self.start);
            self.line_end = self.line_end.and_then(|end| end.checked_sub(self.start));
            self.hopeless = self.hopeless.iter().filter_map(|at| at.checked_sub(self.start)).collect();
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that the stream has ended: what is unfinished now stays unfinished.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// How many values were met so far, rejected ones included.
    pub fn met(&self) -> u64 {
        self.ordinal
    }

    /// The next value. `read` is shown the ordinal and bytes that begin with a value, and says what it read and how
    /// many bytes that took.
    pub fn next<T>(&mut self, mut read: impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>) -> Step<T> {
        if self.oversized.is_some() {
            return self.pass_over();
        }
        loop {
            if !self.skip_separators() {
                return Step::NeedMore;
            }
            let Some(first) = self.rest().first().copied() else {
                return if self.finished { Step::End } else { Step::NeedMore };
            };
            if self.layout == Layout::Array && first == b']' {
                self.use_up(1);
                self.layout = Layout::Tail;
                continue;
            }
            if self.layout == Layout::Tail && first == b'}' {
                self.use_up(1);
                self.layout = Layout::Sequence;
                continue;
            }
            if self.layout != Layout::Array {
                match opening(self.rest(), self.finished) {
                    Opening::Array(length) => {
                        self.use_up(length);
                        self.layout = Layout::Array;
                        continue;
                    }
                    Opening::Unclear => return Step::NeedMore,
                    Opening::Nothing => self.layout = Layout::Sequence,
                }
            }
            return match self.layout {
                Layout::Array => self.next_element(&mut read),
                Layout::Sequence | Layout::Tail => self.next_line(&mut read),
            };
        }
    }

    fn next_line<T>(&mut self, read: &mut impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>) -> Step<T> {
        let Some(line) = self.line_length().filter(|line| *line <= MAX_VALUE) else {
            return self.next_of_long_line(read);
        };
        let available = self.rest().len();
        if !self.goes_on {
            match self.try_read(line, read) {
                Ok(step) => return step,
                // a value may go on over the next lines; a line that is broken by itself is one reject
                Err(error) if error.is_eof() && line < available => {
                    self.goes_on = true;
                    self.retry_at = 0;
                }
                Err(error) => return self.reject(line, &broken(&error)),
            }
        }
        if !self.is_due(available) {
            return self.wait();
        }
        let reason = match self.try_read_on(available, read) {
            Ok(step) => return step,
            Err(reason) => reason,
        };
        let Some(reason) = reason else { return self.try_later(available) };
        let next_object = next_object_behind(line, self.window());
        self.give_up(next_object, &reason)
    }

    /// Values may follow each other without a line end.
    fn next_of_long_line<T>(
        &mut self,
        read: &mut impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>,
    ) -> Step<T> {
        let available = self.rest().len();
        let concatenated = available >= LONG_LINE && self.rest().first() == Some(&b'{');
        if !concatenated || !self.is_due(available) {
            return self.wait();
        }
        match self.try_read(available, read) {
            Ok(step) => step,
            Err(_) => self.try_later(available),
        }
    }

    fn next_element<T>(
        &mut self,
        read: &mut impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>,
    ) -> Step<T> {
        let available = self.rest().len();
        if !self.is_due(available) {
            return self.wait();
        }
        // the rest of a number may still come
        if !self.is_all() && !is_delimited(self.window()) {
            return self.try_later(available);
        }
        let reason = match self.try_read_on(available, read) {
            Ok(step) => return step,
            Err(reason) => reason,
        };
        let Some(reason) = reason else { return self.try_later(available) };
        let end = element_end(self.window());
        self.give_up(end, &reason)
    }

    /// Reads a value that may go on over several lines; else why it is none, as far as that can be told by now.
    fn try_read_on<T>(
        &mut self,
        available: usize,
        read: &mut impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>,
    ) -> Result<Step<T>, Option<String>> {
        if self.hopeless.binary_search(&self.start).is_ok() {
            return Err(Some("no json: it breaks where a value before it did".to_owned()));
        }
        let error = match self.try_read(available, read) {
            Ok(step) => return Ok(step),
            Err(error) => error,
        };
        let before = before(&error, self.window());
        // a number that breaks off in its middle is no end of the input to the parser
        let breaks_off = error.is_eof() || before.len() == self.window().len();
        if breaks_off && !self.is_all() {
            return Err(None);
        }
        self.hopeless = left_open(before).filter(|at| *at > 0).map(|at| self.start + at).collect();
        Err(Some(broken(&error)))
    }

    /// What a decision may rest on: no more than the largest value, however much there is, so that the same bytes give
    /// the same values in whichever pieces they come.
    fn window(&self) -> &[u8] {
        let rest = self.rest();
        rest.get(..MAX_VALUE).unwrap_or(rest)
    }

    /// Whether nothing more can come into the window.
    fn is_all(&self) -> bool {
        self.finished && self.rest().len() <= MAX_VALUE
    }

    /// Whether enough has come since the last attempt, so that attempts cost no more than the reading itself.
    fn is_due(&self, available: usize) -> bool {
        self.finished || self.start + available >= self.retry_at
    }

    fn try_later<T>(&mut self, available: usize) -> Step<T> {
        self.retry_at = self.start + (2 * available).min(MAX_VALUE).max(available + 1);
        self.wait()
    }

    fn try_read<T>(
        &mut self,
        length: usize,
        read: &mut impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>,
    ) -> Result<Step<T>, serde_json::Error> {
        let ordinal = self.ordinal + 1;
        let shown = self.window().get(..length).unwrap_or(self.window());
        match read(ordinal, shown) {
            Ok((value, used)) => {
                self.ordinal = ordinal;
                self.use_up(used);
                Ok(Step::Value(value))
            }
            Err(Unread::Refused { used, reason, .. }) => Ok(self.reject(used, &reason)),
            Err(Unread::Json(error)) => Err(error),
        }
    }

    fn reject<T>(&mut self, length: usize, reason: &str) -> Step<T> {
        self.ordinal += 1;
        let given_up = self.rest().get(..length).unwrap_or_default();
        let reject = Reject {
            ordinal: self.ordinal,
            reason: reason.to_owned(),
            sha256: Sha256::of(given_up),
            bytes: given_up.len() as u64,
        };
        self.use_up(length);
        Step::Reject(reject)
    }

    /// Rejects what stands before a place where the next value may begin; where none is in sight, more bytes are needed.
    fn give_up<T>(&mut self, next: Option<usize>, reason: &str) -> Step<T> {
        let available = self.rest().len();
        match next.or(self.is_all().then_some(available)) {
            Some(length) => self.reject(length, reason),
            None => self.try_later(available),
        }
    }

    /// More bytes are needed, unless the value is too large already.
    fn wait<T>(&mut self) -> Step<T> {
        if self.rest().len() <= MAX_VALUE {
            return Step::NeedMore;
        }
        self.ordinal += 1;
        let head = Sha256::of(self.window());
        let goes_on = self.goes_on;
        // the last byte may be the line end in front of the next value
        let passed = MAX_VALUE - 1;
        self.use_up(passed);
        self.oversized = Some(Oversized { ordinal: self.ordinal, bytes: passed as u64, head, goes_on });
        self.pass_over()
    }

    /// Drops the rest of an oversized value as far as the end of its line; of one that goes on as far as the next line that starts
    /// with `{`.
    fn pass_over<T>(&mut self) -> Step<T> {
        let Some(mut oversized) = self.oversized.take() else { return Step::NeedMore };
        let rest = self.rest();
        let end =
            if oversized.goes_on { memchr::memmem::find(rest, b"\n{") } else { memchr::memchr(b'\n', rest) };
        // behind a line end the brace may still come
        let undecided = usize::from(oversized.goes_on && !self.finished && rest.ends_with(b"\n"));
        let length = end.unwrap_or(rest.len() - undecided);
        self.use_up(length);
        oversized.bytes += length as u64;
        if end.is_none() && !self.finished {
            self.oversized = Some(oversized);
            return Step::NeedMore;
        }
        Step::Reject(Reject {
            ordinal: oversized.ordinal,
            reason: format!(
                "a value of {} bytes: over the limit of {MAX_VALUE} (the digest is of its first part)",
                oversized.bytes
            ),
            sha256: oversized.head,
            bytes: oversized.bytes,
        })
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn use_up(&mut self, length: usize) {
        self.start = (self.start + length).min(self.buffer.len());
        self.scanned = self.scanned.max(self.start);
        self.retry_at = 0;
        self.goes_on = false;
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.scanned = 0;
            self.line_end = None;
            self.hopeless.clear();
        }
    }

    /// Skips what may stand between values: white space, record separators, commas in arrays, and byte order marks, also
    /// where files were put together. Whether that is decided: a mark may have come in part.
    fn skip_separators(&mut self) -> bool {
        let in_array = self.layout == Layout::Array;
        loop {
            let rest = self.rest();
            let length = rest
                .iter()
                .take_while(|b| b.is_ascii_whitespace() || **b == 0x1e || (in_array && **b == b','))
                .count();
            let rest = rest.get(length..).unwrap_or_default();
            let mark = if rest.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            let undecided = !rest.is_empty() && mark == 0 && BYTE_ORDER_MARK.starts_with(rest);
            if length + mark == 0 {
                return self.finished || !undecided;
            }
            self.use_up(length + mark);
        }
    }

    /// Length of the line that starts here; `None` where its end has not come yet.
    fn line_length(&mut self) -> Option<usize> {
        if let Some(end) = self.line_end.filter(|end| *end >= self.start) {
            return Some(end - self.start);
        }
        let from = self.scanned.max(self.start);
        self.line_end =
            memchr::memchr(b'\n', self.buffer.get(from..).unwrap_or_default()).map(|at| from + at);
        self.scanned = self.line_end.map_or(self.buffer.len(), |end| end + 1);
        match self.line_end {
            Some(end) => Some(end - self.start),
            None => self.finished.then(|| self.buffer.len() - self.start),
        }
    }
}

/// `[`, or `{"Records":[` as CloudTrail writes its files.
fn opening(bytes: &[u8], finished: bool) -> Opening {
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
fn next_object_behind(from: usize, bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..).unwrap_or_default(), b"\n{").map(|at| from + at)
}

/// What stands before the place where a parser broke off, the byte included that it broke off at.
fn before<'b>(error: &serde_json::Error, bytes: &'b [u8]) -> &'b [u8] {
    let line_end = error.line().checked_sub(2).and_then(|nth| memchr::memchr_iter(b'\n', bytes).nth(nth));
    let length = line_end.map_or(0, |at| at + 1) + error.column();
    bytes.get(..length).unwrap_or(bytes)
}

/// Where a line starts with a brace that is not closed in these bytes. The last byte opens nothing.
fn left_open(bytes: &[u8]) -> impl Iterator<Item = usize> {
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

/// Whether the element that starts here cannot go on behind these bytes without their saying so.
fn is_delimited(bytes: &[u8]) -> bool {
    const DELIMITERS: &[u8] = b" \n\t\r\"[]{},:";
    matches!(bytes.first(), Some(b'{' | b'[' | b'"')) || bytes.iter().any(|byte| DELIMITERS.contains(byte))
}

/// Where a broken element of an array ends: where the braces that open here are closed again, strings taken into account,
/// or in front of a line that starts with a brace: that is somebody else's, whatever the quotes before it say.
fn element_end(bytes: &[u8]) -> Option<usize> {
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

fn broken(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "no complete json value: it breaks off".to_owned(),
        _ => format!("no json: {}", without_text(error)),
    }
}

/// A parser's message may quote the input; what we keep is its kind and place.
fn without_text(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let kind = message.split(['`', '"', ':']).next().unwrap_or_default().trim();
    let kind = kind.split(" at line ").next().unwrap_or_default();
    format!("{kind} (line {}, column {} of the value)", error.line(), error.column())
}

/// Reads the value at the start of `bytes` as a `T`: the value and its length in bytes.
///
/// # Errors
/// [`Unread::Json`] where the bytes are no JSON or the start of a value; [`Unread::Refused`] where they are a
/// value that is no `T`.
pub fn read_as<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, usize), Unread> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
    match stream.next() {
        Some(Ok(value)) => Ok((value, stream.byte_offset())),
        Some(Err(error)) if error.is_data() => refused(length(bytes)?, &without_text(&error)),
        Some(Err(error)) => Err(Unread::Json(error)),
        None => Err(Unread::Refused {
            used: bytes.len(),
            reason: "nothing but white space".to_owned(),
            meant: false,
        }),
    }
}

/// Refuses a value of `used` bytes, which was meant to be what the reader reads and is broken.
///
/// # Errors
/// Always: [`Unread::Refused`].
pub fn refused<T>(used: usize, reason: &str) -> Result<T, Unread> {
    Err(Unread::Refused { used, reason: reason.to_owned(), meant: true })
}

/// Refuses a value of `used` bytes, which is something else than what the reader reads.
///
/// # Errors
/// As [`refused`].
pub fn foreign<T>(used: usize, reason: &str) -> Result<T, Unread> {
    Err(Unread::Refused { used, reason: reason.to_owned(), meant: false })
}

/// The length in bytes of the value at the start of `bytes`, whatever it is; at least 1.
///
/// # Errors
/// [`Unread::Json`] where the bytes are no JSON or the start of a value.
pub fn length(bytes: &[u8]) -> Result<usize, Unread> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    match stream.next() {
        Some(Err(error)) => Err(Unread::Json(error)),
        _ => Ok(stream.byte_offset().max(1)),
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Reads everything, the input cut into pieces of `size` bytes: values as compact text, rejects by ordinal.
    type Numbered = Vec<(u64, String)>;

    fn read_all(input: &[u8], size: usize) -> (Numbered, Numbered) {
        let mut values = Values::new();
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        let mut chunks = input.chunks(size);
        loop {
            let step = values.next(|ordinal, bytes| {
                let (value, used) = read_as::<Value>(bytes)?;
                if !value.is_object() {
                    return refused(used, "not an object");
                }
                Ok(((ordinal, value.to_string()), used))
            });
            match step {
                Step::Value(value) => good.push(value),
                Step::Reject(reject) => bad.push((reject.ordinal, reject.reason)),
                Step::NeedMore => match chunks.next() {
                    Some(chunk) => values.push(chunk),
                    None => values.finish(),
                },
                Step::End => return (good, bad),
            }
        }
    }

    fn check(input: &str, good: &[(u64, &str)], bad: &[u64]) {
        for size in [1, 3, 7, 64, 4096] {
            let (got_good, got_bad) = read_all(input.as_bytes(), size);
            let got_good: Vec<_> = got_good.iter().map(|(n, v)| (*n, v.as_str())).collect();
            assert_eq!(got_good, good, "values of {input:?} in pieces of {size}: rejects {got_bad:?}");
            let got_bad: Vec<_> = got_bad.iter().map(|(n, _)| *n).collect();
            assert_eq!(got_bad, bad, "rejects of {input:?} in pieces of {size}");
        }
    }

    #[test]
    fn every_layout_gives_the_same_values() {
        let good = [(1, r#"{"a":1}"#), (2, r#"{"b":{"c":[1,2]}}"#)];
        for input in [
            "{\"a\":1}\n{\"b\":{\"c\":[1,2]}}\n",
            "{\"a\":1}\r\n\r\n{\"b\":{\"c\":[1,2]}}",
            "{\"a\":1}{\"b\":{\"c\":[1,2]}}",
            "\u{feff}{\n \"a\": 1\n}\n{\n \"b\": {\n  \"c\": [\n1,\n2]}}\n",
            "[{\"a\":1},{\"b\":{\"c\":[1,2]}}]",
            "[\n{\"a\":1},\n{\"b\":{\"c\":[1,2]}}\n]\n",
            "{\"Records\":[{\"a\":1},{\"b\":{\"c\":[1,2]}}]}",
            "{ \"Records\" : [\n  {\"a\":1},\n{\"b\":\n{\"c\":[1,2]}}\n]\n}\n",
            "{\"Records\":[{\"a\":1}]}{\"Records\":[{\"b\":{\"c\":[1,2]}}]}",
            "\n\u{feff}{\"a\":1}\n\u{feff}{\"b\":{\"c\":[1,2]}}\n",
        ] {
            check(input, &good, &[]);
        }
        check("", &[], &[]);
        check("[]", &[], &[]);
        check("\n\n", &[], &[]);
    }

    #[test]
    fn a_bad_neighbour_takes_nobody_down() {
        let cases = [
            ("garbage\n{\"a\":1}\n", vec![(2, r#"{"a":1}"#)], vec![1]),
            ("{\"a\":1}\n{\"b\":\n{\"c\":3}\n", vec![(1, r#"{"a":1}"#), (3, r#"{"c":3}"#)], vec![2]),
            ("{\"a\":1\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
            ("{\"a\":\"cut\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
            ("{\"a\":1}xyz\n{\"c\":3}\n", vec![(1, r#"{"a":1}"#), (3, r#"{"c":3}"#)], vec![2]),
            ("{\"a\":1}\n{\"c\":3", vec![(1, r#"{"a":1}"#)], vec![2]),
            ("{\n \"a\": 1,\n}\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
            ("12\n{\"c\":3}\n\"x\"\n", vec![(2, r#"{"c":3}"#)], vec![1, 3]),
            ("[{\"a\":},{\"c\":3}]", vec![(2, r#"{"c":3}"#)], vec![1]),
            ("[1,{\"c\":3},tru]", vec![(2, r#"{"c":3}"#)], vec![1, 3]),
            ("[{\"c\":3},{\"a\":", vec![(1, r#"{"c":3}"#)], vec![2]),
            ("[{\"a\":\"cut\n{\"c\":3}\n{\"d\":4}\n", vec![(2, r#"{"c":3}"#), (3, r#"{"d":4}"#)], vec![1]),
            ("[broken line\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
            // where the next object begins is waited for, and where a number ends
            ("{\"a\":\"cut\nno json\nnor this\n{\"c\":3}\n", vec![(2, r#"{"c":3}"#)], vec![1]),
            ("{\"a\":\n{\"b\":12.5}\n}\n", vec![(1, r#"{"a":{"b":12.5}}"#)], vec![]),
            ("[1234,{\"c\":3}]", vec![(2, r#"{"c":3}"#)], vec![1]),
        ];
        for (input, good, bad) in cases {
            check(input, &good, &bad);
        }
    }

    /// Real records are larger than the pieces in which they come, and an object is larger than the largest value.
    #[test]
    fn records_of_every_size_are_all_found_in_every_layout() {
        for size in [9_000, 27_000, 94_000, 1_500_000] {
            let count = (MAX_VALUE * 5 / 4) / size + 2;
            let record = |n: usize| format!("{{\"n\":{n},\"a\":\"{}\"}}", "x".repeat(size));
            let pretty = |n: usize| format!("{{\n \"n\": {n},\n \"a\": \"{}\"\n}}", "x".repeat(size));
            let all = |one: &dyn Fn(usize) -> String, between: &str| {
                (0..count).map(one).collect::<Vec<_>>().join(between)
            };
            for input in [
                all(&record, "\n"),
                all(&pretty, "\n"),
                all(&record, ""),
                format!("[{}]", all(&record, ",")),
                format!("{{\"Records\":[{}]}}", all(&pretty, ",\n")),
            ] {
                let (good, bad) = read_all(input.as_bytes(), 4096);
                assert_eq!((good.len(), bad), (count, vec![]), "{size} {}", &input[..20]);
            }
        }
    }

    #[test]
    fn many_small_values_on_one_line_are_read_in_one_pass() {
        let (good, bad) = read_all(("{}".repeat(300_000) + "\n").as_bytes(), 4096);
        assert_eq!((good.len(), bad), (300_000, vec![]));
    }

    /// Each of these lines could go on as far as the end, or as far as the place where it breaks.
    #[test]
    fn lines_that_all_go_on_are_read_once_and_not_once_for_each() {
        const LINES: usize = 50_000;
        let nested = "{\"a\":\n".repeat(LINES);
        for (input, good) in [(nested.clone(), 0), (format!("[{nested}"), 0), (nested + "x\n{\"c\":3}\n", 1)]
        {
            let (got_good, got_bad) = read_all(input.as_bytes(), 4096);
            assert_eq!((got_good.len(), got_bad.len()), (good, LINES));
        }
    }

    #[test]
    fn a_value_over_the_limit_is_one_reject_and_is_not_kept() {
        let huge = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(MAX_VALUE + 100_000));
        let (good, bad) = read_all(huge.as_bytes(), 8192);
        assert_eq!(good, [(2, r#"{"b":1}"#.to_owned())]);
        assert_eq!(bad.len(), 1);
        assert!(bad[0].1.contains("over the limit"), "{}", bad[0].1);
    }

    #[test]
    fn the_limit_is_the_same_however_large_the_pieces_are() {
        let at_limit = |over: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_VALUE - 8 + over));
        let broken = format!("{{\n \"a\":,\n{}", " \"b\": 1,\n".repeat(MAX_VALUE / 8));
        for (first, found) in [(at_limit(0), 2), (at_limit(1), 1), (broken, 1)] {
            let input = format!("{first}\n{{\"b\":1}}\n");
            let whole = read_all(input.as_bytes(), usize::MAX);
            assert_eq!(whole.0.len(), found);
            assert_eq!(read_all(input.as_bytes(), 100_000), whole);
        }
    }

    #[test]
    fn a_reject_holds_no_text_of_the_input() {
        let (_, bad) = read_all(b"{\"secret\": my-password}\n", 4096);
        assert_eq!(bad.len(), 1);
        assert!(!bad[0].1.contains("password") && !bad[0].1.contains("secret"), "{}", bad[0].1);
    }
}
