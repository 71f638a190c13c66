//! Tables in memory: rows that another library holds, read where they lie.
//!
//! Which libraries there are and how they hand tables over is no matter of this
//! module. A table is the same whatever the layout of its columns and however
//! its rows are cut into batches: so are its schema, its digest and its parts.

mod digest;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Schema, SchemaRef};

use self::digest::Absorber;
use super::context::{Bad, Context, until_error};
use super::cut::{Decoded, as_type, check_nulls, check_projection};
use super::projection::Projection;
use super::{BatchIter, Description, ReadRequest, Source};
use crate::arrays::relayout;
use crate::batch::{Batch, QuarantineUnit};
use crate::error::{Error, Result};
use crate::plan::layouts::{widest, with_types};
use crate::plan::{
    Catalog, Digest, Discovery, Format, InMemory, Input, InputDescription, RowGroup, type_name,
};

/// Rows in a group, the unit in which a large table is cut into parts.
const GROUP: usize = 64 << 10;

/// Rows whose values are looked at together for the digest; it divides a group.
const WINDOW: usize = 8 << 10;

/// A table of `batches`, which have the columns of `schema`.
///
/// # Errors
/// `Data` where a batch has other columns.
pub fn in_memory(schema: &Schema, batches: Vec<RecordBatch>) -> Result<InMemory> {
    let schema = with_types(schema, widest);
    for batch in &batches {
        let same = batch.schema_ref().fields().iter().map(|field| field.name());
        if !same.eq(schema.fields().iter().map(|field| field.name())) {
            return Err(Error::data(
                "expected batches with the columns of their table",
            ));
        }
    }
    let mut absorber = Absorber::default();
    for field in schema.fields() {
        absorber.text(field.name());
        absorber.text(&type_name(field.data_type()));
        absorber.bytes(&[u8::from(field.is_nullable())]);
    }
    let row_groups = absorb(&mut absorber, &schema, &batches)?;
    Ok(InMemory {
        schema,
        batches,
        row_groups,
        digest: Digest(absorber.finish()),
    })
}

