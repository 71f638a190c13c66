//! The order of an epoch's rows, in constant memory and with a constant start.
//!
//! It is a function of the seed, the epoch, the way of shuffling and the
//! dataset's size, and its bits are part of what a state means: they never
//! change for one version of the state.

mod blocks;
mod permutation;
mod purpose;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::blocks::Blocks;
use self::permutation::{Permutation, RandomStream};
use self::purpose::ROWS;
use super::options::Shuffle;

/// What a dataset's order depends on beside the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Rows of the dataset.
    pub n_rows: u64,
    /// Rows of a block, for [`Shuffle::Blocks`]: a power of two.
    pub block_rows: u64,
}

impl Extent {
    /// Blocks of about this size.
    const BLOCK_BYTES: u64 = 1 << 20;

    /// That of `n_rows` rows in shards of `len_bytes` bytes in all: a block has
    /// the greatest power of two of rows that fit 1 MiB on average, or one.
    #[must_use]
    pub fn new(n_rows: u64, len_bytes: u64) -> Self {
        let row_bytes = (len_bytes / n_rows.max(1)).max(1);
        let fit = (Self::BLOCK_BYTES / row_bytes).max(1);
        Self {
            n_rows,
            block_rows: 1 << fit.ilog2(),
        }
    }
}

/// The order of the rows of one epoch.
///
/// ```
/// use fuelrail::feed::{Extent, Order, Shuffle};
///
/// let extent = Extent::new(1_000_000_000, 1 << 42);
/// let order = Order::new(Shuffle::Rows, 7, 0, extent);
/// let mut rows = Vec::new();
/// order.rows(500_000_000..500_000_003, &mut rows);
/// assert_eq!(rows, [245_372_134, 223_769_381, 32_907_179]);
/// ```
#[derive(Debug, Clone)]
pub struct Order {
    n_rows: u64,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Off,
    Rows(Permutation),
    Blocks(Blocks),
}

impl Order {
    /// The order of epoch `epoch`. Rows beyond 2^63 - 1 have none.
    #[must_use]
    pub fn new(shuffle: Shuffle, seed: u64, epoch: u32, extent: Extent) -> Self {
        let stream = RandomStream {
            seed,
            epoch,
            purpose: ROWS,
            index: 0,
        };
        let n_rows = extent.n_rows.min(i64::MAX.unsigned_abs());
        let kind = match shuffle {
            Shuffle::Off => Kind::Off,
            Shuffle::Rows => Kind::Rows(Permutation::new(n_rows, stream)),
            Shuffle::Blocks => {
                let log_rows = extent.block_rows.max(1).ilog2().min(20);
                Kind::Blocks(Blocks::new(n_rows, log_rows, stream))
            }
        };
        Self { n_rows, kind }
    }

    /// Appends the rows at these positions of the epoch; positions beyond its
    /// end have none.
    pub fn rows(&self, positions: Range<u64>, out: &mut Vec<u64>) {
        let positions = positions.start..positions.end.min(self.n_rows);
        let first = out.len();
        match &self.kind {
            Kind::Off => out.extend(positions),
            Kind::Rows(permutation) => {
                out.extend(positions);
                permutation.map(&mut out[first..]);
            }
            Kind::Blocks(blocks) => blocks.rows(positions, out),
        }
    }
}
