//! Reads files that are a sequence of records: what JSON lines and text have
//! in common.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::context::{Bad, Context, until_error};
use super::input::{self, ReadFault};
use super::meter::Metered;
use super::records::{BlockSize, Delimiter, MAX_RECORD, Records, StreamChunk};
use super::{BatchIter, ReadRequest, sniff};
use crate::batch::{Batch, Notes, RowEvent};
use crate::error::{Error, Result};
use crate::plan::Format;

/// Bytes taken at once at most, so that no column outgrows 32-bit offsets.
const MAX_BLOCK: usize = 64 << 20;

/// A record and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) row: u64,
    pub(super) bytes: &'a [u8],
}

/// What lines gave: each is in `rows`, in `bad`, or no row at all.
#[derive(Debug)]
pub(super) struct Lines {
    /// Numbers of the good lines.
    pub(super) rows: Vec<u64>,
    /// One row for each.
    pub(super) columns: RecordBatch,
    /// The bad ones.
    pub(super) bad: Vec<Bad>,
    /// What was done to good ones, and which are blank, by number, ascending.
    pub(super) notes: Vec<(u64, Arc<Notes>)>,
}

/// Turns lines into columns.
pub(super) trait Decode: Send + 'static {
    /// Lines decoded at once at most.
    const MAX_LINES: usize;

    /// Decodes lines; which are good or bad does not depend on which others
    /// stand beside them.
    fn decode(&mut self, lines: &[Line<'_>]) -> Result<Lines>;
}

/// The batches of a file of lines.
pub(super) fn read(
    request: &ReadRequest<'_>,
    (format, delimiter): (Format, Delimiter),
    decoder: impl Decode,
) -> Result<BatchIter> {
    if let Some(reason) = sniff::unreadable(&request.input.path, format)? {
        input::open(request.input)?;
        return Context::new(request).nothing_but(Bad::file(reason));
    }
    let meter = request.meter.clone();
    let content = Metered {
        content: input::open_content(request.input, meter.clone())?,
        meter,
    };
    let mut reader = Reader {
        context: match delimiter {
            Delimiter::Newline => Context::of_lines(request),
            Delimiter::Text(_) | Delimiter::EndOfFile => Context::new(request),
        },
        records: Records::new(Box::new(content), delimiter),
        decoder,
        pending: None,
    };
    Ok(until_error(move || reader.advance()))
}

struct Reader<D> {
    context: Context,
    records: Records,
    decoder: D,
    /// An error that waits until the rows before it are out.
    pending: Option<Error>,
}

impl<D: Decode> Reader<D> {
    fn advance(&mut self) -> Result<Option<Batch>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let size = BlockSize {
            len_bytes: self.context.batch_bytes.min(MAX_BLOCK),
            n_records: D::MAX_LINES,
        };
        while let Some(chunk) = self.records.next_chunk(size) {
            let bad = match wanted(chunk, &self.context)? {
                Wanted::Lines(lines) if lines.is_empty() => continue,
                Wanted::Lines(lines) => {
                    let lines = self.decoder.decode(&lines)?;
                    return Ok(Some(self.finish(lines)));
                }
                Wanted::Bad(bad) => bad,
            };
            if let Some(event) = self.context.set_aside(bad)? {
                return Ok(Some(self.context.only(event)));
            }
        }
        Ok(None)
    }

    /// Turns decoded lines into a batch; where bad lines are an error, the
    /// rows before the first come out first.
    fn finish(&mut self, lines: Lines) -> Batch {
        let Lines {
            mut rows,
            mut columns,
            bad,
            mut notes,
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
                    notes.retain(|(noted, _)| *noted < row);
                    self.pending = Some(error);
                    break;
                }
            }
        }
        if !notes.is_empty() {
            let noted = notes.into_iter();
            events.extend(noted.map(|(row, notes)| self.context.noted(row, notes)));
            events.sort_by_key(RowEvent::at);
        }
        self.context.batch(rows, columns, events)
    }
}

enum Wanted<'a> {
    Lines(Vec<Line<'a>>),
    Bad(Bad),
}

/// The lines of a chunk that are asked for, or what is bad about it.
fn wanted<'a>(chunk: StreamChunk<'a>, context: &Context) -> Result<Wanted<'a>> {
    let (record, excerpt, error) = match chunk {
        StreamChunk::Records {
            first,
            bytes,
            spans,
        } => {
            let skip = context.start_row.saturating_sub(first);
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            let lines = (first..).zip(spans).skip(skip).map(|(row, span)| Line {
                row,
                bytes: &bytes[span.clone()],
            });
            return Ok(Wanted::Lines(lines.collect()));
        }
        StreamChunk::TooLong { record, excerpt } => {
            let reason = format!("expected at most {MAX_RECORD} bytes, got more");
            return Ok(Wanted::Bad(Bad::line(record, reason, excerpt)));
        }
        StreamChunk::Fault {
            record,
            excerpt,
            error,
        } => (record, excerpt, error),
    };
    match input::fault(&context.path, error) {
        ReadFault::System(error) => Err(error),
        ReadFault::Content(broken) => Ok(Wanted::Bad(Bad {
            excerpt,
            hint: broken.hint,
            ..Bad::tail(record, broken.reason)
        })),
    }
}
