//! What has been handed out, counted.

use super::batch::Batch;
use super::fill::Damage;

/// Damaged rows that are kept by name; more are only counted.
const MAX_DAMAGE: usize = 1000;

/// What has been handed out, rows skipped or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches.
    pub batches: u64,
    /// Valid rows.
    pub rows: u64,
    /// Rows that were skipped because they are damaged.
    pub skipped: u64,
    /// Rows that the CPU changed because they are too much for the device of the steps,
    /// counted once for each column: see [`crate::feed::Batch::too_large_for_device`].
    pub too_large_for_device: u64,
}

/// Counts of batches, and the first rows of them that were skipped.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: Counts,
    damage: Vec<Damage>,
    device_lost: Option<String>,
}

impl Tally {
    /// Counts a batch.
    pub fn add(&mut self, batch: &Batch) {
        let damage = batch.damage();
        self.counts.batches += 1;
        self.counts.rows += batch.n_valid() as u64;
        self.counts.skipped += damage.len() as u64;
        self.counts.too_large_for_device += batch.too_large_for_device();
        if self.device_lost.is_none() {
            self.device_lost = batch.device_lost().map(str::to_owned);
        }
        let room = MAX_DAMAGE - self.damage.len();
        self.damage.extend(damage.iter().take(room).cloned());
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Why the CPU changes rows where a device was to: it has failed. Told with the
    /// first batch that this is true of.
    #[must_use]
    pub fn device_lost(&self) -> Option<&str> {
        self.device_lost.as_deref()
    }

    /// The first 1000 rows that were skipped.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }
}
