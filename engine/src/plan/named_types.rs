//! Types of numbers and orders of axes, as users name them.

use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::{Flip, Layout};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// The types of token ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdType {
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 32 bits.
    Uint32,
}

/// What places in a text count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextUnit {
    /// Bytes of UTF-8.
    Bytes,
    /// Characters, as in Python.
    Chars,
}

/// The end of a document that loses tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TruncationSide {
    /// The last ones.
    #[default]
    Right,
    /// The first ones.
    Left,
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

    /// Of the kernels' word for it.
    #[must_use]
    pub fn of(layout: Layout) -> Self {
        match layout {
            Layout::Hwc => Self::Hwc,
            Layout::Chw => Self::Chw,
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
