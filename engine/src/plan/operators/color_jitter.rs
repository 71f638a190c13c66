//! `color_jitter`: brightness, contrast, saturation and hue changed at random.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::changes::Change;
use super::color_change::{ColorChange, Jitter};
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::{ColumnNames, Constants};

/// Factors are at most this.
const FACTOR_MAX: f64 = 65_536.0;

/// Changes brightness, contrast, saturation and hue by factors that are drawn, in an
/// order that is drawn, as torchvision's `ColorJitter` does to Pillow's images. A number
/// `x` is a factor from `max(0, 1 - x)` to `1 + x`, or for hue from `-x` to `x`; two
/// numbers are the bounds themselves. What is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColorJitter {
    /// One column or several, of uint8 images of 1, 3 or 4 channels; the fourth stays as
    /// it is. All that are named change alike.
    pub column: ColumnNames,
    /// The factor of brightness: 0 is black, 1 as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brightness: Option<Constants>,
    /// The factor of contrast: 0 is the mean of the image's grey, 1 as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrast: Option<Constants>,
    /// The factor of saturation: 0 is grey, 1 as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saturation: Option<Constants>,
    /// How far hues move, from -0.5 to 0.5 of the circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hue: Option<Constants>,
    /// The probability that anything is done (default: 1).
    #[serde(default = "always")]
    pub probability: f64,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
    /// The name of the stream that is drawn from (default: the operator's name and its
    /// number among steps of that name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

fn always() -> f64 {
    1.0
}

impl Lower for ColorJitter {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn stream(&self) -> Option<&str> {
        self.stream.as_deref()
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        // What can only stay as it is is not done, as torchvision has it: a hue that moves
        // by nothing would still be rounded.
        let within = |key, given: &Option<Constants>, limits: (f64, [f64; 2])| {
            let given = given.as_ref().map(|given| bounds(key, given, limits));
            let found = given.transpose()?;
            Ok(found.filter(|[low, high]| *low < limits.0 || *high > limits.0))
        };
        let factors = (1.0, [0.0, FACTOR_MAX]);
        let jitter = Jitter {
            chance: chance(self.probability)?,
            brightness: within("brightness", &self.brightness, factors)?,
            contrast: within("contrast", &self.contrast, factors)?,
            saturation: within("saturation", &self.saturation, factors)?,
            hue: within("hue", &self.hue, (0.0, [-0.5, 0.5]))?,
        };
        let given = [
            &self.brightness,
            &self.contrast,
            &self.saturation,
            &self.hue,
        ];
        if given.into_iter().all(Option::is_none) {
            let message = "expected brightness, contrast, saturation or hue, got none of them";
            return Err(Refusal::new("op", message));
        }
        Ok(vec![Change::Color(ColorChange::Jitter(jitter))])
    }
}

/// A probability as a chance.
pub(super) fn chance(probability: f64) -> Result<Chance, Refusal> {
    let message = format!("expected probability to be from 0 to 1, got {probability}");
    Chance::of(probability).ok_or_else(|| Refusal::new("probability", message))
}

/// Two bounds, or those that lie so far around `middle`, within `[least, most]`.
fn bounds(
    key: &'static str,
    given: &Constants,
    (middle, [least, most]): (f64, [f64; 2]),
) -> Result<[f64; 2], Refusal> {
    let [low, high] = match given.0[..] {
        // Below the least of factors lies nothing; hues are bounded on both sides.
        [around] if around >= 0.0 && middle > 0.0 => {
            [(middle - around).max(least), middle + around]
        }
        [around] if around >= 0.0 => [-around, around],
        [low, high] => [low, high],
        _ => [f64::NAN; 2],
    };
    if least <= low && low <= high && high <= most {
        return Ok([low, high]);
    }
    let got = given.0.iter().map(f64::to_string).collect::<Vec<_>>();
    let largest = most - middle;
    let message = format!(
        "expected {key} to be a number from 0 to {largest}, or two in order from {least} to {most}, got {}",
        got.join(", ")
    );
    Err(Refusal::new(key, message))
}
