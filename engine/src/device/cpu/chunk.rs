//! `chunk`: lists become pieces that overlap, a row each.
//!
//! All pieces of a batch have one restart point, its first row: they are found
//! again by their number behind it. They leave a few megabytes at a time, however
//! many a row has and however long its other values are.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MutableArrayData, RecordBatch, UInt32Array, make_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{Field, SchemaRef};
use fuelrail_kernels::chunk::Chunking;

use super::ledger::Ledger;
use super::lookup::{column, index_of};
use super::pack::Emit;
use crate::batch::{
    Batch, Checkpoint, Origins, OutputBatch, Position, Quarantined, RowEvent, Stats, WhyDropped,
};
use crate::error::{Error, Result};
use crate::plan::ChunkStep;

/// About how many bytes of rows leave at once.
const EMIT_BYTES: usize = 4 << 20;

/// Cuts the rows of one part.
#[derive(Debug)]
pub(crate) struct Chunker {
    step: ChunkStep,
    step_index: u32,
    schema: SchemaRef,
    ledger: Ledger,
}

/// A piece of a row of a batch.
#[derive(Debug)]
struct RowPiece {
    row: usize,
    values: Range<u32>,
}

/// Where the pieces of a batch go.
struct Outlet<'a> {
    batch: &'a Batch,
    restart: Checkpoint,
    quarantined: Vec<Quarantined>,
    waiting: Vec<RowPiece>,
    /// Bytes of those that wait.
    n_bytes: usize,
}

impl Chunker {
    /// Bytes of the rows that leave at once, as they are and while they are made.
    pub(super) const MEMORY_BOUND: u64 = 2 * EMIT_BYTES as u64;

    pub(super) fn new(
        step: ChunkStep,
        step_index: usize,
        schema: SchemaRef,
        ledger: Ledger,
    ) -> Self {
        Self {
            step,
            step_index: u32::try_from(step_index).unwrap_or(u32::MAX),
            schema,
            ledger,
        }
    }

    pub(super) fn push(&mut self, batch: &Batch, emit: Emit<'_>) -> Result<()> {
        let Some(restart) = self.ledger.begin(batch) else {
            return Ok(());
        };
        let rows = if batch.rows.is_empty() {
            Vec::new()
        } else {
            self.lengths(batch)?
        };
        self.ledger.note(batch, |ledger, index, at| {
            let len = rows.get(index).copied().flatten();
            note_row((&self.step, self.step_index), ledger, (len, at));
        });
        let mut outlet = Outlet {
            batch,
            restart,
            quarantined: self.ledger.take_quarantined(),
            waiting: Vec::new(),
            n_bytes: 0,
        };
        for (row, len) in rows.into_iter().enumerate() {
            let Some(len) = len else {
                continue;
            };
            let others = self.bytes_of_others(batch, row);
            for values in chunking(&self.step).pieces(len) {
                outlet.n_bytes += self.bytes_of(&values).saturating_add(others);
                outlet.waiting.push(RowPiece { row, values });
                if outlet.n_bytes >= EMIT_BYTES {
                    self.emit(&mut outlet, emit)?;
                }
            }
        }
        self.emit(&mut outlet, emit)?;
        self.ledger.untake_quarantined(outlet.quarantined);
        Ok(())
    }

    pub(super) fn finish(self) -> (Stats, Vec<Quarantined>) {
        self.ledger.finish()
    }

    /// How many values each row has; `None` for a null.
    fn lengths(&self, batch: &Batch) -> Result<Vec<Option<u32>>> {
        let mut lists = Vec::with_capacity(self.step.columns.len());
        for cut in &self.step.columns {
            lists.push(list(&batch.columns, &cut.name)?);
        }
        let first = lists.first().ok_or_else(other_lists)?;
        // The worker has made them so.
        if lists.iter().any(|list| list.offsets() != first.offsets()) {
            return Err(other_lists());
        }
        let len = |row: usize| {
            let len = first.value_length(row).unsigned_abs();
            first.is_valid(row).then_some(len)
        };
        Ok((0..first.len()).map(len).collect())
    }

    /// Bytes of a piece, but for the other columns.
    fn bytes_of(&self, values: &Range<u32>) -> usize {
        let widths = self.step.columns.iter();
        let widths = widths.map(|column| column.element.primitive_width().unwrap_or(1));
        widths.sum::<usize>() * (values.end - values.start) as usize
    }

