//! Reads the files of a folder, each whole.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    StringBuilder, UInt64Array,
};
use arrow::compute::take;
use twox_hash::XxHash3_128;

use super::super::ReadRequest;
use super::super::context::{Bad, Context};
use super::super::cut::as_type;
use super::super::sniff;
use super::columns::{CLASS, IMAGE, LABEL, PATH};
use crate::batch::{Batch, RowEvent};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{Digest, ListedContent, ListedFile, Listing, OnError};

/// Rows in a batch at most: files that are not read take no bytes.
const MAX_ROWS: usize = 64 << 10;

/// Bytes of one file at most: the offsets of a batch have 32 bits.
const MAX_FILE: usize = i32::MAX as usize;

/// The rows that are asked for, of so many.
pub(super) fn rows(request: &ReadRequest<'_>, n_files: usize) -> Range<usize> {
    let groups = &request.input.row_groups;
    let n_rows = |groups: &[_]| -> usize {
        let rows = groups
            .iter()
            .map(|group: &crate::plan::RowGroup| group.n_rows);
        usize::try_from(rows.sum::<u64>()).unwrap_or(usize::MAX)
    };
    let rows = match &request.row_groups {
        Some(range) => {
            let before = groups.get(..range.start).map_or(n_files, n_rows);
            before..before + groups.get(range.clone()).map_or(0, n_rows)
        }
        None => 0..n_files,
    };
    let start = usize::try_from(request.start_row).unwrap_or(usize::MAX);
    rows.start.max(start).min(rows.end)..rows.end.min(n_files)
}

pub(super) struct ImageReader {
    context: Context,
    listing: Arc<Listing>,
    /// The rows that are still to come.
    rows: Range<usize>,
    /// Whether the bytes of files are wanted.
    reads: bool,
    /// A file that was read and found no room in its batch.
    ahead: Option<Vec<u8>>,
}

/// Rows of a batch on their way.
#[derive(Default)]
struct Rows {
    numbers: Vec<u64>,
    images: BinaryBuilder,
    paths: StringBuilder,
    len_bytes: usize,
    events: Vec<RowEvent>,
}

impl ImageReader {
    pub(super) fn new(context: Context, listing: Arc<Listing>, rows: Range<usize>) -> Self {
        Self {
            reads: context.schema.index_of(IMAGE).is_ok(),
            context,
            listing,
            rows,
            ahead: None,
        }
    }

    /// The next batch: as many files as fit, and one at least.
    pub(super) fn advance(&mut self) -> Result<Option<Batch>> {
        let listing = Arc::clone(&self.listing);
        let mut rows = Rows::default();
        while self.rows.start < self.rows.end && rows.numbers.len() < MAX_ROWS {
            let index = self.rows.start;
            let file = &listing.files[index];
            let bytes = match self.content(file) {
                Ok(Ok(bytes)) => bytes,
                // What was read before an error comes before it.
                Err(_) if !rows.numbers.is_empty() => break,
                Err(error) => return Err(error),
                Ok(Err(_))
                    if !rows.numbers.is_empty() && self.context.on_error == OnError::Fail =>
                {
                    break;
                }
                Ok(Err(reason)) => {
                    rows.events
                        .extend(self.set_aside(file, index as u64, &reason)?);
                    self.rows.start += 1;
                    continue;
                }
            };
            let len_bytes = bytes.len() + file.name.len() + self.context.row_bytes;
            let is_full = rows.len_bytes.saturating_add(len_bytes) > self.context.batch_bytes
                || rows.images.values_slice().len() + bytes.len() > MAX_FILE;
            if is_full && !rows.numbers.is_empty() {
                self.ahead = Some(bytes);
                break;
            }
            self.rows.start += 1;
            rows.len_bytes += len_bytes;
            rows.numbers.push(index as u64);
            rows.images.append_value(bytes);
            rows.paths.append_value(&file.name);
        }
        if rows.numbers.is_empty() && rows.events.is_empty() {
            return Ok(None);
        }
        self.batch(rows).map(Some)
    }

