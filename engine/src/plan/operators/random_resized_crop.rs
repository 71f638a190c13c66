//! `random_resized_crop`: a part of each image, anywhere and of any shape, resized.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::{Change, Move};
use super::draw::Drawn;
use super::image::KnownImages;
use super::resize::{Interpolation, ResizeTo, side};
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Times that a part is drawn before the middle is taken.
const N_TRIES: usize = 10;

/// Cuts a part out of each image, whose area and shape are drawn, and resizes it, by
/// the formula of torchvision's `RandomResizedCrop`: ten times a share of the area is
/// drawn and a ratio of width to height, evenly in its logarithm; the first part that
/// fits has its place drawn; if none does, the middle is taken, as large as the
/// ratios allow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomResizedCrop {
    /// One column or several, of uint8 images. All that are named have their parts at
    /// the same places.
    pub column: ColumnNames,
    /// Rows that parts become.
    pub height: u32,
    /// Columns that parts become.
    pub width: u32,
    /// The least and the largest share of the area (default: [0.08, 1]).
    #[serde(default = "usual_scale")]
    pub scale: [f64; 2],
    /// The least and the largest ratio of width to height (default: [3/4, 4/3]).
    #[serde(default = "usual_ratio")]
    pub ratio: [f64; 2],
    /// How samples are weighed (default: "bilinear"). All but "nearest" are
    /// antialiased.
    #[serde(default)]
    pub filter: Interpolation,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that parts are drawn from (default: the operator's name
    /// and its number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

fn usual_scale() -> [f64; 2] {
    [0.08, 1.0]
}

fn usual_ratio() -> [f64; 2] {
    [3.0 / 4.0, 4.0 / 3.0]
}

/// How large parts are, and of what shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    scale: [f64; 2],
    ratio: [f64; 2],
    log_ratio: [f64; 2],
}

impl Parts {
    /// The part of an image of these sides: top, left, height, width.
    ///
    /// Draws two words a try and, for a part that fits, two for its place; arithmetic
    /// is that of binary64, with the logarithm and exponential of `libm`, so that it
    /// is the same everywhere.
    pub(super) fn draw(&self, drawn: &mut Drawn, [height, width]: [u32; 2]) -> [u32; 4] {
        let area = f64::from(height) * f64::from(width);
        for _ in 0..N_TRIES {
            let target = area * drawn.within(self.scale);
            let aspect = libm::exp(drawn.within(self.log_ratio));
            let cols = (target * aspect).sqrt().round_ties_even();
            let rows = (target / aspect).sqrt().round_ties_even();
            if let (Some(rows), Some(cols)) = (whole(rows, height), whole(cols, width)) {
                let top = drawn.below(height - rows + 1);
                let left = drawn.below(width - cols + 1);
                return [top, left, rows, cols];
            }
        }
        let [rows, cols] = self.middle([height, width]);
        [(height - rows) / 2, (width - cols) / 2, rows, cols]
    }

    /// The sides of the largest part whose ratio is allowed, or nearest to that.
    fn middle(&self, [height, width]: [u32; 2]) -> [u32; 2] {
        let (high, wide) = (f64::from(height), f64::from(width));
        let ratio = wide / high;
        let [least, most] = self.ratio;
        let (rows, cols) = if ratio < least {
            ((wide / least).round_ties_even(), wide)
        } else if ratio > most {
            (high, (high * most).round_ties_even())
        } else {
            (high, wide)
        };
        [
            whole(rows, height).unwrap_or(height),
            whole(cols, width).unwrap_or(width),
        ]
    }
}

/// A whole number from 1 to `most`, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 1 to a number of 32 bits"
)]
fn whole(number: f64, most: u32) -> Option<u32> {
    (1.0..=f64::from(most))
        .contains(&number)
        .then_some(number as u32)
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([small, large], [narrow, broad]) = (self.scale, self.ratio);
        write!(
            f,
            "crop {small} to {large} of the area, {narrow:.4} to {broad:.4} as wide as high"
        )
    }
}

impl Lower for RandomResizedCrop {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn stream(&self) -> Option<&str> {
        self.stream.as_deref()
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        let sides = [side("height", self.height)?, side("width", self.width)?];
        let parts = Parts {
            scale: bounds("scale", self.scale, 1.0)?,
            ratio: bounds("ratio", self.ratio, f64::MAX)?,
            log_ratio: self.ratio.map(libm::log),
        };
        Ok(vec![
            Change::Move(Move::CropPart(parts)),
            Change::Resize(ResizeTo::Sides(sides), self.filter.filter()),
        ])
    }
}

/// Refuses bounds that are not positive, in order, and at most `most`.
fn bounds(key: &'static str, bounds: [f64; 2], most: f64) -> Result<[f64; 2], Refusal> {
    let [low, high] = bounds;
    if low > 0.0 && low <= high && high <= most {
        return Ok(bounds);
    }
    let limit = if most < f64::MAX {
        format!(" and at most {most}")
    } else {
        String::new()
    };
    let message =
        format!("expected {key} to be two positive numbers in order{limit}, got {low} and {high}");
    Err(Refusal::new(key, message))
}
