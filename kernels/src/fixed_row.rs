//! Kernels on rows, where all rows of a column have one length and one record.

use std::sync::Arc;

use bytemuck::bytes_of;

use crate::color::{Color, ColorRow};
use crate::gather::{Gather, GatherRow};
use crate::level::Level;
use crate::lut::{Lut, LutError};
use crate::normalize::{ImageValues, Images, Layout, Table};
use crate::normalized::normalized;
use crate::resample::{Resample, ResampleRow};
use crate::row::{RowError, RowKernel, RowParams};
use crate::shape::ShapeError;

/// A kernel on rows of one length, all with the same record: each is an item.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedRow {
    kernel: RowKernel,
    record: Vec<u8>,
    /// The tables that the record names.
    tables: Vec<u32>,
    src_len: usize,
    dst_len: usize,
}

impl FixedRow {
    /// `gather` with this record.
    ///
    /// # Errors
    /// Where the record cannot be used, or rows are empty or become so.
    pub fn gather(kernel: Gather, row: &GatherRow) -> Result<Self, RowError> {
        let pixels = u64::from(row.src_height) * u64::from(row.src_width);
        let src_len = pixels * u64::from(kernel.channels().n_in);
        let record = bytes_of(row).to_vec();
        let src_len = usize::try_from(src_len).unwrap_or(usize::MAX);
        Self::new(RowKernel::Gather(kernel), (record, Vec::new()), src_len)
    }

    /// `color` with this record.
    ///
    /// # Errors
    /// Where it cannot take rows of this length, or they are empty.
    pub fn color(kernel: Color, row: &ColorRow, src_len: usize) -> Result<Self, RowError> {
        let record = bytes_of(row).to_vec();
        Self::new(RowKernel::Color(kernel), (record, Vec::new()), src_len)
    }

    /// `lut` with the tables of the column.
    ///
    /// # Errors
    /// Where it cannot take rows of this length, or they are empty.
    pub fn lut(kernel: Lut, src_len: usize) -> Result<Self, RowError> {
        Self::new(RowKernel::Lut(kernel), (Vec::new(), Vec::new()), src_len)
    }

    /// `resample` with this record, and the tables in which it names one.
    ///
    /// # Errors
    /// Where the record cannot be used, or rows are empty or become so.
    pub fn resample(kernel: Resample, row: &ResampleRow, tables: &[u32]) -> Result<Self, RowError> {
        let pixels = u64::from(row.height) * u64::from(row.width);
        let src_len = pixels * u64::from(kernel.channels());
        let src_len = usize::try_from(src_len).unwrap_or(usize::MAX);
        let params = (bytes_of(row).to_vec(), tables.to_vec());
        Self::new(RowKernel::Resample(kernel), params, src_len)
    }

    /// `lut` with the values that `normalize` has for images.
    ///
    /// # Errors
    /// As [`FixedRow::lut`].
    pub fn normalize(table: Table, layout: Layout, src_len: usize) -> Result<Self, RowError> {
        let values = Arc::new(ImageValues::new(table));
        Self::lut(Lut::of_values(&values, layout)?, src_len)
    }

    fn new(
        kernel: RowKernel,
        (record, tables): (Vec<u8>, Vec<u32>),
        src_len: usize,
    ) -> Result<Self, RowError> {
        let params = RowParams {
            record: &record,
            tables: &tables,
        };
        let dst_len = kernel.row_bytes(src_len, params)?;
        if src_len == 0 || dst_len == 0 {
            let expected = "rows of at least one byte";
            return Err(LutError::Length { expected, got: 0 }.into());
        }
        Ok(Self {
            kernel,
            record,
            tables,
            src_len,
            dst_len,
        })
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &RowKernel {
        &self.kernel
    }

    /// The record of every row.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.record
    }

    /// Bytes of a row read.
    #[must_use]
    pub fn src_len(&self) -> usize {
        self.src_len
    }

    /// Bytes of a row written.
    #[must_use]
    pub fn dst_len(&self) -> usize {
        self.dst_len
    }

    /// Whole rows from `src` to `dst`, at `level`.
    ///
    /// # Errors
    /// Where a row has other lengths than were checked when this was made.
    pub(crate) fn run(&self, level: Level, src: &[u8], dst: &mut [u8]) -> Result<(), ShapeError> {
        let items = (self.src_len, self.dst_len);
        let rows = src.chunks_exact(self.src_len);
        for (src, dst) in rows.zip(dst.chunks_exact_mut(self.dst_len)) {
            let lens = (src.len(), dst.len());
            let params = RowParams {
                record: &self.record,
                tables: &self.tables,
            };
            let done = self.kernel.run(level, (src, params), dst);
            if done != Ok(self.dst_len) {
                return Err(ShapeError::of(items, lens));
            }
        }
        Ok(())
    }

