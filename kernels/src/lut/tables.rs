//! `lut` at every level but the scalar one: tables of a known width and length,
//! so that no index needs a check.

use super::Lut;
use super::column::N_ENTRIES;
use crate::element::Element;
use crate::normalize::Layout;

/// A table of numbers of `LEN` bytes.
type Table<const LEN: usize> = [[u8; LEN]; N_ENTRIES];

/// One item.
pub(super) fn lut(lut: &Lut, src: &[u8], record: &[u8], dst: &mut [u8]) {
    let record = lut.record(record);
    match lut.to() {
        Element::U8 => item::<1>(lut, src, record, dst),
        Element::F16 | Element::BF16 => item::<2>(lut, src, record, dst),
        _ => item::<4>(lut, src, record, dst),
    }
}

/// One item of numbers of `LEN` bytes.
fn item<const LEN: usize>(lut: &Lut, src: &[u8], record: &[u8], dst: &mut [u8]) {
    let dst = dst.as_chunks_mut::<LEN>().0;
    let tables = record.as_chunks::<LEN>().0.as_chunks::<N_ENTRIES>().0;
    match (tables, lut.layout()) {
        ([table], _) => plane(table, src, dst),
        (tables, Layout::Chw) => {
            let len = (src.len() / tables.len()).max(1);
            let planes = src.chunks_exact(len).zip(dst.chunks_exact_mut(len));
            for (table, (src, dst)) in tables.iter().zip(planes) {
                plane(table, src, dst);
            }
        }
        ([a, b], Layout::Hwc) => pixels([a, b], src, dst),
        ([a, b, c], Layout::Hwc) => pixels([a, b, c], src, dst),
        ([a, b, c, d], Layout::Hwc) => pixels([a, b, c, d], src, dst),
        // `Lut` has no other number of tables.
        _ => {}
    }
}

/// Samples of one channel.
fn plane<const LEN: usize>(table: &Table<LEN>, src: &[u8], dst: &mut [[u8; LEN]]) {
    for (sample, number) in src.iter().zip(dst) {
        *number = table[usize::from(*sample)];
    }
}

/// Samples of `N` channels that take turns.
fn pixels<const N: usize, const LEN: usize>(
    tables: [&Table<LEN>; N],
    src: &[u8],
    dst: &mut [[u8; LEN]],
) {
    let (src, dst) = (src.as_chunks::<N>().0, dst.as_chunks_mut::<N>().0);
    for (samples, numbers) in src.iter().zip(dst) {
        // Known bounds, so that the loop is unrolled.
        for c in 0..N {
            numbers[c] = tables[c][usize::from(samples[c])];
        }
    }
}
