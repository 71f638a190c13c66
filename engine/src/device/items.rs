//! The items of a batch: as long as a chain says, or rows of any length, each with
//! its records.

use std::ops::Range;

use fuelrail_kernels::RowParams;

use super::program::RowChain;
use crate::error::{Error, Result};

/// The items of one chain, apart from their bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Items<'a> {
    /// So many, of the length that the chain says.
    Fixed(usize),
    /// Rows of any length, for chains that work on rows.
    Rows(RowItems<'a>),
}

/// Rows one behind another, apart from their bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowItems<'a> {
    /// Where each begins, and where the last ends, in bytes; the first is 0.
    pub(crate) offsets: &'a [u32],
    /// For each kernel of the chain, the records of all rows, one behind
    /// another; empty for a kernel without.
    pub(crate) records: &'a [Vec<u8>],
    /// For each kernel of the chain, the tables that its records name the places of;
    /// kernels without need not be there.
    pub(crate) tables: &'a [Vec<u32>],
}

impl Items<'_> {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Fixed(n_items) => *n_items,
            Self::Rows(rows) => rows.len(),
        }
    }
}

impl<'a> RowItems<'a> {
    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Bytes of records and offsets that go with each row.
    pub(crate) fn told_bytes(&self) -> usize {
        let records: usize = self.records.iter().map(Vec::len).sum();
        records / self.len().max(1) + 4 * (1 + self.records.len())
    }

    /// Bytes of tables that go with every run of rows, however short.
    pub(crate) fn tables_bytes(&self) -> usize {
        let words: usize = self.tables.iter().map(Vec::len).sum();
        4 * words
    }

    /// Where a run of rows lies.
    pub(crate) fn bytes_of(&self, run: &Range<usize>) -> Range<usize> {
        self.offsets[run.start] as usize..self.offsets[run.end] as usize
    }

    /// The offsets of a run of rows, from 0 on.
    pub(crate) fn offsets_from(&self, run: &Range<usize>) -> Vec<u32> {
        let offsets = &self.offsets[run.start..=run.end];
        offsets.iter().map(|offset| offset - offsets[0]).collect()
    }

    /// The records of a run of rows.
    pub(crate) fn records_of(&self, run: &Range<usize>) -> Vec<Vec<u8>> {
        let of_kernel = |all: &Vec<u8>| {
            let len = all.len() / self.len().max(1);
            all[run.start * len..run.end * len].to_vec()
        };
        self.records.iter().map(of_kernel).collect()
    }

    /// What one kernel of the chain is told of a row.
    pub(crate) fn params(&self, kernel: usize, row: usize) -> RowParams<'a> {
        let all = &self.records[kernel];
        let len = all.len() / self.len().max(1);
        RowParams {
            record: &all[row * len..(row + 1) * len],
            tables: self.tables_of(kernel),
        }
    }

    /// The tables of one kernel of the chain.
    pub(crate) fn tables_of(&self, kernel: usize) -> &'a [u32] {
        self.tables.get(kernel).map_or(&[], Vec::as_slice)
    }
}

/// How many bytes each row has before each kernel of a chain, and behind the
/// last; at most, where a kernel finds it only when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lens {
    at: Vec<Vec<u32>>,
    /// For each row, the most that it adds to what passes of a kernel leave for one
    /// another.
    scratch: Vec<usize>,
}

impl Lens {
    /// Those of `rows` in `chain`.
    ///
    /// # Errors
    /// `Internal` for offsets that do not ascend from 0, or records that a kernel
    /// cannot use.
    pub(crate) fn new(chain: &RowChain, rows: &RowItems<'_>) -> Result<Self> {
        let is_sound = rows.offsets.first() == Some(&0) && rows.offsets.is_sorted();
        if !is_sound || rows.records.len() != chain.kernels().len() {
            return Err(Error::internal("rows without their offsets or records"));
        }
        let read = rows.offsets.windows(2).map(|pair| pair[1] - pair[0]);
        let mut lens = vec![read.collect::<Vec<u32>>()];
        let mut scratch = vec![0; rows.len()];
        for (index, kernel) in chain.kernels().iter().enumerate() {
            if rows.records[index].len() != rows.len() * kernel.record_bytes() {
                return Err(Error::internal(format!("{kernel}: other records")));
            }
            for (most, &len) in scratch.iter_mut().zip(&lens[index]) {
                *most = kernel.scratch_of_row(len as usize).max(*most);
            }
            let before = lens[index].iter().enumerate();
            let written = before.map(|(row, &len)| {
                let len = kernel.row_bytes(len as usize, rows.params(index, row));
                let len = len.map_err(|error| {
                    Error::internal(format!("{kernel} cannot take row {row}")).with_source(error)
                })?;
                u32::try_from(len).map_err(|_| Error::internal("a row of 4 GiB or more"))
            });
            lens.push(written.collect::<Result<_>>()?);
        }
        Ok(Self { at: lens, scratch })
    }

    /// Those before kernel `at`, or behind the last.
    #[cfg(any(test, feature = "cuda", feature = "wgpu"))]
    pub(crate) fn at(&self, at: usize) -> &[u32] {
        &self.at[at]
    }

    /// The bytes of all rows together there.
    #[cfg(any(test, feature = "cuda", feature = "wgpu"))]
    pub(crate) fn total(&self, at: usize) -> usize {
        self.at[at].iter().map(|&len| len as usize).sum()
    }

    /// A row's bytes where it takes most.
    pub(crate) fn widest(&self, row: usize) -> usize {
        let lens = self.at.iter().map(|lens| lens[row] as usize);
        lens.fold(self.scratch[row], usize::max)
    }
}

/// Where rows of these lengths begin, and where the last ends.
///
/// # Errors
/// `Internal` from 4 GiB on.
pub(crate) fn offsets_of(lens: &[u32]) -> Result<Vec<u32>> {
    let mut end = 0u32;
    let mut offsets = Vec::with_capacity(lens.len() + 1);
    offsets.push(0);
    for len in lens {
        let next = end.checked_add(*len);
        end = next.ok_or_else(|| Error::internal("rows of 4 GiB or more"))?;
        offsets.push(end);
    }
    Ok(offsets)
}

/// So many fixed items of each chain.
#[cfg(test)]
pub(super) fn fixed(n_items: &[usize]) -> Vec<Items<'static>> {
    n_items.iter().map(|&n| Items::Fixed(n)).collect()
}
