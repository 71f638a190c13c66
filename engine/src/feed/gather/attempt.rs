//! What fills batches, and an attempt at one; the files beside say how.

use std::fmt;
use std::sync::{Arc, Mutex};

use fuelrail_kernels::Level;

use super::super::buffer::Buffers;
use super::super::columns::{Columns, Output};
use super::super::fill::Damage;
use super::super::options::{Access, OnDamage, ReadOptions, Verify};
use super::super::shards::Shards;
use super::work::GatherWork;
use crate::error::Result;

/// Where rows that are skipped for damage leave a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// In their place, filled up with zeros.
    Masked,
    /// Nowhere: the batch is shorter.
    LeftOut,
}

/// Fills slots with rows of a dataset.
pub(crate) struct GatherFill {
    pub(super) shards: Arc<Shards>,
    pub(super) columns: Columns,
    pub(super) verify: Verify,
    pub(super) on_damage: OnDamage,
    pub(super) access: Access,
    pub(super) skipped: Skipped,
    pub(super) level: Level,
    /// Shards that are held open for a batch at a time.
    pub(super) max_held: usize,
    /// Memory that nobody works with now.
    pub(super) idle: Mutex<Vec<GatherWork>>,
}

impl GatherFill {
    /// Reads `options` of `shards`, with at most `n_threads` threads at once.
    ///
    /// # Errors
    /// `Usage` if there is no such column, or it cannot leave as asked.
    pub(crate) fn new(
        shards: Arc<Shards>,
        options: &ReadOptions,
        skipped: Skipped,
        n_threads: usize,
    ) -> Result<Self> {
        Ok(Self {
            columns: Columns::new(shards.dataset(), options)?,
            max_held: shards.max_held(n_threads),
            shards,
            verify: options.verify,
            on_damage: options.on_damage,
            access: options.access,
            skipped,
            level: Level::best(),
            idle: Mutex::default(),
        })
    }
}

impl GatherFill {
    /// The dataset.
    pub(crate) fn shards(&self) -> &Shards {
        &self.shards
    }

    /// The tensors of a batch.
    pub(crate) fn outputs(&self) -> &[Output] {
        &self.columns.outputs
    }
}

impl fmt::Debug for GatherFill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherFill")
            .field("dataset", &self.shards.dataset().root())
            .field("verify", &self.verify)
            .field("on_damage", &self.on_damage)
            .field("access", &self.access)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

/// An attempt at a batch.
pub(super) struct Attempt<'a> {
    pub(super) gather: &'a GatherFill,
    pub(super) work: &'a mut GatherWork,
    /// The rows of the dataset; `NO_ROW` is none.
    pub(super) wanted: &'a [u64],
    pub(super) buffers: &'a mut Buffers,
    pub(super) verdict: Verdict,
}

/// What came of an attempt at a batch.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Rows that cannot be read.
    pub(super) damage: Vec<Damage>,
    /// A shard was written to: what was read of it means nothing.
    pub(super) changed: bool,
}

impl Verdict {
    /// Whether what was read can be handed out.
    pub(super) fn is_sound(&self) -> bool {
        self.damage.is_empty() && !self.changed
    }
}
