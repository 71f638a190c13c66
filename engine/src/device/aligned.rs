//! What `pack` and `chunk` ask of each row by itself, before the assembler lays
//! lists into rows or cuts them: as many values in each column as in the first, no
//! nulls among them, and no more than a row of `pack` has, where longer documents
//! are refused.
//!
//! Behind it all these columns are lists with the same offsets, so that one place
//! says where a document lies in each of them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MutableArrayData, RecordBatch, make_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use super::cpu::{Unusable, index_of};
use super::holes;
use crate::arrays::relayout;
use crate::error::{Error, Result};
use crate::plan::{AlignedColumn, ChunkStep, Overlong, PackMethod, PackStep};

/// The columns of a step that are to be in step.
#[derive(Debug)]
pub(super) struct Aligned<'a> {
    /// Names and types of the values; the lengths of the first rule.
    columns: Vec<(&'a str, &'a DataType)>,
    /// Values of a row, at most.
    most: Option<u32>,
}

impl<'a> From<&'a PackStep> for Aligned<'a> {
    fn from(step: &'a PackStep) -> Self {
        let first = (step.column.as_str(), &step.id_type);
        let refuses = step.method == PackMethod::BestFit && step.overlong == Overlong::Refuse;
        Self {
            columns: std::iter::once(first).chain(named(&step.aligned)).collect(),
            most: refuses.then_some(step.length),
        }
    }
}

impl<'a> From<&'a ChunkStep> for Aligned<'a> {
    fn from(step: &'a ChunkStep) -> Self {
        Self {
            columns: named(&step.columns).collect(),
            most: None,
        }
    }
}

fn named(columns: &[AlignedColumn]) -> impl Iterator<Item = (&str, &DataType)> {
    columns
        .iter()
        .map(|column| (column.name.as_str(), &column.element))
}

impl<'a> Aligned<'a> {
    /// Whether there is anything to look at: not in tokens alone as `tokenize` makes
    /// them, which have no nulls, and can be of any length.
    ///
    /// # Errors
    /// `Internal` if the batch does not fit the plan.
    pub(super) fn is_asked(&self, columns: &RecordBatch) -> Result<bool> {
        let [(first, _)] = self.columns.as_slice() else {
            return Ok(true);
        };
        let tokens = columns.column(index_of(columns, first)?);
        let as_made = match tokens.data_type() {
            DataType::List(item) => !item.is_nullable(),
            _ => false,
        };
        Ok(!as_made || self.most.is_some())
    }

    /// The batch with these columns as lists with offsets of 32 bits.
    ///
    /// # Errors
    /// `Data` where a batch has more values than these can count.
    pub(super) fn as_lists(&self, columns: &RecordBatch) -> Result<RecordBatch> {
        let list = |(name, element): &(&str, &DataType)| {
            let item = Arc::new(Field::new_list_field((*element).clone(), true));
            let array = columns.column(index_of(columns, name)?);
            let array = relayout(array, &DataType::List(item));
            array.map_err(|error| error.with_column(*name))
        };
        let lists = self.columns.iter().map(list).collect::<Result<_>>()?;
        self.replaced(columns, lists)
    }

    /// The rows that cannot be used, in order, and the column to blame for the first.
    /// Rows without a list in the first column are left to the assembler.
    ///
    /// # Errors
    /// `Internal` if the batch does not fit the plan.
    pub(super) fn unusable(&self, columns: &RecordBatch) -> Result<(&'a str, Vec<Unusable>)> {
        let lists = self.lists(columns)?;
        let Some((tokens, others)) = lists.split_first() else {
            return Err(no_columns());
        };
        let mut reasons: Vec<Option<(&str, String)>> = vec![None; columns.num_rows()];
        for (name, _) in &self.columns {
            for row in holes::holed(columns.column(index_of(columns, name)?)) {
                note(&mut reasons, row, (name, holes::REASON.to_owned()));
            }
        }
        for ((name, _), values) in self.columns.iter().skip(1).zip(others) {
            for (row, reason) in uneven(tokens, values) {
                note(&mut reasons, row, (name, reason));
            }
        }
        let (first, _) = *self.columns.first().ok_or_else(no_columns)?;
        for row in self.too_long(tokens) {
            let (most, len) = (self.most.unwrap_or(0), tokens.value_length(row));
            let reason = format!("expected a document of at most {most} tokens, got {len}");
            note(&mut reasons, row, (first, reason));
        }
        let blamed = reasons.iter().flatten().next();
        let blamed = blamed.map_or(first, |(column, _)| column);
        let reasons = reasons.into_iter().enumerate();
        let unusable = reasons.filter_map(|(row, reason)| {
            let (_, reason) = reason?;
            Some(Unusable::new(row, reason))
        });
        Ok((blamed, unusable.collect()))
    }

