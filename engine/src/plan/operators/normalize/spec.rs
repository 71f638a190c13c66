//! The keys of `normalize`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::named_types::{FloatType, ImageFlip, ImageLayout};
use crate::plan::operators::statistic::Statistic;
use crate::plan::spelling::{ColumnNames, Constant};

/// Shifts, scales and clips numbers: `(x - mean) / std`; or turns images of
/// bytes into floats, channel by channel, and may crop and mirror them on the
/// way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalizeSpec {
    /// One column or several: of numbers, of lists of numbers, or of images,
    /// whose rows are `[H, W, C]` or `[C, H, W]` of uint8.
    pub column: ColumnNames,
    /// What is taken away (default: 0). A list has one for each column of
    /// numbers, or for each channel of images. For images it may be the name of a
    /// known one: "imagenet" as torchvision's models have it, "clip" as those of CLIP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Statistic>,
    /// What the difference is divided by (default: that which belongs to a `mean` with
    /// a name, else 1); given as `mean` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Statistic>,
    /// The least and the greatest result; those beyond become these. For
    /// numbers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<[f64; 2]>,
    /// The number that takes the place of a null, before the arithmetic
    /// (default: nulls stay null). For numbers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Constant>,
    /// The type of the results (default: "float32", "float64" for columns of
    /// 64-bit numbers, which alone may ask for it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<FloatType>,
    /// The shape of an image where the column's type does not tell it: height,
    /// width and channels, in the order of `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<[u32; 3]>,
    /// The order of the axes read (default: "hwc"); for images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ImageLayout>,
    /// The order of the axes written (default: "chw"); for images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The window kept: top, left, height, width (default: the whole image).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<[u32; 4]>,
    /// How the window is mirrored (default: "none"); for images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip: Option<ImageFlip>,
    /// What bytes are divided by first (default: 255), so that `mean` and `std`
    /// are those of numbers from 0 to 1; for images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
}

impl NormalizeSpec {
    /// Normalizes `column` with every other key at its default.
    pub fn new(column: impl Into<ColumnNames>) -> Self {
        Self {
            column: column.into(),
            mean: None,
            std: None,
            clip: None,
            fill: None,
            dtype: None,
            shape: None,
            from: None,
            layout: None,
            crop: None,
            flip: None,
            scale: None,
        }
    }
}
