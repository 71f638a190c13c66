//! Which shard a row is in.

use crate::error::Result;
use crate::format::{ShardEntry, to_usize};

/// Finds the shard of a row in constant time where shards are about equally
/// long, in logarithmic time however they are.
///
/// Rows are cut into stretches of a power of two, about two for each shard;
/// for each stretch there is the shard of its first row.
#[derive(Debug)]
pub(super) struct RowIndex {
    /// The first row of each shard, and the number of all.
    firsts: Vec<u64>,
    /// The shard of the first row of each stretch, and the last shard.
    stretches: Vec<u32>,
    /// Rows of a stretch, as a power of two.
    shift: u32,
    n_rows: u64,
}

impl RowIndex {
    /// An index of shards in row order that leave no gap and are not empty.
    ///
    /// # Errors
    /// `Damage` if they are too many.
    pub(super) fn new(shards: &[ShardEntry], n_rows: u64) -> Result<Self> {
        let too_many = || crate::Error::damage("expected fewer shards");
        let n_shards = u32::try_from(shards.len()).map_err(|_| too_many())?;
        let mut firsts: Vec<u64> = shards.iter().map(|shard| shard.first_row).collect();
        firsts.push(n_rows);
        let rows_each = n_rows / u64::from(n_shards.max(1));
        let shift = rows_each.max(2).ilog2() - 1;
        let n_stretches = to_usize(n_rows >> shift)? + 1;
        let mut stretches = Vec::with_capacity(n_stretches + 1);
        let mut shard = 0u32;
        for stretch in 0..n_stretches as u64 {
            while shard + 1 < n_shards && firsts[shard as usize + 1] <= stretch << shift {
                shard += 1;
            }
            stretches.push(shard);
        }
        stretches.push(n_shards.saturating_sub(1));
        Ok(Self {
            firsts,
            stretches,
            shift,
            n_rows,
        })
    }

    /// The shard of a row.
    #[inline]
    pub(super) fn shard_of(&self, row: u64) -> Option<u32> {
        if row >= self.n_rows {
            return None;
        }
        let stretch = usize::try_from(row >> self.shift).ok()?;
        let from = *self.stretches.get(stretch)?;
        let to = *self.stretches.get(stretch + 1)?;
        if from == to {
            return Some(from);
        }
        let later = self.firsts.get(from as usize + 1..=to as usize)?;
        let n_before = later.partition_point(|first| *first <= row);
        Some(from + u32::try_from(n_before).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Digest;

    fn shards(lengths: &[u64]) -> (Vec<ShardEntry>, u64) {
        let mut first_row = 0;
        let entry = |(seq, n_rows): (u32, &u64)| {
            first_row += n_rows;
            ShardEntry {
                part: 0,
                seq,
                len_bytes: 4096,
                n_rows: *n_rows,
                first_row: first_row - n_rows,
                digest: Digest(0),
            }
        };
        let entries = (0..).zip(lengths).map(entry).collect();
        (entries, first_row)
    }

    fn check(lengths: &[u64]) {
        let (shards, n_rows) = shards(lengths);
        let index = RowIndex::new(&shards, n_rows).unwrap();
        assert!(index.stretches.len() <= 4 * lengths.len() + 8);
        for (number, shard) in (0u32..).zip(&shards) {
            let last = shard.n_rows - 1;
            for row in [0, last / 3, last / 2, last] {
                let found = index.shard_of(shard.first_row + row);
                assert_eq!(found, Some(number), "{lengths:?}");
            }
        }
        assert_eq!(index.shard_of(n_rows), None);
        assert_eq!(index.shard_of(u64::MAX), None);
    }

    #[test]
    fn every_row_is_in_its_shard() {
        check(&[]);
        check(&[1]);
        check(&[1, 1, 1]);
        check(&[5, 1, 1000, 1, 1, 70, 3]);
        check(&[u64::MAX / 3, 1, u64::MAX / 3, 1, 1, 1]);
        check(&[1, 1, 1, 1, 1, 1, u64::MAX - 6]);
        check(&vec![1000; 5000]);
        let uneven: Vec<u64> = (0..3000).map(|n| 1 + n * n % 4097).collect();
        check(&uneven);
    }
}
