//! How many damaged rows of an epoch may be left out before that is an error.

use super::fill::Damage;
use super::options::FeedOptions;
use super::order::Extent;
use crate::error::{Error, ErrorKind, Result};

/// Damaged rows that one rank has left out of the current epoch.
#[derive(Debug)]
pub(super) struct Losses {
    /// Rows of an epoch of this rank.
    n_rows: u64,
    /// How many of them may be left out.
    most: u64,
    n_lost: u64,
}

impl Losses {
    /// None as yet.
    ///
    /// # Errors
    /// `Usage` for a share that is none.
    pub(super) fn new(options: &FeedOptions, extent: Extent) -> Result<Self> {
        let n_rows = extent.n_rows.div_ceil(u64::from(options.world.size.max(1)));
        let most = match options.max_damage {
            Some(share) if (0.0..=1.0).contains(&share) => part(n_rows, share),
            Some(share) => {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("expected max_damage to be a share from 0 to 1, got {share}"),
                ));
            }
            None => (n_rows / 100).max(extent.block_rows.min(n_rows / 2).max(1)),
        };
        Ok(Self {
            n_rows,
            most,
            n_lost: 0,
        })
    }

    /// Begins an epoch.
    pub(super) fn begin(&mut self) {
        self.n_lost = 0;
    }

    /// Adds what a batch has left out.
    ///
    /// # Errors
    /// `Damage` if it is too much; it is not added then.
    pub(super) fn add(&mut self, damage: &[Damage]) -> Result<()> {
        let n_lost = self.n_lost + damage.len() as u64;
        match damage.first() {
            Some(first) if n_lost > self.most => Err(self.too_many(n_lost, first)),
            _ => {
                self.n_lost = n_lost;
                Ok(())
            }
        }
    }

    fn too_many(&self, n_lost: u64, first: &Damage) -> Error {
        let Self { n_rows, most, .. } = self;
        Error::damage(format!(
            "{n_lost} of the {n_rows} rows of an epoch are damaged, limit {most}, the last in shard {}: {}",
            first.shard, first.message
        ))
        .with_hint("restore the shards from a copy of the dataset, or raise max_damage to do without them")
    }
}

/// A share of a number of rows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a number of rows is one too, to the last row or nearly"
)]
fn part(n_rows: u64, share: f64) -> u64 {
    (n_rows as f64 * share) as u64
}
