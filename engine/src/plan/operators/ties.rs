//! What ties columns to one another: masks, boxes and keypoints belong to images and
//! move as they do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decoding::OnBadImage;
use crate::plan::Dtype;

/// What the four numbers of a box are, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BoxFormat {
    /// Left, top, right, bottom.
    #[default]
    Xyxy,
    /// Left, top, width, height.
    Xywh,
    /// The middle's x and y, width, height.
    Cxcywh,
}

/// What coordinates are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CoordinateKind {
    /// Boxes of four numbers.
    Boxes {
        /// What the numbers are.
        format: BoxFormat,
        /// The width and height that one must have to be kept.
        min_size: f64,
    },
    /// Points of x and y.
    Points {
        /// Whether a third number says whether the point is visible.
        has_visibility: bool,
    },
}

impl CoordinateKind {
    /// Numbers of one.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Boxes { .. } => 4,
            Self::Points {
                has_visibility: true,
            } => 3,
            Self::Points {
                has_visibility: false,
            } => 2,
        }
    }

    /// One of them, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boxes { .. } => "box",
            Self::Points { .. } => "keypoint",
        }
    }
}

/// A column of boxes or keypoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinates {
    /// The column.
    pub column: String,
    /// What they are.
    pub kind: CoordinateKind,
    /// The type of its numbers as it is read.
    pub dtype: Dtype,
    /// What becomes of a row in which they are bad.
    pub on_error: OnBadImage,
}

/// What an image is that moves with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowerKind {
    /// Labels: the nearest is taken, and a constant border has this byte.
    Mask(u8),
    /// A picture, which is changed as the other is.
    Picture,
}

/// The images that a column moves with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follows {
    /// The column of those images.
    pub image: String,
    /// What moves with them.
    pub kind: FollowerKind,
}

/// What ties a column to others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ties {
    /// The images that it moves with.
    pub follows: Option<Follows>,
    /// The boxes and keypoints of its images.
    pub coordinates: Vec<Coordinates>,
    /// The sides that its images must have, because what moves with them has them.
    pub sides: Option<[u32; 2]>,
}

/// What a step says that belongs to an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotations {
    /// Columns of images, each with the key that names it.
    pub(super) followers: Vec<(&'static str, FollowerKind, String)>,
    /// Columns of coordinates, each with the key that names it.
    pub(super) coordinates: Vec<(&'static str, CoordinateKind, String)>,
    pub(super) on_error: OnBadImage,
}

/// The tensor that says what is left of a column of coordinates.
#[must_use]
pub fn kept_name(column: &str) -> String {
    format!("{column}.kept")
}
