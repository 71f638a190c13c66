//! How the images of a column are decoded.

use fuelrail_kernels::decode::DecodeOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of an image that cannot be decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnBadImage {
    /// It is an error.
    #[default]
    Raise,
    /// Its row is not valid.
    Skip,
    /// Another image takes its place.
    Substitute,
}

/// How the images of a column are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoding {
    /// What is asked of the decoder.
    pub options: DecodeOptions,
    /// What becomes of an image that cannot be decoded or changed.
    pub on_error: OnBadImage,
    /// The byte of a substitute.
    pub fill: u8,
}