    /// Bytes of the other columns of a row.
    fn bytes_of_others(&self, batch: &Batch, row: usize) -> usize {
        let names = self.schema.fields().iter().map(|field| field.name());
        let others = names.filter(|name| !self.cuts(name));
        let others = others.filter_map(|name| column(&batch.columns, name).ok());
        let bytes = others.map(|other| {
            let value = other.slice(row, 1).to_data();
            value.get_slice_memory_size().unwrap_or(EMIT_BYTES)
        });
        bytes.fold(0, usize::saturating_add)
    }

    fn cuts(&self, name: &str) -> bool {
        self.step.columns.iter().any(|column| column.name == *name)
    }

    /// Emits what waits.
    fn emit(&self, outlet: &mut Outlet<'_>, emit: Emit<'_>) -> Result<()> {
        let pieces = std::mem::take(&mut outlet.waiting);
        outlet.n_bytes = 0;
        if pieces.is_empty() {
            return Ok(());
        }
        let columns = self.columns(outlet.batch, &pieces)?;
        emit(OutputBatch {
            columns,
            origins: origins(outlet.batch, &pieces),
            restart: outlet.restart.clone(),
            quarantined: std::mem::take(&mut outlet.quarantined),
        })?;
        outlet.restart.skip_rows += pieces.len() as u64;
        Ok(())
    }

    fn columns(&self, batch: &Batch, pieces: &[RowPiece]) -> Result<RecordBatch> {
        let rows = pieces
            .iter()
            .map(|piece| u32::try_from(piece.row).unwrap_or(u32::MAX));
        let rows = UInt32Array::from_iter_values(rows);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let name = field.name();
            columns.push(if self.cuts(name) {
                Arc::new(cut(list(&batch.columns, name)?, pieces)?)
            } else {
                let index = index_of(&batch.columns, name)?;
                take(batch.columns.column(index), &rows, None)
                    .map_err(|error| Error::internal("cannot repeat rows").with_source(error))?
            });
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| {
            Error::internal("pieces do not fit the plan's output").with_source(error)
        })
    }
}

fn chunking(step: &ChunkStep) -> Chunking {
    Chunking {
        length: step.length,
        overlap: step.overlap,
        least: step.min_length,
    }
}

/// Notes a row: kept, with what is left out behind its last piece, or dropped.
fn note_row(
    (step, step_index): (&ChunkStep, u32),
    ledger: &mut Ledger,
    (len, at): (Option<u32>, Position),
) {
    let n_left_out = len.map_or(0, |len| chunking(step).n_left_out(len));
    let why = match len {
        None => WhyDropped::Null,
        Some(0) => WhyDropped::Empty,
        Some(len) if n_left_out == len => WhyDropped::TooShort,
        Some(len) => {
            ledger.document(at, u64::from(len - n_left_out));
            if n_left_out > 0 {
                ledger.truncated(at, u64::from(n_left_out));
            }
            return;
        }
    };
    ledger.event(RowEvent::Filtered {
        at,
        step: step_index,
        why,
    });
}

/// The pieces of lists, as lists.
fn cut(lists: &ListArray, pieces: &[RowPiece]) -> Result<ListArray> {
    let failed = |error| Error::internal("cannot cut lists").with_source(error);
    let data = lists.values().to_data();
    let lengths = pieces
        .iter()
        .map(|piece| (piece.values.end - piece.values.start) as usize);
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths.clone());
    let mut values = MutableArrayData::new(vec![&data], false, lengths.sum());
    for piece in pieces {
        let first = lists.value_offsets()[piece.row].unsigned_abs();
        let at = |place: u32| (first + place) as usize;
        values
            .try_extend(0, at(piece.values.start), at(piece.values.end))
            .map_err(failed)?;
    }
    let values = make_array(values.freeze());
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), false));
    ListArray::try_new(item, offsets, values, None).map_err(failed)
}

/// A document for each row, and where the piece begins in it.
fn origins(batch: &Batch, pieces: &[RowPiece]) -> Origins {
    let rows = pieces.iter().filter_map(|piece| batch.rows.get(piece.row));
    Origins {
        file: vec![batch.file; pieces.len()],
        row: rows.copied().collect(),
        start: pieces.iter().map(|piece| piece.values.start).collect(),
        offsets: Some((0..=pieces.len() as u64).collect()),
    }
}

fn list<'a>(columns: &'a RecordBatch, name: &str) -> Result<&'a ListArray> {
    column(columns, name)?
        .as_list_opt::<i32>()
        .ok_or_else(other_lists)
}

fn other_lists() -> Error {
    Error::internal("expected lists of one length to cut")
}
