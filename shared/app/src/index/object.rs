//! The values of one object, in order: fetched, inflated and split piece by piece, so that memory does not grow with it.

use std::io;

use audit_domain::{
    ledger::delivery::Completion,
    values::{Reject, Step, Unread, Values},
};
use bytes::Bytes;

use crate::{
    inflate::{Inflate, PIECE},
    ports::{Chunks, PortError},
};

/// What stands at one place of an object.
pub(crate) enum Item<T> {
    /// A value that was read.
    Value(T),
    /// A value that was given up.
    Reject(Reject),
}

/// An object that is being read.
pub(crate) struct ObjectValues<C> {
    chunks: C,
    /// What of the chunk fetched last is still packed.
    packed: Bytes,
    inflate: Inflate,
    values: Values,
    ended: bool,
    broken: Option<io::Error>,
}

impl<C: Chunks> ObjectValues<C> {
    /// At the start of an object.
    pub(crate) fn new(chunks: C) -> Self {
        Self {
            chunks,
            packed: Bytes::new(),
            inflate: Inflate::new(),
            values: Values::new(),
            ended: false,
            broken: None,
        }
    }

    /// The next value, as `read` reads it; `None` at the end. `progress` is told the packed bytes of each piece.
    ///
    /// # Errors
    /// The object cannot be fetched on. One that is no sound gzip is no error: it ends there, and its completion says so.
    pub(crate) async fn next<T>(
        &mut self,
        read: &mut impl FnMut(u64, &[u8]) -> Result<(T, usize), Unread>,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<Option<Item<T>>, PortError> {
        loop {
            match self.values.next(&mut *read) {
                Step::Value(value) => return Ok(Some(Item::Value(value))),
                Step::Reject(reject) => return Ok(Some(Item::Reject(reject))),
                Step::NeedMore | Step::End if self.ended => return Ok(None),
                Step::NeedMore | Step::End => self.fetch(progress).await?,
            }
        }
    }

    /// Inflates the next piece.
    async fn fetch(&mut self, progress: &mut (impl FnMut(u64) + Send)) -> Result<(), PortError> {
        while self.packed.is_empty() {
            let Some(chunk) = self.chunks.next_chunk().await? else {
                self.end();
                return Ok(());
            };
            self.packed = chunk;
        }
        let piece = self.packed.split_to(self.packed.len().min(PIECE));
        progress(piece.len() as u64);
        let values = &mut self.values;
        if let Err(error) = self.inflate.push(&piece, &mut |bytes| values.push(bytes)) {
            self.broken = Some(error);
            self.end();
        }
        Ok(())
    }

    fn end(&mut self) {
        let values = &mut self.values;
        let finished = self.inflate.finish(&mut |bytes| values.push(bytes));
        self.broken = self.broken.take().or(finished.err());
        self.values.finish();
        self.ended = true;
    }

    /// Whether it could be read to its end.
    pub(crate) fn completion(&self) -> Completion {
        match &self.broken {
            None => Completion::Done,
            Some(error) => Completion::Partial(format!(
                "no sound gzip after {} inflated bytes: {error}",
                self.inflate.passed()
            )),
        }
    }

    /// How many values were met, rejected ones included.
    pub(crate) fn met(&self) -> u64 {
        self.values.met()
    }

    /// How many bytes it has, inflated, as far as it was read.
    pub(crate) fn inflated(&self) -> u64 {
        self.inflate.passed()
    }
}
