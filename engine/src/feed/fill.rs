//! What stands between the order of rows and the reading of them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::buffer::Slot;
use crate::error::Result;
use crate::plan::Dtype;

/// The row of the dataset in a row of a batch that holds none.
pub(crate) const NO_ROW: u64 = u64::MAX;

/// Puts rows into slots. The loop that calls it knows nothing of shards, and
/// it knows nothing of epochs and ranks.
pub(crate) trait Fill: Send + Sync + fmt::Debug {
    /// Fills `slot` with the rows `rows` of the dataset, in this order, and
    /// with zeros up to `n_rows` rows, where that is more.
    ///
    /// # Errors
    /// `Io` and `Damage`, with shard, block and row; `Data` where a row does
    /// not fit its tensor. The slot can be filled again.
    fn fill(&self, rows: &[u64], n_rows: usize, slot: &mut Slot) -> Result<Filled>;
}

/// What a slot holds.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// Each tensor, in the order of the columns.
    pub(crate) tensors: Vec<Placed>,
    /// The row of the dataset in each row of the tensors; [`NO_ROW`] in those
    /// that fill up or were damaged.
    pub(crate) rows: Vec<u64>,
    /// 1 where a row of the tensors is one of the dataset, 0 where it fills up
    /// or was damaged.
    pub(crate) valid: Vec<u8>,
    /// What was skipped.
    pub(crate) damage: Vec<Damage>,
}

/// One tensor of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The column's name, or that with `.cu_seqlens`, `.lengths`, `.valid`.
    pub(crate) name: Arc<str>,
    pub(crate) dtype: Dtype,
    /// All dimensions, the rows first where the tensor has a row for each.
    pub(crate) shape: Vec<u64>,
    pub(crate) place: Place,
}

/// Where the bytes of a tensor lie.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In this buffer of the slot, from its beginning.
    Slot(usize),
    /// In a private map of a shard.
    View(Arc<dyn Mapped>, Range<usize>),
}

/// A private map that stays as long as it is held.
pub(crate) trait Mapped: Send + Sync + fmt::Debug {
    /// Its first byte. Whoever holds the map may read and write through it.
    fn as_ptr(&self) -> *mut u8;
}

/// Rows that could not be read because their shard is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The shard's file name.
    pub shard: String,
    /// The damaged block of 64 KiB, if it is one.
    pub block: Option<u64>,
    /// The row of the dataset.
    pub row: u64,
    /// What was expected and what came.
    pub message: String,
}
