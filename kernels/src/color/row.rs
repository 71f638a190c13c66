//! The record of one row.

use super::ColorError;
use crate::twin::twin;

/// Magnitudes of factors are at most this, so that no product overflows.
const MAX_FACTOR: f32 = 65_536.0;

/// Adjustments of one row, at most.
const N_MAX: usize = 4;

/// One change of all pixels; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Adjustment {
    /// Towards black below a factor of 1, away from it above.
    Brightness(f32),
    /// Towards the mean of the image, or away from it.
    Contrast(f32),
    /// Towards grey, or away from it.
    Saturation(f32),
    /// Hues move by so many of 256 parts of the circle.
    Hue(u8),
}

twin! {
    /// How the colours of one row are changed; see the [contract](super).
    pub struct ColorRow: 20 {
        /// What the adjustments are, a byte each from the lowest on: 0 none, 1
        /// brightness, 2 contrast, 3 saturation, 4 hue.
        pub order: u32,
        /// The factor of the first as the bits of an `f32`, or how far its hue moves.
        pub first: u32,
        /// The same of the second.
        pub second: u32,
        /// The same of the third.
        pub third: u32,
        /// The same of the fourth.
        pub fourth: u32,
    }
}

/// Those before the one that needs the mean, and it with those behind it.
pub(super) fn around_mean(all: &[Adjustment]) -> (&[Adjustment], &[Adjustment]) {
    let at = all.iter().position(|it| it.needs_mean());
    all.split_at(at.unwrap_or(all.len()))
}

impl Adjustment {
    /// Whether it depends on the mean of the image.
    pub(super) fn needs_mean(self) -> bool {
        matches!(self, Self::Contrast(_))
    }

    /// Its byte in the order, and its word.
    fn encoded(self) -> (u8, u32) {
        match self {
            Self::Brightness(factor) => (1, factor.to_bits()),
            Self::Contrast(factor) => (2, factor.to_bits()),
            Self::Saturation(factor) => (3, factor.to_bits()),
            Self::Hue(by) => (4, u32::from(by)),
        }
    }

    fn decoded(kind: u8, word: u32) -> Option<Self> {
        let factor = f32::from_bits(word);
        match kind {
            1 => Some(Self::Brightness(factor)),
            2 => Some(Self::Contrast(factor)),
            3 => Some(Self::Saturation(factor)),
            4 => u8::try_from(word).ok().map(Self::Hue),
            _ => None,
        }
    }

    fn check(self) -> Result<(), ColorError> {
        match self {
            Self::Hue(_) => Ok(()),
            // NaN is within no bounds.
            Self::Brightness(got) | Self::Contrast(got) | Self::Saturation(got) => {
                let fits = (-MAX_FACTOR..=MAX_FACTOR).contains(&got);
                fits.then_some(()).ok_or(ColorError::Factor { got })
            }
        }
    }
}

impl ColorRow {
    /// These adjustments, one after another.
    ///
    /// # Errors
    /// Where they are more than four, several of them are contrasts, or a factor is too
    /// large or not a number.
    pub fn new(adjustments: &[Adjustment]) -> Result<Self, ColorError> {
        if adjustments.len() > N_MAX {
            let got = adjustments.len();
            return Err(ColorError::Adjustments { got });
        }
        let (mut order, mut words) = ([0; N_MAX], [0; N_MAX]);
        for (at, adjustment) in adjustments.iter().enumerate() {
            (order[at], words[at]) = adjustment.encoded();
        }
        let [first, second, third, fourth] = words;
        let row = Self {
            order: u32::from_le_bytes(order),
            first,
            second,
            third,
            fourth,
        };
        row.adjustments()?;
        Ok(row)
    }

    /// What it says.
    ///
    /// # Errors
    /// As [`ColorRow::new`], and where the record is none that it gives.
    pub fn adjustments(&self) -> Result<Vec<Adjustment>, ColorError> {
        let bad = ColorError::Order { order: self.order };
        let words = [self.first, self.second, self.third, self.fourth];
        let order = self.order.to_le_bytes();
        let n = order.iter().take_while(|kind| **kind != 0).count();
        let said = || order.into_iter().zip(words);
        if said().skip(n).any(|rest| rest != (0, 0)) {
            return Err(bad);
        }
        let mut adjustments = Vec::with_capacity(n);
        for (kind, word) in said().take(n) {
            let adjustment = Adjustment::decoded(kind, word).ok_or(bad)?;
            adjustment.check()?;
            adjustments.push(adjustment);
        }
        let n_means = adjustments.iter().filter(|it| it.needs_mean()).count();
        if n_means > 1 {
            return Err(ColorError::Contrast);
        }
        Ok(adjustments)
    }
}
