//! How the pixels of one row move, step by step, for what is given in coordinates.

use fuelrail_kernels::gather::GatherRow;

use super::changes::Move;
use super::draw::Draw;
use super::lowered::{ColumnSteps, Warping};
use super::walk::OnTheWay;
use crate::error::Result;

/// One move of all pixels of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PixelMove {
    /// What lies from this row and column on is kept, an image of these sides; where it
    /// reaches beyond the image before, something is added.
    Window {
        /// The first row; negative where rows are added.
        top: i32,
        /// The first column; negative where columns are added.
        left: i32,
        /// Height and width.
        sides: [u32; 2],
    },
    /// Left and right change places in an image so wide.
    MirrorHorizontal {
        /// Its width.
        width: u32,
    },
    /// Top and bottom change places in an image so high.
    MirrorVertical {
        /// Its height.
        height: u32,
    },
    /// What lies at `(x, y)` goes to `((a x + b y + c) / w, (d x + e y + f) / w)`, where `w` is
    /// `g x + h y + i`, in an image of the same sides.
    Project {
        /// `a` to `i`; `w` is above 0 in the image, or next to it at least.
        map: [f64; 9],
        /// Height and width.
        sides: [u32; 2],
    },
    /// The image gets another size.
    Scale {
        /// Height and width before.
        before: [u32; 2],
        /// Height and width behind.
        behind: [u32; 2],
    },
}

/// The largest coordinate that a point may get.
const FAR: f64 = 1e9;

/// Where a [`PixelMove::Project`] takes a point. One that it takes behind the horizon is
/// taken just before it, and held within 10^9 pixels.
pub(super) fn projected([x, y]: [f64; 2], map: &[f64; 9]) -> [f64; 2] {
    let line = |at: usize| map[at] * x + map[at + 1] * y + map[at + 2];
    let below = line(6).max(map[8].abs() * 1e-12);
    let [x, y] = [line(0) / below, line(3) / below];
    [x.clamp(-FAR, FAR), y.clamp(-FAR, FAR)]
}

impl ColumnSteps {
    /// How the pixels of a row move whose image has these sides: `out` gets all moves in
    /// order, by the draws that [`ColumnSteps::draw_parameters`] has. Gives the sides of
    /// the image behind them.
    ///
    /// # Errors
    /// `Data` where a step cannot be done to an image of this size.
    pub fn pixel_moves(
        &self,
        draw: Draw,
        (row, stored): (u64, [u32; 2]),
        out: &mut Vec<PixelMove>,
    ) -> Result<[u32; 2]> {
        out.clear();
        self.walk(draw, (row, stored), |change, [before, behind]| {
            match change {
                OnTheWay::Move(drawing, record) => {
                    out.extend(pixel_move(&drawing.what, &record, before));
                }
                OnTheWay::Resize(_) => out.push(PixelMove::Scale { before, behind }),
                OnTheWay::Warp(Warping { change, .. }) => {
                    let quad = change.what.draw(&mut draw.of(change.stream, row), before);
                    out.extend(quad.map(|quad| PixelMove::Project {
                        map: quad.from_image(before),
                        sides: before,
                    }));
                }
                OnTheWay::Color(_) | OnTheWay::Blend(_) => {}
            }
            Ok(())
        })
    }
}

/// What a move with this record does to the pixels of a whole image of these sides.
fn pixel_move(what: &Move, record: &GatherRow, [height, width]: [u32; 2]) -> Option<PixelMove> {
    match what {
        Move::FlipHorizontal(_) => {
            (record.col_right < 0).then_some(PixelMove::MirrorHorizontal { width })
        }
        Move::FlipVertical(_) => {
            (record.row_down < 0).then_some(PixelMove::MirrorVertical { height })
        }
        Move::Pad(..) | Move::CropCenter(_) | Move::CropAnywhere(_) | Move::CropPart(_) => {
            Some(PixelMove::Window {
                top: record.top,
                left: record.left,
                sides: [record.dst_height, record.dst_width],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_behind_the_horizon_go_far_away() {
        let map = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 5.0];
        for (point, to) in [
            ([4.0, 2.0], [4.0, 2.0]),
            ([3.0, 2.0], [1.5, 1.0]),
            ([5.0, -2.0], [FAR, -FAR]),
            ([9.0, 0.0], [FAR, 0.0]),
        ] {
            assert_eq!(
                projected(point, &map).map(f64::to_bits),
                to.map(f64::to_bits)
            );
        }
    }
}
