//! Works on one image after another.

use std::iter;
use std::ops::Range;

use super::constants::{PixelConstants, Values};
use super::convert::{MIN_PIXELS, Means, Round, Stores, convert};
use super::simd::{LINE, Simd, bits};
use super::sse41::Sse41;
use super::tile::{PixelTile, TILE};
use super::window::{PixelOrder, PixelRun, Window};
use crate::around::Around;
use crate::element::Element;
use crate::level::Level;
use crate::normalize::{Geometry, Images, Layout, scalar};

/// Outputs of at least so many bytes go around the caches, which they would
/// only sweep.
const AROUND_BYTES: usize = 8 << 20;

/// Whole images from `src` to `dst`, as [`scalar::images`] does.
pub(in super::super) fn images<S: Simd>(images: &Images, level: Level, src: &[u8], dst: &mut [u8]) {
    let (Some(simd), Some(sse41)) = (S::of(level), Sse41::of(level)) else {
        return scalar::images(images, src, dst);
    };
    let simd = (simd, sse41);
    match images.table().element() {
        Element::F32 => rounded(
            images,
            simd,
            #[inline(always)]
            |[v]| bits(v),
            (src, dst),
        ),
        Element::F16 => rounded(
            images,
            simd,
            #[inline(always)]
            move |[a, b]| simd.0.halves(a, b),
            (src, dst),
        ),
        _ => rounded(
            images,
            simd,
            #[inline(always)]
            move |[a, b]| simd.0.brains(a, b),
            (src, dst),
        ),
    }
}

fn rounded<S: Simd, R: Round<S, N>, const N: usize>(
    images: &Images,
    simd: (S, Sse41),
    round: R,
    (src, dst): (&[u8], &mut [u8]),
) {
    let Geometry {
        channels, from, to, ..
    } = *images.geometry();
    // Planes that stay planes are images of one channel each.
    let is_planes = from == Layout::Chw && to == Layout::Chw;
    match channels {
        2 if !is_planes => Worker::<S, R, N, 2>::new(images, simd, round).all(src, dst),
        3 if !is_planes => Worker::<S, R, N, 3>::new(images, simd, round).all(src, dst),
        4 if !is_planes => Worker::<S, R, N, 4>::new(images, simd, round).all(src, dst),
        _ => Worker::<S, R, N, 1>::new(images, simd, round).all(src, dst),
    }
}

/// Works on images of `C` channels, whose numbers have `4 / N` bytes.
struct Worker<'a, S, R, const N: usize, const C: usize> {
    simd: S,
    sse41: Sse41,
    round: R,
    images: &'a Images,
    from: Layout,
    to: Layout,
    window: Window,
    tile: PixelTile<C>,
    /// Where numbers go around the caches.
    around: Option<Around>,
    /// Room for the numbers of a tile, then.
    numbers: Vec<u8>,
}

impl<'a, S: Simd, R: Round<S, N>, const N: usize, const C: usize> Worker<'a, S, R, N, C> {
    fn new(images: &'a Images, (simd, sse41): (S, Sse41), round: R) -> Self {
        let Geometry { from, to, .. } = *images.geometry();
        // With one channel the layouts are the same.
        let [from, to] = if C == 1 { [Layout::Hwc; 2] } else { [from, to] };
        Self {
            simd,
            sse41,
            round,
            images,
            from,
            to,
            window: Window::of(images),
            tile: PixelTile::new(),
            around: None,
            numbers: Vec::new(),
        }
    }

    /// All images.
    fn all(mut self, src: &[u8], dst: &mut [u8]) {
        self.around = (dst.len() >= AROUND_BYTES).then(Around::default);
        if self.around.is_some() {
            self.numbers.resize(TILE * C * 4 / N, 0);
        }
        let n_parts = self.images.table().channels() / C;
        let src = src.chunks_exact(self.images.src_len_bytes() / n_parts);
        let dst = dst.chunks_exact_mut(self.images.dst_len_bytes() / n_parts);
        for (index, (src, dst)) in src.zip(dst).enumerate() {
            let channel = index % n_parts;
            match self.images.values() {
                Values::Computed(constants) if self.window.len() >= MIN_PIXELS => {
                    self.compute(constants, channel, src, dst);
                }
                _ => self.look_up(channel, src, dst),
            }
        }
    }

