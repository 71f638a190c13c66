//! `mixup`: each image mixed with that of another row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::changes::Change;
use super::image::KnownImages;
use super::mix::{Beta, Mix};
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Mixes each image with that of a second row, which is drawn from all rows of the
/// dataset: `w` of the row itself and `1 - w` of the second, as Pillow's
/// `Image.blend(own, second, 1 - w)` has it. Steps before it change the second row as
/// they do where it is read for itself in this epoch, and steps after it change the
/// mix. A row that is null, or whose second row is, stays as it is. A list of steps
/// has at most one that names a second row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mixup {
    /// One column or several, of uint8 images. All that are named are mixed with the
    /// same rows by the same weights. Batches have the weight of each row itself as
    /// `NAME.weight`: float32, a multiple of 2^-15, and 1 where it is not mixed.
    pub column: ColumnNames,
    /// Weights are drawn from Beta(alpha, alpha), with alpha from 0.001 to 1000
    /// (default: 1, as in timm and torchvision: all are as likely).
    #[serde(default = "one")]
    pub alpha: f64,
    /// The probability that a row is mixed (default: 1).
    #[serde(default = "one")]
    pub probability: f64,
    /// Columns whose values of the second row come as `NAME.second`: the row's own
    /// where it is not mixed (default: none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<ColumnNames>,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that is drawn from (default: the operator's name and
    /// its number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

fn one() -> f64 {
    1.0
}

impl Lower for Mixup {
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
        let Self {
            alpha, probability, ..
        } = *self;
        let weights = Beta::symmetric(alpha).ok_or_else(|| {
            let message = format!("expected alpha from 0.001 to 1000, got {alpha}");
            Refusal::new("alpha", message)
        })?;
        let chance = Chance::of(probability).ok_or_else(|| {
            let message =
                format!("expected probability to be a probability from 0 to 1, got {probability}");
            Refusal::new("probability", message)
        })?;
        let labels = self.labels.as_ref().map(|names| names.0.clone());
        if labels.as_ref().is_some_and(Vec::is_empty) {
            let message = "expected at least one column, got none";
            return Err(Refusal::new("labels", message));
        }
        Ok(vec![Change::Mix(Mix {
            chance,
            weights,
            labels: labels.unwrap_or_default(),
        })])
    }
}
