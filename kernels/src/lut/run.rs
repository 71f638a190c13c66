//! `lut` on the host, at any level.

use std::sync::Arc;

use super::{Lut, LutError, scalar, tables};
use crate::level::{Dispatch, Level};
use crate::normalize::{Flip, Geometry, Images};

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
            _ if self.has_computed(level, src, dst) => {}
            _ => tables::lut(self, src, record, dst),
        }
        Ok(())
    }

    /// Computes what is written instead of looking it up, if that is how the entries
    /// were made.
    fn has_computed(&self, level: Level, src: &[u8], dst: &mut [u8]) -> bool {
        let Some(values) = self.values() else {
            return false;
        };
        let n_pixels = u32::try_from(src.len()).unwrap_or(0) / self.channels();
        // Pixels on one line: nothing is moved.
        let geometry = Geometry {
            height: 1,
            width: n_pixels,
            channels: self.channels(),
            from: self.layout(),
            to: self.layout(),
            crop: [0, 0, 1, n_pixels],
            flip: Flip::None,
        };
        let images = Images::with_values(geometry, Arc::clone(values));
        images.is_ok_and(|images| images.run_one(level, src, dst).is_ok())
    }
}
