//! What stands between the order of rows and the reading of them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::buffer::Buffers;
use crate::device::Kept;
use crate::error::Result;
use crate::plan::Dtype;
use crate::plan::operators::Draw;

/// The row of the dataset in a row of a batch that holds none.
pub const NO_ROW: u64 = u64::MAX;

/// Puts rows into slots. The loop that calls it knows nothing of shards, and
/// it knows nothing of epochs and ranks.
pub(crate) trait Fill: Send + Sync + fmt::Debug {
    /// Fills `slot` with the rows that are wanted, in their order, and with zeros
    /// up to as many rows as the batch is to have.
    ///
    /// # Errors
    /// `Io` and `Damage`, with shard, block and row; `Data` where a row does
    /// not fit its tensor. The slot can be filled again.
    fn fill(&self, wanted: Wanted<'_>, slot: &mut BatchSlot) -> Result<()>;

    /// Where it changes rows, in words; `None` where it changes nothing.
    fn place_of_steps(&self) -> Option<String> {
        None
    }
}

/// What a batch is to hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The rows of the dataset.
    pub(crate) rows: &'a [u64],
    /// Rows of the batch, at least as many.
    pub(crate) n_rows: usize,
    /// What is drawn for them.
    pub(crate) draw: Draw,
}

/// The memory of a batch, and what it holds. It is filled again and again;
/// filling it with as much as before allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct BatchSlot {
    pub(crate) buffers: Buffers,
    /// Memory of a device for each column that stays there.
    pub(crate) kept: Vec<Box<dyn Kept>>,
    pub(crate) filled: Filled,
}

impl BatchSlot {
    /// Lets go of what is not memory of its own.
    pub(crate) fn let_go(&mut self) {
        for (index, tensor) in self.filled.tensors.iter_mut().enumerate() {
            tensor.place = TensorPlace::Slot(index);
        }
    }
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
    /// The dataset that each row is of, where several are mixed, and -1 where there
    /// is no row; `rows` are those of this dataset then.
    pub(crate) datasets: Vec<i32>,
    /// What was skipped.
    pub(crate) damage: Vec<Damage>,
    /// What is to be told of the device that was to change the rows.
    pub(crate) on_device: OnDevice,
}

/// What became of a batch on the device of its steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OnDevice {
    /// Rows that the CPU did because they are too much for the device.
    pub(crate) n_too_large: u64,
    /// Why the CPU did all rows, where a device was to: it has failed.
    pub(crate) lost: Option<Arc<str>>,
}

impl Filled {
    /// Begins with the rows that are wanted, none of them checked, and with
    /// none up to `n_rows`.
    pub(crate) fn begin(&mut self, rows: &[u64], n_rows: usize) {
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        self.rows.resize(n_rows.max(rows.len()), NO_ROW);
        self.valid.clear();
        self.datasets.clear();
        self.damage.clear();
    }

    /// Ends with the rows that are left.
    pub(crate) fn end(&mut self) {
        let valid = |row: &u64| u8::from(*row != NO_ROW);
        self.valid.extend(self.rows.iter().map(valid));
        self.damage.sort_by_key(|damage| damage.row);
    }
}

/// One tensor of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The column's name, or that with `.cu_seqlens`, `.lengths`, `.valid`, and where
    /// rows are mixed `.weight` or `.second`.
    pub(crate) name: Arc<str>,
    pub(crate) dtype: Dtype,
    /// All dimensions, the rows first where the tensor has a row for each.
    pub(crate) shape: Vec<u64>,
    pub(crate) place: TensorPlace,
}

impl Placed {
    /// Bytes of its elements, if they can lie in memory.
    pub(crate) fn len_bytes(&self) -> Option<usize> {
        let mut dimensions = self.shape.iter();
        let elements = dimensions.try_fold(1u64, |n, length| n.checked_mul(*length))?;
        let len = elements.checked_mul(self.dtype.len_bytes())?;
        usize::try_from(len).ok()
    }

    /// Whether it lies in `buffers`, where it is of the host and not a view.
    pub(crate) fn lies_in(&self, buffers: &Buffers) -> bool {
        match (&self.place, self.len_bytes()) {
            (TensorPlace::View(..) | TensorPlace::Device(_), _)
            | (TensorPlace::Slot(_), Some(0)) => true,
            (TensorPlace::Slot(index), Some(len)) => buffers.bytes(*index, len).is_some(),
            (TensorPlace::Slot(_), None) => false,
        }
    }
}

/// Where the bytes of a tensor lie.
#[derive(Debug, Clone)]
pub(crate) enum TensorPlace {
    /// In this buffer of the slot, from its beginning.
    Slot(usize),
    /// In this memory of the slot's on a device, from its beginning.
    Device(usize),
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
