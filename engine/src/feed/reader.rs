//! Rows by their numbers, without a loop around them.

use std::sync::Arc;

use super::fill::{BatchSlot, Damage, Fill, Filled, TensorPlace, Wanted};
use super::gather::{GatherFill, Skipped};
use super::options::{Access, ReadOptions};
use super::shards::Shards;
use crate::error::Result;
use crate::plan::Dtype;
use crate::plan::operators::Draw;

/// Threads that a reader is made for; more can use it, and may then find too
/// few files to open where the system allows few.
const MAX_THREADS: usize = 4;

/// Reads rows of a dataset, in any order, as tensors; each block is checked as
/// the options say. For training loops there is a loader.
#[derive(Debug)]
pub struct Reader {
    gather: GatherFill,
}

impl Reader {
    /// Reads `options` of `shards`. Damaged rows that are skipped are left
    /// out; rows are always copied.
    ///
    /// # Errors
    /// `Usage` if there is no such column, or it cannot leave as asked.
    pub fn new(shards: Arc<Shards>, options: &ReadOptions) -> Result<Self> {
        let options = ReadOptions {
            access: Access::Copy,
            ..options.clone()
        };
        let gather = GatherFill::new(shards, &options, Skipped::LeftOut, MAX_THREADS)?;
        Ok(Self { gather })
    }

    /// The rows of these numbers.
    ///
    /// # Errors
    /// `Usage` if the dataset has no such row, `Damage` and `Io` with shard,
    /// block and row, `Data` where a row does not fit its tensor.
    pub fn read(&self, rows: &[u64]) -> Result<Rows> {
        let mut read = Rows::default();
        self.read_into(rows, &mut read)?;
        Ok(read)
    }

    /// The same, in memory that is there already.
    ///
    /// # Errors
    /// As [`Reader::read`]; `read` is empty then.
    pub fn read_into(&self, rows: &[u64], read: &mut Rows) -> Result<()> {
        let wanted = Wanted {
            rows,
            n_rows: rows.len(),
            // Rows as they are stored: nothing is drawn for them.
            draw: Draw { seed: 0, epoch: 0 },
        };
        let filled = self.gather.fill(wanted, &mut read.slot);
        if filled.is_err() {
            read.slot.filled = Filled::default();
        }
        filled
    }
}

/// Rows that were read.
#[derive(Debug, Default)]
pub struct Rows {
    slot: BatchSlot,
}

/// One tensor of rows that were read.
#[derive(Debug, Clone, Copy)]
pub struct RowsTensor<'a> {
    /// A column's name, or that with `.cu_seqlens`, `.lengths` or `.valid`.
    pub name: &'a str,
    /// What its elements are.
    pub dtype: Dtype,
    /// All dimensions.
    pub shape: &'a [u64],
    /// Its elements, little-endian, the last dimension the fastest.
    pub bytes: &'a [u8],
}

impl Rows {
    /// The numbers of the rows: all that were asked for and not skipped.
    #[must_use]
    pub fn rows(&self) -> &[u64] {
        &self.slot.filled.rows
    }

    /// What was skipped.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.slot.filled.damage
    }

    /// The tensors, in the order of the columns.
    pub fn tensors(&self) -> impl Iterator<Item = RowsTensor<'_>> {
        self.slot.filled.tensors.iter().map(|placed| {
            let len = placed.len_bytes();
            let bytes = match &placed.place {
                TensorPlace::Slot(index) => {
                    len.and_then(|len| self.slot.buffers.bytes(*index, len))
                }
                // Nothing but copies is asked for, and no steps.
                TensorPlace::View(..) | TensorPlace::Device(_) => None,
            };
            RowsTensor {
                name: &placed.name,
                dtype: placed.dtype,
                shape: &placed.shape,
                bytes: bytes.unwrap_or_default(),
            }
        })
    }

    /// The tensor of this name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<RowsTensor<'_>> {
        self.tensors().find(|tensor| tensor.name == name)
    }
}
