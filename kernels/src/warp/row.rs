//! The record of one row: a projective map in integers.

use super::WarpError;
use crate::twin::twin;

/// Rows or columns of an image, at most.
const SIDE_MAX: u32 = 65_535;

/// Sums stay below this, so that binary64 holds them and 12 bits more fit 64.
const SUM_MAX: u128 = 1 << 52;

/// The powers of two that the largest sum may lie between.
const EXPONENT_MAX: i64 = 500;

/// Bits in front of the mantissa of binary64, less those of an exponent of 0.
const MANTISSA_BITS: u32 = 52;

/// The exponent of 1 in binary64.
const BIAS: i64 = 1023;

twin! {
    /// How one row is sampled; see the [contract](super). Each number of 64 bits is one in
    /// two's complement, in two words.
    pub struct WarpRow: 88 {
        /// Rows of the image read.
        pub src_height: u32,
        /// Columns of it.
        pub src_width: u32,
        /// Rows of the image written.
        pub dst_height: u32,
        /// Columns of it.
        pub dst_width: u32,
        /// What `X` becomes more with each column, the low half.
        pub x_across_low: u32,
        /// The high half.
        pub x_across_high: u32,
        /// What `X` becomes more with each row.
        pub x_down_low: u32,
        /// The high half.
        pub x_down_high: u32,
        /// What `X` is at the first pixel.
        pub x_first_low: u32,
        /// The high half.
        pub x_first_high: u32,
        /// What `Y` becomes more with each column.
        pub y_across_low: u32,
        /// The high half.
        pub y_across_high: u32,
        /// What `Y` becomes more with each row.
        pub y_down_low: u32,
        /// The high half.
        pub y_down_high: u32,
        /// What `Y` is at the first pixel.
        pub y_first_low: u32,
        /// The high half.
        pub y_first_high: u32,
        /// What `W` becomes more with each column.
        pub w_across_low: u32,
        /// The high half.
        pub w_across_high: u32,
        /// What `W` becomes more with each row.
        pub w_down_low: u32,
        /// The high half.
        pub w_down_high: u32,
        /// What `W` is at the first pixel.
        pub w_first_low: u32,
        /// The high half.
        pub w_first_high: u32,
    }
}

/// A sum that grows by so much with each column and each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Linear {
    pub(super) across: i64,
    pub(super) down: i64,
    pub(super) first: i64,
}

impl Linear {
    /// What it is at a pixel.
    pub(super) fn at(self, x: u32, y: u32) -> i64 {
        self.across * i64::from(x) + self.down * i64::from(y) + self.first
    }

    /// The magnitudes of its terms together, where they are largest.
    fn largest(self, [height, width]: [u32; 2]) -> u128 {
        let of = |number: i64, side: u32| u128::from(number.unsigned_abs()) * u128::from(side);
        let last = |side: u32| side.saturating_sub(1);
        of(self.across, last(width)) + of(self.down, last(height)) + of(self.first, 1)
    }
}

