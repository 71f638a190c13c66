//! Maps on the host, at any level.

use super::{Map, scalar, simd};
use crate::level::{Dispatch, Level};

impl Map {
    /// Whole numbers from `src` to `dst`, at `level`; the index of the first that
    /// did not fit what is written.
    pub(crate) fn run(&self, level: Level, src: &[u8], dst: &mut [u8]) -> Option<usize> {
        match level.kind() {
            Dispatch::Scalar => scalar::map(self, src, dst),
            kind => simd::map(kind, self, src, dst),
        }
    }

    /// How many of the whole numbers in `src` do not fit what is written.
    #[must_use]
    pub fn count_misfits(&self, src: &[u8]) -> usize {
        scalar::count_misfits(self, src)
    }
}
