//! Runs a program's chains on the host.

use fuelrail_kernels::{Kernel, Level};

use super::items::{RowItems, offsets_of};

use crate::error::{Error, Result};
pub(crate) use crate::plan::{Chain, Program, RowChain};

/// Bytes that a chain of kernels works on at once on the host, so that what
/// one kernel wrote is still in a near cache when the next reads it.
const BLOCK_BYTES: usize = 64 << 10;

/// Rows one behind another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RaggedRows {
    pub(crate) bytes: Vec<u8>,
    /// Where each begins, and where the last ends.
    pub(crate) offsets: Vec<u32>,
}

impl RowChain {
    /// Runs all kernels on rows on the host, one row after another.
    ///
    /// # Errors
    /// `Internal` where rows and records are not those of the kernels.
    pub(crate) fn run_rows(
        &self,
        level: Level,
        src: &[u8],
        rows: &RowItems<'_>,
    ) -> Result<RaggedRows> {
        let mut out = RaggedRows::default();
        let mut lens = Vec::with_capacity(rows.len());
        let mut scratch = [Vec::new(), Vec::new()];
        for row in 0..rows.len() {
            let src = src.get(rows.bytes_of(&(row..row + 1)));
            let src = src.ok_or_else(|| Error::internal("rows beyond their bytes"))?;
            let before = out.bytes.len();
            self.run_row(level, (src, rows, row), &mut scratch, &mut out.bytes)?;
            lens.push(u32::try_from(out.bytes.len() - before).unwrap_or(u32::MAX));
        }
        out.offsets = offsets_of(&lens)?;
        Ok(out)
    }

    /// Runs all kernels on `src`, row `row` of `rows`, and puts what it becomes
    /// behind `out`.
    fn run_row(
        &self,
        level: Level,
        (src, rows, row): (&[u8], &RowItems<'_>, usize),
        scratch: &mut [Vec<u8>; 2],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let n_kernels = self.kernels().len();
        let [from, to] = scratch;
        for (index, kernel) in self.kernels().iter().enumerate() {
            let read = if index == 0 { src } else { &from[..] };
            let params = rows.params(index, row);
            let cannot =
                |error| Error::internal(format!("{kernel} cannot take a row")).with_source(error);
            let room = kernel.row_bytes(read.len(), params).map_err(cannot)?;
            let is_last = index + 1 == n_kernels;
            let (begin, dst) = if is_last {
                (out.len(), &mut *out)
            } else {
                (0, &mut *to)
            };
            dst.resize(begin + room, 0);
            let source = (read, params);
            let written = kernel
                .run(level, source, &mut dst[begin..])
                .map_err(cannot)?;
            dst.truncate(begin + written);
            if !is_last {
                std::mem::swap(from, to);
            }
        }
        Ok(())
    }
}

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
