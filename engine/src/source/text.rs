//! Plain text: a document per file, per line, or between separators; plain,
//! gzip or zstd.
//!
//! Row `n` is document `n`, from 0, empty ones included; what follows the last
//! separator or line end is a document only if it is not empty, and an empty
//! file holds none.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use memchr::memmem::Finder;

use super::context::{Bad, Context};
use super::cut::check_projection;
use super::input;
use super::lines::{self, Decode, Line, Lines};
use super::records::{Delimiter, excerpt};
use super::{BatchIter, Description, ReadRequest, Source};
use crate::error::{Error, Result};
use crate::plan::{Document, Format};

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
        if let Err(reason) = check_projection(&SCHEMA, request.projection) {
            input::open(request.input)?;
            return Context::new(request).nothing_but(Bad::file(reason));
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
        let decoder = Documents {
            schema: request.projection.clone(),
            lines: *request.document == Document::Line,
        };
        lines::read(request, (Format::Text, delimiter), decoder)
    }
}

/// Documents into the column of text.
struct Documents {
    schema: SchemaRef,
    /// Whether a document is a line, so that `\r\n` ends it too.
    lines: bool,
}

impl Decode for Documents {
    const MAX_LINES: usize = 64 << 10;

    fn decode(&mut self, lines: &[Line<'_>]) -> Result<Lines> {
        let mut rows = Vec::with_capacity(lines.len());
        let mut bad = Vec::new();
        let mut text = StringBuilder::new();
        for Line { row, bytes } in lines {
            let bytes = match bytes {
                [line @ .., b'\r'] if self.lines => line,
                _ => bytes,
            };
            match std::str::from_utf8(bytes) {
                Ok(document) => {
                    rows.push(*row);
                    text.append_value(document);
                }
                Err(error) => {
                    let at = error.valid_up_to();
                    let reason = format!("expected UTF-8, got byte 0x{:02x} at {at}", bytes[at]);
                    bad.push(Bad::line(*row, reason, excerpt(bytes)));
                }
            }
        }
        let text: ArrayRef = Arc::new(text.finish());
        let columns = vec![text; self.schema.fields().len()];
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let columns = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::internal("cannot make a batch of text").with_source(e))?;
        Ok(Lines {
            rows,
            columns,
            bad,
            notes: Vec::new(),
        })
    }
}
