//! What stands for the vectors of x86-64 where there are none: nothing is done, and
//! the caller does it as the scalar reference does.

use super::lines::ImageLines;
use super::taps::Taps;
use crate::level::Dispatch;

/// Nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Bands;

/// Nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pairs;

impl Pairs {
    /// Stays nothing.
    pub(super) fn set(&mut self, _: Taps<'_>) {}
}

/// Says that it has done nothing.
pub(super) fn across(
    _: Dispatch,
    _: (&Pairs, usize),
    _: ImageLines<'_>,
    _: (&mut Bands, &mut [u8]),
) -> bool {
    false
}

/// Says that it has done nothing.
pub(super) fn down(_: Dispatch, _: &Pairs, _: ImageLines<'_>, _: &mut [u8]) -> bool {
    false
}
