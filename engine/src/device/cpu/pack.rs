//! `pack`: windows of documents become rows of fixed length.
//!
//! A best-fit window closes once it holds the step's number of documents and
//! [`WINDOW_ROWS`] rows of tokens, or [`WINDOW_TOKENS`] tokens or
//! [`WINDOW_DOCS`] documents whatever else it holds, so a window's memory is
//! bounded and only its last row or two are not full. Windows depend on the
//! documents alone, never on batches.
//!
//! Tokens stay in the buffers the tokenizer wrote and are copied once, into
//! rows, unless most of a buffer is of documents that were dropped or
//! truncated: what is kept is copied out of it then, so that it can go.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, FixedSizeListArray, Int32Array, ListArray,
    PrimitiveArray, RecordBatch,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::concat;
use arrow::datatypes::{ArrowNativeType, DataType, SchemaRef, UInt16Type, UInt32Type};
use fuelrail_kernels::pack::{self, CutRule, DocumentPiece, PackedRows, Padding, PaddingExtent};

use super::ledger::Ledger;
use super::lookup::column;
use crate::batch::{
    Batch, Checkpoint, Origins, OutputBatch, Position, Quarantined, RowEvent, Stats, WhyDropped,
};
use crate::error::{Error, Result};
use crate::plan::{Overlong, PackMethod, PackStep};

/// Rows' worth of tokens a window holds before it closes: its last row, the
/// one that may stay half empty, is then under a thousandth of it.
const WINDOW_ROWS: u64 = 1024;
/// Tokens at which a window closes in any case: 128 MiB of 32-bit ids.
const WINDOW_TOKENS: u64 = 32 << 20;
/// Documents at which a window closes in any case; more than a step can ask
/// for.
const WINDOW_DOCS: usize = 1 << 20;
/// What a document takes besides its tokens: its place, its entry in the
/// ledger, and its pieces while they are laid.
const DOC_BYTES: u64 = 160;
/// About how many bytes of rows leave at once.
const EMIT_BYTES: usize = 4 << 20;

/// Where finished rows go.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(OutputBatch) -> Result<()>;

/// Packs the documents of one part.
#[derive(Debug)]
pub(crate) struct Packer {
    step: PackStep,
    step_index: u32,
    schema: SchemaRef,
    ledger: Ledger,
    window: Window,
    /// Where the open window starts.
    start: Position,
    /// Tokens of the first document that an earlier window holds.
    skip_tokens: u32,
}

/// Documents waiting to be laid into rows.
#[derive(Debug, Default)]
struct Window {
    buffers: Vec<ArrayRef>,
    docs: Vec<Doc>,
    n_tokens: u64,
}

/// A document, or what is left of one, in one of the window's buffers.
#[derive(Debug, Clone, Copy)]
struct Doc {
    at: Position,
    buffer: u32,
    offset: u32,
    len: u32,
    /// Tokens of the document that stand before `offset`.
    start: u32,
}

impl Packer {
    /// A packer that begins at `from`.
    ///
    /// # Errors
    /// `Internal` for a plan that was not checked.
    pub(super) fn new(
        step: PackStep,
        step_index: usize,
        schema: SchemaRef,
        ledger: Ledger,
        from: &Checkpoint,
    ) -> Result<Self> {
        let skip_tokens = u32::try_from(from.skip_tokens)
            .map_err(|_| Error::damage("a checkpoint lies beyond any document"))?;
        Ok(Self {
            step,
            step_index: u32::try_from(step_index).unwrap_or(u32::MAX),
            schema,
            ledger,
            window: Window::default(),
            start: from.position,
            skip_tokens,
        })
    }

    /// Bytes of a full window and of the rows that leave at once.
    pub(super) fn memory_bound(step: &PackStep) -> u64 {
        let width = step.id_type.primitive_width().unwrap_or(4) as u64;
        // Of each buffer, at least three quarters are tokens of the window.
        let tokens = WINDOW_TOKENS * width * 4 / 3;
        tokens + WINDOW_DOCS as u64 * DOC_BYTES + 2 * EMIT_BYTES as u64
    }

