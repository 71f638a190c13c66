//! A `gather` and the `lut` behind it as one: `normalize` on images.

use std::sync::Arc;

use crate::gather::{ChannelMap, Gather, GatherRow};
use crate::lut::Lut;
use crate::normalize::{Flip, Geometry, Images};

/// What a `gather` that crops, mirrors or changes the layout and a `lut` of
/// [`Lut::of_values`] behind it do to a row with this record; `None` where they do
/// anything else.
#[must_use]
pub fn normalized(gather: &Gather, row: &GatherRow, lut: &Lut) -> Option<Images> {
    let values = lut.values().filter(|_| lut.layout() == gather.to())?;
    Images::with_values(geometry(gather, row)?, Arc::clone(values)).ok()
}

/// A record that shows a part of the whole image, upright, as `normalize` has it.
fn geometry(gather: &Gather, row: &GatherRow) -> Option<Geometry> {
    let channels = gather.channels();
    let sides = [row.src_height, row.src_width];
    let is_whole = [row.window_top, row.window_left] == [0, 0]
        && [row.window_height, row.window_width] == sides
        && channels == ChannelMap::all(channels.n_in);
    let is_upright = row.row_right == 0 && row.col_down == 0;
    if !is_whole || !is_upright {
        return None;
    }
    // Of an axis that is mirrored, the last is read first.
    let first = |start: i32, step: i32, len: u32| {
        let back = if step < 0 { i64::from(len) - 1 } else { 0 };
        u32::try_from(i64::from(start) - back).ok()
    };
    let top = first(row.top, row.row_down, row.dst_height)?;
    let left = first(row.left, row.col_right, row.dst_width)?;
    let flip = match (row.row_down < 0, row.col_right < 0) {
        (false, false) => Flip::None,
        (false, true) => Flip::Horizontal,
        (true, false) => Flip::Vertical,
        (true, true) => Flip::Both,
    };
    Some(Geometry {
        height: row.src_height,
        width: row.src_width,
        channels: channels.n_in,
        from: gather.from(),
        to: gather.to(),
        crop: [top, left, row.dst_height, row.dst_width],
        flip,
    })
}
