//! The rows of a batch, shard by shard.

use std::ops::Range;

use super::super::fill::NO_ROW;
use super::super::shards::Shards;
use crate::error::{Error, ErrorKind, Result};

/// Consecutive rows of a shard that are consecutive in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The first one's row of the batch.
    pub(super) at: usize,
    /// The first one's row of the shard.
    pub(super) row: u64,
    pub(super) n_rows: usize,
}

impl Run {
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
pub(super) struct Group {
    pub(super) shard: usize,
    /// Which of the runs.
    pub(super) runs: Range<usize>,
}

/// Where a row of the batch is.
#[derive(Debug, Clone, Copy)]
struct Place {
    shard: u32,
    /// The row of the batch.
    at: u32,
    /// The row of the shard.
    row: u64,
}

impl Place {
    /// There are less than 2^32 shards, and a batch has less than 2^31 rows.
    fn new(shard: usize, at: usize, row: u64) -> Result<Self> {
        match (u32::try_from(shard), u32::try_from(at)) {
            (Ok(shard), Ok(at)) => Ok(Self { shard, at, row }),
            _ => Err(Error::internal("expected fewer shards, and fewer rows")),
        }
    }

    /// One number to sort by, which is done for every batch.
    fn key(&self) -> u64 {
        u64::from(self.shard) << 32 | u64::from(self.at)
    }
}

/// The rows of a batch, grouped; its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    places: Vec<Place>,
    pub(super) runs: Vec<Run>,
    pub(super) groups: Vec<Group>,
}

impl Grouped {
    /// Groups the rows `wanted` of a dataset; [`NO_ROW`] is none.
    ///
    /// # Errors
    /// `Usage` if the dataset has no such row.
    pub(super) fn group(&mut self, wanted: &[u64], shards: &Shards) -> Result<()> {
        self.places.clear();
        let mut in_order = true;
        let mut last = 0;
        for (at, row) in wanted.iter().enumerate() {
            if *row == NO_ROW {
                continue;
            }
            let (shard, row) = shards.locate(*row).ok_or_else(|| {
                let n_rows = shards.n_rows();
                let message =
                    format!("expected rows within the {n_rows} of the dataset, got {row}");
                Error::new(ErrorKind::Usage, message)
            })?;
            in_order &= last <= shard;
            last = shard;
            self.places.push(Place::new(shard, at, row)?);
        }
        if !in_order {
            self.places.sort_unstable_by_key(Place::key);
        }
        self.cut();
        Ok(())
    }

    /// Joins neighbours to runs, and runs of a shard to groups.
    fn cut(&mut self) {
        self.runs.clear();
        self.groups.clear();
        for place in &self.places {
            let (shard, at, row) = (place.shard as usize, place.at as usize, place.row);
            let group = self.groups.last_mut().filter(|group| group.shard == shard);
            let Some(group) = group else {
                let runs = self.runs.len()..self.runs.len() + 1;
                self.groups.push(Group { shard, runs });
                self.runs.push(Run { at, row, n_rows: 1 });
                continue;
            };
            match self.runs.last_mut() {
                Some(run) if run.at + run.n_rows == at && run.rows().end == row => {
                    run.n_rows += 1;
                }
                _ => {
                    self.runs.push(Run { at, row, n_rows: 1 });
                    group.runs.end += 1;
                }
            }
        }
    }
}
