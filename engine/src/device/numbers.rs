//! One segment on one batch: numbers out of its columns, through the kernels,
//! and back into columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::{Field, FieldRef, Schema};
use fuelrail_kernels::Level;

use super::changes::{self, Changes};
use super::columns::ColumnNumbers;
use super::cpu::{Unusable, index_of};
use super::holes;
use super::infinite;
use super::offload::Offload;
use super::program::Chain;
use crate::error::{Error, Result};
use crate::plan::{Overflow, Segment, SegmentColumn};

/// A row with a number that a step cannot use.
#[derive(Debug)]
pub(super) struct NumberMisfit {
    pub(super) row: Unusable,
    /// Index of the step.
    pub(super) step: usize,
    pub(super) column: String,
}

/// What a segment made of a batch.
#[derive(Debug)]
pub(super) struct SegmentResult {
    /// All rows.
    pub(super) columns: RecordBatch,
    /// Those it cannot use.
    pub(super) misfits: Vec<NumberMisfit>,
    /// What it put in the place of numbers of the others.
    pub(super) changes: Changes,
}

/// Runs `segment`, that of stage `stage`, on `columns`. Rows it cannot use are
/// returned in order, each once, with the reason of the first step that cannot.
///
/// # Errors
/// `Device` where a device failed and that ends the run, `Internal` where the
/// batch does not fit the plan.
pub(super) fn run(
    offload: &Offload,
    (stage, segment): (usize, &Segment),
    columns: &RecordBatch,
) -> Result<SegmentResult> {
    let mut indices = Vec::with_capacity(segment.columns.len());
    let mut before = Vec::with_capacity(segment.columns.len());
    for column in &segment.columns {
        let index = index_of(columns, &column.output.name)?;
        indices.push(index);
        before.push(ColumnNumbers::of(
            columns.column(index),
            column.fill.as_deref(),
        )?);
    }
    let srcs: Vec<Buffer> = before.iter().map(|numbers| numbers.bytes.clone()).collect();
    let written = offload.run((stage, segment), &srcs)?;
    let mut fields: Vec<FieldRef> = columns.schema().fields().iter().cloned().collect();
    let mut arrays: Vec<ArrayRef> = columns.columns().to_vec();
    let mut misfits = BTreeMap::new();
    let mut changes = Changes::new();
    for ((column, numbers), (written, index)) in segment
        .columns
        .iter()
        .zip(&before)
        .zip(written.into_iter().zip(indices))
    {
        note_holes(column, numbers, &mut misfits);
        let n_rows = columns.num_rows();
        let mut bytes = written.bytes;
        let has_infinite =
            infinite::of_column(column).is_some_and(|element| infinite::any(element, &bytes));
        if (written.overflowed || has_infinite) && column.refuses_misfits() {
            note_misfits(column, numbers, n_rows, &mut misfits)?;
        }
        if written.overflowed && column.saturates() || has_infinite {
            bytes = changes::note_saturated(column, numbers, n_rows, &mut changes)?;
        }
        let op = column.kernels[0].kernel.op();
        changes::note_filled(column, numbers, (n_rows, op), &mut changes);
        let output = &column.output;
        arrays[index] = numbers.with_bytes(&output.data_type, bytes)?;
        fields[index] = Arc::new(Field::new(&output.name, output.data_type.clone(), true));
    }
    let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::internal("cannot put columns in place").with_source(error))?;
    changes.retain(|row, _| !misfits.contains_key(row));
    Ok(SegmentResult {
        columns,
        misfits: misfits.into_values().collect(),
        changes,
    })
}

/// Notes the rows that hold a null among their numbers.
fn note_holes(
    column: &SegmentColumn,
    numbers: &ColumnNumbers,
    out: &mut BTreeMap<usize, NumberMisfit>,
) {
    for &row in &numbers.holed {
        let reason = holes::REASON.to_owned();
        note(
            out,
            column,
            column.kernels[0].step,
            Unusable::new(row, reason),
        );
    }
}

/// Notes an unusable row, unless an earlier step cannot use it either, or this
/// one because of an earlier column.
fn note(
    out: &mut BTreeMap<usize, NumberMisfit>,
    column: &SegmentColumn,
    step: usize,
    unusable: Unusable,
) {
    let row = unusable.row;
    if out.get(&row).is_none_or(|known| step < known.step) {
        let misfit = NumberMisfit {
            row: unusable,
            step,
            column: column.output.name.clone(),
        };
        out.insert(row, misfit);
    }
}

/// Finds the rows with numbers that do not fit, kernel by kernel, by the
/// reference: this is rare, and what a device reports is only that there are
/// some.
fn note_misfits(
    column: &SegmentColumn,
    numbers: &ColumnNumbers,
    n_rows: usize,
    out: &mut BTreeMap<usize, NumberMisfit>,
) -> Result<()> {
    let chains = column
        .kernels
        .iter()
        .map(|step| Chain::new(vec![step.kernel.clone()]));
    let chains: Vec<Chain> = chains.collect::<Result<_>>()?;
    let n_numbers = numbers.row_end(n_rows);
    if n_numbers == 0 {
        return Ok(());
    }
    let width = numbers.bytes.len() / n_numbers;
    for row in (0..n_rows).filter(|&row| !numbers.is_null(row)) {
        let range = numbers.row(row);
        let src = &numbers.bytes[range.start * width..range.end * width];
        if let Some(kernel) = first_misfit(column, &chains, src)? {
            let to = &column.kernels[kernel].kernel;
            let reason = format!("expected numbers that fit, got one that does not ({to})");
            let step = column.kernels[kernel].step;
            note(out, column, step, Unusable::new(row, reason));
        }
    }
    Ok(())
}

/// The first kernel that must not meet a number that does not fit, and does.
fn first_misfit(column: &SegmentColumn, chains: &[Chain], src: &[u8]) -> Result<Option<usize>> {
    let mut src = src.to_vec();
    for (index, (chain, step)) in chains.iter().zip(&column.kernels).enumerate() {
        let mut dst = vec![0; src.len() / chain.src_item_bytes() * chain.dst_item_bytes()];
        let overflowed = chain.run(Level::SCALAR, &src, &mut dst)?;
        let types = infinite::types(&step.kernel);
        let is_misfit = overflowed || types.is_some_and(|it| infinite::count(it, &src, &dst) > 0);
        if is_misfit && step.overflow == Overflow::Error {
            return Ok(Some(index));
        }
        infinite::saturate_cast(&step.kernel, &src, &mut dst);
        src = dst;
    }
    Ok(None)
}
