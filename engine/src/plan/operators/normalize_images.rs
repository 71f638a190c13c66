//! `normalize` in a loader: images of bytes as floats.

use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::{Layout, NormalizeError, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::image::KnownImages;
use super::statistic::{Statistic, mean_and_std};
use super::table::{Lower, Refusal};
use crate::plan::named_types::{FloatType, ImageLayout};
use crate::plan::spelling::ColumnNames;

/// What bytes are divided by, if nothing is said.
const SCALE: f64 = 255.0;

/// Turns images of bytes into floats, channel by channel: `(byte / scale - mean) / std`.
/// Nothing can change them behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalizeImages {
    /// One column or several, of uint8 images.
    pub column: ColumnNames,
    /// What is taken away (default: 0): one number, one for each channel, or the name
    /// of a known one: "imagenet" as torchvision's models have it, "clip" as those of CLIP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Statistic>,
    /// What the difference is divided by (default: that which belongs to a `mean` with
    /// a name, else 1); given as `mean` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Statistic>,
    /// What bytes are divided by first (default: 255), so that `mean` and `std` are
    /// those of numbers from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// The type of the results (default: "float32"): "float32", "float16" or
    /// "bfloat16".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<FloatType>,
    /// The order of the axes read, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ImageLayout>,
    /// The order of the axes written (default: "chw").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
}

impl Lower for NormalizeImages {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    #[expect(
        clippy::misnamed_getters,
        reason = "the order read is that of the steps before; `layout` is what is written"
    )]
    fn layout(&self) -> Option<ImageLayout> {
        self.from
    }

    fn lower(&self, images: KnownImages) -> Result<Vec<Change>, Refusal> {
        let to = self.dtype.map_or(Element::F32, FloatType::element);
        let layout = self.layout.map_or(Layout::Chw, ImageLayout::layout);
        let (mean, std) = mean_and_std(self.mean.as_ref(), self.std.as_ref());
        let scale = self.scale.unwrap_or(SCALE);
        let channels = images.channels as usize;
        let table = Table::new(to, channels, (&mean, &std), scale);
        let table = table.map_err(|error| Refusal::new(key_of(&error), error.to_string()))?;
        Ok(vec![Change::Values(Box::new(table), layout)])
    }
}

/// The key that an error is about.
fn key_of(error: &NormalizeError) -> &'static str {
    match error {
        NormalizeError::NotFinite { what, .. }
        | NormalizeError::NotPositive { what, .. }
        | NormalizeError::Channels { what, .. } => what,
        NormalizeError::Type { .. } => "dtype",
        _ => "column",
    }
}
