//! `resize`: images of another size.

use fuelrail_kernels::resample::ResampleFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::image::{KnownImages, SIDE_MAX};
use super::resize_to::ResizeTo;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Resizes images as Pillow 12 does, to the bit: to a height and a width, or so that
/// the shorter side has a length and the shape stays, as torchvision's `Resize` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// One column or several, of uint8 images.
    pub column: ColumnNames,
    /// Rows; with `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Columns; with `height`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Rows or columns, whichever are fewer, in place of `height` and `width`. The
    /// other side becomes `shorter * long / short`, rounded down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shorter: Option<u32>,
    /// How samples are weighed (default: "bilinear"). All but "nearest" are
    /// antialiased.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
}

/// How samples are weighed, by Pillow's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// The nearest sample.
    Nearest,
    /// All within a box alike.
    Box,
    /// A triangle.
    #[default]
    Bilinear,
    /// A raised cosine over two samples.
    Hamming,
    /// Cubic pieces over four samples, with a = -0.5.
    Bicubic,
    /// A windowed sinc over six samples.
    Lanczos,
}

impl Interpolation {
    /// The kernels' word for it.
    pub(super) fn filter(self) -> ResampleFilter {
        match self {
            Self::Nearest => ResampleFilter::Nearest,
            Self::Box => ResampleFilter::Box,
            Self::Bilinear => ResampleFilter::Bilinear,
            Self::Hamming => ResampleFilter::Hamming,
            Self::Bicubic => ResampleFilter::Bicubic,
            Self::Lanczos => ResampleFilter::Lanczos,
        }
    }
}

impl Lower for Resize {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        let to = match (self.height, self.width, self.shorter) {
            (Some(height), Some(width), None) => {
                ResizeTo::Sides([side("height", height)?, side("width", width)?])
            }
            (None, None, Some(shorter)) => ResizeTo::Shorter(side("shorter", shorter)?),
            _ => {
                let message = "expected `height` and `width`, or `shorter` alone";
                return Err(Refusal::new("height", message));
            }
        };
        Ok(vec![Change::Resize(to, self.interpolation.filter())])
    }
}

/// A side that an image can have.
pub(super) fn side(key: &'static str, side: u32) -> Result<u32, Refusal> {
    if (1..=SIDE_MAX).contains(&side) {
        return Ok(side);
    }
    let message = format!("expected {key} from 1 to {SIDE_MAX}, got {side}");
    Err(Refusal::new(key, message))
}
