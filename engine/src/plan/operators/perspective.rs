//! `perspective`: images seen from elsewhere, by chance.

use fuelrail_kernels::warp::WarpFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::color_jitter::chance;
use super::distortion::{Distortion, WarpSampling};
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::{ColumnNames, Constants};

/// Changes the perspective of images by chance, as torchvision's `RandomPerspective` does
/// to Pillow's images: the corners of the image go to places that are drawn, each within
/// its quarter, and the image keeps its size. Corners that make no convex quadrilateral,
/// which can be from a `distortion_scale` of 2/3 on, are drawn again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Perspective {
    /// One column or several, of uint8 images with sides up to 65,535. All that are named
    /// change alike.
    pub column: ColumnNames,
    /// How far corners may move, of half the image's height and width, from 0 to 1
    /// (default: 0.5).
    #[serde(default = "half")]
    pub distortion_scale: f64,
    /// The probability that anything is done (default: 0.5).
    #[serde(default = "half")]
    pub probability: f64,
    /// How samples are weighed, "nearest" or "bilinear" (default: "bilinear").
    #[serde(default)]
    pub interpolation: PointInterpolation,
    /// What is outside of the image (default: 0): a byte, or one for each channel.
    #[serde(default = "black")]
    pub fill: Constants,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that is drawn from (default: the operator's name and its
    /// number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

/// How samples around a place are weighed, by Pillow's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PointInterpolation {
    /// The sample whose pixel it lies in.
    Nearest,
    /// The four around it.
    #[default]
    Bilinear,
}

fn half() -> f64 {
    0.5
}

fn black() -> Constants {
    Constants::from(0.0)
}

impl Lower for Perspective {
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
        let scale = self.distortion_scale;
        if !(0.0..=1.0).contains(&scale) {
            let message = format!("expected distortion_scale to be from 0 to 1, got {scale}");
            return Err(Refusal::new("distortion_scale", message));
        }
        let distortion = Distortion {
            chance: chance(self.probability)?,
            scale,
        };
        let sampling = WarpSampling {
            filter: match self.interpolation {
                PointInterpolation::Nearest => WarpFilter::Nearest,
                PointInterpolation::Bilinear => WarpFilter::Bilinear,
            },
            fill: bytes(&self.fill, images.channels as usize)?,
        };
        Ok(vec![Change::Warp(distortion, sampling)])
    }
}

/// A byte for each of so many channels.
fn bytes(given: &Constants, channels: usize) -> Result<[u8; 4], Refusal> {
    let refused = || {
        let got: Vec<String> = given.0.iter().map(f64::to_string).collect();
        let got = got.join(", ");
        let message = format!(
            "expected fill to be one byte from 0 to 255, or one for each of {channels} channels, \
             got {got}"
        );
        Refusal::new("fill", message)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers from 0 to 255"
    )]
    let byte = |number: f64| {
        let is_byte = (0.0..=255.0).contains(&number) && number.fract() == 0.0;
        is_byte.then_some(number as u8)
    };
    let mut fill = [0; 4];
    match given.0[..] {
        [only] => fill = [byte(only).ok_or_else(refused)?; 4],
        ref all if all.len() == channels => {
            for (to, number) in fill.iter_mut().zip(all) {
                *to = byte(*number).ok_or_else(refused)?;
            }
        }
        _ => return Err(refused()),
    }
    Ok(fill)
}
