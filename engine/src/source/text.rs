//! Plain text: a document per file, per line, or between separators; plain,
//! gzip or zstd.
//!
//! Row `n` is document `n`, from 0, empty ones included; what follows the last
//! separator or line end is a document only if it is not empty, and an empty
//! file holds none.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use memchr::memmem::Finder;

use super::context::{Bad, Context};
use super::cut::check_projection;
use super::input::{self, Fault};
use super::records::{BlockSize, Chunk, Delimiter, MAX_RECORD, Records, excerpt};
use super::{BatchIter, Description, ReadRequest, Source};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::plan::{Document, Format};

/// Bytes taken at once at most, so that no column outgrows 32-bit offsets.
const MAX_BLOCK: usize = 64 << 20;

/// Documents taken at once at most.
const MAX_DOCUMENTS: usize = 64 << 10;

/// The one column of text.
static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = Field::new("text", DataType::Utf8, false);
    Arc::new(Schema::new(vec![text]))
});

/// See the module text.
#[derive(Debug)]
pub(super) struct Text;

impl Source for Text {
    fn format(&self) -> Format {
        Format::Text
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        std::fs::metadata(path).map_err(|e| Error::io("open input", path, e))?;
        Ok(Description {
            schema: SCHEMA.clone(),
            row_groups: Vec::new(),
        })
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let content = input::open_content(request.input)?;
        let context = Context::new(request);
        if let Err(reason) = check_projection(&SCHEMA, &context.schema) {
            return context.nothing_but(Bad::file(reason));
        }
        let delimiter = match request.document {
            Document::File => Delimiter::EndOfFile,
            Document::Line => Delimiter::Newline,
            Document::Separator(text) if text.is_empty() => {
                return Err(Error::pipeline("expected a separator, got an empty text"));
            }
            Document::Separator(text) => {
                Delimiter::Text(Box::new(Finder::new(text.as_bytes()).into_owned()))
            }
        };
        Ok(Box::new(Reader {
            context,
            records: Records::new(content, delimiter),
            lines: *request.document == Document::Line,
            pending: None,
            done: false,
        }))
    }
}

struct Reader {
    context: Context,
    records: Records,
    /// Whether a document is a line, so that `\r\n` ends it too.
    lines: bool,
    /// An error that waits until the rows before it are out.
    pending: Option<Error>,
    done: bool,
}

impl Reader {
    fn advance(&mut self) -> Result<Option<Batch>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let size = BlockSize {
            len_bytes: self.context.batch_bytes.min(MAX_BLOCK),
            n_records: MAX_DOCUMENTS,
        };
        while let Some(chunk) = self.records.next_chunk(size) {
            let bad = match chunk {
                Chunk::Records {
                    first,
                    bytes,
                    spans,
                } => {
                    if first + (spans.len() as u64) <= self.context.start_row {
                        continue;
                    }
                    let documents = (first..)
                        .zip(spans.iter().map(|span| &bytes[span.clone()]))
                        .map(|(row, bytes)| match bytes {
                            [line @ .., b'\r'] if self.lines => (row, line),
                            _ => (row, bytes),
                        });
                    let (batch, error) = batch(&self.context, documents)?;
                    self.pending = error;
                    return Ok(Some(batch));
                }
                Chunk::TooLong { record, excerpt } => {
                    let reason = format!(
                        "expected a document of at most {MAX_RECORD} bytes, got a longer one"
                    );
                    Bad::line(record, reason, excerpt)
                }
                Chunk::Fault {
                    record,
                    excerpt,
                    error,
                } => match input::fault(&self.context.path, error) {
                    Fault::System(error) => return Err(error),
                    Fault::Content(reason) => Bad {
                        excerpt,
                        ..Bad::tail(record, reason)
                    },
                },
            };
            if let Some(event) = self.context.set_aside(bad)? {
                return Ok(Some(self.context.only(event)));
            }
        }
        Ok(None)
    }
}

/// The rows of `documents` from the first row asked for on, and the error
/// that ends them.
fn batch<'a>(
    context: &Context,
    documents: impl Iterator<Item = (u64, &'a [u8])>,
) -> Result<(Batch, Option<Error>)> {
    let mut rows = Vec::new();
    let mut text = StringBuilder::new();
    let mut events = Vec::new();
    let mut failed = None;
    for (row, bytes) in documents.skip_while(|(row, _)| *row < context.start_row) {
        match std::str::from_utf8(bytes) {
            Ok(document) => {
                rows.push(row);
                text.append_value(document);
            }
            Err(error) => {
                let at = error.valid_up_to();
                let reason = format!("expected UTF-8, got byte 0x{:02x} at {at}", bytes[at]);
                match context.set_aside(Bad::line(row, reason, excerpt(bytes))) {
                    Ok(event) => events.extend(event),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
        }
    }
    let columns: Vec<ArrayRef> = match context.schema.fields().len() {
        0 => Vec::new(),
        _ => vec![Arc::new(text.finish())],
    };
    let columns = RecordBatch::try_new_with_options(
        context.schema.clone(),
        columns,
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len())),
    )
    .map_err(|e| Error::internal("cannot make a batch of text").with_source(e))?;
    Ok((context.batch(rows, columns, events), failed))
}

impl Iterator for Reader {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.advance().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}
