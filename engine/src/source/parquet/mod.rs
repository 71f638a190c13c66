//! Parquet: row groups decoded one by one, a few pages at a time.
//!
//! A row group that cannot be decoded is set aside from the first rows that
//! fail to its end, whichever panics or errors the decoder meets; the rows
//! before come out. Rows are decoded in steps that the file's metadata fixes,
//! always from the beginning of the group, so where a group breaks off never
//! depends on batch sizes or on where reading began.

mod chunk;
mod delta;
mod disk;
mod footer;
mod group;
mod header;
mod int96;
mod layout;
mod levels;
mod narrow;
mod pages;
mod thrift;
mod writer;

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;

use self::chunk::Checksums;
use self::disk::Disk;
use self::layout::{Decoders, ReadLayout, Span, load, spans};
use super::contain::contain;
use super::context::{Bad, Context, until_error};
use super::cut::Decoded;
use super::{BatchIter, Description, ReadRequest, Source, input};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::plan::{Format, Int96Unit, RowGroup};

/// See the module text.
#[derive(Debug)]
pub(super) struct Parquet;

impl Source for Parquet {
    fn format(&self) -> Format {
        Format::Parquet
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        describe(path, Int96Unit::default())
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let file = input::open(request.input)?;
        let context = Context::new(request);
        let disk = Disk::new(file, request.input.len_bytes);
        let layout = load(&disk).and_then(|footer| ReadLayout::new(&footer, &context.schema));
        let layout = match layout {
            Ok(layout) => layout,
            Err(reason) => {
                no_fault(&disk, &context.path)?;
                return context.nothing_but(Bad::file(reason));
            }
        };
        let spans = spans(&layout, request);
        let mut reader = Reader {
            context,
            disk,
            checksums: if request.page_checksums {
                Checksums::Checked
            } else {
                Checksums::Ignored
            },
            layout,
            spans,
            current: None,
            ready: None,
        };
        Ok(until_error(move || reader.advance()))
    }
}

/// What the file holds, with timestamps of INT96 in `unit`.
///
/// # Errors
/// As [`Source::describe`].
pub(super) fn describe(path: &Path, unit: Int96Unit) -> Result<Description> {
    let file = File::open(path).map_err(|e| Error::io("open input", path, e))?;
    let len_bytes = file
        .metadata()
        .map_err(|e| Error::io("open input", path, e))?
        .len();
    let disk = Disk::new(file, len_bytes);
    let footer = match load(&disk) {
        Ok(footer) => footer,
        Err(reason) => {
            no_fault(&disk, path)?;
            return Err(Error::data(reason).with_path(path));
        }
    };
    let row_groups = footer
        .metadata()
        .row_groups()
        .iter()
        .map(|group| RowGroup {
            n_rows: group.num_rows().unsigned_abs(),
            len_bytes: group.compressed_size().unsigned_abs(),
        })
        .collect();
    Ok(Description {
        schema: layout::schema(&footer, unit),
        row_groups,
    })
}

/// The rows of a group that have not been decoded yet.
struct Current {
    span: Span,
    reader: Decoders,
    /// Rows of the group before the next step.
    done: u64,
}

struct Reader {
    context: Context,
    disk: Disk,
    checksums: Checksums,
    layout: ReadLayout,
    spans: VecDeque<Span>,
    current: Option<Current>,
    ready: Option<Decoded>,
}

impl Reader {
    fn advance(&mut self) -> Result<Option<Batch>> {
        loop {
            let ready = self.ready.as_mut();
            if let Some(batch) = ready.and_then(|ready| ready.next_batch(&self.context)) {
                return batch.map(Some);
            }
            self.ready = None;
            let bad = match self.current.take() {
                Some(current) => self.step(current),
                None => match self.spans.pop_front() {
                    Some(span) => self.open(span),
                    None => return Ok(None),
                },
            };
            let Err(bad) = bad else { continue };
            no_fault(&self.disk, &self.context.path)?;
            let bad = Bad {
                column: self.disk.take_mismatch(),
                ..bad
            };
            if let Some(event) = self.context.set_aside(bad)? {
                return Ok(Some(self.context.only(event)));
            }
        }
    }

    #[expect(
        clippy::result_large_err,
        reason = "made once for what is set aside, never for a row that is read"
    )]
    fn open(&mut self, span: Span) -> std::result::Result<(), Bad> {
        let reader = contain(|| self.layout.open(&self.disk, self.checksums, span.index))
            .and_then(|reader| reader)
            .map_err(|reason| span.bad(0, &reason))?;
        self.current = Some(Current {
            span,
            reader,
            done: 0,
        });
        Ok(())
    }

    /// Decodes the next rows of a group. After a panic its reader is dropped.
    #[expect(
        clippy::result_large_err,
        reason = "made once for what is set aside, never for a row that is read"
    )]
    fn step(&mut self, mut current: Current) -> std::result::Result<(), Bad> {
        let Current { span, done, .. } = current;
        let step = contain(|| current.reader.step())
            .and_then(|step| step)
            .map_err(|reason| span.bad(done, &reason))?;
        let Some(step) = step else {
            if done == span.n_rows {
                return Ok(());
            }
            let reason = format!("expected {} rows, got {done}", span.n_rows);
            return Err(span.bad(done, &reason));
        };
        let (columns, misfits) = contain(|| self.layout.arrange(&step, &self.context.schema))
            .and_then(|columns| columns)
            .map_err(|reason| span.bad(done, &reason))?;
        current.done += step.n_rows() as u64;
        if current.done > span.n_rows {
            return Err(span.bad(done, &format!("expected {} rows, got more", span.n_rows)));
        }
        let start_row = self.context.start_row;
        let first_row = span.first_row + done;
        let decoded = Decoded::new(first_row, columns, step.n_rows(), start_row);
        self.ready = Some(decoded.without(misfits));
        self.current = Some(current);
        Ok(())
    }
}

/// A fault of the disk is no matter of content.
fn no_fault(disk: &Disk, path: &Path) -> Result<()> {
    match disk.take_fault() {
        Some(error) => Err(Error::io("read input", path, error)),
        None => Ok(()),
    }
}
