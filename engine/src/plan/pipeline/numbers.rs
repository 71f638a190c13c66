//! The steps on numbers in a pipeline file, typed: `normalize` and `cast`.

use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::{Flip, Layout};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::spelling::{ColumnNames, Constant, Constants};
use crate::plan::steps::Overflow;

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
    /// numbers, or for each channel of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Constants>,
    /// What the difference is divided by (default: 1); one or a list, as
    /// `mean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Constants>,
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

/// Changes the type of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CastSpec {
    /// One column or several: of numbers or of lists of numbers.
    pub column: ColumnNames,
    /// The new type.
    pub dtype: NumberType,
    /// What becomes of a number that does not fit the new type.
    #[serde(default)]
    pub overflow: Overflow,
}

impl CastSpec {
    /// Casts `column` to `dtype`; numbers that do not fit are errors.
    pub fn new(column: impl Into<ColumnNames>, dtype: NumberType) -> Self {
        Self {
            column: column.into(),
            dtype,
            overflow: Overflow::default(),
        }
    }
}

/// The types `normalize` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FloatType {
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary16.
    Float16,
    /// The upper half of a binary32.
    Bfloat16,
    /// IEEE 754 binary64.
    Float64,
}

impl FloatType {
    /// The kernels' word for it.
    #[must_use]
    pub fn element(self) -> Element {
        match self {
            Self::Float32 => Element::F32,
            Self::Float16 => Element::F16,
            Self::Bfloat16 => Element::BF16,
            Self::Float64 => Element::F64,
        }
    }
}

/// The types `cast` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NumberType {
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// Unsigned, 8 bits.
    Uint8,
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 32 bits.
    Uint32,
    /// Unsigned, 64 bits.
    Uint64,
    /// IEEE 754 binary16.
    Float16,
    /// The upper half of a binary32.
    Bfloat16,
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
}

impl NumberType {
    /// The kernels' word for it.
    #[must_use]
    pub fn element(self) -> Element {
        match self {
            Self::Int8 => Element::I8,
            Self::Int16 => Element::I16,
            Self::Int32 => Element::I32,
            Self::Int64 => Element::I64,
            Self::Uint8 => Element::U8,
            Self::Uint16 => Element::U16,
            Self::Uint32 => Element::U32,
            Self::Uint64 => Element::U64,
            Self::Float16 => Element::F16,
            Self::Bfloat16 => Element::BF16,
            Self::Float32 => Element::F32,
            Self::Float64 => Element::F64,
        }
    }
}

/// The order of an image's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImageLayout {
    /// Height, width, channels: as decoders make them.
    Hwc,
    /// Channels, height, width: as models take them.
    Chw,
}

impl ImageLayout {
    /// The kernels' word for it.
    #[must_use]
    pub fn layout(self) -> Layout {
        match self {
            Self::Hwc => Layout::Hwc,
            Self::Chw => Layout::Chw,
        }
    }
}

/// Mirrors an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImageFlip {
    /// Not at all.
    None,
    /// Left becomes right.
    Horizontal,
    /// Top becomes bottom.
    Vertical,
    /// Both: a rotation by 180 degrees.
    Both,
}

impl ImageFlip {
    /// The kernels' word for it.
    #[must_use]
    pub fn flip(self) -> Flip {
        match self {
            Self::None => Flip::None,
            Self::Horizontal => Flip::Horizontal,
            Self::Vertical => Flip::Vertical,
            Self::Both => Flip::Both,
        }
    }
}
