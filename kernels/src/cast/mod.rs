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

mod constants;
mod pair;
mod run;
mod scalar;
mod simd;

#[cfg(test)]
mod tests;

pub use constants::CastConstants;
pub use pair::Cast;
pub(crate) use scalar::one as write_number;
pub(crate) use simd::tile as convert_tile;
