//! Copies what has an item for each row.

use std::ops::Range;

use fuelrail_kernels::{Around, Level};

use super::super::columns::{Fixed, NumberChange};
use super::super::open_shard::Open;
use super::super::options::Access;
use super::attempt::Attempt;
use super::cast::cast;
use super::copy_range::CopyRange;
use super::fault::{ShardFault, beyond};
use super::rows::{ShardRuns, rows_bytes};
use super::work::GatherWork;
use crate::error::{Error, Result};

/// Bytes of the next piece that are fetched while one is copied; the processor
/// goes on by itself from there.
const FETCH_BYTES: usize = 1024;

/// Bytes of a tensor from which on it is copied around the caches: with the
/// batches that take turns with it, more than they keep until it is read.
const AROUND_BYTES: usize = 8 << 20;

/// Bytes of the smallest piece for which that is worth while.
const AROUND_PIECE_BYTES: usize = 1024;

/// What could not be copied.
#[derive(Debug)]
pub(super) struct Stray {
    /// Index of the shard among those held.
    held: usize,
    /// The byte of the tensor that is to blame.
    pub(super) at: usize,
    fault: ShardFault,
}

impl Attempt<'_> {
    /// Copies the fixed columns of `groups`.
    pub(super) fn copy_fixed(&mut self, groups: &[ShardRuns]) -> Result<()> {
        let gather = self.gather;
        for fixed in &gather.columns.fixed {
            if !self.view(fixed, groups)? {
                self.cut_fixed(fixed, groups)?;
                let len = rows_bytes(self.wanted.len(), fixed.row_bytes)?;
                if let Some(stray) = self.copy_pieces(fixed.output, len, &fixed.change)? {
                    let at = stray.at / fixed.row_bytes;
                    return self.blame(stray, at, fixed.output, groups);
                }
            }
        }
        Ok(())
    }

    /// Hands out a map instead of a copy, where that can be.
    fn view(&mut self, fixed: &Fixed, groups: &[ShardRuns]) -> Result<bool> {
        let as_stored = matches!(fixed.change, NumberChange::None);
        let (Access::View, true, [run]) =
            (self.gather.access, as_stored, &self.work.grouped.runs[..])
        else {
            return Ok(false);
        };
        let held = self.work.held.first().and_then(Option::as_ref);
        let (Some(open), [_], true) = (held, groups, run.n_rows == self.wanted.len()) else {
            return Ok(false);
        };
        let Some(range) = open.known.span(fixed.tensor).items(run.rows()) else {
            return Ok(false);
        };
        let piece = self.gather.shards.view(open, &range)?;
        self.work.views[fixed.output] = Some(piece);
        Ok(true)
    }

    /// Cuts the rows of `groups` to pieces.
    fn cut_fixed(&mut self, fixed: &Fixed, groups: &[ShardRuns]) -> Result<()> {
        let work = &mut *self.work;
        work.pieces.clear();
        for (held, group) in groups.iter().enumerate() {
            let Some(open) = &work.held[held] else {
                continue;
            };
            let span = open.known.span(fixed.tensor);
            for run in &work.grouped.runs[group.runs.clone()] {
                let src = span.items(run.rows());
                let src = src.ok_or_else(|| Error::internal("expected rows of the shard"))?;
                work.pieces.push(CopyRange {
                    held,
                    src,
                    dst: run.at * fixed.row_bytes..(run.at + run.n_rows) * fixed.row_bytes,
                });
            }
        }
        Ok(())
    }

    /// Copies the pieces to the tensor `output` of `len` bytes, up to the first
    /// that cannot be.
    pub(super) fn copy_pieces(
        &mut self,
        output: usize,
        len: usize,
        change: &NumberChange,
    ) -> Result<Option<Stray>> {
        let dst = self.buffers.buffer(output).room(len)?;
        let GatherWork { pieces, held, .. } = &*self.work;
        if let Some(first) = pieces.first() {
            fetch(held[first.held].as_deref(), &first.src);
        }
        let mut around = (len >= AROUND_BYTES).then(Around::default);
        for (index, piece) in pieces.iter().enumerate() {
            if let Some(next) = pieces.get(index + 1) {
                fetch(held[next.held].as_deref(), &next.src);
            }
            let (Some(open), Some(dst)) = (&held[piece.held], dst.get_mut(piece.dst.clone()))
            else {
                return Err(Error::internal("expected pieces of shards that are held"));
            };
            let copied = match (change, &mut around) {
                (NumberChange::None, Some(around)) if dst.len() >= AROUND_PIECE_BYTES => {
                    copy_around(open, &piece.src, dst, around)
                }
                _ => copy(open, &piece.src, dst, change, self.gather.level),
            };
            if let Err((part, fault)) = copied {
                return Ok(Some(Stray {
                    held: piece.held,
                    at: piece.dst.start + part,
                    fault,
                }));
            }
        }
        Ok(None)
    }

    /// Notes that the row `at` of the batch cannot be read.
    ///
    /// # Errors
    /// What is wrong with it, unless such rows are skipped.
    pub(super) fn blame(
        &mut self,
        stray: Stray,
        at: usize,
        output: usize,
        groups: &[ShardRuns],
    ) -> Result<()> {
        let Some(open) = self.work.held[stray.held].clone() else {
            return Ok(());
        };
        if !self.is_same(stray.held, &groups[stray.held])? {
            return Ok(());
        }
        let row = self.wanted.get(at).copied();
        let (_, row) = row
            .and_then(|row| self.gather.shards.locate(row))
            .ok_or_else(|| Error::internal("expected a row of the batch"))?;
        let fault = match stray.fault {
            ShardFault::Content(error) => {
                let name = &self.gather.columns.outputs[output].name;
                ShardFault::Content(error.with_column(&**name))
            }
            block @ ShardFault::Block(_) => block,
        };
        self.lose_row(&open, row, fault)
    }
}

