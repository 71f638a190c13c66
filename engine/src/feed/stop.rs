//! Putting a feed to rest from outside.

use std::sync::{Arc, Weak};

use super::process::Process;
use super::ring::Ring;

/// Puts a feed to rest; see its `rest`.
#[derive(Debug, Clone)]
pub struct Stop {
    ring: Weak<Ring>,
    process: Process,
}

impl Stop {
    pub(super) fn new(ring: &Arc<Ring>, process: Process) -> Self {
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
