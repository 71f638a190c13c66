//! What a loader hands out: a batch, and the tensors in it. Their memory goes
//! back to the loader when the last of both is dropped.
#![expect(
    unsafe_code,
    reason = "bytes of a private map, which are copied through its pointer"
)]

use std::borrow::Cow;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use super::fill::{BatchSlot, Damage, Mapped, Placed, TensorPlace};
use super::process::Process;
use super::ring::BatchRing;
use super::saved::SavedState;
use super::state::State;
use crate::device::Kept;
use crate::error::Result;
use crate::plan::Dtype;

/// One batch of one rank: tensors by name, and where their rows came from.
///
/// It is cheap to clone. Its memory is the loader's, and is used again once
/// every clone and every [`Tensor`] of it is dropped.
#[derive(Debug, Clone)]
pub struct Batch {
    held: Arc<Held>,
}

impl Batch {
    pub(super) fn new(slot: BatchSlot, saved: SavedState, at: BatchNumber, home: Home) -> Self {
        Self {
            held: Arc::new(Held {
                slot,
                saved,
                at,
                home,
            }),
        }
    }

    /// Its tensors, in the order of the columns.
    #[must_use]
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = Tensor> + '_ {
        (0..self.held.slot.filled.tensors.len()).map(|index| self.tensor_at(index))
    }

    /// The tensor of this name: a column's, or that with `.cu_seqlens`,
    /// `.lengths` or `.valid`.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<Tensor> {
        let mut tensors = self.held.slot.filled.tensors.iter();
        let index = tensors.position(|tensor| &*tensor.name == name)?;
        Some(self.tensor_at(index))
    }

    /// The row of the dataset in each row of the tensors; [`NO_ROW`] in those
    /// that fill up or were damaged.
    ///
    /// [`NO_ROW`]: super::NO_ROW
    #[must_use]
    pub fn rows(&self) -> &[u64] {
        &self.held.slot.filled.rows
    }

    /// The dataset that each row of the tensors is of, where several are mixed: its
    /// number among them, and -1 where there is no row. [`Batch::rows`] are the rows
    /// of that dataset. Empty where one dataset is fed.
    #[must_use]
    pub fn datasets(&self) -> &[i32] {
        &self.held.slot.filled.datasets
    }

    /// 1 where a row of the tensors is one of the dataset, 0 where it fills up
    /// or was damaged.
    #[must_use]
    pub fn valid(&self) -> &[u8] {
        &self.held.slot.filled.valid
    }

    /// How many rows are valid.
    #[must_use]
    pub fn n_valid(&self) -> usize {
        self.valid().iter().map(|valid| usize::from(*valid)).sum()
    }

    /// The rows that were skipped because they are damaged.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.held.slot.filled.damage
    }

    /// Rows that the CPU changed because they are too much for the device of the steps:
    /// it has no memory for one of them, or a driver that runs on the processor ended
    /// loops before their time. Counted once for each column.
    #[must_use]
    pub fn too_large_for_device(&self) -> u64 {
        self.held.slot.filled.on_device.n_too_large
    }

    /// Why the CPU changed its rows where a device was to: it has failed. The bits
    /// are the same, and the tensors lie in memory of the host.
    #[must_use]
    pub fn device_lost(&self) -> Option<&str> {
        self.held.slot.filled.on_device.lost.as_deref()
    }

    /// The epoch it belongs to.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.held.at.epoch
    }

    /// Its number in the epoch as the loader cuts it now, from 0; rounded down
    /// where it was begun at a position that this cut does not have.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.held.at.index
    }

    /// Where the loader stands after it: what a trainer saves that has used it.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.held.saved.state
    }

    /// The same as it is saved, with the datasets of a mixture.
    #[must_use]
    pub fn saved(&self) -> &SavedState {
        &self.held.saved
    }

    fn tensor_at(&self, index: usize) -> Tensor {
        Tensor {
            held: self.held.clone(),
            index,
        }
    }
}

/// The number of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchNumber {
    pub(super) epoch: u32,
    pub(super) index: u64,
}

/// A tensor of a batch, contiguous, its last dimension the fastest.
#[derive(Clone)]
pub struct Tensor {
    held: Arc<Held>,
    index: usize,
}

