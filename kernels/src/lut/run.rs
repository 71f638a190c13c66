//! `lut` on the host, at any level.

use super::{Lut, LutError, scalar, tables};
use crate::level::{Dispatch, Level};

impl Lut {
    /// One item from `src` to `dst`, at `level`; `record` is empty where the
    /// column has the tables.
    ///
    /// # Errors
    /// As [`Lut::check`], and where `dst` is not as long as what is written.
    /// Nothing is written then.
    pub fn run(
        &self,
        level: Level,
        src: &[u8],
        record: &[u8],
        dst: &mut [u8],
    ) -> Result<(), LutError> {
        let written = self.check(src.len(), record.len())?;
        if written != dst.len() {
            return Err(LutError::Length {
                expected: "one number written for each sample",
                got: dst.len(),
            });
        }
        match level.kind() {
            Dispatch::Scalar => scalar::lut(self, src, record, dst),
            _ => tables::lut(self, src, record, dst),
        }
        Ok(())
    }
}