    fn too_long<'t>(&self, tokens: &'t ListArray) -> impl Iterator<Item = usize> + use<'t> {
        let most = self.most;
        (0..tokens.len()).filter(move |&row| {
            let len = tokens.value_length(row).unsigned_abs();
            tokens.is_valid(row) && most.is_some_and(|most| len > most)
        })
    }

    /// The columns with one list of offsets for all of them. Rows without a list in
    /// the first column are empty in the others, and all others have as many values.
    ///
    /// # Errors
    /// `Internal` if they have not.
    pub(super) fn in_step(&self, columns: &RecordBatch) -> Result<RecordBatch> {
        let lists = self.lists(columns)?;
        let Some((tokens, others)) = lists.split_first() else {
            return Err(no_columns());
        };
        if others
            .iter()
            .all(|other| other.offsets() == tokens.offsets())
        {
            return Ok(columns.clone());
        }
        let lengths = (0..tokens.len()).map(|row| {
            let len = tokens.value_length(row).unsigned_abs();
            if tokens.is_null(row) { 0 } else { len as usize }
        });
        let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
        let compacted = |values: &&ListArray| -> Result<ArrayRef> {
            let item = Arc::new(Field::new_list_field(values.value_type(), true));
            let (values, nulls) = (compact(values, tokens)?, tokens.nulls().cloned());
            let list = ListArray::try_new(item, offsets.clone(), values, nulls);
            Ok(Arc::new(list.map_err(|error| {
                Error::internal("cannot align lists").with_source(error)
            })?))
        };
        let compacted = lists.iter().map(compacted).collect::<Result<_>>()?;
        self.replaced(columns, compacted)
    }

    fn lists<'b>(&self, columns: &'b RecordBatch) -> Result<Vec<&'b ListArray>> {
        let list = |(name, _): &(&str, &DataType)| {
            let list = columns
                .column(index_of(columns, name)?)
                .as_list_opt::<i32>();
            list.ok_or_else(|| Error::internal("expected lists"))
        };
        self.columns.iter().map(list).collect()
    }

    /// `columns` with other lists in the place of these.
    fn replaced(&self, columns: &RecordBatch, lists: Vec<ArrayRef>) -> Result<RecordBatch> {
        let mut fields: Vec<FieldRef> = columns.schema().fields().iter().cloned().collect();
        let mut arrays = columns.columns().to_vec();
        for ((name, _), list) in self.columns.iter().zip(lists) {
            let index = index_of(columns, name)?;
            fields[index] = Arc::new(Field::new(*name, list.data_type().clone(), true));
            arrays[index] = list;
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .map_err(|error| Error::internal("cannot put lists in place").with_source(error))
    }
}

/// The rows in which there are not as many values as tokens.
fn uneven(tokens: &ListArray, values: &ListArray) -> Vec<(usize, String)> {
    let misfit = |row: usize| {
        let wanted = tokens.value_length(row);
        let found = (!values.is_null(row)).then(|| values.value_length(row));
        if tokens.is_null(row) || found.unwrap_or(0) == wanted {
            return None;
        }
        let found = found.map_or_else(|| "null".to_owned(), |found| found.to_string());
        let reason = format!("expected a value for each of {wanted} tokens, got {found}");
        Some((row, reason))
    };
    (0..tokens.len()).filter_map(misfit).collect()
}

/// Keeps the first reason that a row is unusable for.
fn note<'a>(reasons: &mut [Option<(&'a str, String)>], row: usize, reason: (&'a str, String)) {
    if let Some(known) = reasons.get_mut(row) {
        known.get_or_insert(reason);
    }
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

fn no_columns() -> Error {
    Error::internal("a step that takes lists without any")
}
