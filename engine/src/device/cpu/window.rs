//! Documents that wait to be laid into rows, in the buffers they came in.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;

use crate::batch::Position;
use crate::error::{Error, Result};

/// Documents waiting to be laid into rows.
#[derive(Debug, Default)]
pub(super) struct DocumentWindow {
    /// The tokens of each batch, and what has a value for each of them.
    pub(super) buffers: Vec<Vec<ArrayRef>>,
    pub(super) docs: Vec<Doc>,
    pub(super) n_tokens: u64,
}

/// A document, or what is left of one, in one of the window's buffers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doc {
    pub(super) at: Position,
    pub(super) buffer: u32,
    pub(super) offset: u32,
    pub(super) len: u32,
    /// Tokens of the document that stand before `offset`.
    pub(super) start: u32,
}

impl DocumentWindow {
    /// Tokens in its buffers.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let buffers = self.buffers.iter();
        buffers
            .filter_map(|buffer| buffer.first())
            .map(Array::len)
            .sum()
    }

    /// Goes on with `docs`, the last of those it holds, and their buffers.
    pub(super) fn keep(&mut self, mut docs: Vec<Doc>) {
        let first = docs.first().map(|doc| doc.buffer);
        let n_gone = first.map_or(self.buffers.len(), |first| first as usize);
        self.buffers.drain(..n_gone);
        for doc in &mut docs {
            doc.buffer -= first.unwrap_or(0);
        }
        self.n_tokens = docs.iter().map(|doc| u64::from(doc.len)).sum();
        self.docs = docs;
    }

    /// Lets the last buffer go if less than three quarters of it are tokens of
    /// the window: those are copied.
    pub(super) fn compact(&mut self) -> Result<()> {
        let Some(index) = self.buffers.len().checked_sub(1) else {
            return Ok(());
        };
        let first = self
            .docs
            .partition_point(|doc| (doc.buffer as usize) < index);
        let docs = &mut self.docs[first..];
        let n_used: u64 = docs.iter().map(|doc| u64::from(doc.len)).sum();
        let buffer = &mut self.buffers[index];
        if n_used * 4 >= buffer.first().map_or(0, Array::len) as u64 * 3 {
            return Ok(());
        }
        if docs.is_empty() {
            self.buffers.truncate(index);
            return Ok(());
        }
        for values in buffer {
            let runs = docs.iter();
            let runs: Vec<ArrayRef> = runs
                .map(|doc| values.slice(doc.offset as usize, doc.len as usize))
                .collect();
            let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
            *values = concat(&runs)
                .map_err(|error| Error::internal("cannot copy tokens").with_source(error))?;
        }
        let mut offset = 0;
        for doc in docs {
            doc.offset = offset;
            offset += doc.len;
        }
        Ok(())
    }

    /// The index of `values` among the window's buffers, where a batch's
    /// documents come one after another.
    pub(super) fn buffer_of(&mut self, values: &[ArrayRef]) -> u32 {
        let is_last = self
            .buffers
            .last()
            .is_some_and(|last| last.iter().zip(values).all(|(a, b)| Arc::ptr_eq(a, b)));
        if !is_last {
            self.buffers.push(values.to_vec());
        }
        u32::try_from(self.buffers.len() - 1).unwrap_or(u32::MAX)
    }
}
