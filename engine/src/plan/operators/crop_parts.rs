//! Parts of images, of whatever size and shape are drawn, by the formula of
//! torchvision's `RandomResizedCrop.get_params`.

use std::fmt;

use super::draw::Drawn;

/// Times that a part is drawn before the middle is taken.
const N_TRIES: usize = 10;

/// How large parts are, and of what shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropParts {
    scale: [f64; 2],
    ratio: [f64; 2],
    log_ratio: [f64; 2],
}

impl CropParts {
    /// Parts whose share of the area and ratio of width to height are within these
    /// bounds.
    pub(super) fn new(scale: [f64; 2], ratio: [f64; 2]) -> Self {
        Self {
            scale,
            ratio,
            log_ratio: ratio.map(libm::log),
        }
    }

    /// The part of an image of these sides: top, left, height, width.
    ///
    /// Draws two words a try and, for a part that fits, two for its place; arithmetic
    /// is that of binary64, with the logarithm and exponential of `libm`, so that it
    /// is the same everywhere.
    pub(super) fn draw(&self, drawn: &mut Drawn, [height, width]: [u32; 2]) -> [u32; 4] {
        let area = f64::from(height) * f64::from(width);
        for _ in 0..N_TRIES {
            let target = area * drawn.within(self.scale);
            let aspect = libm::exp(drawn.within(self.log_ratio));
            let cols = (target * aspect).sqrt().round_ties_even();
            let rows = (target / aspect).sqrt().round_ties_even();
            if let (Some(rows), Some(cols)) = (whole(rows, height), whole(cols, width)) {
                let top = drawn.below(height - rows + 1);
                let left = drawn.below(width - cols + 1);
                return [top, left, rows, cols];
            }
        }
        let [rows, cols] = self.middle([height, width]);
        [(height - rows) / 2, (width - cols) / 2, rows, cols]
    }

    /// The sides of the largest part whose ratio is allowed, or nearest to that.
    fn middle(&self, [height, width]: [u32; 2]) -> [u32; 2] {
        let (high, wide) = (f64::from(height), f64::from(width));
        let ratio = wide / high;
        let [least, most] = self.ratio;
        let (rows, cols) = if ratio < least {
            ((wide / least).round_ties_even(), wide)
        } else if ratio > most {
            (high, (high * most).round_ties_even())
        } else {
            (high, wide)
        };
        [
            whole(rows, height).unwrap_or(height),
            whole(cols, width).unwrap_or(width),
        ]
    }
}

/// A whole number from 1 to `most`, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 1 to a number of 32 bits"
)]
fn whole(number: f64, most: u32) -> Option<u32> {
    (1.0..=f64::from(most))
        .contains(&number)
        .then_some(number as u32)
}

impl fmt::Display for CropParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([small, large], [narrow, broad]) = (self.scale, self.ratio);
        write!(
            f,
            "crop {small} to {large} of the area, {narrow:.4} to {broad:.4} as wide as high"
        )
    }
}
