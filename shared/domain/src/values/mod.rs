//! One JSON value after another out of a stream of bytes, whatever is broken between them.
//!
//! Log objects are newline-delimited JSON by the documentation (FORMATS 2); concatenated objects, pretty-printed
//! ones, a top-level array and CloudTrail's `{"Records":[...]}` are taken as well, since it costs nothing and removes a
//! risk. A value that cannot be read never takes its neighbours with it:
//! * a line that is no JSON is one reject;
//! * a value that goes on over several lines and then breaks is given up as far as the next line that starts with `{`;
//! * an element of an array that is no JSON is given up as far as its closing brace.

mod reading;
mod scan;
mod skip;

use self::{
    reading::broken,
    scan::{Opening, before, element_end, is_delimited, left_open, next_object_behind, opening},
};
pub use self::{
    reading::{Unread, foreign, length, read_as, refused},
    scan::whole_object,
};
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

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
