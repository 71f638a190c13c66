//! Shifts and scales values: images of bytes by a table, numbers by
//! `(x - mean) * factor`.
//!
//! # Images
//!
//! [`Images`] turns bytes, `height x width x channels` (HWC) or
//! `channels x height x width` (CHW), into floats in either layout; on the way
//! it may crop and flip. The meaning of a value is the [`Table`] of final bits,
//! made once on the host for each channel `c` and byte `v` in binary32:
//!
//! `((v * (1 / scale)) - mean[c]) / std[c]`
//!
//! with each operation rounded to nearest even, in this order and the inverse
//! too, as `torchvision.transforms.v2` `ToDtype(float32, scale=True)` and
//! `Normalize` do for `scale = 255`; then rounded once more to binary16 or
//! bfloat16 where those are wanted. (`v / scale`, as the first version of
//! torchvision's transforms has it, gives other bits for half of all bytes.) A
//! value that is subnormal in binary32 is zero of the same sign; one too large
//! for its type is refused. A twin may compute instead of look up where it has
//! checked every entry.
//!
//! # Numbers
//!
//! [`Numbers`] computes `(x - mean) * factor` in binary64 where `from` has 64
//! bits, else in binary32. `factor` is `1 / std`, divided in binary64; it and
//! the other constants are then rounded to the type computed in. Integers are
//! converted to that type first, binary16 and bfloat16 are widened, and each of
//! the two operations is rounded to nearest even; they are never fused. Where
//! values are clipped, those below `low` or above `high` become `low` or
//! `high`. The result is then rounded to `to`, to 16 bits by way of binary32;
//! so a bound beyond `to` becomes infinite.
//!
//! One rule holds in every twin for what devices treat differently:
//! - **tiny values are zero**: `x`, the difference and the product become zero
//!   of the same sign if their magnitude is at most the least normal number of
//!   the type computed in (2^-126 or 2^-1022). So it makes no difference
//!   whether a device flushes subnormals, nor whether it does so before or
//!   after rounding. A result that is then rounded to a smaller type may be
//!   subnormal there;
//! - **NaN stays NaN**, clipped or not, and leaves with the canonical bits:
//!   positive, quiet, no payload (`0x7fc00000`, `0x7e00`, `0x7fc0`);
//! - infinities follow IEEE 754, and are clipped like other values; a result
//!   too large for `to` is infinite.

mod constants;
mod images;
mod numbers;
mod numbers_simd;
#[cfg(target_arch = "x86_64")]
mod pixels;
mod run;
mod scalar;
mod table;

#[cfg(test)]
mod tests;

pub use constants::{ImagesConstants, NumbersConstants, WideConstants};
pub use images::{Flip, Geometry, ImageValues, Images, Layout};
pub use numbers::Numbers;
pub use table::Table;

use crate::element::Element;

/// Why constants or shapes cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NormalizeError {
    /// A constant is NaN, infinite or beyond binary32.
    #[error("`{what}` must be finite, got {value}")]
    NotFinite {
        /// The constant.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A divisor is zero, negative, or so small that it counts as zero.
    #[error("`{what}` must be positive, got {value}")]
    NotPositive {
        /// The constant.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The bounds of a clip are the wrong way round.
    #[error("expected bounds with low <= high, got {low} and {high}")]
    Bounds {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// A result is too large for its type.
    #[error("expected results that fit {to}, got {value} for byte {byte} of channel {channel}")]
    Overflow {
        /// The type.
        to: Element,
        /// The byte.
        byte: u8,
        /// Its channel.
        channel: usize,
        /// The result.
        value: f32,
    },
    /// The numbers of constants and channels differ.
    #[error("expected one {what} or one for each of {channels} channels, got {given}")]
    Channels {
        /// The constant.
        what: &'static str,
        /// Channels of the image.
        channels: usize,
        /// Constants given.
        given: usize,
    },
    /// A window lies outside its image, or an image is empty or too large.
    #[error("expected {expected}, got {got}")]
    Geometry {
        /// What was expected.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// A type that `normalize` does not make.
    #[error("expected {expected}, got {got}")]
    Type {
        /// What was expected.
        expected: &'static str,
        /// What came.
        got: Element,
    },
}