/// Takes in the rows in windows, wherever batches end, and says how many rows
/// and bytes each group has.
fn absorb(
    absorber: &mut Absorber,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<Vec<RowGroup>> {
    let n_rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut groups = Vec::new();
    for start in (0..n_rows).step_by(GROUP) {
        let end = n_rows.min(start + GROUP);
        let before = absorber.n_bytes();
        for start in (start..end).step_by(WINDOW) {
            let pieces = pieces(batches, start, end.min(start + WINDOW));
            absorber.bytes(
                &(pieces.iter().map(RecordBatch::num_rows).sum::<usize>() as u64).to_le_bytes(),
            );
            for (index, field) in schema.fields().iter().enumerate() {
                let column = column(&pieces, index, field.data_type())
                    .map_err(|error| at(error, field.name(), (&pieces, index, start)))?;
                absorber.array(&column)?;
            }
        }
        groups.push(RowGroup {
            n_rows: (end - start) as u64,
            len_bytes: absorber.n_bytes() - before,
        });
    }
    Ok(groups)
}

/// The error about a column of rows from `start` on, with the first of them
/// whose text is none.
fn at(error: Error, name: &str, (pieces, index, start): (&[RecordBatch], usize, usize)) -> Error {
    let error = error.with_column(name);
    let mut before = start;
    for piece in pieces {
        let column = piece.column(index);
        if let Some(row) = first_not_text(column) {
            return Error::data("expected text in UTF-8, got bytes that are none")
                .with_column(name)
                .with_row((before + row) as u64)
                .with_hint("hand the column over as binary");
        }
        before += column.len();
    }
    error
}

/// The first row of a column of text that is no UTF-8.
fn first_not_text(column: &ArrayRef) -> Option<usize> {
    let is_text = |of: &DataType| {
        matches!(
            of,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    let is_text = match column.data_type() {
        DataType::Dictionary(_, values) => is_text(values),
        plain => is_text(plain),
    };
    if !is_text {
        return None;
    }
    let bytes = relayout(column, &DataType::BinaryView).ok()?;
    let mut values = bytes.as_binary_view().iter();
    values.position(|value| value.is_some_and(|value| std::str::from_utf8(value).is_err()))
}

/// The rows `start..end` of `batches`, without a copy.
fn pieces(batches: &[RecordBatch], start: usize, end: usize) -> Vec<RecordBatch> {
    let mut first = 0;
    let mut pieces = Vec::new();
    for batch in batches {
        let last = first + batch.num_rows();
        let (from, to) = (start.max(first), end.min(last));
        if from < to {
            pieces.push(batch.slice(from - first, to - from));
        }
        first = last;
    }
    pieces
}

/// A column of `pieces` as one array of `to`.
fn column(pieces: &[RecordBatch], index: usize, to: &DataType) -> Result<ArrayRef> {
    let cannot = |e: String| Error::data(format!("expected columns of their schema's types: {e}"));
    let arrays = pieces.iter().map(|piece| as_type(piece.column(index), to));
    let arrays: Vec<ArrayRef> = arrays
        .collect::<std::result::Result<_, _>>()
        .map_err(cannot)?;
    let arrays: Vec<&dyn arrow::array::Array> = arrays.iter().map(AsRef::as_ref).collect();
    concat(&arrays).map_err(|e| cannot(e.to_string()))
}

/// `table` as the only input of a plan, under `name`.
#[must_use]
pub fn catalog_of(table: &Arc<InMemory>, name: &str) -> Catalog {
    let input = Input {
        path: name.into(),
        name: name.to_owned(),
        len_bytes: table.row_groups.iter().map(|group| group.len_bytes).sum(),
        digest: table.digest,
        row_groups: table.row_groups.clone(),
        table: Some(Arc::clone(table)),
        listing: None,
    };
    Catalog {
        files: vec![InputDescription {
            input,
            schema: table.schema.clone(),
        }],
        format: Format::Table,
        seen: None,
        discovery: Discovery::default(),
    }
}

/// See the module text.
#[derive(Debug)]
pub(super) struct MemoryTables;

impl Source for MemoryTables {
    fn format(&self) -> Format {
        Format::Table
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        Err(Error::internal("a table in memory is no file").with_path(path))
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let context = Context::new(request);
        let table = request.input.table.clone().ok_or_else(|| {
            Error::internal("a table in memory is missing").with_path(&request.input.path)
        })?;
        let columns = check_projection(&table.schema, &context.schema)
            .map_err(|reason| Error::internal(reason).with_path(&context.path))?;
        let groups = request
            .row_groups
            .clone()
            .unwrap_or(0..table.row_groups.len());
        let mut reader = Reader {
            row: groups.start * GROUP,
            left: pieces(&table.batches, groups.start * GROUP, groups.end * GROUP).into(),
            context,
            columns,
            ready: None,
        };
        Ok(until_error(move || reader.advance()))
    }
}

struct Reader {
    context: Context,
    /// The columns of the table that are read.
    columns: Projection,
    left: VecDeque<RecordBatch>,
    /// The first row of what is left.
    row: usize,
    ready: Option<Decoded>,
}

impl Reader {
    fn advance(&mut self) -> Result<Option<Batch>> {
        loop {
            let ready = self.ready.as_mut();
            if let Some(batch) = ready.and_then(|ready| ready.next_batch(&self.context)) {
                return batch.map(Some);
            }
            self.ready = None;
            let Some(piece) = self.left.pop_front() else {
                return Ok(None);
            };
            let first_row = self.row as u64;
            self.row += piece.num_rows();
            if self.row as u64 <= self.context.start_row {
                continue;
            }
            let roots = self.columns.roots().iter();
            let roots: Vec<ArrayRef> = roots.map(|index| piece.column(*index).clone()).collect();
            let columns = self
                .columns
                .pick(&roots)
                .map_err(|reason| Error::internal(reason).with_path(&self.context.path))?;
            if let Err(reason) = check_nulls(&columns, &self.context.schema) {
                let bad = Bad {
                    unit: QuarantineUnit::RecordBatch,
                    n_rows: Some(piece.num_rows() as u64),
                    ..Bad::tail(first_row, reason)
                };
                if let Some(event) = self.context.set_aside(bad)? {
                    return Ok(Some(self.context.only(event)));
                }
                continue;
            }
            let start_row = self.context.start_row;
            self.ready = Some(Decoded::new(
                first_row,
                columns,
                piece.num_rows(),
                start_row,
            ));
        }
    }
}

#[cfg(test)]
mod tests;
