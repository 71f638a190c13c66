//! Streams rows out of files, each row knowing its origin.
//!
//! [`Source`] is one layout (Parquet, Arrow IPC, JSONL, text); every
//! implementation passes the one conformance suite. [`discover`] finds the
//! inputs of a pipeline, [`PartReader`] walks the pieces of one part through
//! them and applies split and limit.
//!
//! Content that cannot be read never panics out of here and is never lost in
//! silence: it is an error with path and row, or it is set aside
//! ([`crate::plan::OnError`]). I/O errors are not content.

mod broken;
mod contain;
mod context;
mod cut;
mod discover;
mod endings;
mod fingerprint;
mod gzip;
mod input;
mod ipc;
mod jsonl;
mod lines;
mod look;
mod memory;
mod meter;
mod nothing;
mod parquet;
mod part;
mod pattern;
mod projection;
mod records;
mod sniff;
mod split;
mod stretch;
mod text;
mod uris;
mod walk;

use std::path::Path;

use arrow::datatypes::SchemaRef;

use crate::batch::Batch;
use crate::error::Result;
use crate::plan::{Document, Format, Input, JsonShape, OnError, RowGroup};

pub use contain::is_contained;
pub use discover::{DiscoverSpec, discover};
pub use jsonl::{Conflict, Found, Observer, Place, Proposed, Selection};
pub use look::{Extent, LookSpec};
pub use memory::{catalog_of, in_memory};
pub use meter::Meter;
pub use part::{PartReader, Start};

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
    pub row_groups: Option<std::ops::Range<usize>>,
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

/// The source that reads `format`.
#[must_use]
pub fn for_format(format: Format) -> &'static dyn Source {
    match format {
        Format::Parquet => &parquet::Parquet,
        Format::Arrow => &ipc::Arrow,
        Format::Jsonl => &jsonl::Jsonl,
        Format::Text => &text::Text,
        Format::Table => &memory::Tables,
    }
}
