//! The way of one row's image through the changes of its column.
//!
//! Kernels are told less: several moves are one record of a gather, which says where
//! samples come from and no longer how that came about. Here each move is made on an
//! image of its own, by the same draws.

use fuelrail_kernels::gather::GatherRow;

use super::draw::{Draw, RowDraws};
use super::lowered::{Blending, Coloring, ColumnSteps, Drawing, Link, Resizing, Warping};
use crate::error::Result;

/// One change on the way.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnTheWay<'a> {
    /// A move, and its record where nothing else is done to the image.
    Move(&'a Drawing, GatherRow),
    /// Another size.
    Resize(&'a Resizing),
    /// Seen from elsewhere.
    Warp(&'a Warping),
    /// Other colours.
    Color(&'a Coloring),
    /// A second row is mixed in.
    Blend(&'a Blending),
}

impl ColumnSteps {
    /// Goes the way of a row whose image has these sides: `see` is told of each change,
    /// in order, with the sides before and behind it. Tables of bytes are no part of it:
    /// they do the same to every row. Gives the sides behind all.
    ///
    /// # Errors
    /// `Data` where a step cannot be done to an image of this size; those of `see`.
    pub(super) fn walk(
        &self,
        draw: Draw,
        (row, stored): (u64, [u32; 2]),
        mut see: impl FnMut(OnTheWay<'_>, [[u32; 2]; 2]) -> Result<()>,
    ) -> Result<[u32; 2]> {
        let mut sides = stored;
        let mut draws = RowDraws::new(draw, row);
        for link in &self.links {
            match link {
                Link::Gather { moves, .. } => {
                    for drawing in moves {
                        let Drawing { step, stream, what } = drawing;
                        let whole = GatherRow::whole(sides[0], sides[1]);
                        let whole = whole.map_err(|error| self.cannot(&error))?;
                        let drawn = draws.of(*step, *stream);
                        let record = what.apply(what.border(), whole, drawn);
                        let record = record.map_err(|error| self.cannot(&error))?;
                        let behind = [record.dst_height, record.dst_width];
                        see(OnTheWay::Move(drawing, record), [sides, behind])?;
                        sides = behind;
                    }
                }
                Link::Resample(resizing) => {
                    let behind = self.resized(sides, resizing)?;
                    see(OnTheWay::Resize(resizing), [sides, behind])?;
                    sides = behind;
                }
                Link::Warp(warping) => see(OnTheWay::Warp(warping), [sides; 2])?,
                Link::Color(coloring) => see(OnTheWay::Color(coloring), [sides; 2])?,
                Link::Blend(blending) => see(OnTheWay::Blend(blending), [sides; 2])?,
                Link::Lut(_) => {}
            }
        }
        Ok(sides)
    }
}
