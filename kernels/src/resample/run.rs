//! `resample` on the host, at any level.

use super::axis::Axis;
use super::lines::ImageLines;
use super::planes::Planes;
use super::simd::{self, Bands, Pairs};
use super::taps::Taps;
use super::{Resample, ResampleError, ResampleRow, copies, scalar};
use crate::level::{Dispatch, Level};

impl Resample {
    /// The image of `src` to `dst` as `row` says, with its table among `tables`, at
    /// `level`.
    ///
    /// # Errors
    /// As [`Resample::check`], and where `dst` is not as long as what it becomes.
    /// Nothing is written then.
    pub fn run(
        &self,
        level: Level,
        (src, row, tables): (&[u8], &ResampleRow, &[u32]),
        dst: &mut [u8],
    ) -> Result<(), ResampleError> {
        let written = self.check(row, tables, src.len())?;
        if written != dst.len() {
            return Err(ResampleError::Length {
                expected: written as u64,
                got: dst.len(),
            });
        }
        let mut pairs = Pairs::default();
        let taps = row.taps(tables)?;
        pairs.set(taps);
        let planes = Planes::of(self.channels(), self.layout());
        let pass = AxisPass {
            axis: row.axis(),
            taps,
            pairs: &pairs,
            per_col: planes.per_col,
        };
        let image = (src, [row.height, row.width]);
        let window = [row.top, row.left, row.rows, row.cols];
        let mut bands = Bands::default();
        for (plane, dst) in dst.chunks_exact_mut(written / planes.n).enumerate() {
            let lines = planes.lines(image, plane, window);
            pass.run(level.kind(), lines, (&mut bands, dst));
        }
        Ok(())
    }
}

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
