//! How a perspective is drawn, and what it does to images.

use std::fmt;

use fuelrail_kernels::warp::{WarpError, WarpFilter, WarpRow};

use super::chance::Chance;
use super::draw::Drawn;
use super::quad::Quad;

/// Corners that do not make a convex quadrilateral are drawn again so often, at most.
const N_TRIES: usize = 10;

/// A perspective that is drawn for each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distortion {
    /// How often anything is done.
    pub chance: Chance,
    /// How far corners move: of half the image, 0 to 1.
    pub scale: f64,
}

/// How what lies between samples, or outside, becomes a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarpSampling {
    /// Between samples.
    pub filter: WarpFilter,
    /// Outside, one byte a channel.
    pub fill: [u8; 4],
}

impl Distortion {
    /// Where the corners of an image go; `None` where it stays as it is.
    ///
    /// One word says whether anything is done. With `bound = trunc(scale * (side / 2)) + 1`
    /// on each axis, eight numbers below it are then drawn, x and y of top left, top right,
    /// bottom right and bottom left: so far is that corner from the image's, as torchvision's
    /// `RandomPerspective.get_params` has it. They are drawn anew, up to ten times, where
    /// they make no convex quadrilateral, as none is possible for an image of one row or
    /// column.
    pub(super) fn draw(&self, drawn: &mut Drawn, sides: [u32; 2]) -> Option<Quad> {
        if !self.chance.happens(drawn) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "half a side at most"
        )]
        let [bound_y, bound_x] = sides.map(|side| (self.scale * f64::from(side / 2)) as u32 + 1);
        let [height, width] = sides.map(u32::cast_signed);
        (0..N_TRIES).find_map(|_| {
            let mut near = || [bound_x, bound_y].map(|bound| drawn.below(bound).cast_signed());
            let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = [near(), near(), near(), near()];
            // As `randint(side - bound, side)` gives it.
            let far = |from: i32, side: i32, bound: u32| side - bound.cast_signed() + from;
            Quad::convex([
                [x0, y0],
                [far(x1, width, bound_x), y1],
                [far(x2, width, bound_x), far(y2, height, bound_y)],
                [x3, far(y3, height, bound_y)],
            ])
        })
    }

    /// The record of an image of these sides.
    ///
    /// # Errors
    /// Where it is too high or too wide.
    pub(super) fn record(&self, drawn: &mut Drawn, sides: [u32; 2]) -> Result<WarpRow, WarpError> {
        let whole = WarpRow::whole(sides)?;
        match self.draw(drawn, sides) {
            Some(quad) => WarpRow::new(sides, sides, &quad.to_image(sides)),
            None => Ok(whole),
        }
    }

    /// A record that does something to an image of these sides, if any may.
    ///
    /// # Errors
    /// As [`Distortion::record`].
    pub(super) fn most(&self, sides: [u32; 2]) -> Result<WarpRow, WarpError> {
        if self.chance.is_never() {
            return WarpRow::whole(sides);
        }
        let by_one = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0];
        WarpRow::new(sides, sides, &by_one)
    }
}

impl fmt::Display for Distortion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chance, scale } = self;
        write!(
            f,
            "perspective of corners moved by up to {scale} of half a side in {chance}"
        )
    }
}
