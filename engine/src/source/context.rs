//! What every reader of one file needs: its place in the plan, and what to do
//! with content that cannot be read.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::{BatchIter, ReadRequest};
use crate::batch::{Batch, Notes, Position, QuarantineUnit, Quarantined, RowEvent};
use crate::error::{Error, Result};
use crate::plan::OnError;

/// The hint given with every content error.
const HINT: &str = "set `on_error = \"quarantine\"` to set such content aside and go on";

/// The longest reason kept, in bytes.
const REASON: usize = 512;

/// A unit of content that cannot be read, before it is decided what happens.
#[derive(Debug, Clone)]
pub(super) struct Bad {
    pub(super) unit: QuarantineUnit,
    pub(super) row: u64,
    pub(super) n_rows: Option<u64>,
    pub(super) reason: String,
    pub(super) excerpt: Option<String>,
    /// The column it is about, where it is about one.
    pub(super) column: Option<String>,
    /// What would let it through.
    pub(super) hint: Option<String>,
}

impl Bad {
    /// The whole file.
    pub(super) fn file(reason: impl Into<String>) -> Self {
        Self {
            unit: QuarantineUnit::File,
            row: 0,
            n_rows: None,
            reason: reason.into(),
            excerpt: None,
            column: None,
            hint: None,
        }
    }

    /// From `row` to the end.
    pub(super) fn tail(row: u64, reason: impl Into<String>) -> Self {
        Self {
            unit: QuarantineUnit::Tail,
            row,
            n_rows: None,
            reason: reason.into(),
            excerpt: None,
            column: None,
            hint: None,
        }
    }

    /// One row, for the sake of a value in it.
    pub(super) fn value(row: u64, column: String, reason: String) -> Self {
        Self {
            unit: QuarantineUnit::Value,
            row,
            n_rows: Some(1),
            reason,
            excerpt: None,
            column: Some(column),
            hint: None,
        }
    }

    /// One line or document.
    pub(super) fn line(row: u64, reason: impl Into<String>, excerpt: String) -> Self {
        Self {
            unit: QuarantineUnit::Line,
            row,
            n_rows: Some(1),
            reason: reason.into(),
            excerpt: Some(excerpt),
            column: None,
            hint: None,
        }
    }

    /// Why it is set aside, with all that is known.
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(column) = &self.column {
            text = format!("column {column:?}: ");
        }
        text.push_str(cut_reason(&self.reason).as_ref());
        if let Some(hint) = &self.hint {
            text.push_str("; ");
            text.push_str(hint);
        }
        text
    }
}

/// A reason that is not longer than is kept.
fn cut_reason(reason: &str) -> Cow<'_, str> {
    match reason.char_indices().find(|(at, _)| *at >= REASON) {
        None => Cow::Borrowed(reason),
        Some((cut, _)) => Cow::Owned(format!("{}…", reason.get(..cut).unwrap_or_default())),
    }
}

/// See the module text.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) file: u32,
    pub(super) path: PathBuf,
    pub(super) start_row: u64,
    pub(super) schema: SchemaRef,
    pub(super) batch_bytes: usize,
    /// Bytes that steps add to each row.
    pub(super) row_bytes: usize,
    pub(super) on_error: OnError,
    /// Whether row `n` is line `n + 1` of the file.
    pub(super) has_lines: bool,
}

impl Context {
    pub(super) fn new(request: &ReadRequest<'_>) -> Self {
        Self {
            file: request.file,
            path: request.input.path.clone(),
            start_row: request.start_row,
            schema: request.projection.clone(),
            batch_bytes: request.batch_bytes.max(1),
            row_bytes: request.row_bytes,
            on_error: request.on_error,
            has_lines: false,
        }
    }

    /// The context of a file whose rows are its lines.
    pub(super) fn of_lines(request: &ReadRequest<'_>) -> Self {
        Self {
            has_lines: true,
            ..Self::new(request)
        }
    }

    /// Adds to `error` the place of a row of the file.
    pub(super) fn at_row(&self, error: Error, row: u64) -> Error {
        let error = error.with_path(&self.path).with_row(row);
        if self.has_lines {
            error.with_line(row.saturating_add(1))
        } else {
            error
        }
    }

    /// Sets `bad` aside, or fails with it. `None` if it begins before the rows
    /// asked for: whoever read up to here has been told of it.
    pub(super) fn set_aside(&self, bad: Bad) -> Result<Option<RowEvent>> {
        if self.on_error == OnError::Fail {
            let error = Error::data(cut_reason(&bad.reason)).with_path(&self.path);
            let error = match &bad.hint {
                Some(hint) => error.with_hint(format!("{hint}; or {HINT}")),
                None => error.with_hint(HINT),
            };
            let error = match bad.column {
                Some(column) => error.with_column(column),
                None => error,
            };
            return Err(match bad.unit {
                QuarantineUnit::File => error,
                _ => self.at_row(error, bad.row.max(self.start_row)),
            });
        }
        if bad.row < self.start_row {
            return Ok(None);
        }
        Ok(Some(RowEvent::Quarantined(Quarantined {
            at: Position {
                file: self.file,
                row: bad.row,
            },
            line: None,
            reason: bad.text(),
            n_rows: bad.n_rows,
            unit: bad.unit,
            excerpt: bad.excerpt,
        })))
    }

    /// What was done to a row that goes on.
    pub(super) fn noted(&self, row: u64, notes: Arc<Notes>) -> RowEvent {
        let file = self.file;
        let at = Position { file, row };
        RowEvent::Noted { at, notes }
    }

    /// A batch of rows `rows`, or of none with `events` alone.
    pub(super) fn batch(
        &self,
        rows: Vec<u64>,
        columns: RecordBatch,
        events: Vec<RowEvent>,
    ) -> Batch {
        Batch {
            file: self.file,
            rows,
            columns,
            events,
        }
    }

    /// A batch without rows.
    pub(super) fn only(&self, event: RowEvent) -> Batch {
        let none = RecordBatch::new_empty(self.schema.clone());
        self.batch(Vec::new(), none, vec![event])
    }

    /// All that comes out of a file in which nothing but `bad` can be read.
    pub(super) fn nothing_but(&self, bad: Bad) -> Result<BatchIter> {
        let event = self.set_aside(bad)?;
        Ok(Box::new(
            event.map(|event| Ok(self.only(event))).into_iter(),
        ))
    }
}

/// The batches that `advance` gives, up to its end or first error.
pub(super) fn until_error(
    mut advance: impl FnMut() -> Result<Option<Batch>> + Send + 'static,
) -> BatchIter {
    let mut done = false;
    Box::new(std::iter::from_fn(move || {
        if done {
            return None;
        }
        let item = advance().transpose();
        done = !matches!(item, Some(Ok(_)));
        item
    }))
}
