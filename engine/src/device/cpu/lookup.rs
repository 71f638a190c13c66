//! Columns of a batch by their names in the plan.

use arrow::array::{ArrayRef, RecordBatch};

use crate::error::{Error, Result};

/// The index of column `name`.
///
/// # Errors
/// `Internal` if it is not there: a checked plan names only columns that are.
pub(in crate::device) fn index_of(columns: &RecordBatch, name: &str) -> Result<usize> {
    columns
        .schema_ref()
        .index_of(name)
        .map_err(|error| Error::internal("a batch lacks a column of the plan").with_source(error))
}

/// Column `name`.
///
/// # Errors
/// As [`index_of`].
pub(super) fn column<'a>(columns: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    index_of(columns, name).map(|index| columns.column(index))
}
