//! `gather` on the host, at any level.

use super::{Gather, GatherError, GatherRow, lines, scalar};
use crate::level::{Dispatch, Level};

impl Gather {
    /// One item from `src` to `dst` as `row` says, at `level`.
    ///
    /// # Errors
    /// As [`Gather::check`], and where `dst` is not as long as what is written.
    /// Nothing is written then.
    pub fn run(
        &self,
        level: Level,
        src: &[u8],
        row: &GatherRow,
        dst: &mut [u8],
    ) -> Result<(), GatherError> {
        let written = self.check(row, src.len())?;
        if written != dst.len() {
            return Err(GatherError::Length {
                expected: written as u64,
                got: dst.len(),
            });
        }
        match level.kind() {
            Dispatch::Scalar => scalar::gather(self, src, row, dst),
            kind => lines::gather(kind, self, (src, row), dst),
        }
        Ok(())
    }
}
