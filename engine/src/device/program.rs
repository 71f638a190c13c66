//! Runs a program's chains on the host.

use fuelrail_kernels::{Kernel, Level};

use crate::error::{Error, Result};
pub(crate) use crate::plan::{Chain, Program};

/// Bytes that a chain of kernels works on at once on the host, so that what
/// one kernel wrote is still in a near cache when the next reads it.
const BLOCK_BYTES: usize = 64 << 10;

impl Chain {
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
        let mut kernels = self.kernels();
        if let (Some((kernel, _)), None) = (kernels.next(), kernels.next()) {
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
        let last = self.kernels().len() - 1;
        let mut overflowed = false;
        let [from, to] = scratch;
        for (index, (kernel, count)) in self.kernels().enumerate() {
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
