//! Which positions of an epoch make a batch, and which of them are whose:
//! arithmetic, and nothing else.
//!
//! A global batch at position `p` has the positions `[p, min(p + G, n))`, `m`
//! of them, and rank `r` of `w` has `[m r / w, m (r + 1) / w)` of these. All
//! ranks have equally many batches, and the next begins at `p + m`.

use std::ops::Range;

use super::options::{BatchSize, Last, World};
use crate::error::{Error, ErrorKind, Result};

/// Rows of one rank's batch, at most; offsets of ragged rows are int32.
const MAX_BATCH: u64 = 1 << 31;

/// Rows of a dataset, at most, so that sums of positions need no care.
const MAX_ROWS: u64 = 1 << 62;

/// How an epoch is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSchedule {
    n_rows: u64,
    /// Rows of a global batch.
    global: u64,
    last: Last,
    world: World,
}

/// One batch of one rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Where the global batch begins.
    pub(crate) position: u64,
    /// Positions of this rank.
    pub(crate) mine: Range<u64>,
    /// Rows of the batch, those that fill up included.
    pub(crate) n_rows: u64,
    /// Where the next batch of the epoch begins, if it has another.
    pub(crate) next: Option<u64>,
}

impl BatchSchedule {
    /// Cuts `n_rows` rows.
    ///
    /// # Errors
    /// `Usage` for a rank that the world does not have, and for batches that
    /// are empty, too large, or with [`Last::Drop`] larger than the dataset.
    pub(crate) fn new(
        n_rows: u64,
        batch_size: BatchSize,
        last: Last,
        world: World,
    ) -> Result<Self> {
        let World { rank, size } = world;
        if size == 0 {
            return Err(refused("expected a world of at least one rank, got 0"));
        }
        if rank >= size {
            return Err(refused(format!(
                "expected a rank below the world's {size}, got {rank}"
            ))
            .with_hint("ranks count from 0"));
        }
        if n_rows > MAX_ROWS {
            return Err(refused(format!(
                "expected a dataset of at most 2^62 rows, got {n_rows}"
            )));
        }
        let global = global_size(batch_size, size)?;
        let schedule = Self {
            n_rows,
            global,
            last,
            world,
        };
        if last == Last::Drop && n_rows > 0 && global > n_rows {
            return Err(refused(format!(
                "expected batches that fit the dataset's {n_rows} rows, got {global} rows for all \
                 ranks together: with last = \"drop\" no batch would come"
            ))
            .with_hint("use a smaller batch, or last = \"pad\" or \"short\""));
        }
        Ok(schedule)
    }

    /// Batches of a whole epoch, the same for every rank.
    pub(crate) fn n_batches(&self) -> u64 {
        self.n_batches_from(0)
    }

    /// Batches that are left of an epoch at `position`.
    pub(crate) fn n_batches_from(&self, position: u64) -> u64 {
        let left = self.n_rows.saturating_sub(position);
        match self.last {
            Last::Drop => left / self.global,
            Last::Short | Last::Pad => left.div_ceil(self.global),
        }
    }

    /// The position of batch `index` of an epoch, if it has one.
    pub(crate) fn position(&self, index: u64) -> Option<u64> {
        (index < self.n_batches()).then(|| index * self.global)
    }

    /// The number in its epoch of the batch at `position`, or of the one that
    /// has this position among its own.
    pub(crate) fn index(&self, position: u64) -> u64 {
        position / self.global
    }

    /// The batch at `position`; `None` where the epoch has no more.
    pub(crate) fn at(&self, position: u64) -> Option<Cut> {
        if !self.has(position) {
            return None;
        }
        let n = self.global.min(self.n_rows - position);
        let World { rank, size } = self.world;
        let mine = position + share(n, rank, size)..position + share(n, rank + 1, size);
        let next = position + n;
        Some(Cut {
            position,
            n_rows: match self.last {
                Last::Pad => self.global.div_ceil(u64::from(size)),
                Last::Short | Last::Drop => mine.end - mine.start,
            },
            mine,
            next: self.has(next).then_some(next),
        })
    }

    /// Whether an epoch has a batch at `position`.
    fn has(&self, position: u64) -> bool {
        self.n_batches_from(position) > 0
    }
}

/// Rows of a global batch.
fn global_size(batch_size: BatchSize, n_ranks: u32) -> Result<u64> {
    let n_ranks = u64::from(n_ranks);
    let (rows, global) = match batch_size {
        BatchSize::PerRank(rows) => (rows, rows.checked_mul(n_ranks)),
        BatchSize::Global(rows) => (rows, Some(rows)),
    };
    if rows == 0 {
        return Err(refused("expected a batch of at least one row, got 0"));
    }
    global
        .filter(|global| global.div_ceil(n_ranks) < MAX_BATCH)
        .ok_or_else(|| {
            refused(format!(
                "expected a batch of less than 2^31 rows a rank, got {rows}"
            ))
        })
}

