//! `decode`: the bytes of image files as pixels.

use fuelrail_kernels::decode::{DecodeLimits, DecodeOptions, Exif, PixelMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::decoding::{Decoding, OnBadImage};
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::spelling::ColumnNames;

/// Decodes image files as Pillow does: JPEG, PNG, WebP, BMP, TIFF and GIF, of which the
/// first frame. It comes first, and a tensor `COLUMN.status` says of each row whether
/// its file was whole (0), was damaged and is decoded as far as it goes (1), or could
/// not be decoded (2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecodeImages {
    /// One column or several, of the bytes of image files.
    pub column: ColumnNames,
    /// Whether images are turned as their EXIF orientation says ("apply") or stay as
    /// they are stored ("ignore"), which is what Pillow does unless it is told.
    pub exif: ExifOrientation,
    /// What pixels become (default: "rgb"): "rgb", "grey", "rgba", or "indices": the
    /// numbers of a palette, or greys, as masks of labels have them ("grey" would turn
    /// numbers into the greys of their colours).
    #[serde(default)]
    pub mode: ColourMode,
    /// What becomes of a file that cannot be decoded or be changed by the steps
    /// (default: "raise"): an error; "skip", a row that is not valid; or "substitute",
    /// an image that is all `fill`. What is skipped or substituted counts as damage.
    /// Pipelines know "raise" alone.
    #[serde(default)]
    pub on_error: OnBadImage,
    /// The byte that all samples of a substitute have (default: 0); in loaders only.
    #[serde(default)]
    pub fill: u8,
    /// Pixels that an image may have (default: 178,956,970, as Pillow has it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pixels: Option<u64>,
}

/// What becomes of the EXIF orientation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExifOrientation {
    /// The image is turned as the camera was held.
    Apply,
    /// The image stays as it is stored.
    Ignore,
}

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColourMode {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Luma, as Pillow's `"L"`.
    Grey,
    /// Red, green, blue, opacity.
    Rgba,
    /// The number of a colour in the palette, or a grey; files of colours are refused.
    Indices,
}

impl Lower for DecodeImages {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn decodes(&self) -> Option<Decoding> {
        let usual = DecodeLimits::default();
        Some(Decoding {
            options: DecodeOptions {
                mode: match self.mode {
                    ColourMode::Rgb => PixelMode::Rgb,
                    ColourMode::Grey => PixelMode::Grey,
                    ColourMode::Rgba => PixelMode::Rgba,
                    ColourMode::Indices => PixelMode::Indices,
                },
                exif: match self.exif {
                    ExifOrientation::Apply => Exif::Apply,
                    ExifOrientation::Ignore => Exif::Ignore,
                },
                limits: DecodeLimits {
                    max_pixels: self.max_pixels.unwrap_or(usual.max_pixels),
                    ..usual
                },
            },
            on_error: self.on_error,
            fill: self.fill,
        })
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        Ok(Vec::new())
    }
}
