//! Tables of single weights of one, as those of nearest neighbours: samples are
//! copied.

use super::lines::ImageLines;
use super::taps::Taps;

/// Copies pixels of so many channels of each line; false without doing it where
/// there are other weights.
pub(super) fn across(
    taps: Taps<'_>,
    channels: usize,
    lines: ImageLines<'_>,
    dst: &mut [u8],
) -> bool {
    let Some(starts) = taps.copied() else {
        return false;
    };
    for (index, dst) in dst.chunks_exact_mut(starts.len() * channels).enumerate() {
        let line = lines.line(index);
        match channels {
            1 => pixels::<1>(line, starts, dst),
            2 => pixels::<2>(line, starts, dst),
            3 => pixels::<3>(line, starts, dst),
            _ => pixels::<4>(line, starts, dst),
        }
    }
    true
}

fn pixels<const N: usize>(line: &[u8], starts: &[u32], dst: &mut [u8]) {
    let line = line.as_chunks::<N>().0;
    for (start, pixel) in starts.iter().zip(dst.as_chunks_mut::<N>().0) {
        *pixel = line[*start as usize];
    }
}

/// Copies lines; false without doing it where there are other weights.
pub(super) fn down(taps: Taps<'_>, lines: ImageLines<'_>, dst: &mut [u8]) -> bool {
    let Some(starts) = taps.copied() else {
        return false;
    };
    for (start, dst) in starts.iter().zip(dst.chunks_exact_mut(lines.len())) {
        dst.copy_from_slice(lines.line(*start as usize));
    }
    true
}