    /// An image whose values are computed; its channels are those of
    /// `constants` from `channel`.
    fn compute(&mut self, constants: &PixelConstants, channel: usize, src: &[u8], dst: &mut [u8]) {
        let is_around = self.around.is_some();
        let is_streamed = is_around && self.fills_lines(self.window.len(), dst);
        let means = Means {
            simd: self.simd,
            round: self.round,
            constants,
            channel,
            stores: if is_streamed {
                Stores::Streamed
            } else {
                Stores::Cached
            },
        };
        if self.is_in_place(dst) {
            let order = self.window.order;
            let mut runs = self.window.runs(0..self.window.len());
            convert::<S, R, N, C>(means, (src, &mut runs), (dst, self.to), order);
        } else {
            self.by_tiles(means, src, dst);
        }
    }

    /// Whether pixels are converted where they lie, row by row.
    fn is_in_place(&self, dst: &[u8]) -> bool {
        let row_len = self.window.row_len;
        self.from == Layout::Hwc
            && (self.to == Layout::Chw || self.window.is_one_run())
            && row_len >= MIN_PIXELS
            && (self.around.is_none() || self.fills_lines(row_len, dst))
    }

    /// Whether the numbers of `n` pixels, one behind another, begin and end
    /// where lines do. A line that is not streamed whole is first read, and holds
    /// up what follows.
    fn fills_lines(&self, n: usize, dst: &[u8]) -> bool {
        let is_aligned = dst.as_ptr().addr().is_multiple_of(LINE);
        is_aligned && (self.to == Layout::Hwc || (n * 4 / N).is_multiple_of(LINE))
    }

    /// Puts pixels into the tile, and converts them from there.
    fn by_tiles(&mut self, means: Means<'_, S, R>, src: &[u8], dst: &mut [u8]) {
        for pixels in tiles(self.window.len()) {
            let (n, at) = (pixels.len(), pixels.start);
            self.fill(src, pixels);
            let src = self.tile.pixels();
            if let Some(around) = &mut self.around
                && means.stores == Stores::Cached
            {
                let numbers = &mut self.numbers[..n * C * 4 / N];
                let run = &mut iter::once(PixelRun::forward(n, 0));
                convert::<S, R, N, C>(means, (src, run), (numbers, self.to), PixelOrder::Forward);
                let n_planes = if self.to == Layout::Chw { C } else { 1 };
                let begin = at * C / n_planes * 4 / N;
                let planes = dst.chunks_exact_mut(dst.len() / n_planes);
                for (numbers, plane) in numbers.chunks_exact(numbers.len() / n_planes).zip(planes) {
                    around.copy(numbers, &mut plane[begin..][..numbers.len()], &[]);
                }
            } else {
                let run = &mut iter::once(PixelRun::forward(n, at));
                convert::<S, R, N, C>(means, (src, run), (dst, self.to), PixelOrder::Forward);
            }
        }
    }

    /// Puts pixels of the window into the tile.
    fn fill(&mut self, src: &[u8], pixels: Range<usize>) {
        let simd = (self.simd, self.sse41);
        let runs = self.window.runs(pixels);
        let order = self.window.order;
        self.tile.fill(simd, (src, self.from), runs, order);
    }

    /// An image whose values are looked up, one by one.
    fn look_up(&mut self, channel: usize, src: &[u8], dst: &mut [u8]) {
        let bits = self.images.table().bits();
        let (pixel_step, channel_step) = match self.to {
            Layout::Hwc => (C, 1),
            Layout::Chw => (1, self.window.len()),
        };
        for pixels in tiles(self.window.len()) {
            let mut number = pixels.start * pixel_step;
            let n = pixels.len();
            self.fill(src, pixels);
            for pixel in self.tile.pixels()[..n * C].chunks_exact(C) {
                for (c, byte) in pixel.iter().enumerate() {
                    let value = bits[(channel + c) * 256 + usize::from(*byte)].to_le_bytes();
                    let begin = (number + c * channel_step) * 4 / N;
                    dst[begin..begin + 4 / N].copy_from_slice(&value[..4 / N]);
                }
                number += pixel_step;
            }
        }
    }
}

/// The pixels of `n`, a tile at a time. The last tile may do pixels of the one
/// before once more.
fn tiles(n: usize) -> impl Iterator<Item = Range<usize>> {
    let tile = move |begin: usize| begin.min(n.saturating_sub(MIN_PIXELS))..n.min(begin + TILE);
    (0..n).step_by(TILE).map(tile)
}
