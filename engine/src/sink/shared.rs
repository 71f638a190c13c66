//! What a target and its part writers share.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::workplace::Workplace;
use crate::format::{Column, OriginKind, ShardLayout};
use crate::plan::Plan;

/// A target that is written to, and what is written there.
pub(super) struct Shared {
    pub(super) place: Workplace,
    pub(super) plan: Arc<Plan>,
    pub(super) columns: Vec<Column>,
    pub(super) origins: OriginKind,
    pub(super) layout: Arc<ShardLayout>,
    /// Parts that have a writer.
    pub(super) taken: Mutex<BTreeSet<u32>>,
    /// Held for its drop.
    pub(super) _lock: Box<dyn Send + Sync + fmt::Debug>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The parts that have a writer, for a moment alone.
    pub(super) fn taken(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a writer's claim on its part.
    pub(super) fn give_back(&self, part: u32) {
        self.taken().remove(&part);
    }
}
