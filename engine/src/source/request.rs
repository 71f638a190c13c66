//! What a source is asked for, and what it gives.

use std::ops::Range;
use std::path::Path;

use arrow::datatypes::SchemaRef;

use super::meter::Meter;
use crate::batch::Batch;
use crate::error::Result;
use crate::plan::{Document, Format, Input, JsonShape, OnError, RowGroup};

/// What one file holds, from its metadata or its first rows.
#[derive(Debug, Clone)]
pub struct Description {
    /// Its columns.
    pub schema: SchemaRef,
    /// Row groups or record batches, where the layout lists them.
    pub row_groups: Vec<RowGroup>,
}

/// What to read of one file.
#[derive(Debug, Clone)]
pub struct ReadRequest<'a> {
    /// The file.
    pub input: &'a Input,
    /// Its index in the plan, for origins.
    pub file: u32,
    /// Row groups to read, or `None` for all.
    pub row_groups: Option<Range<usize>>,
    /// Rows of the file before this one are not wanted.
    pub start_row: u64,
    /// The columns wanted, with the types they must come in.
    pub projection: &'a SchemaRef,
    /// How text is cut; the other layouts ignore it.
    pub document: &'a Document,
    /// How JSON lines become columns; the other layouts ignore it.
    pub json: &'a JsonShape,
    /// About how many bytes a batch holds; a row is never cut.
    pub batch_bytes: usize,
    /// Bytes that steps add to each row: what its files become.
    pub row_bytes: usize,
    /// What happens to content that cannot be read.
    pub on_error: OnError,
    /// Whether checksums of Parquet pages are checked, where there are any.
    pub page_checksums: bool,
    /// Told of the bytes of files that are read from end to end.
    pub meter: Meter,
}

/// The batches of one file, in source order.
pub type BatchIter = Box<dyn Iterator<Item = Result<Batch>> + Send>;

/// One layout of files.
pub trait Source: Send + Sync {
    /// Which one.
    fn format(&self) -> Format;

    /// Reads what the planner needs to know of `path`.
    ///
    /// # Errors
    /// `Io` if the file cannot be read, `Data` if it is not of this layout.
    fn describe(&self, path: &Path) -> Result<Description>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// `Io` if the file cannot be opened or has changed since it was
    /// described, `Data` if it is not of this layout and `on_error` is `Fail`.
    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter>;
}
