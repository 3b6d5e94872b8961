//! A part of the stack as it is now: there, gone, or not to be read.

use serde_json::{Value, json};

use super::{Fault, Reading};

/// What is read of a kind of parts.
pub trait Now {
    /// The resource kind.
    const KIND: &'static str;
    /// The ARN, where it is known.
    fn arn(&self) -> Option<&str>;
}

/// A part of the stack.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name.
    pub name: String,
    /// What it is now; `None` where it is gone.
    pub now: Reading<Option<T>>,
}

impl<T: Now> Part<T> {
    pub(super) fn is_there(&self) -> Option<&T> {
        self.now.as_ref().ok()?.as_ref()
    }

    pub(super) fn fault(&self, found: Value) -> Fault {
        let arn = self.is_there().and_then(Now::arn).map(str::to_owned);
        Fault { kind: T::KIND, id: self.name.clone(), arn, found }
    }
}

/// Those that are there, and what they are.
pub(super) fn present<T: Now>(parts: &[Part<T>]) -> impl Iterator<Item = (&Part<T>, &T)> {
    parts.iter().filter_map(|part| Some((part, part.is_there()?)))
}

/// A fault for each one that is gone.
pub(super) fn gone<T: Now>(parts: &[Part<T>]) -> Vec<Fault> {
    let gone = parts.iter().filter(|part| matches!(part.now, Ok(None)));
    gone.map(|part| part.fault(json!({"logical_id": part.logical_id}))).collect()
}

/// Those that could not be read: their kind, their name, and why.
pub(super) fn unread<T: Now>(parts: &[Part<T>]) -> impl Iterator<Item = (&'static str, &str, &String)> {
    parts.iter().filter_map(|part| Some((T::KIND, part.name.as_str(), part.now.as_ref().err()?)))
}
