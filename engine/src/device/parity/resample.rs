//! Images of different sizes, of each a window that is resized to a size of its own,
//! by every filter, some of them far too high; and kernels behind them.

use bytemuck::bytes_of;
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::resample::{
    Resample, ResampleFilter, ResampleTables, ResampleWindow, WeightsCache,
};
use fuelrail_kernels::{Element, RowKernel};

use super::sample::Dice;
use super::trial::{SampleRows, Trial};
use crate::device::items::offsets_of;
use crate::device::program::RowChain;

/// Images side by side: every layout, filter and number of channels, along one axis
/// or both.
pub(super) fn resizes() -> Vec<Trial> {
    let mut dice = Dice(17);
    let mut columns = Vec::new();
    for filter in ResampleFilter::ALL {
        for (channels, layout) in [
            (1, Layout::Hwc),
            (2, Layout::Chw),
            (3, Layout::Hwc),
            (3, Layout::Chw),
            (4, Layout::Hwc),
        ] {
            let of = Resized {
                channels,
                layout,
                filter,
            };
            columns.extend(of.column(5, &mut dice));
        }
    }
    let of = Resized {
        channels: 3,
        layout: Layout::Hwc,
        filter: ResampleFilter::Bilinear,
    };
    let more = [0, 1, 200].map(|n_rows| of.column(n_rows, &mut dice));
    let mut trials = vec![Trial::of_rows(columns)];
    trials.extend(more.into_iter().flatten().map(|one| Trial::of_rows([one])));
    trials.extend(of.before_a_table(40, &mut dice));
    trials
}

/// What all images of a column share.
#[derive(Clone, Copy)]
struct Resized {
    channels: u32,
    layout: Layout,
    filter: ResampleFilter,
}

impl Resized {
    /// A column of images, each of its own size and resized in its own way.
    fn column(self, n_rows: u32, dice: &mut Dice) -> Option<(RowChain, SampleRows)> {
        let (mut cache, mut tables) = (WeightsCache::default(), ResampleTables::default());
        let mut lens = Vec::new();
        let mut records = [Vec::new(), Vec::new()];
        for _ in 0..n_rows {
            let sides @ [height, width] = match dice.below(9) {
                // So high that the vertical axis is the first.
                0 => [220, 2],
                _ => [1 + dice.below(30), 1 + dice.below(50)],
            };
            let (top, left) = (dice.below(height), dice.below(width));
            let [rows, cols] = [height - top, width - left].map(|len| 1 + dice.below(len));
            let window = ResampleWindow {
                sides,
                window: [top, left, rows, cols],
            };
            let mut to = [1 + dice.below(25), 1 + dice.below(40)];
            if dice.below(4) == 0 {
                to[dice.below(2) as usize] = rows;
            }
            let rows = tables.rows(&mut cache, (&window, to), self.filter).ok()?;
            for (records, row) in records.iter_mut().zip(&rows) {
                records.extend_from_slice(bytes_of(row));
            }
            lens.push(height * width * self.channels);
        }
        let len: u32 = lens.iter().sum();
        let words = tables.words().to_vec();
        let rows = SampleRows {
            bytes: dice.bytes(len as usize),
            offsets: offsets_of(&lens).ok()?,
            records: records.into(),
            tables: vec![words.clone(), words],
        };
        let kernel = RowKernel::Resample(Resample::new(self.channels, self.layout).ok()?);
        let chain = RowChain::new(vec![kernel.clone(), kernel]).ok()?;
        Some((chain, rows))
    }

    /// The same before a table of the column, as brightness or `normalize` has it.
    fn before_a_table(self, n_rows: u32, dice: &mut Dice) -> Option<Trial> {
        let (chain, mut rows) = self.column(n_rows, dice)?;
        let bits = |channel: u32, byte: u8| (u32::from(byte) * 257) << (channel * 5);
        let lut = Lut::of_fn(
            Element::F32,
            self.channels,
            self.layout,
            self.channels,
            bits,
        )
        .ok()?;
        rows.records.push(Vec::new());
        let mut kernels = chain.kernels().to_vec();
        kernels.push(RowKernel::Lut(lut));
        Some(Trial::of_rows([(RowChain::new(kernels).ok()?, rows)]))
    }
}
