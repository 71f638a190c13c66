//! Numbers of a column: `(x - mean) * factor`.

use super::{NormalizeError, NumbersConstants, WideConstants};
use crate::element::Element;

/// `normalize` on numbers; see the [contract](super).
///
/// The constants are those computed with: rounded to binary32 already where
/// `from` has fewer than 64 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers {
    /// The type read.
    pub from: Element,
    /// The type written: a floating-point one.
    pub to: Element,
    /// What is taken away.
    pub mean: f64,
    /// What the difference is multiplied with.
    pub factor: f64,
    /// Results are at least this; negative infinity if not clipped.
    pub low: f64,
    /// Results are at most this.
    pub high: f64,
}

impl Numbers {
    /// `(x - mean) / std` as a product, clipped to `[low, high]` if given.
    ///
    /// A result is clipped before it is rounded to `to`: bounds may lie beyond
    /// `to`, and are then rounded as any result is.
    ///
    /// # Errors
    /// Where a constant is not finite in the type computed in, `std` or its
    /// inverse is not a positive number above the least normal one, bounds are
    /// the wrong way round, or `to` is no float or wider than the type
    /// computed in.
    pub fn new(
        (from, to): (Element, Element),
        (mean, std): (f64, f64),
        clip: Option<[f64; 2]>,
    ) -> Result<Self, NormalizeError> {
        if !to.is_float() || (to.is_wide() && !from.is_wide()) {
            return Err(NormalizeError::Type {
                expected: if from.is_wide() {
                    "a floating-point type"
                } else {
                    "float32, float16 or bfloat16"
                },
                got: to,
            });
        }
        let constant = |what, value| constant(from, what, value);
        let mean = constant("mean", mean)?;
        positive("std", constant("std", std)?, std)?;
        let factor = constant("1 / std", 1.0 / std)?;
        positive("1 / std", factor, 1.0 / std)?;
        let [low, high] = match clip {
            None => [f64::NEG_INFINITY, f64::INFINITY],
            Some([low, high]) => {
                if low > high {
                    return Err(NormalizeError::Bounds { low, high });
                }
                [constant("bound", low)?, constant("bound", high)?]
            }
        };
        Ok(Self {
            from,
            to,
            mean,
            factor,
            low,
            high,
        })
    }

    /// Whether it is computed in binary64.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.from.is_wide()
    }

    /// What a device needs to know of numbers that are computed in binary32.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the constants are rounded to binary32 already"
    )]
    pub fn constants(&self) -> NumbersConstants {
        NumbersConstants {
            from: self.from.code(),
            to: self.to.code(),
            mean: self.mean as f32,
            factor: self.factor as f32,
            low: self.low as f32,
            high: self.high as f32,
        }
    }

    /// The same for numbers that are computed in binary64.
    #[must_use]
    pub fn wide_constants(&self) -> WideConstants {
        WideConstants {
            from: self.from.code(),
            to: self.to.code(),
            mean: self.mean,
            factor: self.factor,
            low: self.low,
            high: self.high,
        }
    }
}

/// Refuses a constant that was `given` and is zero or less as it is `kept`.
fn positive(what: &'static str, kept: f64, given: f64) -> Result<(), NormalizeError> {
    if kept > 0.0 {
        Ok(())
    } else {
        Err(NormalizeError::NotPositive { what, value: given })
    }
}

/// A constant in the type computed in, tiny ones zero as all values are.
#[expect(
    clippy::cast_possible_truncation,
    reason = "binary32 is what narrow numbers are computed in"
)]
fn constant(from: Element, what: &'static str, value: f64) -> Result<f64, NormalizeError> {
    let kept = if from.is_wide() {
        value
    } else {
        f64::from(value as f32)
    };
    let least = if from.is_wide() {
        f64::MIN_POSITIVE
    } else {
        f64::from(f32::MIN_POSITIVE)
    };
    if !kept.is_finite() {
        return Err(NormalizeError::NotFinite { what, value });
    }
    Ok(if kept.abs() <= least { 0.0 } else { kept })
}
