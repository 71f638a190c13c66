//! How the pixels of one row move, step by step, for what is given in coordinates.

use fuelrail_kernels::gather::GatherRow;

use super::changes::Move;
use super::draw::Draw;
use super::lowered::ColumnSteps;
use super::walk::OnTheWay;
use crate::error::Result;

/// One move of all pixels of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The image gets another size.
    Scale {
        /// Height and width before.
        before: [u32; 2],
        /// Height and width behind.
        behind: [u32; 2],
    },
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
