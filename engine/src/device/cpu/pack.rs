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

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::datatypes::{DataType, SchemaRef};
use fuelrail_kernels::pack::{self, CutRule, DocumentPiece, PackedRows, RowLimit};

use super::laid::Laid;
use super::ledger::Ledger;
use super::lookup::column;
use super::window::{Doc, DocumentWindow};
use crate::batch::{
    Batch, Checkpoint, Origins, OutputBatch, Position, Quarantined, RowEvent, Stats, WhyDropped,
};
use crate::error::{Error, Result};
use crate::plan::{Overlong, PackLabels, PackMethod, PackStep};

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

/// Bytes of a token with all that is packed along with it.
fn token_bytes(step: &PackStep) -> usize {
    let width = |element: &DataType| element.primitive_width().unwrap_or(1);
    let aligned = step.aligned.iter().map(|column| width(&column.element));
    let positions = if step.position_ids { 4 } else { 0 };
    let labels = match step.labels {
        PackLabels::None => 0,
        PackLabels::All | PackLabels::Masked(_) => width(&step.label_type()),
    };
    width(&step.id_type) + aligned.sum::<usize>() + positions + labels
}

/// Where finished rows go.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(OutputBatch) -> Result<()>;

/// Packs the documents of one part.
#[derive(Debug)]
pub(crate) struct Packer {
    step: PackStep,
    step_index: u32,
    schema: SchemaRef,
    ledger: Ledger,
    window: DocumentWindow,
    /// Where the open window starts.
    start: Position,
    /// Tokens of the first document that an earlier window holds.
    skip_tokens: u32,
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
            window: DocumentWindow::default(),
            start: from.position,
            skip_tokens,
        })
    }

    /// Bytes of a full window and of the rows that leave at once.
    pub(super) fn memory_bound(step: &PackStep) -> u64 {
        let width = token_bytes(step) as u64;
        // Of each buffer, at least three quarters are tokens of the window.
        let tokens = WINDOW_TOKENS * width * 4 / 3;
        tokens + WINDOW_DOCS as u64 * DOC_BYTES + 2 * EMIT_BYTES as u64
    }

    pub(super) fn push(&mut self, batch: &Batch, emit: Emit<'_>) -> Result<()> {
        let mut events = batch.events.iter().peekable();
        if !batch.rows.is_empty() {
            let lists = self.lists(batch)?;
            let (lists, buffer) = (lists.0, &lists.1);
            for row in 0..lists.len() {
                let at = batch.position(row);
                while let Some(event) = events.next_if(|event| event.at() < at) {
                    self.ledger.event(event.clone());
                }
                self.push_document((lists, buffer), row, at);
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

    /// The lists of tokens of a batch, and the values of all its columns: behind the
    /// worker all have the same offsets.
    fn lists<'a>(&self, batch: &'a Batch) -> Result<(&'a ListArray, Vec<ArrayRef>)> {
        let mut lists = Vec::with_capacity(self.step.aligned.len() + 1);
        for name in self.step.inputs() {
            let list = column(&batch.columns, name)?.as_list_opt::<i32>();
            lists.push(list.ok_or_else(|| Error::internal("expected lists of token ids"))?);
        }
        let values = lists.iter().map(|list| list.values().clone()).collect();
        let tokens = lists
            .first()
            .ok_or_else(|| Error::internal("expected a token column"))?;
        if lists.iter().any(|list| list.offsets() != tokens.offsets()) {
            return Err(Error::internal("expected as many values as tokens"));
        }
        Ok((tokens, values))
    }

    fn push_document(
        &mut self,
        (lists, values): (&ListArray, &Vec<ArrayRef>),
        row: usize,
        at: Position,
    ) {
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
            let buffer = self.window.buffer_of(values);
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
        (self.window.len(), self.ledger.n_pending())
    }

    fn is_full(&self) -> bool {
        let DocumentWindow { docs, n_tokens, .. } = &self.window;
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
        let width = token_bytes(&self.step);
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
        let limit = RowLimit {
            length,
            documents: self.step.max_documents.unwrap_or(u32::MAX),
        };
        match self.step.method {
            PackMethod::Concat => pack::concat(&lens, limit),
            PackMethod::BestFit => {
                // Truncated and dropped documents never enter the window.
                pack::best_fit(&pack::cut(&lens, length, CutRule::Split), limit)
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
                columns: Laid {
                    step: &self.step,
                    window: &self.window,
                    rows,
                    range: range.clone(),
                }
                .columns(&self.schema)?,
                origins: self.origins(rows, range),
                restart: restart.clone(),
                quarantined: std::mem::take(&mut quarantined),
            })?;
        }
        self.ledger.untake_quarantined(quarantined);
        Ok(())
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

/// The place behind the row at `at`.
fn next_row(at: Position) -> Position {
    Position {
        file: at.file,
        row: at.row + 1,
    }
}
