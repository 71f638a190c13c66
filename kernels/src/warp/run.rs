//! `warp` on the host, at any level.

use super::{Warp, WarpError, WarpRow, scalar, simd};
use crate::level::{Dispatch, Level};

impl Warp {
    /// The image of `src` to one in `dst` as `row` says, at `level`.
    ///
    /// # Errors
    /// As [`Warp::check`], and where `dst` does not have the bytes that are written.
    /// Nothing is written then.
    pub fn run(
        &self,
        level: Level,
        src: &[u8],
        row: &WarpRow,
        dst: &mut [u8],
    ) -> Result<(), WarpError> {
        let expected = self.check(row, src.len())?;
        if expected != dst.len() {
            return Err(WarpError::Length {
                expected,
                got: dst.len(),
            });
        }
        match level.kind() {
            Dispatch::Scalar => scalar::warp(*self, src, row, dst),
            kind => simd::warp(kind, *self, (src, row), dst),
        }
        Ok(())
    }
}