/// Has the beginning of a piece on its way into the caches.
#[inline]
fn fetch(open: Option<&Open>, src: &Range<usize>) {
    if let Some(open) = open {
        open.map.fetch(src.start, src.len().min(FETCH_BYTES));
    }
}

/// Copies one piece as it is, around the caches.
#[inline]
fn copy_around(
    open: &Open,
    src: &Range<usize>,
    dst: &mut [u8],
    around: &mut Around,
) -> Result<(), (usize, ShardFault)> {
    let bytes = open.map.bytes(src.clone()).ok_or_else(|| (0, beyond()))?;
    around.copy(bytes, dst, &[]);
    Ok(())
}

/// Copies one piece; where it fails, the byte of `dst` that is to blame.
#[inline]
fn copy(
    open: &Open,
    src: &Range<usize>,
    dst: &mut [u8],
    change: &NumberChange,
    level: Level,
) -> Result<(), (usize, ShardFault)> {
    match change {
        NumberChange::None => open.map.copy(src.start, dst).ok_or_else(|| (0, beyond())),
        NumberChange::Bool => {
            let copied = open.map.copy(src.start, dst);
            copied.ok_or_else(|| (0, beyond()))?;
            match dst.iter().position(|byte| *byte > 1) {
                None => Ok(()),
                Some(at) => Err((at, no_bool(dst[at]))),
            }
        }
        NumberChange::Cast(change) => cast(open, src, dst, *change, level),
        NumberChange::CastBool(change) => {
            let bytes = open.map.bytes(src.clone()).ok_or_else(|| (0, beyond()))?;
            match bytes.iter().position(|byte| *byte > 1) {
                None => cast(open, src, dst, *change, level),
                Some(at) => Err((at * change.to.len_bytes(), no_bool(bytes[at]))),
            }
        }
    }
}

fn no_bool(byte: u8) -> ShardFault {
    let message = format!("expected a boolean of 0 or 1, got {byte}");
    ShardFault::Content(Error::damage(message))
}
