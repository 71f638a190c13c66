//! Columns about images that a table beside them holds, a row for each file.

use std::collections::HashMap;
use std::path::PathBuf;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Fields, Schema};

use super::columns::{IMAGE, PATH};
use crate::error::{Error, Result};
use crate::plan::{Digest, ListedFile};

/// The rows of tables about images, by the files that they are about.
#[derive(Debug)]
pub(in crate::source) struct ImageLabels {
    rows: HashMap<PathBuf, u64>,
    columns: RecordBatch,
    digest: Digest,
}

impl ImageLabels {
    /// Row `n` of `columns` is about the file `files[n]`; `digest` is that of the
    /// tables.
    ///
    /// # Errors
    /// `Data` where a file has two rows, or a column the name of one that every
    /// folder of images has.
    pub(in crate::source) fn new(
        files: Vec<PathBuf>,
        columns: RecordBatch,
        digest: Digest,
    ) -> Result<Self> {
        for field in columns.schema_ref().fields() {
            if [IMAGE, PATH].contains(&field.name().as_str()) {
                let error = Error::data("expected a column of another name: images have this one");
                return Err(error.with_column(field.name()));
            }
        }
        let mut rows = HashMap::with_capacity(files.len());
        for (row, file) in (0..).zip(files) {
            if let Some(first) = rows.insert(file.clone(), row) {
                let reason = format!("expected one row for each image, got rows {first} and {row}");
                return Err(Error::data(reason).with_path(&file));
            }
        }
        Ok(Self {
            rows,
            columns,
            digest,
        })
    }

    pub(super) fn fields(&self) -> &Fields {
        self.columns.schema_ref().fields()
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    /// The columns of `files`, in their order.
    ///
    /// # Errors
    /// `Data` where a file has no row.
    pub(super) fn of(&self, files: &[ListedFile]) -> Result<RecordBatch> {
        let row = |file: &ListedFile| {
            self.rows.get(&file.path).copied().ok_or_else(|| {
                Error::data("the image has no row in the metadata beside it")
                    .with_path(&file.path)
                    .with_hint("add a row whose file_name is its path below the folder")
            })
        };
        let rows = files.iter().map(row).collect::<Result<Vec<u64>>>()?;
        take_record_batch(&self.columns, &UInt64Array::from(rows))
            .map_err(|e| Error::internal("cannot join the metadata of images").with_source(e))
    }
}

/// The columns of `base`, and those about images.
pub(super) fn with_labels(base: &Schema, labels: &Fields) -> Schema {
    let fields = base.fields().iter().chain(labels).cloned();
    Schema::new(fields.collect::<Fields>())
}
