//! `random_grayscale`: colours taken out of images by chance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::color_change::ColorChange;
use super::color_jitter::chance;
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Makes images grey by chance, as `grayscale` does with all channels kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomGrayscale {
    /// One column or several, of uint8 images of 1, 3 or 4 channels. All that are named
    /// are grey in the same rows.
    pub column: ColumnNames,
    /// The probability that an image becomes grey (default: 0.1).
    #[serde(default = "tenth")]
    pub probability: f64,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that is drawn from (default: the operator's name and its
    /// number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

fn tenth() -> f64 {
    0.1
}

impl Lower for RandomGrayscale {
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
        let grey = ColorChange::Grey(chance(self.probability)?);
        Ok(vec![Change::Color(grey)])
    }
}
