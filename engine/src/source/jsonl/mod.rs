//! JSON lines: one object a line, plain, gzip or zstd.
//!
//! Row `n` is line `n`, from 0. Blank lines are counted and give no row. A
//! line that is not exactly one object of the expected types is bad content,
//! whatever stands around it.

mod decode;
mod infer;

use std::fs::File;
use std::path::Path;

pub(super) use infer::Inference;

use self::decode::{Line, LineDecoder, Lines};
use super::context::{Bad, Context};
use super::input::{self, Fault};
use super::records::{BlockSize, Chunk, Delimiter, Records};
use super::{BatchIter, Description, ReadRequest, Source};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::plan::Format;

/// Lines decoded at once at most; the decoder reserves room for as many.
const MAX_LINES: usize = 8192;

/// Bytes decoded at once at most, so that no column outgrows 32-bit offsets.
const MAX_BLOCK: usize = 64 << 20;

/// See the module text.
#[derive(Debug)]
pub(super) struct Jsonl;

impl Source for Jsonl {
    fn format(&self) -> Format {
        Format::Jsonl
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        let mut inference = Inference::new();
        let file = File::open(path).map_err(|e| Error::io("open input", path, e))?;
        inference.sample(file, path, Inference::LINES)?;
        Ok(Description {
            schema: inference.schema(),
            row_groups: Vec::new(),
        })
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let content = input::open_content(request.input)?;
        let context = Context::new(request);
        let decoder = LineDecoder::new(&context.schema, MAX_LINES)
            .map_err(|reason| Error::pipeline(reason).with_path(&context.path))?;
        Ok(Box::new(Reader {
            context,
            records: Records::new(content, Delimiter::Newline),
            decoder,
            pending: None,
            done: false,
        }))
    }
}

struct Reader {
    context: Context,
    records: Records,
    decoder: LineDecoder,
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
            n_records: MAX_LINES,
        };
        let start_row = self.context.start_row;
        while let Some(chunk) = self.records.next_chunk(size) {
            let bad = match chunk {
                Chunk::Records {
                    first,
                    bytes,
                    spans,
                } => {
                    if first + (spans.len() as u64) <= start_row {
                        continue;
                    }
                    let lines: Vec<Line<'_>> = (first..)
                        .zip(spans)
                        .map(|(row, span)| Line {
                            row,
                            bytes: &bytes[span.clone()],
                        })
                        .filter(|line| line.row >= start_row && !line.is_blank())
                        .collect();
                    if lines.is_empty() {
                        continue;
                    }
                    let lines = self.decoder.decode(&lines)?;
                    return self.finish(lines).map(Some);
                }
                Chunk::TooLong { record, excerpt } => {
                    Bad::line(record, decode::too_long(), excerpt)
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

    /// Turns decoded lines into a batch; where bad lines are an error, the
    /// rows before the first come out first.
    fn finish(&mut self, lines: Lines) -> Result<Batch> {
        let Lines {
            mut rows,
            mut columns,
            bad,
        } = lines;
        let mut events = Vec::new();
        for bad in bad {
            let row = bad.row;
            match self.context.set_aside(bad) {
                Ok(event) => events.extend(event),
                Err(error) => {
                    let before = rows.partition_point(|r| *r < row);
                    rows.truncate(before);
                    columns = columns.slice(0, before);
                    self.pending = Some(error);
                    break;
                }
            }
        }
        Ok(self.context.batch(rows, columns, events))
    }
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
