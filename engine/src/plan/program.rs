//! What a run of consecutive steps does to numbers, as data.

use fuelrail_kernels::{DeviceKernel, Kernel, RowKernel};

use crate::error::{Error, Result};

/// One chain of kernels for each column that the steps change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Program {
    /// Those of columns whose items have a constant length, in the order of the
    /// columns.
    pub(crate) chains: Vec<Chain>,
    /// Those of columns whose rows may have any length; they come after all
    /// others.
    pub(crate) row_chains: Vec<RowChain>,
}

impl Program {
    /// One of chains on items of a constant length.
    pub(crate) fn of(chains: Vec<Chain>) -> Self {
        Self {
            chains,
            row_chains: Vec::new(),
        }
    }

    /// How many columns there are.
    pub(crate) fn n_columns(&self) -> usize {
        self.chains.len() + self.row_chains.len()
    }

    /// The kernels of each column, for devices.
    #[cfg(any(test, feature = "cuda", feature = "wgpu"))]
    pub(crate) fn columns(&self) -> impl Iterator<Item = Vec<&dyn DeviceKernel>> {
        let chains = self.chains.iter().map(|chain| {
            let kernels = chain
                .kernels()
                .map(|(kernel, _)| kernel as &dyn DeviceKernel);
            kernels.collect()
        });
        let row_chains = self.row_chains.iter().map(|chain| {
            let kernels = chain
                .kernels()
                .iter()
                .map(|kernel| kernel as &dyn DeviceKernel);
            kernels.collect()
        });
        chains.chain(row_chains)
    }
}

/// Kernels that work on rows of any length, one after another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowChain {
    kernels: Vec<RowKernel>,
}

impl RowChain {
    /// A chain of `kernels`.
    ///
    /// # Errors
    /// `Internal` if there are none, or one must know lengths that are found only
    /// when the chain runs.
    pub(crate) fn new(kernels: Vec<RowKernel>) -> Result<Self> {
        if kernels.is_empty() {
            return Err(Error::internal("a chain without kernels"));
        }
        let found = kernels.iter().position(|kernel| !kernel.knows_lengths());
        let behind = found.map_or(&[][..], |found| &kernels[found + 1..]);
        if behind.iter().any(RowKernel::needs_lengths) {
            return Err(Error::internal("a kernel behind rows of unknown lengths"));
        }
        Ok(Self { kernels })
    }

    /// The kernels.
    pub(crate) fn kernels(&self) -> &[RowKernel] {
        &self.kernels
    }

    /// Whether it finds only when it runs how long rows become.
    #[cfg(any(test, feature = "cuda", feature = "wgpu"))]
    pub(crate) fn finds_lengths(&self) -> bool {
        self.kernels.iter().any(|kernel| !kernel.knows_lengths())
    }
}

/// Kernels that work on one column, one after another.
///
/// An *item* of a chain is the least run of bytes that is whole items of every
/// kernel: an image where one of them works on images, else a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    kernels: Vec<Kernel>,
    /// For each kernel, how many of its items are in one of the chain.
    counts: Vec<usize>,
}

impl Chain {
    /// A chain of `kernels`.
    ///
    /// # Errors
    /// `Internal` if there are none.
    pub(crate) fn new(kernels: Vec<Kernel>) -> Result<Self> {
        if kernels.is_empty() {
            return Err(Error::internal("a chain without kernels"));
        }
        let mut counts = vec![1];
        for pair in kernels.windows(2) {
            let there = counts[counts.len() - 1] * pair[0].dst_item_bytes();
            let wanted = pair[1].src_item_bytes();
            let times = wanted / gcd(there, wanted);
            for count in &mut counts {
                *count *= times;
            }
            counts.push(there * times / wanted);
        }
        Ok(Self { kernels, counts })
    }

    /// The kernels, each with how many of its items are in one of the chain.
    pub(crate) fn kernels(&self) -> impl ExactSizeIterator<Item = (&Kernel, usize)> {
        self.kernels.iter().zip(self.counts.iter().copied())
    }

    /// Bytes of one item read.
    pub(crate) fn src_item_bytes(&self) -> usize {
        self.counts[0] * self.kernels[0].src_item_bytes()
    }

    /// Bytes of one item written.
    pub(crate) fn dst_item_bytes(&self) -> usize {
        let last = self.kernels.len() - 1;
        self.counts[last] * self.kernels[last].dst_item_bytes()
    }

    /// Bytes of one of the numbers written.
    pub(crate) fn dst_number_bytes(&self) -> usize {
        self.kernels[self.kernels.len() - 1].dst_number_bytes()
    }

    /// Bytes of one item where it is largest, read, written or between.
    pub(crate) fn widest_item_bytes(&self) -> usize {
        let written = self
            .kernels()
            .map(|(kernel, count)| count * kernel.dst_item_bytes());
        written.max().unwrap_or(0).max(self.src_item_bytes())
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
