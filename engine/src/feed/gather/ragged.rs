//! Ragged columns: where the elements of rows lie, and where they go.

use std::ops::Range;

use super::super::columns::{Form, RaggedColumn};
use super::super::fill::NO_ROW;
use super::super::options::OverlongRow;
use super::copy::Piece;
use super::rows::{Group, Run};
use super::{Attempt, rows_bytes};
use crate::error::{Error, ErrorKind, Result};
use crate::format::to_usize;

/// Offsets of the rows of a run, checked.
#[derive(Debug)]
pub(super) struct Offsets<'a> {
    /// One more than rows; they never fall.
    bytes: &'a [u8],
}

impl<'a> Offsets<'a> {
    /// The offsets of a run, if they are some.
    pub(super) fn new(bytes: &'a [u8], run: Run) -> Option<Self> {
        let offsets = Self { bytes };
        let mut last = 0;
        let ascend = (0..=run.n_rows).all(|index| {
            let offset = offsets.get(index);
            let ascends = last <= offset && i64::try_from(offset).is_ok();
            last = offset;
            ascends
        });
        (ascend && (run.row > 0 || offsets.get(0) == 0)).then_some(offsets)
    }

    fn get(&self, index: usize) -> u64 {
        let mut raw = [0; 8];
        raw.copy_from_slice(&self.bytes[index * 8..index * 8 + 8]);
        u64::from_le_bytes(raw)
    }

    /// The elements of all rows.
    pub(super) fn elements(&self) -> Range<u64> {
        self.get(0)..self.get(self.bytes.len() / 8 - 1)
    }
}

/// Where the elements of a batch's rows lie, and where they go.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// For each row of the batch, the first element in its shard, and how many
    /// there are.
    rows: Vec<(u64, u64)>,
    /// For each row of the batch, its first element in the batch, and behind
    /// them the number of all.
    starts: Vec<usize>,
}

impl Spans {
    pub(super) fn start(&mut self, n_rows: usize) {
        self.rows.clear();
        self.rows.resize(n_rows, (0, 0));
        self.starts.clear();
    }

    /// Notes the offsets of a run.
    pub(super) fn note(&mut self, run: Run, offsets: &Offsets<'_>) {
        let rows = self.rows.iter_mut().skip(run.at).take(run.n_rows);
        for (index, span) in rows.enumerate() {
            let first = offsets.get(index);
            *span = (first, offsets.get(index + 1) - first);
        }
    }

    /// Elements of the batch.
    pub(super) fn n_elements(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The row of the batch that has this element of the batch.
    fn row_of(&self, element: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= element)
            .saturating_sub(1)
    }

    /// The elements of a part of a run in their shard, and where the first goes
    /// among those of the batch: all of them, or a row of a tensor that is
    /// filled up.
    fn part(&self, run: &Run, part: usize, form: Form) -> (Range<u64>, usize) {
        match form {
            Form::Flat(_) => (self.of(run), self.starts[run.at]),
            Form::Pad { length, .. } => {
                let at = run.at + part;
                let (first, len) = self.rows[at];
                (first..first + len.min(length as u64), at * length)
            }
        }
    }

    /// Elements of all rows of a run in their shard.
    fn of(&self, run: &Run) -> Range<u64> {
        let (first, _) = self.rows[run.at];
        let (last, len) = self.rows[run.at + run.n_rows - 1];
        first..last + len
    }
}

