//! `blend` on the host, at any level.

use super::{Blend, BlendError, BlendRow, scalar, simd};
use crate::level::{Dispatch, Level};

impl Blend {
    /// The two images of `src` to one in `dst` as `row` says, at `level`.
    ///
    /// # Errors
    /// As [`Blend::check`], and where `dst` is not as long as one image. Nothing is
    /// written then.
    pub fn run(
        &self,
        level: Level,
        src: &[u8],
        row: &BlendRow,
        dst: &mut [u8],
    ) -> Result<(), BlendError> {
        let written = self.check(row, src.len())?;
        if written != dst.len() {
            return Err(BlendError::Length {
                expected: written as u64,
                got: dst.len(),
            });
        }
        let images = src.split_at(written);
        match level.kind() {
            Dispatch::Scalar => scalar::blend(*self, images, row, dst),
            kind => simd::blend(kind, *self, (images, row), dst),
        }
        Ok(())
    }
}