    pub(super) fn push(&mut self, batch: &Batch, emit: Emit<'_>) -> Result<()> {
        let mut events = batch.events.iter().peekable();
        if !batch.rows.is_empty() {
            let lists = column(&batch.columns, &self.step.column)?
                .as_list_opt::<i32>()
                .ok_or_else(|| Error::internal("expected lists of token ids"))?;
            for row in 0..lists.len() {
                let at = batch.position(row);
                while let Some(event) = events.next_if(|event| event.at() < at) {
                    self.ledger.event(event.clone());
                }
                self.push_document(lists, row, at);
                // What was done to the row itself goes with it.
                while let Some(event) = events.next_if(|event| event.at() == at) {
                    self.ledger.event(event.clone());
                }
                if self.is_full() {
                    self.close_window(next_row(at), emit)?;
                }
            }
        }
        for event in events {
            self.ledger.event(event.clone());
        }
        self.window.compact()
    }

    pub(super) fn finish(mut self, emit: Emit<'_>) -> Result<(Stats, Vec<Quarantined>)> {
        let rows = self.lay();
        self.emit(&rows, rows.n_rows(), emit)?;
        Ok(self.ledger.finish())
    }

    fn push_document(&mut self, lists: &ListArray, row: usize, at: Position) {
        let offsets = lists.value_offsets();
        let offset = offsets[row].unsigned_abs();
        let len = offsets[row + 1].unsigned_abs() - offset;
        let best_fit = self.step.method == PackMethod::BestFit;
        let overlong = best_fit && len > self.step.length;
        let why = match self.step.overlong {
            _ if lists.is_null(row) => Some(WhyDropped::Null),
            _ if len == 0 => Some(WhyDropped::Empty),
            Overlong::Drop if overlong => Some(WhyDropped::TooLong),
            _ => None,
        };
        if let Some(why) = why {
            let step = self.step_index;
            self.ledger.event(RowEvent::Filtered { at, step, why });
            return;
        }
        let truncated = overlong && self.step.overlong == Overlong::Truncate;
        let kept = if truncated { self.step.length } else { len };
        self.ledger.document(at, u64::from(kept));
        if truncated {
            self.ledger.truncated(at, u64::from(len - kept));
        }
        // Only the document at which the work was taken up again was begun by
        // an earlier row.
        let start = if at == self.start {
            self.skip_tokens.min(kept)
        } else {
            0
        };
        if start < kept {
            let buffer = self.window.buffer_of(lists.values());
            self.window.n_tokens += u64::from(kept - start);
            self.window.docs.push(Doc {
                at,
                buffer,
                offset: offset + start,
                len: kept - start,
                start,
            });
        }
    }

