//! `pad`: more around each image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::{BorderMode, Change, Move};
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Rows or columns that one side may get.
const MOST: u32 = 1 << 16;

/// Adds rows and columns around each image, as `numpy.pad` does in the mode of the
/// border's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pad {
    /// One column or several, of uint8 images.
    pub column: ColumnNames,
    /// How many rows and columns: top, left, bottom, right.
    pub sides: [u32; 4],
    /// What is added (default: "constant").
    #[serde(default)]
    pub border: BorderMode,
    /// The byte that a constant border has (default: 0).
    #[serde(default)]
    pub fill: u8,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
}

impl Lower for Pad {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        if let Some(side) = self.sides.iter().find(|side| **side > MOST) {
            let message = format!("expected sides of at most {MOST}, got {side}");
            return Err(Refusal::new("sides", message));
        }
        let border = self.border.with_fill(self.fill);
        Ok(vec![Change::Move(Move::Pad(border, self.sides))])
    }
}
