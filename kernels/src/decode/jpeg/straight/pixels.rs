//! Pixels out of the samples of components: chroma brought to full resolution by
//! triangles, and `YCbCr` to RGB, in the integers of libjpeg (jdsample.c, jdcolor.c).

use crate::body::Body;

use super::super::super::window::PixelWindow;
use super::plane::Plane;
use super::setup::Chroma;

/// Pixels that are worked on together.
const N: usize = 128;

/// Samples of half the resolution for them, with a neighbour on each side.
const HALF: usize = N / 2 + 2;

/// The pixels of a window: one byte each where there is no chroma, else three.
pub(super) struct Pixels<'a> {
    pub planes: &'a [Plane],
    pub chroma: Chroma,
    pub window: PixelWindow,
}

impl Body for Pixels<'_> {
    #[inline(always)]
    fn run(&self, _: &[u8], dst: &mut [u8]) -> bool {
        let PixelWindow {
            top, left, width, ..
        } = self.window;
        match (self.chroma, self.planes) {
            (Chroma::None, [plane, ..]) => {
                for (row, line) in (top as usize..).zip(dst.chunks_exact_mut(width as usize)) {
                    let tiles = (left as usize..).step_by(N).zip(line.chunks_mut(N));
                    for (column, tile) in tiles {
                        let samples = plane.samples::<N>(row, column);
                        tile.copy_from_slice(&samples[..tile.len()]);
                    }
                }
                true
            }
            (Chroma::Of(each), [y, cb, cr]) => {
                for (row, line) in (top as usize..).zip(dst.chunks_exact_mut(3 * width as usize)) {
                    // Chroma of half the columns begins with an even one.
                    let is_odd = left as usize % each[0] as usize;
                    self.line([y, cb, cr], (row, left as usize - is_odd), line, is_odd);
                }
                true
            }
            (Chroma::None | Chroma::Of(_), _) => false,
        }
    }
}

impl Pixels<'_> {
    /// The pixels of a line from a column on, but for the first `skipped`.
    #[inline(always)]
    fn line(
        &self,
        [y, cb, cr]: [&Plane; 3],
        (row, column): (usize, usize),
        mut line: &mut [u8],
        mut skipped: usize,
    ) {
        let mut column = column;
        let mut rgb = [0; 3 * N];
        while !line.is_empty() {
            let luma = y.samples::<N>(row, column);
            let blue = self.upsampled(cb, row, column);
            let red = self.upsampled(cr, row, column);
            let whole = (line.len() >= 3 * N && skipped == 0)
                .then(|| line.first_chunk_mut::<{ 3 * N }>())
                .flatten();
            let n = if let Some(tile) = whole {
                to_rgb(&luma, &blue, &red, tile);
                3 * N
            } else {
                to_rgb(&luma, &blue, &red, &mut rgb);
                let rgb = &rgb[3 * skipped..];
                let n = rgb.len().min(line.len());
                line[..n].copy_from_slice(&rgb[..n]);
                n
            };
            line = &mut line[n..];
            column += N;
            skipped = 0;
        }
    }

    /// Chroma for the pixels from a column on.
    #[inline(always)]
    fn upsampled(&self, plane: &Plane, row: usize, column: usize) -> [u8; N] {
        let Chroma::Of([across, down]) = self.chroma else {
            return [0; N];
        };
        let is_lower = row % 2 == 1;
        // The row of samples on the other side of the pixel.
        let far = |near: usize| {
            if is_lower {
                near + 1
            } else {
                near.saturating_sub(1)
            }
        };
        let half = column / 2;
        match (across, down) {
            (1, 1) => plane.samples(row, column),
            (1, _) => {
                let near = plane.samples::<N>(row / 2, column);
                let far = plane.samples::<N>(far(row / 2), column);
                let bias = if is_lower { 2 } else { 1 };
                let mut out = [0; N];
                for ((out, near), far) in out.iter_mut().zip(near).zip(far) {
                    *out = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
                }
                out
            }
            (_, 1) => {
                let samples = plane.around::<HALF>(row, half);
                doubled(&samples.map(u16::from), 2, [1, 2])
            }
            (_, _) => {
                let near = plane.around::<HALF>(row / 2, half);
                let far = plane.around::<HALF>(far(row / 2), half);
                let mut sums = [0; HALF];
                for ((sum, near), far) in sums.iter_mut().zip(near).zip(far) {
                    *sum = 3 * u16::from(near) + u16::from(far);
                }
                doubled(&sums, 4, [8, 7])
            }
        }
    }
}

/// Two pixels of each sample but the outermost: three parts of it and one of the
/// sample on the pixel's side, plus `biases`, over `1 << bits`.
#[inline(always)]
fn doubled(samples: &[u16; HALF], bits: u32, biases: [u16; 2]) -> [u8; N] {
    let mut out = [0; N];
    let pairs = out.as_chunks_mut::<2>().0;
    for (pair, samples) in pairs.iter_mut().zip(samples.array_windows::<3>()) {
        let [before, this, behind] = *samples;
        let left = (3 * this + before + biases[0]) >> bits;
        let right = (3 * this + behind + biases[1]) >> bits;
        *pair = (left | right << 8).to_le_bytes();
    }
    out
}

/// Parts of 2^16 of a distance from grey: of Cr to red, of Cb to blue, of Cr and of
/// Cb to green (ITU-R BT.601, as JFIF 1.02 gives them).
const TO_RED: i32 = 91_881;
const TO_BLUE: i32 = 116_130;
const TO_GREEN: [i32; 2] = [-46_802, -22_554];

#[inline(always)]
fn to_rgb(luma: &[u8; N], blue: &[u8; N], red: &[u8; N], rgb: &mut [u8; 3 * N]) {
    const HALF: i32 = 1 << 15;
    let mut colours = [[0; N]; 3];
    for at in 0..N {
        let y = i32::from(luma[at]);
        let (cb, cr) = (i32::from(blue[at]) - 128, i32::from(red[at]) - 128);
        let r = y + ((TO_RED * cr + HALF) >> 16);
        let g = y + ((TO_GREEN[0] * cr + TO_GREEN[1] * cb + HALF) >> 16);
        let b = y + ((TO_BLUE * cb + HALF) >> 16);
        colours[0][at] = r.clamp(0, 255) as u8;
        colours[1][at] = g.clamp(0, 255) as u8;
        colours[2][at] = b.clamp(0, 255) as u8;
    }
    for (at, pixel) in rgb.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        *pixel = [colours[0][at], colours[1][at], colours[2][at]];
    }
}
