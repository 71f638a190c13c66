//! What operators lower into.

use std::fmt;

use fuelrail_kernels::gather::{Border, GatherError, GatherRow};
use fuelrail_kernels::normalize::{Layout, Table};
use fuelrail_kernels::resample::ResampleFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::color_change::ColorChange;
use super::crop_parts::CropParts;
use super::distortion::{Distortion, WarpSampling};
use super::draw::Drawn;
use super::image::KnownImages;
use super::mix::Mix;
use super::resize_to::ResizeTo;

/// One change of every image of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Samples come from other places.
    Move(Move),
    /// They are seen from elsewhere.
    Warp(Distortion, WarpSampling),
    /// Their colours change.
    Color(ColorChange),
    /// The first channel is kept.
    FirstChannel,
    /// Each byte becomes the one that the table has for it.
    Table(Box<[u8; 256]>),
    /// The image of a second row is mixed in.
    Mix(Mix),
    /// They become another size.
    Resize(ResizeTo, ResampleFilter),
    /// Each byte becomes the float that its channel's table has for it, and the axes
    /// come in this order.
    Values(Box<Table>, Layout),
}

/// From which places samples come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Move {
    /// Rows and columns are added: top, left, bottom, right.
    Pad(Border, [u32; 4]),
    /// The window of this height and width in the middle is kept.
    CropCenter([u32; 2]),
    /// A window of this height and width is kept, wherever it is drawn.
    CropAnywhere([u32; 2]),
    /// A part is kept, of whatever size and place are drawn.
    CropPart(CropParts),
    /// Left becomes right, by chance.
    FlipHorizontal(Chance),
    /// Top becomes bottom, by chance.
    FlipVertical(Chance),
}

/// What is added around an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BorderMode {
    /// The byte `fill`.
    #[default]
    Constant,
    /// The nearest sample.
    Edge,
    /// Mirrored at the outermost sample, which is not repeated.
    Reflect,
    /// Mirrored, the outermost sample repeated.
    Symmetric,
    /// From the other end.
    Wrap,
}

impl BorderMode {
    /// As the kernel has it, with the byte of the constant one.
    #[must_use]
    pub fn with_fill(self, fill: u8) -> Border {
        match self {
            Self::Constant => Border::Constant([fill; 4]),
            Self::Edge => Border::Edge,
            Self::Reflect => Border::Reflect,
            Self::Symmetric => Border::Symmetric,
            Self::Wrap => Border::Wrap,
        }
    }
}

impl Move {
    /// What it adds around an image; any will do where it adds nothing.
    pub(super) fn border(&self) -> Border {
        match *self {
            Self::Pad(border, _) => border,
            Self::CropCenter(_)
            | Self::CropAnywhere(_)
            | Self::CropPart(_)
            | Self::FlipHorizontal(_)
            | Self::FlipVertical(_) => Border::Edge,
        }
    }

    /// What is known of images behind it.
    pub(super) fn behind(&self, images: KnownImages) -> KnownImages {
        let sides = match *self {
            Self::Pad(_, [top, left, bottom, right]) => images
                .sides
                .map(|[height, width]| [height + top + bottom, width + left + right]),
            Self::CropCenter(window) | Self::CropAnywhere(window) => Some(window),
            Self::CropPart(_) => None,
            Self::FlipHorizontal(_) | Self::FlipVertical(_) => images.sides,
        };
        KnownImages { sides, ..images }
    }

    /// The record of an image behind it, with what is drawn for the row.
    ///
    /// # Errors
    /// Where one record cannot say all that is done to an image.
    pub(super) fn apply(
        &self,
        border: Border,
        row: GatherRow,
        drawn: &mut Drawn,
    ) -> Result<GatherRow, GatherError> {
        match *self {
            Self::Pad(_, sides) => row.pad(border, sides),
            Self::CropCenter([height, width]) => {
                let top = half(row.dst_height.saturating_sub(height));
                let left = half(row.dst_width.saturating_sub(width));
                row.crop([top, left, height, width])
            }
            Self::CropAnywhere([height, width]) => {
                let top = drawn.below((row.dst_height + 1).saturating_sub(height));
                let left = drawn.below((row.dst_width + 1).saturating_sub(width));
                row.crop([top, left, height, width])
            }
            Self::CropPart(parts) => {
                let part = parts.draw(drawn, [row.dst_height, row.dst_width]);
                row.crop(part)
            }
            Self::FlipHorizontal(chance) if chance.happens(drawn) => Ok(row.flip_horizontal()),
            Self::FlipVertical(chance) if chance.happens(drawn) => Ok(row.flip_vertical()),
            Self::FlipHorizontal(_) | Self::FlipVertical(_) => Ok(row),
        }
    }
}

/// Half of it, rounded to even.
fn half(n: u32) -> u32 {
    n / 2 + (n & (n / 2) & 1)
}

impl Move {
    /// The record of an image behind it where all is done that chance may have done:
    /// less is kept than there is, and left becomes right.
    ///
    /// # Errors
    /// As [`Move::apply`].
    pub(super) fn most(&self, border: Border, row: GatherRow) -> Result<GatherRow, GatherError> {
        match *self {
            Self::Pad(_, sides) => row.pad(border, sides),
            Self::CropCenter(window) | Self::CropAnywhere(window) => {
                row.crop([0, 0, window[0], window[1]])
            }
            Self::CropPart(_) => {
                let part =
                    [row.dst_height, row.dst_width].map(|side| side.saturating_sub(1).max(1));
                row.crop([0, 0, part[0], part[1]])
            }
            Self::FlipHorizontal(chance) if !chance.is_never() => Ok(row.flip_horizontal()),
            Self::FlipVertical(chance) if !chance.is_never() => Ok(row.flip_vertical()),
            Self::FlipHorizontal(_) | Self::FlipVertical(_) => Ok(row),
        }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pad(border, [top, left, bottom, right]) => {
                let border = in_words(*border);
                write!(
                    f,
                    "pad {border} top {top}, left {left}, bottom {bottom}, right {right}"
                )
            }
            Self::CropCenter([height, width]) => write!(f, "crop {height}x{width} in the middle"),
            Self::CropAnywhere([height, width]) => write!(f, "crop {height}x{width} anywhere"),
            Self::CropPart(parts) => parts.fmt(f),
            Self::FlipHorizontal(chance) => write!(f, "flip left and right in {chance}"),
            Self::FlipVertical(chance) => write!(f, "flip top and bottom in {chance}"),
        }
    }
}

/// A border by its name, with the byte of a constant one.
pub(super) fn in_words(border: Border) -> String {
    match border {
        Border::Constant([fill, ..]) => format!("constant {fill}"),
        Border::Edge | Border::Reflect | Border::Symmetric | Border::Wrap => {
            format!("{border:?}").to_lowercase()
        }
    }
}
