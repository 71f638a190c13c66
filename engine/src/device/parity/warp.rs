//! Images of different sizes, each sampled by a map of its own: perspectives, affine maps,
//! horizons within the image, and records of any bits that integers can hold.

use bytemuck::bytes_of;
use fuelrail_kernels::RowKernel;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::warp::{Warp, WarpFilter, WarpRow};

use super::sample::{Dice, next};
use super::trial::{SampleRows, Trial};
use crate::device::items::offsets_of;
use crate::device::program::RowChain;

const FILTERS: [WarpFilter; 2] = [WarpFilter::Nearest, WarpFilter::Bilinear];

/// Images side by side: every layout, filter and number of channels.
pub(super) fn warps() -> Vec<Trial> {
    let mut dice = Dice(23);
    let mut columns = Vec::new();
    for filter in FILTERS {
        for channels in 1..=4 {
            for layout in [Layout::Hwc, Layout::Chw] {
                if let Ok(warp) = Warp::new(channels, layout, (filter, [7, 250, 0, 99])) {
                    columns.extend(warped(warp, 12, &mut dice));
                }
            }
        }
    }
    let warp = Warp::new(3, Layout::Hwc, (WarpFilter::Bilinear, [1, 2, 3, 4])).ok();
    let more = [0, 1, 200].map(|n_rows| warp.and_then(|warp| warped(warp, n_rows, &mut dice)));
    let alone = more.into_iter().flatten();
    std::iter::once(Trial::of_rows(columns))
        .chain(alone.map(|column| Trial::of_rows([column])))
        .collect()
}

/// A column of images, each of its own size; some have no pixel.
fn warped(warp: Warp, n_rows: u32, dice: &mut Dice) -> Option<(RowChain, SampleRows)> {
    let (mut lens, mut records) = (Vec::new(), Vec::new());
    while lens.len() < n_rows as usize {
        let [height, width] = [30, 60].map(|most| match dice.below(12) {
            0 => dice.below(2),
            _ => 1 + dice.below(most),
        });
        let dst = [25, 40].map(|most| dice.below(most));
        let Some(row) = record([height, width], dst, dice) else {
            continue;
        };
        lens.push(height * width * warp.channels());
        records.extend_from_slice(bytes_of(&row));
    }
    let len: u32 = lens.iter().sum();
    let rows = SampleRows {
        bytes: dice.bytes(len as usize),
        offsets: offsets_of(&lens).ok()?,
        records: vec![records],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Warp(warp)]).ok()?;
    Some((chain, rows))
}

/// A record that can be one; none where the dice fall so.
fn record(src: [u32; 2], dst: [u32; 2], dice: &mut Dice) -> Option<WarpRow> {
    let mut number = |most: f64| {
        let share = f64::from(dice.below(1 << 31)) / f64::from(1 << 30) - 1.0;
        share * most
    };
    let [high, wide] = src.map(f64::from);
    let affine = [
        1.0 + number(0.5),
        number(0.5),
        number(wide / 2.0),
        number(0.5),
        1.0 + number(0.5),
        number(high / 2.0),
        0.0,
        0.0,
        1.0,
    ];
    let mut map = affine;
    let tilt = [0.01, 0.2, 1e-9, 1e6];
    let (across, down) = (number(1.0), number(1.0));
    match dice.below(5) {
        0 => {}
        1 => map = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        2 | 3 => {
            let tilt = tilt[dice.below(4) as usize];
            (map[6], map[7]) = (across * tilt, down * tilt);
        }
        _ => return any_record(src, dst, dice),
    }
    WarpRow::new(src, dst, &map).ok()
}

/// A record of random numbers that are as large as they may be, or small.
fn any_record(
    [src_height, src_width]: [u32; 2],
    dst: [u32; 2],
    dice: &mut Dice,
) -> Option<WarpRow> {
    let n_bits = [52, 44, 26, 8][dice.below(4) as usize];
    let mut row = WarpRow::whole([src_height, src_width]).ok()?;
    (row.dst_height, row.dst_width) = (dst[0], dst[1]);
    let mut words = [0; 18];
    for number in words.chunks_exact_mut(2) {
        let bits = next(&mut dice.0).cast_signed() >> (64 - n_bits);
        let bits = if dice.below(3) == 0 { bits >> 7 } else { bits }.to_le_bytes();
        for (word, half) in number.iter_mut().zip(bits.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*half);
        }
    }
    let mut bytes = bytes_of(&row)[..16].to_vec();
    bytes.extend_from_slice(bytemuck::cast_slice(&words));
    let row: WarpRow = bytemuck::try_pod_read_unaligned(&bytes).ok()?;
    let of_one = Warp::new(1, Layout::Hwc, (WarpFilter::Nearest, [0; 4])).ok()?;
    let len = src_height as usize * src_width as usize;
    of_one.check(&row, len).is_ok().then_some(row)
}