/// `n * rank / n_ranks`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most `n`, as `rank` is at most `n_ranks`"
)]
fn share(n: u64, rank: u32, n_ranks: u32) -> u64 {
    (u128::from(n) * u128::from(rank) / u128::from(n_ranks)) as u64
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(
        n_rows: u64,
        batch_size: BatchSize,
        last: Last,
        rank: u32,
        size: u32,
    ) -> BatchSchedule {
        BatchSchedule::new(n_rows, batch_size, last, World { rank, size }).unwrap()
    }

    /// The batches of an epoch from `position`.
    fn batches(schedule: &BatchSchedule, position: u64) -> Vec<Cut> {
        let mut cuts = Vec::new();
        let mut next = Some(position);
        while let Some(cut) = next.and_then(|position| schedule.at(position)) {
            next = cut.next;
            cuts.push(cut);
        }
        cuts
    }

    /// Checks that the batches of all ranks are the epoch, in order and evenly
    /// shared.
    fn check_shares(n_rows: u64, global: u64, last: Last, size: u32) {
        let of = |rank| {
            let global = BatchSize::Global(global);
            batches(&schedule(n_rows, global, last, rank, size), 0)
        };
        let ranks: Vec<_> = (0..size).map(of).collect();
        assert!(ranks.iter().all(|cuts| cuts.len() == ranks[0].len()));
        assert_eq!(ranks[0].len() as u64, n_rows.div_ceil(global));
        let mut next = 0;
        for at in 0..ranks[0].len() {
            let mine = ranks.iter().map(|cuts| cuts[at].mine.clone());
            let sizes: Vec<u64> = mine
                .map(|mine| {
                    assert_eq!(mine.start, next);
                    next = mine.end;
                    mine.end - mine.start
                })
                .collect();
            let least = sizes.iter().min().unwrap();
            assert!(sizes.iter().max().unwrap() - least <= 1);
        }
        assert_eq!(next, n_rows);
    }

    #[test]
    fn ranks_share_every_batch_without_gap() {
        for n_rows in [1, 2, 63, 64, 65, 1000] {
            for size in [1, 2, 3, 5, 7, 8, 64] {
                for global in [1, 2, 63, 64, 1000, 5000] {
                    check_shares(n_rows, global, Last::Pad, size);
                    check_shares(n_rows, global, Last::Short, size);
                }
            }
        }
    }

    #[test]
    fn lengths_are_as_the_last_batch_is_asked_for() {
        let n_rows = |last, rank| -> Vec<u64> {
            let schedule = schedule(10, BatchSize::PerRank(2), last, rank, 3);
            assert_eq!(schedule.n_batches(), batches(&schedule, 0).len() as u64);
            batches(&schedule, 0).iter().map(|cut| cut.n_rows).collect()
        };
        // Global batches of 6 and 4; of the latter ranks have 1, 1 and 2.
        assert_eq!(n_rows(Last::Pad, 0), [2, 2]);
        assert_eq!(n_rows(Last::Short, 0), [2, 1]);
        assert_eq!(n_rows(Last::Short, 2), [2, 2]);
        assert_eq!(n_rows(Last::Drop, 2), [2]);
        // 7 rows for 3 ranks: filled up to 3 for each.
        let uneven = schedule(14, BatchSize::Global(7), Last::Pad, 0, 3);
        let uneven = batches(&uneven, 0);
        assert!(uneven.iter().all(|cut| cut.n_rows == 3));
        assert_eq!(uneven[0].mine, 0..2);
    }

    #[test]
    fn positions_of_any_origin_can_be_gone_on_from() {
        let schedule = schedule(100, BatchSize::PerRank(8), Last::Pad, 0, 1);
        assert_eq!(schedule.n_batches_from(99), 1);
        assert_eq!(schedule.at(99).unwrap().mine, 99..100);
        assert_eq!(schedule.n_batches_from(100), 0);
        assert_eq!(schedule.at(100), None);
        assert_eq!(schedule.at(u64::MAX), None);
        assert_eq!(schedule.position(12), Some(96));
        assert_eq!(schedule.position(13), None);
        assert_eq!((schedule.index(95), schedule.index(96)), (11, 12));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let size = u32::MAX;
        let batch_size = BatchSize::PerRank(MAX_BATCH - 1);
        let schedule = schedule(MAX_ROWS, batch_size, Last::Pad, size - 1, size);
        let cuts = batches(&schedule, 0);
        assert_eq!(cuts.len() as u64, schedule.n_batches());
        assert_eq!(cuts.last().unwrap().mine.end, MAX_ROWS);
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let refused = |n_rows, batch_size, last, rank, size| {
            let error =
                BatchSchedule::new(n_rows, batch_size, last, World { rank, size }).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            error.to_string()
        };
        let (one, none) = (BatchSize::PerRank(1), BatchSize::PerRank(0));
        assert!(refused(10, one, Last::Pad, 0, 0).contains("at least one rank"));
        assert!(refused(10, one, Last::Pad, 2, 2).contains("got 2"));
        assert!(refused(10, none, Last::Pad, 0, 1).contains("got 0"));
        assert!(refused(10, BatchSize::Global(0), Last::Short, 0, 1).contains("got 0"));
        assert!(refused(10, BatchSize::PerRank(6), Last::Drop, 0, 2).contains("12 rows"));
        for batch_size in [BatchSize::PerRank(u64::MAX), BatchSize::Global(u64::MAX)] {
            assert!(refused(10, batch_size, Last::Pad, 0, 2).contains("2^31"));
        }
        assert!(refused(u64::MAX, one, Last::Pad, 0, 1).contains("2^62"));
    }
}
