//! `squeeze` on the host, at any level.

#[cfg(target_arch = "x86_64")]
use super::blocks;
use super::{Squeeze, SqueezeError, scalar};
use crate::level::Level;

impl Squeeze {
    /// One item from `src` to the beginning of `dst`, at `level`; how many
    /// bytes are written. What `dst` holds behind them is not specified.
    ///
    /// # Errors
    /// Where `dst` is shorter than `src`. Nothing is written then.
    pub fn run(&self, level: Level, src: &[u8], dst: &mut [u8]) -> Result<usize, SqueezeError> {
        let got = dst.len();
        let dst = dst.get_mut(..src.len()).ok_or(SqueezeError {
            expected: src.len(),
            got,
        })?;
        #[cfg(target_arch = "x86_64")]
        if let Some(n) = blocks::squeeze(level.kind(), self, src, dst) {
            return Ok(n);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = level;
        Ok(scalar::squeeze(self, src, dst))
    }
}
