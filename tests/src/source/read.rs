//! Reads whole files as a part would.

use std::path::Path;

use arrow::datatypes::SchemaRef;
use fuelrail::batch::{Batch, RowEvent};
use fuelrail::plan::{Document, Format, JsonShape, OnError};
use fuelrail::source::{BatchIter, Meter, ReadRequest, for_format};

use super::case::input;

/// How a file is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Its layout.
    pub format: Format,
    /// The columns wanted, in the types of a plan.
    pub projection: &'a SchemaRef,
    /// How text is cut.
    pub document: &'a Document,
    /// What happens to bad content.
    pub on_error: OnError,
    /// The first row wanted.
    pub start_row: u64,
    /// About how many bytes a batch holds.
    pub batch_bytes: usize,
}

impl<'a> Reading<'a> {
    /// From the first row on, in large batches; bad content is an error.
    #[must_use]
    pub fn new(format: Format, projection: &'a SchemaRef) -> Self {
        Self {
            format,
            projection,
            document: &Document::File,
            on_error: OnError::Fail,
            start_row: 0,
            batch_bytes: 1 << 20,
        }
    }

    /// Bad content is set aside.
    #[must_use]
    pub fn quarantine(self) -> Self {
        Self {
            on_error: OnError::Quarantine,
            ..self
        }
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// As the source has them.
    pub fn open(&self, path: &Path) -> fuelrail::Result<BatchIter> {
        for_format(self.format).read(&ReadRequest {
            input: &input(path),
            file: 0,
            row_groups: None,
            start_row: self.start_row,
            projection: self.projection,
            document: self.document,
            json: &JsonShape::default(),
            batch_bytes: self.batch_bytes,
            row_bytes: 0,
            on_error: self.on_error,
            page_checksums: true,
            meter: Meter::default(),
        })
    }

    /// Reads the file at `path` to its end.
    ///
    /// # Errors
    /// As the source has them.
    pub fn batches(&self, path: &Path) -> fuelrail::Result<Vec<Batch>> {
        self.open(path)?.collect()
    }
}

/// The rows that were set aside, with why.
#[must_use]
pub fn set_aside(batches: &[Batch]) -> Vec<(u64, String)> {
    let events = batches.iter().flat_map(|batch| &batch.events);
    let units = events.filter_map(|event| match event {
        RowEvent::Quarantined(unit) => Some((unit.at.row, unit.reason.clone())),
        _ => None,
    });
    units.collect()
}