    /// Tokens in its buffers, and entries of its ledger that wait.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let n_tokens = self.window.buffers.iter().map(Array::len);
        (n_tokens.sum(), self.ledger.n_pending())
    }

    fn is_full(&self) -> bool {
        let Window { docs, n_tokens, .. } = &self.window;
        match self.step.method {
            PackMethod::BestFit => {
                let enough_rows = *n_tokens >= WINDOW_ROWS * u64::from(self.step.length);
                (docs.len() >= self.step.window as usize && enough_rows)
                    || *n_tokens >= WINDOW_TOKENS
                    || docs.len() >= WINDOW_DOCS
            }
            PackMethod::Concat => {
                let rows = self.rows_at_once() as u64;
                *n_tokens >= rows * u64::from(self.step.length)
            }
        }
    }

    /// Rows that leave in one batch.
    fn rows_at_once(&self) -> usize {
        let width = self.step.id_type.primitive_width().unwrap_or(4);
        (EMIT_BYTES / (self.step.length as usize * width).max(1)).max(1)
    }

    /// Emits the window's rows and opens the next one; `next` is the place
    /// behind the window's last document.
    fn close_window(&mut self, next: Position, emit: Emit<'_>) -> Result<()> {
        let rows = self.lay();
        let (n_full, left) = match self.step.method {
            PackMethod::BestFit => (rows.n_rows(), Vec::new()),
            PackMethod::Concat => self.left_over(&rows),
        };
        self.emit(&rows, n_full, emit)?;
        (self.start, self.skip_tokens) = left.first().map_or((next, 0), |doc| (doc.at, doc.start));
        self.window.keep(left);
        self.ledger.settle(self.start);
        Ok(())
    }

    fn lay(&self) -> PackedRows {
        let lens: Vec<u32> = self.window.docs.iter().map(|doc| doc.len).collect();
        let length = self.step.length;
        match self.step.method {
            PackMethod::Concat => pack::concat(&lens, length),
            PackMethod::BestFit => {
                // Truncated and dropped documents never enter the window.
                pack::best_fit(&pack::cut(&lens, length, CutRule::Split), length)
            }
        }
    }

    /// The number of full rows, and the documents of the row behind them.
    fn left_over(&self, rows: &PackedRows) -> (usize, Vec<Doc>) {
        let n_rows = rows.n_rows();
        let Some(last) = n_rows.checked_sub(1).map(|last| rows.row(last)) else {
            return (0, Vec::new());
        };
        if last.iter().map(|piece| piece.len).sum::<u32>() == self.step.length {
            return (n_rows, Vec::new());
        }
        let rest = |piece: &DocumentPiece| {
            let doc = self.window.docs[piece.doc as usize];
            Doc {
                offset: doc.offset + piece.start,
                start: doc.start + piece.start,
                len: piece.len,
                ..doc
            }
        };
        (n_rows - 1, last.iter().map(rest).collect())
    }

    fn emit(&mut self, rows: &PackedRows, n_rows: usize, emit: Emit<'_>) -> Result<()> {
        let mut quarantined = self.ledger.take_quarantined();
        let mut restart = self.ledger.checkpoint(self.start);
        restart.skip_tokens = u64::from(self.skip_tokens);
        let at_once = self.rows_at_once();
        for first in (0..n_rows).step_by(at_once) {
            let range = first..n_rows.min(first + at_once);
            restart.skip_rows = first as u64;
            emit(OutputBatch {
                columns: self.gather(rows, range.clone())?,
                origins: self.origins(rows, range),
                restart: restart.clone(),
                quarantined: std::mem::take(&mut quarantined),
            })?;
        }
        self.ledger.untake_quarantined(quarantined);
        Ok(())
    }

    fn gather(&self, rows: &PackedRows, range: std::ops::Range<usize>) -> Result<RecordBatch> {
        match self.step.id_type {
            DataType::UInt16 => self.gather_as::<UInt16Type>(rows, range),
            _ => self.gather_as::<UInt32Type>(rows, range),
        }
    }

    fn gather_as<T: ArrowPrimitiveType>(
        &self,
        rows: &PackedRows,
        range: std::ops::Range<usize>,
    ) -> Result<RecordBatch> {
        let buffers = self
            .window
            .buffers
            .iter()
            .map(|buffer| buffer.as_primitive_opt::<T>().map(PrimitiveArray::values))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::internal("token ids of another type than the plan's"))?;
        let token = T::Native::from_usize(self.step.pad as usize)
            .ok_or_else(|| Error::internal("a pad token beyond the type of the ids"))?;
        let padding = Padding {
            token,
            extent: if self.step.pad_segment {
                PaddingExtent::Segment
            } else {
                PaddingExtent::Behind
            },
        };
        let doc = |doc: u32| {
            let doc = self.window.docs[doc as usize];
            &buffers[doc.buffer as usize][doc.offset as usize..][..doc.len as usize]
        };
        let rows = range.map(|row| rows.row(row));
        let laid = pack::gather(rows, self.step.length, padding, doc);
        let tokens = PrimitiveArray::<T>::new(ScalarBuffer::from(laid.tokens), None);
        let bounds = Int32Array::from(laid.cu_seqlens);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(laid.offsets));
        self.columns(Arc::new(tokens), Arc::new(bounds), offsets)
            .map_err(|error| Error::internal("cannot build packed rows").with_source(error))
    }

    fn columns(
        &self,
        tokens: ArrayRef,
        bounds: ArrayRef,
        offsets: OffsetBuffer<i32>,
    ) -> Result<RecordBatch, arrow::error::ArrowError> {
        let inner = |index: usize| match self.schema.field(index).data_type() {
            DataType::FixedSizeList(field, _) | DataType::List(field) => Ok(Arc::clone(field)),
            other => Err(arrow::error::ArrowError::SchemaError(format!(
                "expected a list, got {other}"
            ))),
        };
        let length = i32::try_from(self.step.length)
            .map_err(|error| arrow::error::ArrowError::SchemaError(error.to_string()))?;
        let tokens = FixedSizeListArray::try_new(inner(0)?, length, tokens, None)?;
        let bounds = ListArray::try_new(inner(1)?, offsets, bounds, None)?;
        RecordBatch::try_new(
            Arc::clone(&self.schema),
            vec![Arc::new(tokens), Arc::new(bounds)],
        )
    }

    fn origins(&self, rows: &PackedRows, range: std::ops::Range<usize>) -> Origins {
        let mut origins = Origins::default();
        let mut offsets = vec![0];
        for row in range {
            for piece in rows.row(row) {
                let doc = self.window.docs[piece.doc as usize];
                origins.file.push(doc.at.file);
                origins.row.push(doc.at.row);
                origins.start.push(doc.start + piece.start);
            }
            offsets.push(origins.file.len() as u64);
        }
        origins.offsets = Some(offsets);
        origins
    }
}

