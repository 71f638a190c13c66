//! `resample` on the host, at any level.

use super::pass::AxisPass;
use super::planes::Planes;
use super::simd::{Bands, Pairs};
use super::{Resample, ResampleError, ResampleRow};
use crate::level::Level;

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
