//! `cast` on the host, at any level.

use super::{Cast, scalar, simd};
use crate::level::{Dispatch, Level};

impl Cast {
    /// How many of the whole numbers in `src` do not fit.
    #[must_use]
    pub fn count_misfits(self, src: &[u8]) -> usize {
        scalar::count_misfits(self, src)
    }

    /// Whole numbers from `src` to `dst`, at `level`; the index of the first
    /// that did not fit.
    pub(crate) fn run(self, level: Level, src: &[u8], dst: &mut [u8]) -> Option<usize> {
        match level.kind() {
            Dispatch::Scalar => scalar::cast(self, src, dst),
            kind => simd::cast(kind, self, src, dst),
        }
    }
}
