//! Works on one image after another, tile by tile.

use super::bytes::{MAX_CHANNELS, Planes, join, split};
use super::direct::{MIN_PIXELS, Pixels, direct};
use super::simd::{Simd, vectorized};
use super::tile::{BUFFER, LEAD, TILE, Tile};
use super::values::{Channels, Constants, LINE, Run, Stores, Values, convert};
use super::window::{Order, Window};
use crate::level::Level;
use crate::normalize::{Geometry, Images, Layout, scalar};

/// Outputs of at least so many bytes go around the caches, which they would
/// only sweep.
const STREAMED_BYTES: usize = 8 << 20;

/// Whole images from `src` to `dst`, as [`scalar::images`] does.
pub(in super::super) fn images<S: Simd>(images: &Images, level: Level, src: &[u8], dst: &mut [u8]) {
    let Some(simd) = S::of(level) else {
        return scalar::images(images, src, dst);
    };
    let stores = if dst.len() >= STREAMED_BYTES {
        Stores::Streamed
    } else {
        Stores::Cached
    };
    let mut worker = Worker::new(simd, images, stores);
    let items = src.chunks_exact(images.src_len_bytes());
    for (src, dst) in items.zip(dst.chunks_exact_mut(images.dst_len_bytes())) {
        worker.image(src, dst);
    }
    if stores == Stores::Streamed {
        simd.fence();
    }
}

/// Works on one image after another.
struct Worker<'a, S> {
    simd: S,
    images: &'a Images,
    channels: usize,
    from: Layout,
    to: Layout,
    window: Window,
    stores: Stores,
    planes: Planes,
    joined: [u8; BUFFER * MAX_CHANNELS],
}

impl<'a, S: Simd> Worker<'a, S> {
    fn new(simd: S, images: &'a Images, stores: Stores) -> Self {
        let Geometry {
            channels, from, to, ..
        } = *images.geometry();
        // With one channel the layouts are the same; planes are the simpler.
        let [from, to] = if channels == 1 {
            [Layout::Chw; 2]
        } else {
            [from, to]
        };
        Self {
            simd,
            images,
            channels: channels as usize,
            from,
            to,
            window: Window::of(images),
            stores,
            planes: [[0; BUFFER]; MAX_CHANNELS],
            joined: [0; BUFFER * MAX_CHANNELS],
        }
    }

    fn image(&mut self, src: &[u8], dst: &mut [u8]) {
        if let Values::Computed(constants) = self.images.values()
            && self.is_direct(dst)
        {
            return self.direct(constants, src, dst);
        }
        let n_pixels = self.window.len();
        for begin in (0..n_pixels).step_by(TILE) {
            let tile = Tile {
                first: begin - LEAD.min(begin),
                begin,
                end: n_pixels.min(begin + TILE),
            };
            match self.to {
                Layout::Chw => self.write_planes(src, dst, tile),
                Layout::Hwc => self.write_pixels(src, dst, tile),
            }
        }
    }

    /// Whether pixels can become numbers of planes in one go: rows are long
    /// enough, and what is streamed fills whole lines.
    fn is_direct(&self, dst: &[u8]) -> bool {
        let row_len = self.window.row_len;
        let len_bytes = self.images.table().element().len_bytes();
        let is_aligned = [dst.as_ptr().addr(), row_len * len_bytes]
            .iter()
            .all(|at| at.is_multiple_of(LINE));
        [self.from, self.to] == [Layout::Hwc, Layout::Chw]
            && row_len >= MIN_PIXELS
            && (self.stores == Stores::Cached || is_aligned)
    }

    fn direct(&self, constants: &Constants, src: &[u8], dst: &mut [u8]) {
        let simd = self.simd;
        let all = Tile {
            first: 0,
            begin: 0,
            end: self.window.len(),
        };
        for (at, first, n) in self.window.runs(all) {
            let pixels = Pixels {
                src,
                first,
                n,
                order: self.window.order,
            };
            let run = (self.run(Channels::One(0)), constants);
            match self.channels {
                2 => vectorized!(simd, direct::<S, 2>(simd, run, pixels, dst, at)),
                3 => vectorized!(simd, direct::<S, 3>(simd, run, pixels, dst, at)),
                _ => vectorized!(simd, direct::<S, 4>(simd, run, pixels, dst, at)),
            }
        }
    }

