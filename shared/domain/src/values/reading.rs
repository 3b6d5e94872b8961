//! One value at the start of some bytes, for those who read records.

use serde::de::IgnoredAny;

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

pub(super) fn broken(error: &serde_json::Error) -> String {
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
