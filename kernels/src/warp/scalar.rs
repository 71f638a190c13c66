//! The meaning of `warp`, plain and slow.
#![expect(
    clippy::cast_possible_truncation,
    reason = "places lie within images, and mixed bytes are bytes"
)]

use super::row::Linear;
use super::{Warp, WarpFilter, WarpRow};
use crate::normalize::Layout;

/// Bits of a place behind the point.
const PART_BITS: u32 = 12;

/// Parts of a pixel.
const PARTS: u32 = 1 << PART_BITS;

/// Leading bits that a divisor keeps.
const DIVISOR_BITS: u32 = 24;

/// One row, pixel by pixel.
pub(super) fn warp(of: Warp, src: &[u8], row: &WarpRow, dst: &mut [u8]) {
    let lines = row.lines();
    let channels = of.channels();
    let sides = [row.dst_height, row.dst_width];
    for y in 0..row.dst_height {
        for x in 0..row.dst_width {
            let place = place(lines, [x, y], row);
            for channel in 0..channels {
                let sample = match place {
                    None => of.fill()[channel as usize],
                    Some(place) => sample(of, (src, row), place, channel),
                };
                dst[index(of, sides, [x, y], channel)] = sample;
            }
        }
    }
}

/// Where a pixel is sampled, in parts of a pixel; `None` if that is outside.
fn place(lines: [Linear; 3], [x, y]: [u32; 2], row: &WarpRow) -> Option<[u32; 2]> {
    let [across, down, divisor] = lines.map(|line| line.at(x, y));
    if divisor <= 0 || across < 0 || down < 0 {
        return None;
    }
    let divisor = divisor.cast_unsigned();
    let n_bits = u64::BITS - divisor.leading_zeros();
    let n_dropped = n_bits.saturating_sub(DIVISOR_BITS);
    let divisor = divisor >> n_dropped << n_dropped;
    let part = |dividend: i64, side: u32| {
        let part = (dividend.cast_unsigned() << PART_BITS) / divisor;
        (part < u64::from(side) << PART_BITS).then_some(part as u32)
    };
    Some([part(across, row.src_width)?, part(down, row.src_height)?])
}

/// One sample at a place inside.
fn sample(of: Warp, (src, row): (&[u8], &WarpRow), [u, v]: [u32; 2], channel: u32) -> u8 {
    let sides = [row.src_height, row.src_width];
    let at = |x: u32, y: u32| src[index(of, sides, [x, y], channel)];
    if of.filter() == WarpFilter::Nearest {
        return at(u >> PART_BITS, v >> PART_BITS);
    }
    let (columns, f) = around(u, row.src_width);
    let (rows, g) = around(v, row.src_height);
    let mixed = |y: u32| {
        let [left, right] = columns.map(|x| u32::from(at(x, y)));
        (PARTS - f) * left + f * right
    };
    let [above, below] = rows.map(mixed);
    (((PARTS - g) * above + g * below + (1 << 23)) >> 24) as u8
}

/// The two pixels between whose middles a place lies, held within the image, and how far
/// it is from the first.
fn around(part: u32, side: u32) -> ([u32; 2], u32) {
    let from_middle = part.cast_signed() - (PARTS / 2).cast_signed();
    let first = from_middle >> PART_BITS;
    let held = |at: i32| at.max(0).cast_unsigned().min(side - 1);
    (
        [held(first), held(first + 1)],
        from_middle.cast_unsigned() % PARTS,
    )
}

/// Where a sample of an image lies.
fn index(of: Warp, [height, width]: [u32; 2], [x, y]: [u32; 2], channel: u32) -> usize {
    let [height, width, x, y] = [height, width, x, y].map(|it| it as usize);
    let (channel, channels) = (channel as usize, of.channels() as usize);
    match of.layout() {
        Layout::Hwc => (y * width + x) * channels + channel,
        Layout::Chw => (channel * height + y) * width + x,
    }
}