impl Attempt<'_> {
    /// Decides where the elements of ragged columns go, and writes the tensors
    /// that say so.
    pub(super) fn lay_out(&mut self) -> Result<()> {
        let gather = self.gather;
        for (index, ragged) in gather.columns.ragged.iter().enumerate() {
            let name = &gather.columns.outputs[ragged.output].name;
            let laid = match ragged.form {
                Form::Flat(offsets) => self.lay_flat(index, offsets),
                Form::Pad {
                    lengths, length, ..
                } => self.lay_padded(index, lengths, length, ragged),
            };
            laid.map_err(|error| error.with_column(&**name))?;
        }
        Ok(())
    }

    fn lay_flat(&mut self, index: usize, output: usize) -> Result<()> {
        let spans = &mut self.work.spans[index];
        let mut end = 0u64;
        spans.starts.reserve(spans.rows.len() + 1);
        spans.starts.push(0);
        for (_, len) in &spans.rows {
            end = end.saturating_add(*len);
            if i32::try_from(end).is_err() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!(
                        "expected a batch of at most {} elements, got more",
                        i32::MAX
                    ),
                )
                .with_hint("use a smaller batch_size"));
            }
            spans.starts.push(to_usize(end)?);
        }
        let room = rows_bytes(spans.starts.len(), 4)?;
        let room = self.buffers.buffer(output).room(room)?;
        numbers(room, spans.starts.iter().copied());
        Ok(())
    }

    fn lay_padded(
        &mut self,
        index: usize,
        output: usize,
        length: usize,
        ragged: &RaggedColumn,
    ) -> Result<()> {
        let Form::Pad { overlong, .. } = ragged.form else {
            return Ok(());
        };
        let rows = &self.work.spans[index].rows;
        let is_long = |span: &(u64, u64)| span.1 > length as u64;
        if overlong == OverlongRow::Raise
            && let Some(at) = rows.iter().position(is_long)
        {
            return Err(self.overlong(at, rows[at].1, length));
        }
        let lengths = rows.iter().map(|(_, len)| {
            // Not longer than a length that is a usize.
            usize::try_from(*len).map_or(length, |len| len.min(length))
        });
        let room = rows_bytes(rows.len(), 4)?;
        numbers(self.buffers.buffer(output).room(room)?, lengths);
        Ok(())
    }

    fn overlong(&self, at: usize, len: u64, length: usize) -> Error {
        let row = self.wanted.get(at).copied().unwrap_or(NO_ROW);
        let message = format!("expected at most {length} elements, got {len} in dataset[{row}]");
        let error = Error::data(message).with_hint(
            "raise the column's max_length, or cut longer rows off with overlong = \"truncate\"",
        );
        match self.gather.shards.locate(row) {
            Some((shard, row)) => error
                .with_path(self.gather.shards.path(shard))
                .with_row(row),
            None => error,
        }
    }

    /// Copies the elements of the ragged columns of `groups`.
    pub(super) fn copy_ragged(&mut self, groups: &[Group]) -> Result<()> {
        let gather = self.gather;
        for (index, ragged) in gather.columns.ragged.iter().enumerate() {
            let n = match ragged.form {
                Form::Flat(_) => self.work.spans[index].n_elements(),
                Form::Pad { length, .. } => rows_bytes(self.wanted.len(), length)?,
            };
            let len = rows_bytes(n, ragged.element_bytes)?;
            self.cut_ragged(index, ragged, groups)?;
            if let Some(stray) = self.copy_pieces(ragged.output, len, &ragged.change)? {
                let element = stray.at / ragged.element_bytes;
                let at = match ragged.form {
                    Form::Flat(_) => self.work.spans[index].row_of(element),
                    Form::Pad { length, .. } => element / length,
                };
                return self.blame(stray, at, ragged.output, groups);
            }
        }
        Ok(())
    }

    /// Fills the rows of ragged columns up with zeros, those of the batch that
    /// are none of the dataset too.
    pub(super) fn pad_ragged(&mut self) -> Result<()> {
        let gather = self.gather;
        for (index, ragged) in gather.columns.ragged.iter().enumerate() {
            if let Form::Pad { length, .. } = ragged.form {
                self.pad(index, ragged, length)?;
            }
        }
        Ok(())
    }

    /// Cuts the elements of the rows of `groups` to pieces.
    fn cut_ragged(&mut self, index: usize, ragged: &RaggedColumn, groups: &[Group]) -> Result<()> {
        let work = &mut *self.work;
        let spans = &work.spans[index];
        work.pieces.clear();
        for (held, group) in groups.iter().enumerate() {
            let Some(open) = &work.held[held] else {
                continue;
            };
            let span = open.known.span(ragged.values);
            for run in &work.grouped.runs[group.runs.clone()] {
                let n_parts = match ragged.form {
                    Form::Flat(_) => 1,
                    Form::Pad { .. } => run.n_rows,
                };
                for part in 0..n_parts {
                    let (elements, start) = spans.part(run, part, ragged.form);
                    let n = to_usize(elements.end - elements.start)?;
                    let src = span.items(elements);
                    work.pieces.push(Piece {
                        held,
                        src: src
                            .ok_or_else(|| Error::internal("expected elements of the shard"))?,
                        dst: start * ragged.element_bytes..(start + n) * ragged.element_bytes,
                    });
                }
            }
        }
        Ok(())
    }

    /// Fills the rows of a tensor up with zeros.
    fn pad(&mut self, index: usize, ragged: &RaggedColumn, length: usize) -> Result<()> {
        let row_bytes = rows_bytes(length, ragged.element_bytes)?;
        let len = rows_bytes(self.wanted.len(), row_bytes)?;
        let room = self.buffers.buffer(ragged.output).room(len)?;
        let rows = room.chunks_exact_mut(row_bytes);
        for (bytes, (_, len)) in rows.zip(&self.work.spans[index].rows) {
            let len = to_usize((*len).min(length as u64))?;
            bytes[len * ragged.element_bytes..].fill(0);
        }
        Ok(())
    }
}

/// Writes numbers as int32.
fn numbers(room: &mut [u8], numbers: impl Iterator<Item = usize>) {
    for (bytes, number) in room.chunks_exact_mut(4).zip(numbers) {
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        bytes.copy_from_slice(&number.to_le_bytes());
    }
}
