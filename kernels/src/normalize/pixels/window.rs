//! Where the pixels of an image lie, in the order they are written.
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::ops::Range;

use crate::normalize::{Flip, Geometry, Images};

/// In which order pixels of a row are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PixelOrder {
    /// As they lie.
    Forward,
    /// The last one first.
    Backward,
}

/// Pixels that lie one behind another, and where they are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct PixelRun {
    /// The lowest of the pixels, counted as they are read.
    pub(super) first: usize,
    /// How many they are.
    pub(super) n: usize,
    /// In which order they are written.
    pub(super) order: PixelOrder,
    /// The first one written, counted as they are written.
    pub(super) at: usize,
}

impl PixelRun {
    /// `n` pixels from the first one read to the `at`th one written, in order.
    pub(super) fn forward(n: usize, at: usize) -> Self {
        let order = PixelOrder::Forward;
        Self {
            first: 0,
            n,
            order,
            at,
        }
    }

    /// The lowest of the `n` pixels of which the `x`th of the run is written
    /// first.
    #[inline(always)]
    pub(super) fn lowest(&self, x: usize, n: usize) -> usize {
        match self.order {
            PixelOrder::Forward => self.first + x,
            PixelOrder::Backward => self.first + self.n - x - n,
        }
    }
}

/// Which pixels of an image are written: rows of pixels that lie one behind
/// another.
pub(super) struct Window {
    n_rows: usize,
    /// Pixels of a row.
    pub(super) row_len: usize,
    /// The lowest pixel of the row that is written first.
    first: usize,
    /// Pixels from a row to the next one written.
    stride: isize,
    /// The order in each row.
    pub(super) order: PixelOrder,
}

#[expect(clippy::cast_possible_wrap, reason = "images are below 2 GiB")]
impl Window {
    /// The window of each of `images`.
    pub(super) fn of(images: &Images) -> Self {
        let Geometry {
            width, crop, flip, ..
        } = *images.geometry();
        let width = width as usize;
        let [top, left, n_rows, row_len] = crop.map(|len| len as usize);
        let (row, stride) = if flip.is_vertical() {
            (top + n_rows - 1, -(width as isize))
        } else {
            (top, width as isize)
        };
        let is_one_run = row_len == width && flip == Flip::None;
        Self {
            n_rows: if is_one_run { 1 } else { n_rows },
            row_len: row_len * if is_one_run { n_rows } else { 1 },
            first: row * width + left,
            stride,
            order: if flip.is_horizontal() {
                PixelOrder::Backward
            } else {
                PixelOrder::Forward
            },
        }
    }

    /// Pixels written.
    pub(super) fn len(&self) -> usize {
        self.n_rows * self.row_len
    }

    /// Whether all pixels lie in the order they are written.
    pub(super) fn is_one_run(&self) -> bool {
        self.n_rows == 1 && self.order == PixelOrder::Forward
    }

    /// The runs that `pixels` are, counted as they are written; `at` is counted
    /// from the first of them.
    pub(super) fn runs(&self, pixels: Range<usize>) -> impl Iterator<Item = PixelRun> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let done = pixels.start + at;
            let (row, col) = (done / self.row_len, done % self.row_len);
            let n = (self.row_len - col).min(pixels.end - done);
            let col = match self.order {
                PixelOrder::Forward => col,
                PixelOrder::Backward => self.row_len - col - n,
            };
            // Behind the last run this is no pixel, and nothing is made of it.
            let row = self.first.wrapping_add_signed(row as isize * self.stride);
            let run = PixelRun {
                first: row.wrapping_add(col),
                n,
                order: self.order,
                at,
            };
            at += n;
            (n > 0).then_some(run)
        })
    }
}
