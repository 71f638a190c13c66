//! `color` on the host, at any level.

use super::{Color, ColorError, ColorRow, scalar, simd};
use crate::level::{Dispatch, Level};

impl Color {
    /// The image of `src` to one in `dst` as `row` says, at `level`.
    ///
    /// # Errors
    /// As [`Color::check`], and where `dst` is not as long as `src`. Nothing is written
    /// then.
    pub fn run(
        &self,
        level: Level,
        src: &[u8],
        row: &ColorRow,
        dst: &mut [u8],
    ) -> Result<(), ColorError> {
        if self.check(row, src.len())? != dst.len() {
            return Err(ColorError::Length {
                channels: self.channels(),
                got: dst.len(),
            });
        }
        let adjustments = row.adjustments()?;
        match level.kind() {
            Dispatch::Scalar => scalar::color(*self, src, &adjustments, dst),
            kind => simd::color(kind, *self, (src, &adjustments), dst),
        }
        Ok(())
    }
}
