//! The rows of a batch, shard by shard.

use std::ops::Range;

use super::super::fill::NO_ROW;
use super::super::shards::Shards;
use crate::error::{Error, ErrorKind, Result};

/// Consecutive rows of a shard that are consecutive in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowRun {
    /// The first one's row of the batch.
    pub(super) at: usize,
    /// The first one's row of the shard.
    pub(super) row: u64,
    pub(super) n_rows: usize,
}

impl RowRun {
    /// Its rows of the shard.
    pub(super) fn rows(&self) -> Range<u64> {
        self.row..self.row + self.n_rows as u64
    }

    /// Its rows, one by one.
    pub(super) fn singles(self) -> impl Iterator<Item = Self> {
        (0..self.n_rows).map(move |n| Self {
            at: self.at + n,
            row: self.row + n as u64,
            n_rows: 1,
        })
    }
}

/// The runs of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShardRuns {
    pub(super) shard: usize,
    /// Which of the runs.
    pub(super) runs: Range<usize>,
}

/// The rows of a batch, grouped; its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    /// Shard in the upper half, row of the batch in the lower.
    places: Vec<u64>,
    pub(super) runs: Vec<RowRun>,
    pub(super) groups: Vec<ShardRuns>,
}

impl Grouped {
    /// Groups the rows `wanted` of a dataset; [`NO_ROW`] is none.
    ///
    /// # Errors
    /// `Usage` if the dataset has no such row, or the batch has too many.
    pub(super) fn group(&mut self, wanted: &[u64], shards: &Shards) -> Result<()> {
        self.places.clear();
        let usage = |message| Error::new(ErrorKind::Usage, message);
        if u32::try_from(wanted.len()).is_err() {
            let n = wanted.len();
            return Err(usage(format!("expected a smaller batch, got {n} rows")));
        }
        let (mut in_order, mut last) = (true, 0);
        for (at, row) in (0u64..).zip(wanted) {
            if *row == NO_ROW {
                continue;
            }
            let shard = shards.shard_of(*row).ok_or_else(|| {
                let n_rows = shards.n_rows();
                usage(format!(
                    "row {row} is out of range: the dataset has {n_rows} rows"
                ))
            })?;
            let shard = u64::from(shard);
            in_order &= last <= shard;
            last = shard;
            self.places.push(shard << 32 | at);
        }
        if !in_order {
            self.places.sort_unstable();
        }
        self.cut(wanted, shards);
        Ok(())
    }

    /// Joins neighbours to runs, and runs of a shard to groups.
    fn cut(&mut self, wanted: &[u64], shards: &Shards) {
        self.runs.clear();
        self.groups.clear();
        let (mut current, mut first) = (None, 0);
        for place in &self.places {
            let [shard, at] = [place >> 32, place & 0xffff_ffff].map(index);
            if current != Some(shard) {
                current = Some(shard);
                first = shards.entry(shard).first_row;
                let runs = self.runs.len()..self.runs.len();
                self.groups.push(ShardRuns { shard, runs });
            }
            let row = wanted[at] - first;
            let group = self.groups.last_mut();
            let is_first = group.as_ref().is_some_and(|group| group.runs.is_empty());
            match self.runs.last_mut() {
                Some(run) if !is_first && run.at + run.n_rows == at && run.rows().end == row => {
                    run.n_rows += 1;
                }
                _ => {
                    self.runs.push(RowRun { at, row, n_rows: 1 });
                    if let Some(group) = group {
                        group.runs.end += 1;
                    }
                }
            }
        }
    }
}

/// A number of 32 bits as an index; addresses are not shorter.
fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Bytes of so many rows.
///
/// # Errors
/// `Usage` if no memory has so many.
pub(super) fn rows_bytes(n_rows: usize, row_bytes: usize) -> Result<usize> {
    n_rows.checked_mul(row_bytes).ok_or_else(|| {
        let message = format!("expected a batch that fits memory, got {n_rows} rows");
        Error::new(ErrorKind::Usage, message).with_hint("use a smaller batch_size")
    })
}
