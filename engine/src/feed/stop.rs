//! Putting a feed to rest from outside.

use std::sync::{Arc, Weak};

use super::process::Process;
use super::ring::BatchRing;

/// Puts a feed to rest; see its `rest`.
#[derive(Debug, Clone)]
pub struct Stop {
    ring: Weak<BatchRing>,
    process: Process,
}

impl Stop {
    pub(super) fn new(ring: &Arc<BatchRing>, process: Process) -> Self {
        Self {
            ring: Arc::downgrade(ring),
            process,
        }
    }

    /// Does so, now. In another process than the feed's, nothing happens.
    pub fn now(&self) {
        if self.process.is_this()
            && let Some(ring) = self.ring.upgrade()
        {
            ring.rest();
        }
    }

    /// Whether the feed is gone, and all that it has handed out.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ring.strong_count() == 0
    }
}
