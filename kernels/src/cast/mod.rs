//! Changes the type of numbers.
//!
//! - **Integer to integer**: the same number; one that does not fit becomes the
//!   nearest that does, and is reported.
//! - **Integer to float**: rounded to nearest even.
//! - **Float to float**: rounded to nearest even; what is too large becomes
//!   infinite; subnormals are kept; NaN leaves with the canonical bits
//!   (`0x7ff8000000000000`, `0x7fc00000`, `0x7e00`, `0x7fc0`).
//! - **Float to integer**: the fraction is cut off, as C, numpy and Arrow do;
//!   a number that does not fit becomes the nearest that does, NaN becomes 0,
//!   and both are reported.
//!
//! Binary16 and bfloat16 are reached by way of binary32, from integers and
//! from binary64 too, as in torch. The same type again is a copy, but for NaN.

mod jobs;
mod scalar;
mod simd;

#[cfg(test)]
mod tests;

pub use jobs::CastJob;

use crate::element::Element;
use crate::level::{Kind, Level};

/// `cast`; see the [contract](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    /// The type read.
    pub from: Element,
    /// The type written.
    pub to: Element,
}

impl Cast {
    /// Whether every number of `from` fits `to`, so that none is ever reported.
    #[must_use]
    pub fn always_fits(&self) -> bool {
        if self.to.is_float() || self.from == self.to {
            return true;
        }
        if self.from.is_float() {
            return false;
        }
        let (from, to) = (self.from, self.to);
        match (is_signed(from), is_signed(to)) {
            (true, false) => false,
            (false, true) => from.len_bytes() < to.len_bytes(),
            _ => from.len_bytes() <= to.len_bytes(),
        }
    }

    /// What a device needs to know, for `n` numbers at these offsets in words
    /// of 32 bits, with the word of the flags that tells of misfits.
    #[must_use]
    pub fn job(&self, n: u32, [src, dst, flag]: [u32; 3]) -> CastJob {
        CastJob {
            src,
            dst,
            n,
            from: self.from.code(),
            to: self.to.code(),
            flag,
        }
    }

    /// How many of the whole numbers in `src` do not fit.
    #[must_use]
    pub fn count_misfits(self, src: &[u8]) -> usize {
        scalar::count_misfits(self, src)
    }

    /// Whole numbers from `src` to `dst`, at `level`; the index of the first
    /// that did not fit.
    pub(crate) fn run(self, level: Level, src: &[u8], dst: &mut [u8]) -> Option<usize> {
        match level.kind() {
            Kind::Scalar => scalar::cast(self, src, dst),
            kind => simd::cast(kind, self, src, dst),
        }
    }
}

/// Whether an integer type has a sign.
fn is_signed(element: Element) -> bool {
    matches!(
        element,
        Element::I8 | Element::I16 | Element::I32 | Element::I64
    )
}
