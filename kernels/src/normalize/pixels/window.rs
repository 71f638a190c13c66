//! Where the pixels of an image lie, in the order they are written.

use super::tile::Tile;
use crate::normalize::{Geometry, Images};

/// In which order pixels of a row are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they lie.
    Forward,
    /// The last one first.
    Backward,
}

/// Which pixels of an image are written: rows of pixels that lie one behind
/// another.
pub(super) struct Window {
    n_rows: usize,
    /// Pixels of a row.
    pub(super) row_len: usize,
    /// The lowest pixel of the row that is written first.
    pub(super) first: usize,
    /// Pixels from a row to the next one written.
    stride: isize,
    /// The order in each row.
    pub(super) order: Order,
}

#[expect(clippy::cast_possible_wrap, reason = "images are below 2 GiB")]
impl Window {
    /// The window of each of `images`.
    pub(super) fn of(images: &Images) -> Self {
        let Geometry {
            width,
            crop: [top, left, n_rows, row_len],
            flip,
            ..
        } = *images.geometry();
        let [width, top, left, n_rows, row_len] =
            [width, top, left, n_rows, row_len].map(|len| len as usize);
        let order = if flip.is_horizontal() {
            Order::Backward
        } else {
            Order::Forward
        };
        if flip.is_vertical() {
            return Self {
                n_rows,
                row_len,
                first: (top + n_rows - 1) * width + left,
                stride: -(width as isize),
                order,
            };
        }
        let is_one_run = row_len == width && order == Order::Forward;
        Self {
            n_rows: if is_one_run { 1 } else { n_rows },
            row_len: if is_one_run {
                n_rows * row_len
            } else {
                row_len
            },
            first: top * width + left,
            stride: width as isize,
            order,
        }
    }

    /// Pixels written.
    pub(super) fn len(&self) -> usize {
        self.n_rows * self.row_len
    }

    /// Whether all pixels lie in the order they are written.
    pub(super) fn is_one_run(&self) -> bool {
        self.n_rows == 1 && self.order == Order::Forward
    }

    /// The runs of pixels that a tile is, each with where it begins among them:
    /// `(at, pixel, len)`.
    pub(super) fn runs(&self, tile: Tile) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let done = tile.first + at;
            let (row, col) = (done / self.row_len, done % self.row_len);
            let len = (self.row_len - col).min(tile.end - done);
            let col = match self.order {
                Order::Forward => col,
                Order::Backward => self.row_len - col - len,
            };
            // Behind the last run this is no pixel, and nothing is made of it.
            let first = self.first.wrapping_add_signed(row as isize * self.stride);
            let pixel = first.wrapping_add(col);
            let run = (len > 0).then_some((at, pixel, len));
            at += len;
            run
        })
    }
}