    /// Writes a tile of every channel.
    fn write_planes(&mut self, src: &[u8], dst: &mut [u8], tile: Tile) {
        let in_place = self.from == self.to && self.window.is_one_run();
        if !in_place {
            self.fill_planes(src, tile);
        }
        let len_bytes = self.images.table().element().len_bytes();
        let planes = dst.chunks_exact_mut(self.window.len() * len_bytes);
        for (channel, dst) in planes.enumerate() {
            let src = if in_place {
                let first = self.plane_len() * channel + self.window.first;
                &src[first + tile.first..first + tile.end]
            } else {
                &self.planes[channel][..tile.end - tile.first]
            };
            let [begin, end] =
                [tile.begin, tile.end].map(|at| self.stores.stop(dst, at, len_bytes));
            let src = &src[begin - tile.first..end - tile.first];
            let dst = &mut dst[begin * len_bytes..end * len_bytes];
            convert(self.simd, self.run(Channels::One(channel)), src, dst);
        }
    }

    /// Writes a tile of pixels.
    fn write_pixels(&mut self, src: &[u8], dst: &mut [u8], tile: Tile) {
        let channels = self.channels;
        let src = if self.from == self.to && self.window.is_one_run() {
            let first = self.window.first;
            &src[(first + tile.first) * channels..(first + tile.end) * channels]
        } else {
            self.fill_joined(src, tile);
            &self.joined[..(tile.end - tile.first) * channels]
        };
        let len_bytes = self.images.table().element().len_bytes();
        let [begin, end] =
            [tile.begin, tile.end].map(|at| self.stores.stop(dst, at * channels, len_bytes));
        let first = tile.first * channels;
        let src = &src[begin - first..end - first];
        let dst = &mut dst[begin * len_bytes..end * len_bytes];
        convert(
            self.simd,
            self.run(Channels::Turn(begin % channels)),
            src,
            dst,
        );
    }

    /// Puts the pixels of a tile into `joined`.
    fn fill_joined(&mut self, src: &[u8], tile: Tile) {
        let (simd, channels) = (self.simd, self.channels);
        if self.from == self.to && self.window.order == Order::Forward {
            for (at, pixel, len) in self.window.runs(tile) {
                let src = &src[pixel * channels..][..len * channels];
                self.joined[at * channels..][..src.len()].copy_from_slice(src);
            }
            return;
        }
        self.fill_planes(src, tile);
        let dst = &mut self.joined[..(tile.end - tile.first) * channels];
        match channels {
            2 => vectorized!(simd, join::<S, 2>(simd, &self.planes, dst)),
            3 => vectorized!(simd, join::<S, 3>(simd, &self.planes, dst)),
            _ => vectorized!(simd, join::<S, 4>(simd, &self.planes, dst)),
        }
    }

    /// Puts a tile of every channel into `planes`.
    fn fill_planes(&mut self, src: &[u8], tile: Tile) {
        let (simd, channels, order) = (self.simd, self.channels, self.window.order);
        let plane_len = self.plane_len();
        for (at, pixel, len) in self.window.runs(tile) {
            if self.from == Layout::Chw {
                for (channel, plane) in self.planes[..channels].iter_mut().enumerate() {
                    let src = &src[channel * plane_len + pixel..][..len];
                    let dst = (std::slice::from_mut(plane), at);
                    vectorized!(simd, split::<S, 1>(simd, src, dst, order));
                }
                continue;
            }
            let src = &src[pixel * channels..][..len * channels];
            let dst = (&mut self.planes[..], at);
            match channels {
                2 => vectorized!(simd, split::<S, 2>(simd, src, dst, order)),
                3 => vectorized!(simd, split::<S, 3>(simd, src, dst, order)),
                _ => vectorized!(simd, split::<S, 4>(simd, src, dst, order)),
            }
        }
    }

    /// Pixels of an image read.
    fn plane_len(&self) -> usize {
        let Geometry { height, width, .. } = *self.images.geometry();
        height as usize * width as usize
    }

    fn run(&self, channels: Channels) -> Run<'a> {
        Run {
            table: self.images.table(),
            values: self.images.values(),
            channels,
            stores: self.stores,
        }
    }
}
