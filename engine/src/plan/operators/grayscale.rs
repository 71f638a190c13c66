//! `grayscale`: colours taken out of images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::changes::Change;
use super::color_change::ColorChange;
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Makes images grey as Pillow's `convert("L")` does: `(19595 R + 38470 G + 7471 B +
/// 32768) >> 16`, in every channel but a fourth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grayscale {
    /// One column or several, of uint8 images of 1, 3 or 4 channels.
    pub column: ColumnNames,
    /// Channels that are kept: 1, or all (default: all, which are then equal).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
}

impl Lower for Grayscale {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn lower(&self, images: KnownImages) -> Result<Vec<Change>, Refusal> {
        let grey = Change::Color(ColorChange::Grey(Chance::ALWAYS));
        match self.channels {
            Some(1) => Ok(vec![grey, Change::FirstChannel]),
            Some(other) if other != images.channels => {
                let few = match images.channels {
                    1 => "1".to_owned(),
                    all => format!("1 or {all}"),
                };
                let message = format!("expected channels to be {few}, got {other}");
                Err(Refusal::new("channels", message))
            }
            None | Some(_) => Ok(vec![grey]),
        }
    }
}
