//! `annotate`: what belongs to an image and moves as it does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::decoding::OnBadImage;
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use super::ties::{Annotations, BoxFormat, CoordinateKind, FollowerKind};
use crate::plan::spelling::ColumnNames;

/// Says which columns are masks, boxes and keypoints of an image, or images beside it. Every step behind it
/// that moves pixels of the image moves them by the same draw: crops, flips, `pad`,
/// `resize`, `perspective`; steps that change colours leave them alone. It stands before all steps that
/// move pixels, and behind `decode`. How coordinates move is that of torchvision's
/// transforms v2; docs/images.md has the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Annotate {
    /// The column of the images, one.
    pub column: ColumnNames,
    /// Columns of images of labels, each as large as the image of its row (default:
    /// none). They are resized with "nearest".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masks: Option<ColumnNames>,
    /// Columns of pictures, each as large as the image of its row (default: none), such
    /// as a clean version of it: they are padded and resized as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<ColumnNames>,
    /// Columns of boxes in pixels, four numbers each (default: none): of shape
    /// `[..., 4]`, or lists of 4n numbers. They come as float32 of shape `[..., 4]`, and
    /// `NAME.kept` says of each whether anything of it is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<ColumnNames>,
    /// Columns of keypoints in pixels, x and y (default: none): of shape `[..., 2]`, or
    /// lists of 2n numbers. They come as float32, and `NAME.kept` says of each whether
    /// it lies in the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<ColumnNames>,
    /// What the numbers of a box are (default: "xyxy"): two corners, a corner and a
    /// size ("xywh"), or the middle and a size ("cxcywh").
    #[serde(default)]
    pub box_format: BoxFormat,
    /// The width and height in pixels that a box must have to be kept (default: 1).
    #[serde(default = "one")]
    pub min_size: f64,
    /// Numbers of a keypoint (default: 2): x and y, or 3 with COCO's visibility, where
    /// all become 0 if the point is not visible or leaves the image.
    #[serde(default = "two")]
    pub point_size: u32,
    /// The byte of masks where a constant border is added to the image (default: 0).
    #[serde(default)]
    pub mask_fill: u8,
    /// What becomes of a row whose boxes or keypoints are not finite numbers below
    /// 2^30, or not whole ones (default: "raise"): an error; "skip", a row that is not
    /// valid; or "substitute": they are zeros, none of them kept. What is skipped or
    /// substituted counts as damage.
    #[serde(default)]
    pub on_error: OnBadImage,
}

fn one() -> f64 {
    1.0
}

fn two() -> u32 {
    2
}

impl Lower for Annotate {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn annotates(&self) -> Result<Option<Annotations>, Refusal> {
        if self.column.0.len() > 1 {
            let message = format!("expected one column of images, got {}", self.column.0.len());
            return Err(Refusal::new("column", message)
                .with_hint("write a step `annotate` for each column"));
        }
        if !(self.min_size > 0.0 && self.min_size.is_finite()) {
            let message = format!("expected a positive min_size, got {}", self.min_size);
            return Err(Refusal::new("min_size", message));
        }
        let has_visibility = match self.point_size {
            2 => false,
            3 => true,
            other => {
                let message = format!("expected points of 2 or 3 numbers, got {other}");
                return Err(Refusal::new("point_size", message));
            }
        };
        let boxes = CoordinateKind::Boxes {
            format: self.box_format,
            min_size: self.min_size,
        };
        let points = CoordinateKind::Points { has_visibility };
        let of = |names: &Option<ColumnNames>| names.clone().map_or_else(Vec::new, |it| it.0);
        let mask = FollowerKind::Mask(self.mask_fill);
        let followers = [
            ("masks", mask, &self.masks),
            ("images", FollowerKind::Picture, &self.images),
        ];
        let coordinates = [
            ("boxes", boxes, &self.boxes),
            ("keypoints", points, &self.keypoints),
        ];
        let all = Annotations {
            followers: followers
                .into_iter()
                .flat_map(|(key, kind, names)| of(names).into_iter().map(move |it| (key, kind, it)))
                .collect(),
            coordinates: coordinates
                .into_iter()
                .flat_map(|(key, kind, names)| of(names).into_iter().map(move |it| (key, kind, it)))
                .collect(),
            on_error: self.on_error,
        };
        if all.followers.is_empty() && all.coordinates.is_empty() {
            let message = "expected masks, images, boxes or keypoints, got none";
            return Err(Refusal::new("masks", message));
        }
        Ok(Some(all))
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        Ok(Vec::new())
    }
}
