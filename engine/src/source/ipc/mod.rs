//! Arrow IPC, the file and the stream: record batches one by one.
//!
//! Messages are framed here, each length checked against the file, so that a
//! batch that cannot be decoded is set aside alone. Where the framing itself
//! breaks, the rest of the file is.

mod buffers;
mod frames;
mod messages;

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use self::frames::{Dictionaries, Frame, Frames, Trouble};
use self::messages::MessageKind;
use super::context::{Bad, Context, until_error};
use super::cut::{Decoded, check_nulls, check_projection};
use super::input;
use super::projection::Projection;
use super::{BatchIter, Description, ReadRequest, Source};
use crate::batch::{Batch, QuarantineUnit};
use crate::error::{Error, Result};
use crate::plan::{Format, RowGroup};

/// See the module text.
#[derive(Debug)]
pub(super) struct Arrow;

impl Source for Arrow {
    fn format(&self) -> Format {
        Format::Arrow
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        let io = |e| Error::io("open input", path, e);
        let file = File::open(path).map_err(io)?;
        let len_bytes = file.metadata().map_err(io)?.len();
        let frames = match Frames::open(file, len_bytes) {
            Ok(frames) => frames,
            Err(Trouble::Disk(error)) => return Err(Error::io("read input", path, error)),
            Err(Trouble::Content(reason)) => return Err(Error::data(reason).with_path(path)),
        };
        let row_groups = frames
            .batches()
            .map(|(frame, n_rows)| RowGroup {
                n_rows,
                len_bytes: frame.len_bytes(),
            })
            .collect();
        Ok(Description {
            schema: frames.schema().clone(),
            row_groups,
        })
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let file = input::open(request.input)?;
        let context = Context::new(request);
        let opened = Frames::open(file, request.input.len_bytes).and_then(|frames| {
            let columns = check_projection(frames.schema(), &context.schema);
            columns
                .map(|columns| (frames, columns))
                .map_err(Trouble::Content)
        });
        let (frames, columns) = match opened {
            Ok(opened) => opened,
            Err(Trouble::Disk(error)) => {
                return Err(Error::io("read input", &context.path, error));
            }
            Err(Trouble::Content(reason)) => return context.nothing_but(Bad::file(reason)),
        };
        let mut reader = Reader {
            groups: groups(request, frames.batches().count()),
            context,
            columns,
            frames,
            dictionaries: Dictionaries::default(),
            next: 0,
            group: 0,
            row: 0,
            ready: None,
        };
        Ok(until_error(move || reader.advance()))
    }
}

/// The record batches asked for. Whoever reads the last one reads on to the end
/// of the file, where there may be bytes that make no sense.
fn groups(request: &ReadRequest<'_>, n_batches: usize) -> Range<usize> {
    match &request.row_groups {
        Some(groups) if groups.end < n_batches => groups.clone(),
        Some(groups) => groups.start..usize::MAX,
        None => 0..usize::MAX,
    }
}

struct Reader {
    context: Context,
    /// The columns of the file that are read.
    columns: Projection,
    /// The record batches asked for.
    groups: Range<usize>,
    frames: Frames,
    dictionaries: Dictionaries,
    /// The next frame, and the record batch and row it begins.
    next: usize,
    group: usize,
    row: u64,
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
            if self.group >= self.groups.end {
                return Ok(None);
            }
            let bad = match self.frames.get(self.next) {
                Some(frame) => match self.frame(&frame)? {
                    Some(bad) => bad,
                    None => continue,
                },
                None => match self.frames.take_tail() {
                    Some(reason) => Bad::tail(self.row, reason),
                    None => return Ok(None),
                },
            };
            if let Some(event) = self.context.set_aside(bad)? {
                return Ok(Some(self.context.only(event)));
            }
        }
    }

    /// Reads one frame; what is bad about it comes back.
    fn frame(&mut self, frame: &Frame) -> Result<Option<Bad>> {
        self.next += 1;
        let MessageKind::Batch { n_rows } = frame.kind else {
            let read = self.frames.read_dictionary(frame, &mut self.dictionaries);
            return self.content(read).map(|read| {
                // Batches that follow would decode to other values.
                let reason = read.err()?;
                self.stop();
                Some(Bad::tail(self.row, format!("dictionary: {reason}")))
            });
        };
        let (group, first_row) = (self.group, self.row);
        self.group += 1;
        self.row += n_rows;
        let start_row = self.context.start_row;
        // A batch that states no rows is decoded where it stands, in case it
        // states so because it is damaged.
        let passed = first_row < start_row && self.row <= start_row;
        if passed || !self.groups.contains(&group) {
            return Ok(None);
        }
        let batch = self
            .frames
            .read_batch(frame, self.columns.roots(), &self.dictionaries)
            .and_then(|batch| {
                let columns = self.columns.pick(batch.columns());
                columns
                    .and_then(|columns| {
                        check_nulls(&columns, &self.context.schema)?;
                        Ok((columns, batch.num_rows()))
                    })
                    .map_err(Trouble::Content)
            });
        Ok(match self.content(batch)? {
            Ok((columns, n_rows)) => {
                let decoded = Decoded::new(first_row, columns, n_rows, start_row);
                self.ready = Some(decoded);
                None
            }
            Err(reason) => Some(Bad {
                unit: QuarantineUnit::RecordBatch,
                row: first_row,
                n_rows: Some(n_rows),
                reason: format!("record batch {group} (from 0): {reason}"),
                ..Bad::tail(0, "")
            }),
        })
    }

    /// Nothing after this is read.
    fn stop(&mut self) {
        self.next = usize::MAX;
        self.frames.take_tail();
    }

    /// Lets faults of the disk through as errors.
    fn content<T>(
        &self,
        result: std::result::Result<T, Trouble>,
    ) -> Result<std::result::Result<T, String>> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(Trouble::Content(reason)) => Ok(Err(reason)),
            Err(Trouble::Disk(error)) => Err(Error::io("read input", &self.context.path, error)),
        }
    }
}
