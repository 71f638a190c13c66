//! What the links of a column are told of one row.

use fuelrail_kernels::color::ColorRow;
use fuelrail_kernels::gather::GatherRow;
use fuelrail_kernels::warp::WarpRow;

/// What a link is told of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowRecord {
    /// Nothing that differs from row to row.
    Shared,
    /// Of a [`Link::Gather`](super::Link::Gather).
    Gather(GatherRow),
    /// Of a [`Link::Color`](super::Link::Color).
    Color(ColorRow),
    /// Of a [`Link::Warp`](super::Link::Warp).
    Warp(WarpRow),
    /// Of a [`Link::Resample`](super::Link::Resample): the sides before it and behind it.
    Resample([[u32; 2]; 2]),
}

impl RowRecord {
    /// The window that it cuts out of an image, if it does nothing else.
    pub(super) fn window(&self) -> Option<[u32; 4]> {
        let Self::Gather(it) = self else {
            return None;
        };
        let steps = [it.row_down, it.row_right, it.col_down, it.col_right];
        let (top, left) = (u32::try_from(it.top).ok()?, u32::try_from(it.left).ok()?);
        let (first_row, first_col) = (
            u32::try_from(it.window_top).ok()?,
            u32::try_from(it.window_left).ok()?,
        );
        // Within what counts: an image that was cut and then padded has a border within
        // the image that it was cut out of.
        let fits = |start: u32, len: u32, first: u32, whole: u32| {
            let end = start.checked_add(len).filter(|_| len > 0);
            let last = first.checked_add(whole);
            start >= first && end.zip(last).is_some_and(|(end, last)| end <= last)
        };
        let is_within = fits(top, it.dst_height, first_row, it.window_height)
            && fits(left, it.dst_width, first_col, it.window_width);
        (steps == [1, 0, 0, 1] && is_within).then_some([top, left, it.dst_height, it.dst_width])
    }
}

/// The records of one row, one for each link. That of a [`Link::Blend`](super::Link::Blend)
/// is made where it is known which rows can be mixed.
pub type Parameters = Vec<RowRecord>;
