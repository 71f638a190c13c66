//! Ragged columns: copies the elements of rows to where the offsets say.

use super::super::columns::{Form, RaggedColumn};
use super::super::fill::NO_ROW;
use super::super::options::OverlongRow;
use super::attempt::Attempt;
use super::copy_range::CopyRange;
use super::rows::{ShardRuns, rows_bytes};
use crate::error::{Error, ErrorKind, Result};
use crate::format::to_usize;

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
    pub(super) fn copy_ragged(&mut self, groups: &[ShardRuns]) -> Result<()> {
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
    fn cut_ragged(
        &mut self,
        index: usize,
        ragged: &RaggedColumn,
        groups: &[ShardRuns],
    ) -> Result<()> {
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
                    work.pieces.push(CopyRange {
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