    /// What a `gather` that crops, mirrors or changes the layout and a `lut` of
    /// [`FixedRow::normalize`] behind it are together: `normalize` on images.
    #[must_use]
    pub fn as_normalize(&self, lut: &Self) -> Option<Images> {
        let (RowKernel::Gather(gather), RowKernel::Lut(values)) = (&self.kernel, &lut.kernel)
        else {
            return None;
        };
        let row: GatherRow = bytemuck::try_pod_read_unaligned(&self.record).ok()?;
        let is_behind = lut.src_len == self.dst_len;
        normalized(gather, &row, values).filter(|_| is_behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Element;
    use crate::gather::{Border, ChannelMap};
    use crate::kernel::Kernel;

    /// Small images of this many channels, and odd constants.
    fn chain(
        from: Layout,
        to: Layout,
        channels: u32,
        (crop, flips): ([u32; 4], usize),
    ) -> [FixedRow; 2] {
        let gather = Gather::new(ChannelMap::all(channels), from, to, Border::Edge).unwrap();
        let mut row = GatherRow::whole(5, 7).unwrap().crop(crop).unwrap();
        if flips & 1 == 1 {
            row = row.flip_horizontal();
        }
        if flips & 2 == 2 {
            row = row.flip_vertical();
        }
        let gather = FixedRow::gather(gather, &row).unwrap();
        let element = [Element::F32, Element::F16, Element::BF16][flips % 3];
        let mean = &[0.485, 0.456, 0.406, 0.5][..channels as usize];
        let table = Table::new(element, mean.len(), (mean, &[0.229]), 255.0);
        let lut = FixedRow::normalize(table.unwrap(), to, gather.dst_len());
        [gather, lut.unwrap()]
    }

    /// Every geometry of small images in both layouts.
    fn chains() -> Vec<[FixedRow; 2]> {
        let layouts = [Layout::Hwc, Layout::Chw];
        let layouts = layouts
            .iter()
            .flat_map(|from| layouts.iter().map(|to| (*from, *to)));
        let crops = [[0, 0, 5, 7], [1, 2, 3, 4], [4, 6, 1, 1]];
        let views = crops
            .iter()
            .flat_map(|crop| (0..4).map(|flips| (*crop, flips)));
        let views: Vec<([u32; 4], usize)> = views.collect();
        let of = |(from, to)| {
            let channels = (1..=4).flat_map(|n| views.iter().map(move |view| (n, *view)));
            channels.map(move |(n, view)| chain(from, to, n, view))
        };
        layouts.flat_map(of).collect()
    }

    #[test]
    fn gather_and_lut_are_normalize_with_the_same_bits() {
        for [gather, lut] in chains() {
            let images = Kernel::NormalizeImages(Arc::new(gather.as_normalize(&lut).unwrap()));
            let n = 3;
            let src: Vec<u8> = (0..n * gather.src_len())
                .map(|at| (at * 37 + at / 251).to_le_bytes()[0])
                .collect();
            let mut between = vec![0; n * gather.dst_len()];
            let mut want = vec![0; n * lut.dst_len()];
            for level in Level::available() {
                gather.run(level, &src, &mut between).unwrap();
                lut.run(level, &between, &mut want).unwrap();
                let mut got = vec![0xa5; want.len()];
                images.run(level, &src, &mut got).unwrap();
                assert!(got == want, "{images} at {level}");
            }
        }
    }

    #[test]
    fn what_normalize_cannot_say_stays_two_kernels() {
        let [gather, lut] = chains().swap_remove(0);
        let row = GatherRow::whole(5, 7).unwrap();
        let border = Border::Constant([0; 4]);
        let layout = Layout::Hwc;
        let one = Gather::new(ChannelMap::all(1), layout, layout, border).unwrap();
        let padded = FixedRow::gather(one, &row.pad(border, [0, 1, 0, 0]).unwrap()).unwrap();
        assert_eq!(padded.as_normalize(&lut), None);
        let turned = FixedRow::gather(one, &row.transpose()).unwrap();
        assert_eq!(turned.as_normalize(&lut), None);
        let bytes = Lut::of_fn(Element::U8, 1, layout, 1, |_, byte| u32::from(!byte)).unwrap();
        let bytes = FixedRow::lut(bytes, gather.dst_len()).unwrap();
        assert_eq!(gather.as_normalize(&bytes), None);
        assert_eq!(lut.as_normalize(&gather), None);
    }

    #[test]
    fn empty_rows_are_refused() {
        let gather = Gather::new(ChannelMap::all(1), Layout::Hwc, Layout::Hwc, Border::Edge);
        let row = GatherRow::whole(0, 3).unwrap();
        assert!(FixedRow::gather(gather.unwrap(), &row).is_err());
    }
}
