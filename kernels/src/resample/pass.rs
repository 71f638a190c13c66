//! One axis of one plane, at any level.

use super::axis::Axis;
use super::lines::ImageLines;
use super::simd::{self, Bands, Pairs};
use super::taps::Taps;
use super::{copies, scalar};
use crate::level::Dispatch;

/// What is done to the lines of a plane.
pub(super) struct AxisPass<'a> {
    pub(super) axis: Axis,
    pub(super) taps: Taps<'a>,
    /// The same table.
    pub(super) pairs: &'a Pairs,
    /// Bytes of a column in a line.
    pub(super) per_col: usize,
}

impl AxisPass<'_> {
    /// Resizes lines into lines that follow one another.
    pub(super) fn run(
        &self,
        kind: Dispatch,
        lines: ImageLines<'_>,
        (bands, dst): (&mut Bands, &mut [u8]),
    ) {
        let is_done = match (kind, self.axis) {
            (Dispatch::Scalar, _) => false,
            (_, Axis::Horizontal) => {
                let table = (self.pairs, self.per_col);
                copies::across(self.taps, self.per_col, lines, dst)
                    || simd::across(kind, table, lines, (bands, dst))
            }
            (_, Axis::Vertical) => {
                copies::down(self.taps, lines, dst) || simd::down(kind, self.pairs, lines, dst)
            }
        };
        if is_done {
            return;
        }
        match self.axis {
            Axis::Horizontal => scalar::across(self.taps, self.per_col, lines, dst),
            Axis::Vertical => scalar::down(self.taps, lines, dst),
        }
    }
}
