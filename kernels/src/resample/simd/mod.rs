//! `resample` at the SIMD levels of x86-64: see [`across`] and [`down`].

mod across;
mod down;
mod pairs;
mod sums;
mod x86;

pub(super) use across::{Bands, across};
pub(super) use down::down;
pub(super) use pairs::Pairs;