impl Tensor {
    /// Its name: a column's, or that with `.cu_seqlens`, `.lengths` or
    /// `.valid`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.placed().name
    }

    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.placed().dtype
    }

    /// Its dimensions.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.placed().shape
    }

    /// Its bytes, counted.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        // It lies in memory, so its length fits an address.
        self.placed().len_bytes().unwrap_or(usize::MAX)
    }

    /// Its first byte, at a multiple of its elements' size; not to be read
    /// where it has no bytes, nor by the host where [`Tensor::cuda`] is not `None`.
    ///
    /// Whoever reads or writes through it keeps this tensor (or a clone)
    /// meanwhile, and does not write while [`Tensor::bytes`] is borrowed.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        match &self.placed().place {
            TensorPlace::Slot(index) => self.held.slot.buffers.as_ptr(*index),
            TensorPlace::Device(index) => {
                let address = self.held.slot.kept[*index].address();
                ptr::without_provenance_mut(usize::try_from(address).unwrap_or(0))
            }
            TensorPlace::View(map, range) => map.as_ptr().wrapping_add(range.start),
        }
    }

    /// Whether it is a view of a shard's private map rather than memory of the
    /// loader's own.
    #[must_use]
    pub fn is_view(&self) -> bool {
        matches!(self.placed().place, TensorPlace::View(..))
    }

    /// The number of the CUDA device that it lies on; `None` in memory of the host.
    #[must_use]
    pub fn cuda(&self) -> Option<u32> {
        self.kept().map(Kept::ordinal)
    }

    /// Its bytes; those of a view are copied, as its file may be changed by
    /// others, and those on a device are copied down.
    ///
    /// # Errors
    /// `Device` where it lies on one that fails.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        let len = self.len_bytes();
        Ok(match &self.placed().place {
            TensorPlace::Slot(index) => {
                let bytes = self.held.slot.buffers.bytes(*index, len);
                Cow::Borrowed(bytes.unwrap_or(&[]))
            }
            TensorPlace::Device(index) => {
                let mut bytes = vec![0; len];
                self.held.slot.kept[*index].read(&mut bytes)?;
                Cow::Owned(bytes)
            }
            TensorPlace::View(map, range) => Cow::Owned(copied(map.as_ref(), range.start, len)),
        })
    }

    /// The memory of a device that it lies in, if it does.
    pub(super) fn kept(&self) -> Option<&dyn Kept> {
        match &self.placed().place {
            TensorPlace::Device(index) => Some(&*self.held.slot.kept[*index]),
            TensorPlace::Slot(_) | TensorPlace::View(..) => None,
        }
    }

    fn placed(&self) -> &Placed {
        &self.held.slot.filled.tensors[self.index]
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Placed {
            name, dtype, shape, ..
        } = self.placed();
        write!(f, "Tensor({name}, {}, {shape:?})", dtype.as_str())
    }
}

/// `len` bytes of a map from `start`, which lie in it.
fn copied(map: &dyn Mapped, start: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let src = map.as_ptr().wrapping_add(start);
    // SAFETY: whoever placed the tensor has found its range to lie in the map,
    // which is held here; the vector has `len` bytes and is nobody else's.
    unsafe { ptr::copy_nonoverlapping(src, bytes.as_mut_ptr(), len) };
    bytes
}

/// A filled slot.
struct Held {
    slot: BatchSlot,
    saved: SavedState,
    at: BatchNumber,
    home: Home,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = self.slot.filled.tensors.iter().map(|tensor| {
            (
                tensor.name.as_ref(),
                (tensor.dtype.as_str(), tensor.shape.as_slice()),
            )
        });
        f.debug_map().entries(shapes).finish()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut slot = std::mem::take(&mut self.slot);
        slot.let_go();
        self.home.take(slot);
    }
}

/// Where a slot goes when its batch is gone.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) ring: Arc<BatchRing>,
    /// The process that the ring belongs to. In a child of it, the ring's lock
    /// may be held for ever by a thread that the child does not have.
    pub(super) process: Process,
    pub(super) shelf: Shelf,
}

/// Which of the ring's slots one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    /// One of the fixed number for batches in their order.
    Turn,
    /// One for batches that are picked.
    Spare,
}

impl Home {
    fn take(&self, slot: BatchSlot) {
        if !self.process.is_this() {
            return;
        }
        match self.shelf {
            Shelf::Turn => self.ring.give_back(slot),
            Shelf::Spare => self.ring.put_by(slot),
        }
    }
}
