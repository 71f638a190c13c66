//! What a run of consecutive steps does to numbers, as data.

use fuelrail_kernels::Kernel;

use crate::error::{Error, Result};

/// One chain of kernels for each column that the steps change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    /// In the order of the columns.
    pub(crate) chains: Vec<Chain>,
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
        match &self.kernels[self.kernels.len() - 1] {
            Kernel::NormalizeImages(images) => images.table().element().len_bytes(),
            numbers => numbers.dst_item_bytes(),
        }
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
