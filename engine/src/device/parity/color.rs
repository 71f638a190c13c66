//! Images of different sizes, of each of which the colours are changed in its own way.
#![expect(
    clippy::cast_possible_truncation,
    reason = "random bits are cut to what is wanted"
)]

use bytemuck::bytes_of;
use fuelrail_kernels::RowKernel;
use fuelrail_kernels::color::{Adjustment, Color, ColorRow};
use fuelrail_kernels::normalize::Layout;

use super::sample::Dice;
use super::trial::{SampleRows, Trial};
use crate::device::items::offsets_of;
use crate::device::program::RowChain;

/// Images side by side in every layout and number of channels, and one whose every pixel
/// is another colour.
pub(super) fn adjustments() -> Vec<Trial> {
    let mut dice = Dice(19);
    let mut columns = Vec::new();
    for channels in [1, 3, 4] {
        for layout in [Layout::Hwc, Layout::Chw] {
            if let Ok(color) = Color::new(channels, layout) {
                columns.extend(adjusted(color, 23, &mut dice));
                columns.extend(adjusted(color, 11, &mut dice));
            }
        }
    }
    let color = Color::new(3, Layout::Hwc).ok();
    let more = [0, 1, 300].map(|n| color.and_then(|color| adjusted(color, n, &mut dice)));
    let alone = more.into_iter().flatten().chain(color.and_then(colors));
    std::iter::once(Trial::of_rows(columns))
        .chain(alone.map(|column| Trial::of_rows([column])))
        .collect()
}

/// A column of images, each of its own size; some have no pixel.
fn adjusted(color: Color, n_rows: u32, dice: &mut Dice) -> Option<(RowChain, SampleRows)> {
    let (mut lens, mut records) = (Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let n_pixels = [0, 1, dice.below(90), dice.below(3000)][dice.below(4) as usize];
        lens.push(n_pixels * color.channels());
        records.extend_from_slice(bytes_of(&record(dice)?));
    }
    let len: u32 = lens.iter().sum();
    let bytes = dice.bytes(len as usize);
    column(color, &lens, (bytes, records))
}

/// Images of which every pixel has another colour, a 64th of all of them.
fn colors(color: Color) -> Option<(RowChain, SampleRows)> {
    let pixel = |at: u32| {
        [
            at as u8,
            (at >> 6) as u8,
            (at >> 12) as u8 ^ (at as u8) << 4,
        ]
    };
    let bytes: Vec<u8> = (0..1 << 18).flat_map(pixel).collect();
    let records = [
        Adjustment::Hue(1),
        Adjustment::Hue(131),
        Adjustment::Saturation(1.7),
        Adjustment::Contrast(0.6),
    ];
    let records = records.map(|it| ColorRow::new(&[it]).ok());
    let records: Option<Vec<ColorRow>> = records.into_iter().collect();
    let lens = [bytes.len() as u32; 4];
    let records = records?.iter().flat_map(bytes_of).copied().collect();
    column(color, &lens, (bytes.repeat(4), records))
}

fn column(
    color: Color,
    lens: &[u32],
    (bytes, records): (Vec<u8>, Vec<u8>),
) -> Option<(RowChain, SampleRows)> {
    let rows = SampleRows {
        bytes,
        offsets: offsets_of(lens).ok()?,
        records: vec![records],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Color(color)]).ok()?;
    Some((chain, rows))
}

/// Up to four adjustments in any order, one of them a contrast at most.
fn record(dice: &mut Dice) -> Option<ColorRow> {
    let mut has_mean = false;
    let adjustments = (0..dice.below(5)).map(|_| {
        let share = f32::from(dice.below(1 << 16) as u16) / 32_768.0;
        let factor = [share, 4.0 * share - 1.5, 1.0, 0.0][dice.below(4) as usize];
        match dice.below(4) {
            0 => Adjustment::Brightness(factor),
            1 if !std::mem::replace(&mut has_mean, true) => Adjustment::Contrast(factor),
            2 => Adjustment::Saturation(factor),
            _ => Adjustment::Hue(dice.below(256) as u8),
        }
    });
    ColorRow::new(&adjustments.collect::<Vec<_>>()).ok()
}
