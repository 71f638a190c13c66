//! What `pack` asks of each document by itself, before the assembler lays them
//! into rows: as many values as tokens in each column, no nulls among them, and
//! no more tokens than a row has, where longer documents are refused.
//!
//! Behind it all columns are lists with the same offsets, so that one place says
//! where a document lies in each of them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MutableArrayData, RecordBatch, make_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Schema};

use super::cpu::{Unusable, index_of};
use super::holes;
use crate::arrays::relayout;
use crate::error::{Error, Result};
use crate::plan::{Overlong, PackMethod, PackStep};

/// Whether there is anything to look at: not in tokens alone as `tokenize` makes
/// them, which have no nulls, and can be of any length.
///
/// # Errors
/// `Internal` if the batch does not fit the plan.
pub(super) fn is_asked(step: &PackStep, columns: &RecordBatch) -> Result<bool> {
    let tokens = columns.column(index_of(columns, &step.column)?);
    let as_made = match tokens.data_type() {
        DataType::List(item) => !item.is_nullable(),
        _ => false,
    };
    Ok(!as_made || !step.aligned.is_empty() || refuses_overlong(step))
}

fn refuses_overlong(step: &PackStep) -> bool {
    step.method == PackMethod::BestFit && step.overlong == Overlong::Refuse
}

/// The columns of the step alone, as lists with offsets of 32 bits.
///
/// # Errors
/// `Data` where a batch has more values than these can count.
pub(super) fn as_lists(step: &PackStep, columns: &RecordBatch) -> Result<RecordBatch> {
    let elements = step.aligned.iter().map(|column| &column.element);
    let elements = std::iter::once(&step.id_type).chain(elements);
    let mut fields = Vec::with_capacity(step.aligned.len() + 1);
    let mut arrays = Vec::with_capacity(step.aligned.len() + 1);
    for (name, element) in step.inputs().zip(elements) {
        let item = Arc::new(Field::new_list_field(element.clone(), true));
        let list = DataType::List(item);
        let array = columns.column(index_of(columns, name)?);
        arrays.push(relayout(array, &list).map_err(|error| error.with_column(name))?);
        fields.push(Field::new(name, list, true));
    }
    batch(fields, arrays)
}

/// The documents that cannot be packed, in order, and the column to blame for the
/// first. Rows without tokens are left to the packer.
///
/// # Errors
/// `Internal` if the batch does not fit the plan.
pub(super) fn unusable<'a>(
    step: &'a PackStep,
    columns: &RecordBatch,
) -> Result<(&'a str, Vec<Unusable>)> {
    let tokens = list(columns, 0)?;
    let mut reasons: Vec<Option<(&str, String)>> = vec![None; columns.num_rows()];
    for (index, name) in step.inputs().enumerate() {
        for row in holes::holed(columns.column(index)) {
            note(&mut reasons, row, (name, holes::REASON.to_owned()));
        }
    }
    for (column, index) in step.aligned.iter().zip(1..) {
        let values = list(columns, index)?;
        for row in 0..columns.num_rows() {
            let wanted = tokens.value_length(row);
            let found = (!values.is_null(row)).then(|| values.value_length(row));
            if tokens.is_valid(row) && found.unwrap_or(0) != wanted {
                let found = match found {
                    Some(found) => found.to_string(),
                    None => "null".to_owned(),
                };
                let reason = format!("expected a value for each of {wanted} tokens, got {found}");
                note(&mut reasons, row, (&column.name, reason));
            }
        }
    }
    if refuses_overlong(step) {
        for row in 0..columns.num_rows() {
            let len = tokens.value_length(row).unsigned_abs();
            if tokens.is_valid(row) && len > step.length {
                let reason = format!(
                    "expected a document of at most {} tokens, got {len}",
                    step.length
                );
                note(&mut reasons, row, (&step.column, reason));
            }
        }
    }
    let first = reasons.iter().flatten().next();
    let blamed = first.map_or(step.column.as_str(), |(column, _)| column);
    let reasons = reasons.into_iter().enumerate();
    let unusable = reasons.filter_map(|(row, reason)| {
        let (_, reason) = reason?;
        Some(Unusable { row, reason })
    });
    Ok((blamed, unusable.collect()))
}

/// Keeps the first reason that a row is unusable for.
fn note<'a>(reasons: &mut [Option<(&'a str, String)>], row: usize, reason: (&'a str, String)) {
    if let Some(known) = reasons.get_mut(row) {
        known.get_or_insert(reason);
    }
}

/// The columns with one list of offsets for all of them. Rows without tokens are
/// empty in the others, and all others have as many values as tokens.
///
/// # Errors
/// `Internal` if they have not.
pub(super) fn in_step(step: &PackStep, columns: &RecordBatch) -> Result<RecordBatch> {
    let tokens = list(columns, 0)?;
    let lists = (0..=step.aligned.len())
        .map(|index| list(columns, index))
        .collect::<Result<Vec<_>>>()?;
    let is_even = |other: &&ListArray| other.value_offsets() == tokens.value_offsets();
    let offsets = tokens.offsets();
    let even = lists.iter().all(is_even);
    let lengths = (0..tokens.len()).map(|row| {
        let len = tokens.value_length(row).unsigned_abs();
        if tokens.is_null(row) { 0 } else { len as usize }
    });
    let packed = OffsetBuffer::<i32>::from_lengths(lengths);
    let mut fields = Vec::with_capacity(lists.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(lists.len());
    for (name, values) in step.inputs().zip(lists) {
        let (offsets, values) = if even {
            (offsets.clone(), Arc::clone(values.values()))
        } else {
            (packed.clone(), compact(values, tokens)?)
        };
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let array = ListArray::try_new(Arc::clone(&item), offsets, values, tokens.nulls().cloned())
            .map_err(|error| Error::internal("cannot align lists").with_source(error))?;
        fields.push(Field::new(name, DataType::List(item), true));
        arrays.push(Arc::new(array));
    }
    batch(fields, arrays)
}

/// The values of the rows that have tokens, one after another.
fn compact(lists: &ListArray, tokens: &ListArray) -> Result<ArrayRef> {
    let data = lists.values().to_data();
    let mut compacted = MutableArrayData::new(vec![&data], false, data.len());
    let bounds = lists.value_offsets().windows(2);
    let has_values = |row: usize| tokens.is_valid(row) && lists.is_valid(row);
    for (_, bounds) in bounds.enumerate().filter(|(row, _)| has_values(*row)) {
        let at = |bound: i32| bound.unsigned_abs() as usize;
        compacted
            .try_extend(0, at(bounds[0]), at(bounds[1]))
            .map_err(|error| Error::internal("cannot align lists").with_source(error))?;
    }
    Ok(make_array(compacted.freeze()))
}

fn list(columns: &RecordBatch, index: usize) -> Result<&ListArray> {
    columns
        .column(index)
        .as_list_opt::<i32>()
        .ok_or_else(|| Error::internal("expected lists to pack"))
}

fn batch(fields: Vec<Field>, arrays: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::internal("cannot put lists in place").with_source(error))
}