impl WarpRow {
    /// An image of these sides, height and width, sampled into one of `dst`. With the
    /// middle of a pixel written at `(x, y)`, `[a, b, c, d, e, f, g, h, i]` samples that
    /// read at `((a x + b y + c) / (g x + h y + i), (d x + e y + f) / (g x + h y + i))`,
    /// all in pixels, where the denominator is above 0. A common positive factor of all
    /// nine changes next to nothing.
    ///
    /// # Errors
    /// Where a side is above 65,535, or a coefficient is not finite, or all are so small
    /// or some so large that no scale fits.
    pub fn new(src: [u32; 2], dst: [u32; 2], map: &[f64; 9]) -> Result<Self, WarpError> {
        for [height, width] in [src, dst] {
            if height.max(width) > SIDE_MAX {
                return Err(WarpError::Size { height, width });
            }
        }
        let lines = [0, 3, 6].map(|at| [map[at], map[at + 1], map[at + 2]]);
        let lines = lines.map(|[across, down, at]| [across, down, across * 0.5 + down * 0.5 + at]);
        let last = dst.map(|side| f64::from(side.saturating_sub(1)));
        let sums = lines.map(|[across, down, first]| {
            across.abs() * last[1] + down.abs() * last[0] + first.abs()
        });
        // A sum that is not a number stays one.
        let largest = sums.into_iter().fold(0.0, |most: f64, sum| {
            if most >= sum || most.is_nan() {
                most
            } else {
                sum
            }
        });
        let bits = largest.to_bits() >> MANTISSA_BITS;
        let exponent = i64::try_from(bits).unwrap_or(i64::MAX) - BIAS;
        if exponent.abs() >= EXPONENT_MAX {
            return Err(WarpError::Coefficients { got: largest });
        }
        // The largest sum becomes one from 2^50 to 2^51.
        let scale = f64::from_bits((50 - exponent + BIAS).cast_unsigned() << MANTISSA_BITS);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole numbers up to 2^51, rounded"
        )]
        let lines = lines.map(|[across, down, first]| Linear {
            across: (across * scale).round() as i64,
            down: (down * scale).round() as i64,
            first: (first * scale).round() as i64,
        });
        let row = Self::of(src, dst, lines);
        row.check()?;
        Ok(row)
    }

    /// All of an image as it is.
    ///
    /// # Errors
    /// Where a side is above 65,535.
    pub fn whole(sides: [u32; 2]) -> Result<Self, WarpError> {
        Self::new(sides, sides, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    }

    /// Whether it is what [`WarpRow::whole`] gives.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        Self::whole([self.src_height, self.src_width]).is_ok_and(|whole| whole == *self)
    }

    /// `X`, `Y` and `W`.
    pub(super) fn lines(&self) -> [Linear; 3] {
        let of = |low: u32, high: u32| (u64::from(high) << 32 | u64::from(low)).cast_signed();
        [
            Linear {
                across: of(self.x_across_low, self.x_across_high),
                down: of(self.x_down_low, self.x_down_high),
                first: of(self.x_first_low, self.x_first_high),
            },
            Linear {
                across: of(self.y_across_low, self.y_across_high),
                down: of(self.y_down_low, self.y_down_high),
                first: of(self.y_first_low, self.y_first_high),
            },
            Linear {
                across: of(self.w_across_low, self.w_across_high),
                down: of(self.w_down_low, self.w_down_high),
                first: of(self.w_first_low, self.w_first_high),
            },
        ]
    }

    /// Refuses a record with sides or sums that are too large.
    pub(super) fn check(&self) -> Result<(), WarpError> {
        let sides = [
            [self.src_height, self.src_width],
            [self.dst_height, self.dst_width],
        ];
        for [height, width] in sides {
            if height.max(width) > SIDE_MAX {
                return Err(WarpError::Size { height, width });
            }
        }
        for line in self.lines() {
            let got = line.largest(sides[1]);
            if got >= SUM_MAX {
                return Err(WarpError::Record { got });
            }
        }
        Ok(())
    }

    /// The record of these sums.
    pub(super) fn of(src: [u32; 2], dst: [u32; 2], lines: [Linear; 3]) -> Self {
        let halves = |number: i64| {
            let bytes = number.to_le_bytes();
            let (words, _) = bytes.as_chunks();
            [words[0], words[1]].map(u32::from_le_bytes)
        };
        let [x, y, w] = lines.map(|line| [line.across, line.down, line.first].map(halves));
        Self {
            src_height: src[0],
            src_width: src[1],
            dst_height: dst[0],
            dst_width: dst[1],
            x_across_low: x[0][0],
            x_across_high: x[0][1],
            x_down_low: x[1][0],
            x_down_high: x[1][1],
            x_first_low: x[2][0],
            x_first_high: x[2][1],
            y_across_low: y[0][0],
            y_across_high: y[0][1],
            y_down_low: y[1][0],
            y_down_high: y[1][1],
            y_first_low: y[2][0],
            y_first_high: y[2][1],
            w_across_low: w[0][0],
            w_across_high: w[0][1],
            w_down_low: w[1][0],
            w_down_high: w[1][1],
            w_first_low: w[2][0],
            w_first_high: w[2][1],
        }
    }
}
