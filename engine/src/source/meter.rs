//! Bytes of input read so far, for whoever shows progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count that readers add to; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Adds `n_bytes`.
    pub fn add(&self, n_bytes: u64) {
        self.0.fetch_add(n_bytes, Ordering::Relaxed);
    }

    /// The sum.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
