//! `random_flip`: images mirrored by chance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::changes::{Change, Move};
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Mirrors images by chance, left and right, top and bottom, or both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomFlip {
    /// One column or several, of uint8 images. All that are named are mirrored in
    /// the same rows.
    pub column: ColumnNames,
    /// The probability that left and right change places (default: 0.5).
    #[serde(default = "half")]
    pub horizontal: f64,
    /// The probability that top and bottom change places (default: 0).
    #[serde(default)]
    pub vertical: f64,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that is drawn from (default: the operator's name
    /// and its number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

fn half() -> f64 {
    0.5
}

impl Lower for RandomFlip {
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
        let chance = |key: &'static str, given: f64| {
            let message = format!("expected {key} to be a probability from 0 to 1, got {given}");
            Chance::of(given).ok_or_else(|| Refusal::new(key, message))
        };
        let moves = [
            Move::FlipHorizontal(chance("horizontal", self.horizontal)?),
            Move::FlipVertical(chance("vertical", self.vertical)?),
        ];
        Ok(moves.map(Change::Move).into())
    }
}
