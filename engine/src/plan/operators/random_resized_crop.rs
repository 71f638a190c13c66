//! `random_resized_crop`: a part of each image, anywhere and of any shape, resized.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::{Change, Move};
use super::crop_parts::CropParts;
use super::image::KnownImages;
use super::resize::{Interpolation, side};
use super::resize_to::ResizeTo;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

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
    pub interpolation: Interpolation,
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
        let parts = CropParts::new(
            bounds("scale", self.scale, 1.0)?,
            bounds("ratio", self.ratio, f64::MAX)?,
        );
        Ok(vec![
            Change::Move(Move::CropPart(parts)),
            Change::Resize(ResizeTo::Sides(sides), self.interpolation.filter()),
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
