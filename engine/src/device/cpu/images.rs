//! Image files become images of one size.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, FixedSizeListArray, RecordBatch, UInt8Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use fuelrail_kernels::Level;

use super::lookup::index_of;
use super::made;
use super::text::{TextRows, decoded};
use super::unusable::Unusable;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::SegmentFiles;
use crate::plan::operators::{Between, DecodedFile, Draw, Parameters, StoredFile};

/// What one worker decodes and changes images with.
#[derive(Debug, Default)]
pub(in crate::device) struct ImageWorker {
    between: Between,
    parameters: Parameters,
}

/// What became of the files of a batch.
#[derive(Debug)]
pub(in crate::device) struct DecodedColumn {
    /// All rows, images in the place of files.
    pub(in crate::device) columns: RecordBatch,
    /// Rows whose file gave no image; they are null.
    pub(in crate::device) unusable: Vec<Unusable>,
    /// Rows whose file was damaged and is decoded as far as it goes.
    pub(in crate::device) damaged: Vec<usize>,
}

impl ImageWorker {
    /// Puts the images in the place of the files. Nulls stay null.
    ///
    /// # Errors
    /// `Internal` where the batch does not fit the plan.
    pub(in crate::device) fn run(
        &mut self,
        files: &SegmentFiles,
        columns: &RecordBatch,
        level: Level,
    ) -> Result<DecodedColumn> {
        let steps = &files.steps;
        let image = steps.after.each();
        let image = image.ok_or_else(|| Error::internal("images of any size in a shard"))?;
        let len = usize::try_from(image.len_bytes());
        let len = len.map_err(|_| Error::internal("an image beyond memory"))?;
        let index = index_of(columns, &files.output.name)?;
        let array = decoded(columns.column(index))?;
        let rows = TextRows::new(&array)?;
        let mut bytes = vec![0; len * array.len()];
        let mut valid = vec![false; array.len()];
        let (mut unusable, mut damaged) = (Vec::new(), Vec::new());
        for (row, dst) in bytes.chunks_exact_mut(len).enumerate() {
            if array.is_null(row) {
                continue;
            }
            // Nothing is drawn in a pipeline, so any row's chance will do.
            let file = StoredFile {
                bytes: rows.bytes(row),
                draw: Draw { seed: 0, epoch: 0 },
                row: 0,
                sides: None,
            };
            let memory = (&mut self.between, &mut self.parameters);
            match steps.run_file(level, file, memory, dst) {
                Ok(DecodedFile { flaws, .. }) => {
                    valid[row] = true;
                    damaged.extend(flaws.any().then_some(row));
                }
                Err(error) if error.kind() == ErrorKind::Data => {
                    dst.fill(0);
                    unusable.push(Unusable::new(row, error.message()));
                }
                Err(error) => return Err(error),
            }
        }
        let images = nested(&files.output.data_type, bytes, &NullBuffer::from(valid))?;
        let made = [(files.output.name.clone(), images)];
        Ok(DecodedColumn {
            columns: made::put(columns, index..index + 1, made)?,
            unusable,
            damaged,
        })
    }
}

/// Bytes as nested lists of fixed length; `valid` tells which of the outermost are not
/// null.
fn nested(data_type: &DataType, bytes: Vec<u8>, valid: &NullBuffer) -> Result<ArrayRef> {
    let mut fields = Vec::new();
    let mut inner = data_type;
    while let DataType::FixedSizeList(field, len) = inner {
        fields.push((field, *len));
        inner = field.data_type();
    }
    let mut array: ArrayRef = Arc::new(UInt8Array::from(bytes));
    for (depth, (field, len)) in fields.into_iter().enumerate().rev() {
        let nulls = (depth == 0).then(|| valid.clone());
        let list = FixedSizeListArray::try_new(Arc::clone(field), len, array, nulls);
        let list = list.map_err(|error| {
            Error::internal("cannot build a column of images").with_source(error)
        })?;
        array = Arc::new(list);
    }
    Ok(array)
}