    fn batch(&self, mut rows: Rows) -> Result<Batch> {
        let n_rows = rows.numbers.len();
        let class = self.listing.class.as_ref();
        let images: ArrayRef = Arc::new(rows.images.finish());
        let paths: ArrayRef = Arc::new(rows.paths.finish());
        let mut columns = Vec::new();
        for field in self.context.schema.fields() {
            let column: ArrayRef = match field.name().as_str() {
                IMAGE => Arc::clone(&images),
                PATH => Arc::clone(&paths),
                CLASS if self.listing.columns.is_none() => {
                    let class = class.map(|(class, _)| class.as_str());
                    Arc::new(std::iter::repeat_n(class, n_rows).collect::<StringArray>())
                }
                LABEL if self.listing.columns.is_none() => {
                    let label = class.map(|(_, label)| *label);
                    Arc::new(std::iter::repeat_n(label, n_rows).collect::<Int64Array>())
                }
                other => self.label(other, &rows.numbers)?,
            };
            columns.push(as_type(&column, field.data_type()).map_err(Error::internal)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let schema = Arc::clone(&self.context.schema);
        let columns = RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|e| Error::internal("cannot make a batch of images").with_source(e))?;
        Ok(self.context.batch(rows.numbers, columns, rows.events))
    }

    /// A column that a table beside the files has.
    fn label(&self, name: &str, rows: &[u64]) -> Result<ArrayRef> {
        let columns = self.listing.columns.as_ref();
        let column = columns.and_then(|columns| columns.column_by_name(name));
        let column =
            column.ok_or_else(|| Error::internal(format!("no column {name:?} of images")))?;
        take(column, &UInt64Array::from(rows.to_vec()), None)
            .map_err(|e| Error::internal("cannot pick the labels of images").with_source(e))
    }

    /// Sets a file aside under its name, or fails with its path.
    fn set_aside(&self, file: &ListedFile, row: u64, reason: &str) -> Result<Option<RowEvent>> {
        let context = Context {
            path: file.path.clone(),
            ..self.context.clone()
        };
        let reason = format!("{}: {reason}", file.name);
        context.set_aside(Bad::value(row, IMAGE.to_owned(), reason))
    }

    /// The bytes of a file, none where they are not wanted; or why it is no row.
    fn content(&mut self, file: &ListedFile) -> Result<Result<Vec<u8>, String>> {
        if let ListedContent::Unreadable(reason) = &file.content {
            return Ok(Err(reason.clone()));
        }
        if file.len_bytes == 0 {
            return Ok(Err("expected an image, got an empty file".to_owned()));
        }
        if file.len_bytes > MAX_FILE as u64 {
            return Ok(Err(format!(
                "expected an image of at most {MAX_FILE} bytes, got {}",
                file.len_bytes
            )));
        }
        if !self.reads {
            return Ok(Ok(Vec::new()));
        }
        if let Some(bytes) = self.ahead.take() {
            return Ok(Ok(bytes));
        }
        let bytes = read(file)?;
        Ok(match sniff::no_image(&bytes) {
            Some(name) => Err(format!("expected an image, got {name}")),
            None => Ok(bytes),
        })
    }
}

/// Reads a file that must be as it was listed.
fn read(file: &ListedFile) -> Result<Vec<u8>> {
    let io = |e| Error::io("read input", &file.path, e);
    let opened = File::open(&file.path).map_err(io)?;
    let metadata = opened.metadata().map_err(io)?;
    if metadata.len() != file.len_bytes {
        return Err(changed(file, &format!("{} bytes", metadata.len())));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(file.len_bytes).unwrap_or(0) + 1);
    // One byte more than there should be shows whether it grows.
    let n_read = opened.take(file.len_bytes + 1).read_to_end(&mut bytes);
    if n_read.map_err(io)? as u64 != file.len_bytes {
        return Err(changed(file, &format!("{} bytes", bytes.len())));
    }
    match &file.content {
        ListedContent::Whole(digest) if *digest != Digest(XxHash3_128::oneshot(&bytes)) => {
            Err(changed(file, "other ones"))
        }
        _ => Ok(bytes),
    }
}

fn changed(file: &ListedFile, came: &str) -> Error {
    Error::new(
        ErrorKind::Changed,
        format!(
            "expected the {} bytes that the file had when it was listed, got {came}",
            file.len_bytes
        ),
    )
    .with_path(&file.path)
    .with_hint("restore the file, or start a new dataset from the changed inputs")
}
