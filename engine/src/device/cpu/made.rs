//! Puts the columns that a step makes into a batch.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, FieldRef, Schema};

use crate::error::{Error, Result};

/// A column that a step has made, and its name.
pub(super) type MadeColumn = (String, ArrayRef);

/// The batch with `made` in the place of the columns `replaced`.
///
/// # Errors
/// `Internal` for columns of another length.
pub(super) fn put(
    columns: &RecordBatch,
    replaced: Range<usize>,
    made: impl IntoIterator<Item = MadeColumn>,
) -> Result<RecordBatch> {
    let field = |(name, array): MadeColumn| -> (FieldRef, ArrayRef) {
        let field = Field::new(name, array.data_type().clone(), true);
        (Arc::new(field), array)
    };
    let (new, lists): (Vec<FieldRef>, Vec<ArrayRef>) = made.into_iter().map(field).unzip();
    let mut fields: Vec<FieldRef> = columns.schema().fields().iter().cloned().collect();
    let mut arrays = columns.columns().to_vec();
    fields.splice(replaced.clone(), new);
    arrays.splice(replaced, lists);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::internal("cannot build the token column").with_source(error))
}
