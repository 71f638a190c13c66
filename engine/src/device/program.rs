//! What a run of consecutive device steps does, as data.

use fuelrail_kernels::{Kernel, Level};

use crate::error::{Error, Result};

/// Bytes that a chain of kernels works on at once on the host, so that what
/// one kernel wrote is still in a near cache when the next reads it.
const BLOCK_BYTES: usize = 64 << 10;

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
    pub(crate) fn stages(&self) -> impl ExactSizeIterator<Item = (&Kernel, usize)> {
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
            .stages()
            .map(|(kernel, count)| count * kernel.dst_item_bytes());
        written.max().unwrap_or(0).max(self.src_item_bytes())
    }

    /// Runs all kernels on the host: whole items of `src` to as many of `dst`.
    /// True if some number did not fit its new type.
    ///
    /// # Errors
    /// `Internal` where the lengths are not those of as many items.
    pub(crate) fn run(&self, level: Level, src: &[u8], dst: &mut [u8]) -> Result<bool> {
        let (src_item, dst_item) = (self.src_item_bytes(), self.dst_item_bytes());
        if !src.len().is_multiple_of(src_item) || src.len() / src_item * dst_item != dst.len() {
            return Err(Error::internal(format!(
                "expected as many items of {src_item} bytes as of {dst_item}, got {} and {} bytes",
                src.len(),
                dst.len()
            )));
        }
        if let [kernel] = &self.kernels[..] {
            return run_one(kernel, level, src, dst);
        }
        let n_at_once = (BLOCK_BYTES / self.widest_item_bytes()).max(1);
        let mut scratch = [Vec::new(), Vec::new()];
        let mut overflowed = false;
        let blocks = src
            .chunks(n_at_once * src_item)
            .zip(dst.chunks_mut(n_at_once * dst_item));
        for (src, dst) in blocks {
            overflowed |= self.run_block(level, src, dst, &mut scratch)?;
        }
        Ok(overflowed)
    }

    /// Runs all kernels on one block, what is between in `scratch`.
    fn run_block(
        &self,
        level: Level,
        src: &[u8],
        dst: &mut [u8],
        scratch: &mut [Vec<u8>; 2],
    ) -> Result<bool> {
        let n_items = src.len() / self.src_item_bytes();
        let last = self.kernels.len() - 1;
        let mut overflowed = false;
        let [from, to] = scratch;
        for (index, (kernel, count)) in self.stages().enumerate() {
            let read = if index == 0 { src } else { &from[..] };
            if index == last {
                overflowed |= run_one(kernel, level, read, dst)?;
            } else {
                to.resize(n_items * count * kernel.dst_item_bytes(), 0);
                overflowed |= run_one(kernel, level, read, to)?;
                std::mem::swap(from, to);
            }
        }
        Ok(overflowed)
    }
}

fn run_one(kernel: &Kernel, level: Level, src: &[u8], dst: &mut [u8]) -> Result<bool> {
    kernel
        .run(level, src, dst)
        .map(|misfit| misfit.is_some())
        .map_err(|error| Error::internal("a kernel was handed other items").with_source(error))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
