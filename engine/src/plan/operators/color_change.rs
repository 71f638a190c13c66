//! How the colours of images change, and what is drawn for that.

use std::fmt;

use fuelrail_kernels::color::{Adjustment, ColorError, ColorRow};

use super::chance::Chance;
use super::draw::Drawn;

/// A change of colours that is drawn for each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColorChange {
    /// Brightness, contrast, saturation and hue in an order that is drawn.
    Jitter(Jitter),
    /// All channels become grey, by chance.
    Grey(Chance),
}

/// Within which bounds factors are drawn; what has none stays as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter {
    /// How often anything is done.
    pub chance: Chance,
    /// Of brightness.
    pub brightness: Option<[f64; 2]>,
    /// Of contrast.
    pub contrast: Option<[f64; 2]>,
    /// Of saturation.
    pub saturation: Option<[f64; 2]>,
    /// How far hues move, of a circle of 1.
    pub hue: Option<[f64; 2]>,
}

impl ColorChange {
    /// Whether it is another for each row.
    pub(super) fn is_drawn(&self) -> bool {
        match self {
            Self::Jitter(_) => true,
            Self::Grey(chance) => *chance != Chance::ALWAYS,
        }
    }

    /// What is done to the image of a row.
    ///
    /// # Errors
    /// Where a factor is too large.
    pub(super) fn draw(&self, drawn: &mut Drawn) -> Result<ColorRow, ColorError> {
        match self {
            Self::Grey(chance) if chance.happens(drawn) => {
                ColorRow::new(&[Adjustment::Saturation(0.0)])
            }
            Self::Jitter(jitter) if jitter.chance.happens(drawn) => {
                ColorRow::new(&jitter.draw(drawn))
            }
            Self::Grey(_) | Self::Jitter(_) => ColorRow::new(&[]),
        }
    }
}

impl ColorChange {
    /// What is done to a row of which all changes that chance may.
    ///
    /// # Errors
    /// None: the factors are small.
    pub(super) fn most(&self) -> Result<ColorRow, ColorError> {
        match self {
            Self::Grey(chance) if chance.is_never() => ColorRow::new(&[]),
            Self::Grey(_) => ColorRow::new(&[Adjustment::Saturation(0.0)]),
            Self::Jitter(jitter) if jitter.chance.is_never() => ColorRow::new(&[]),
            Self::Jitter(jitter) => {
                let all = [
                    jitter.brightness.map(|_| Adjustment::Brightness(0.5)),
                    jitter.contrast.map(|_| Adjustment::Contrast(0.5)),
                    jitter.saturation.map(|_| Adjustment::Saturation(0.5)),
                    jitter.hue.map(|_| Adjustment::Hue(1)),
                ];
                ColorRow::new(&all.into_iter().flatten().collect::<Vec<_>>())
            }
        }
    }
}

impl Jitter {
    /// Draws three words for the order, of which each is as likely as another, and one
    /// for each of the four, whether it has bounds or not.
    fn draw(&self, drawn: &mut Drawn) -> Vec<Adjustment> {
        let mut order = [0, 1, 2, 3];
        for last in (1..4_u32).rev() {
            order.swap(last as usize, drawn.below(last + 1) as usize);
        }
        let bounds = [self.brightness, self.contrast, self.saturation, self.hue];
        let factors = bounds.map(|bounds| {
            let within = drawn.within(bounds.unwrap_or_default());
            bounds.map(|_| within)
        });
        #[expect(
            clippy::cast_possible_truncation,
            reason = "factors are binary32, as in Pillow"
        )]
        let adjustment = |which: usize| {
            let factor = factors[which]?;
            Some(match which {
                0 => Adjustment::Brightness(factor as f32),
                1 => Adjustment::Contrast(factor as f32),
                2 => Adjustment::Saturation(factor as f32),
                _ => Adjustment::Hue(parts_of_circle(factor)),
            })
        };
        order.into_iter().filter_map(adjustment).collect()
    }
}

/// Of 256 parts of the circle, whole ones of 255 towards zero, as torchvision's
/// `adjust_hue` has it for Pillow's images.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from -127 to 127, and negative ones go the other way round"
)]
fn parts_of_circle(hue: f64) -> u8 {
    (hue * 255.0) as i32 as u8
}

impl fmt::Display for ColorChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grey(chance) => write!(f, "grey in {chance}"),
            Self::Jitter(jitter) => {
                write!(f, "in {}, in any order:", jitter.chance)?;
                let all = [
                    ("brightness", jitter.brightness),
                    ("contrast", jitter.contrast),
                    ("saturation", jitter.saturation),
                    ("hue", jitter.hue),
                ];
                let given = all
                    .iter()
                    .filter_map(|(name, bounds)| Some((name, (*bounds)?)));
                for (at, (name, [low, high])) in given.enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma} {name} {low} to {high}")?;
                }
                Ok(())
            }
        }
    }
}

/// What a row's colours change by, in words.
pub(super) fn row_in_words(row: &ColorRow) -> String {
    let adjustments = row.adjustments().unwrap_or_default();
    let words = adjustments.iter().map(|adjustment| match adjustment {
        Adjustment::Brightness(factor) => format!("brightness {factor}"),
        Adjustment::Contrast(factor) => format!("contrast {factor}"),
        Adjustment::Saturation(factor) => format!("saturation {factor}"),
        Adjustment::Hue(by) => format!("hue moved by {:.4} of the circle", hue_part(*by)),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        "stays as it is".to_owned()
    } else {
        words.join(", ")
    }
}

/// The part of the circle, from -0.5 to 0.5, that moves hue so far: torchvision's factor,
/// of which it takes 255 times and leaves the fraction out.
pub(super) fn hue_part(by: u8) -> f32 {
    f32::from(by.cast_signed()) / 255.0
}
