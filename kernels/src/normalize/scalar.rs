//! The meaning of `normalize`, plain and slow.

use half::{bf16, f16};

use super::{Images, Layout, Numbers};
use crate::element::Element;
use crate::number::{Float, Number, flush, flush_wide, with_number, within};

/// Images, number by number in the order they are written.
pub(super) fn images(images: &Images, src: &[u8], dst: &mut [u8]) {
    let (origin, [row, col, channel]) = images.strides();
    let [_, _, height, width] = images.geometry().crop.map(|len| len as usize);
    let channels = images.geometry().channels as usize;
    let bits = images.table().bits();
    let len_bytes = images.table().element().len_bytes();
    let is_chw = images.geometry().to == Layout::Chw;
    let items = src.chunks_exact(images.src_len_bytes());
    for (src, dst) in items.zip(dst.chunks_exact_mut(images.dst_len_bytes())) {
        for (index, number) in dst.chunks_exact_mut(len_bytes).enumerate() {
            let [y, x, c] = if is_chw {
                [
                    index / width % height,
                    index % width,
                    index / width / height,
                ]
            } else {
                [
                    index / channels / width,
                    index / channels % width,
                    index % channels,
                ]
            };
            let offset = steps(origin, 1) + steps(y, row) + steps(x, col) + steps(c, channel);
            let byte = src[offset.unsigned_abs()];
            let value = bits[c * 256 + usize::from(byte)].to_le_bytes();
            number.copy_from_slice(&value[..len_bytes]);
        }
    }
}

/// How far `n` steps of `stride` bytes lead; within an image, so it fits.
fn steps(n: usize, stride: isize) -> isize {
    n.cast_signed() * stride
}

/// Numbers, one by one.
pub(super) fn numbers(numbers: &Numbers, src: &[u8], dst: &mut [u8]) {
    with_number!(numbers.from, From => {
        let src = src.chunks_exact(size_of::<From>());
        let dst = dst.chunks_exact_mut(numbers.to.len_bytes());
        for (x, y) in src.zip(dst) {
            let x = From::read(x);
            if numbers.is_wide() {
                write_wide(numbers.to, wide(numbers, x.to_f64()), y);
            } else {
                write(numbers.to, narrow(numbers, x.to_f32()), y);
            }
        }
    });
}

/// One number in binary32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the constants are rounded to binary32 already"
)]
pub(super) fn narrow(numbers: &Numbers, x: f32) -> f32 {
    let difference = flush(flush(x) - numbers.mean as f32);
    let y = flush(difference * numbers.factor as f32);
    within(y, numbers.low as f32, numbers.high as f32)
}

/// One number in binary64.
pub(super) fn wide(numbers: &Numbers, x: f64) -> f64 {
    let difference = flush_wide(flush_wide(x) - numbers.mean);
    let y = flush_wide(difference * numbers.factor);
    within(y, numbers.low, numbers.high)
}

/// Rounds `y` to `to`; NaN leaves canonical.
fn write(to: Element, y: f32, dst: &mut [u8]) {
    match to {
        Element::F16 => f16::of_f32(y).write(dst),
        Element::BF16 => bf16::of_f32(y).write(dst),
        _ => f32::of_f32(y).write(dst),
    }
}

/// The same from binary64.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to binary32 is what is asked for"
)]
fn write_wide(to: Element, y: f64, dst: &mut [u8]) {
    if to == Element::F64 {
        f64::of_f64(y).write(dst);
    } else {
        write(to, y as f32, dst);
    }
}
