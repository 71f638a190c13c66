//! `random_crop`: a window of each image, anywhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::center_crop::window_within;
use super::changes::{BorderMode, Change, Move};
use super::image::KnownImages;
use super::pad::Pad;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Cuts a window of this size out of each image, after `padding` rows and columns
/// were added on every side; every place of the window is as likely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomCrop {
    /// One column or several, of uint8 images. All that are named have their
    /// windows at the same places.
    pub column: ColumnNames,
    /// Rows of the window.
    pub height: u32,
    /// Columns of the window.
    pub width: u32,
    /// Rows and columns that are added on every side first (default: 0).
    #[serde(default)]
    pub padding: u32,
    /// What is added (default: "constant").
    #[serde(default)]
    pub border: BorderMode,
    /// The byte that a constant border has (default: 0).
    #[serde(default)]
    pub fill: u8,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that places are drawn from (default: the operator's
    /// name and its number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

impl Lower for RandomCrop {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn stream(&self) -> Option<&str> {
        self.stream.as_deref()
    }

    fn lower(&self, images: KnownImages) -> Result<Vec<Change>, Refusal> {
        let mut changes = Vec::new();
        let mut padded = images;
        if self.padding > 0 {
            let pad = Pad {
                column: self.column.clone(),
                sides: [self.padding; 4],
                border: self.border,
                fill: self.fill,
                layout: self.layout,
            };
            let added = pad.lower(images);
            changes = added.map_err(|refusal| Refusal {
                key: "padding",
                ..refusal
            })?;
            padded.sides = images
                .sides
                .map(|sides| sides.map(|side| side + 2 * self.padding));
        }
        let window = [self.height, self.width];
        window_within(padded, window)?;
        changes.push(Change::Move(Move::CropAnywhere(window)));
        Ok(changes)
    }
}