impl Window {
    /// Goes on with `docs`, the last of those it holds, and their buffers.
    fn keep(&mut self, mut docs: Vec<Doc>) {
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
    fn compact(&mut self) -> Result<()> {
        let Some(index) = self.buffers.len().checked_sub(1) else {
            return Ok(());
        };
        let first = self
            .docs
            .partition_point(|doc| (doc.buffer as usize) < index);
        let docs = &mut self.docs[first..];
        let n_used: u64 = docs.iter().map(|doc| u64::from(doc.len)).sum();
        let buffer = &self.buffers[index];
        if n_used * 4 >= buffer.len() as u64 * 3 {
            return Ok(());
        }
        let runs = docs.iter();
        let runs: Vec<ArrayRef> = runs
            .map(|doc| buffer.slice(doc.offset as usize, doc.len as usize))
            .collect();
        let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
        if runs.is_empty() {
            self.buffers.truncate(index);
            return Ok(());
        }
        self.buffers[index] = concat(&runs)
            .map_err(|error| Error::internal("cannot copy tokens").with_source(error))?;
        let mut offset = 0;
        for doc in docs {
            doc.offset = offset;
            offset += doc.len;
        }
        Ok(())
    }

    /// The index of `values` among the window's buffers, where a batch's
    /// documents come one after another.
    fn buffer_of(&mut self, values: &ArrayRef) -> u32 {
        let is_last = self
            .buffers
            .last()
            .is_some_and(|last| Arc::ptr_eq(last, values));
        if !is_last {
            self.buffers.push(Arc::clone(values));
        }
        u32::try_from(self.buffers.len() - 1).unwrap_or(u32::MAX)
    }
}

/// The place behind the row at `at`.
fn next_row(at: Position) -> Position {
    Position {
        file: at.file,
        row: at.row + 1,
    }
}
