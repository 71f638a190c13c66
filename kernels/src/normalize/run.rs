//! `normalize` on the host, at any level.

#[cfg(target_arch = "x86_64")]
use super::pixels::{self, Avx2, Avx512, Sse41};
use super::{Images, NormalizeError, Numbers, numbers_simd, scalar};
use crate::level::{Dispatch, Level};

impl Images {
    /// One image from `src` to `dst`, at `level`.
    ///
    /// # Errors
    /// Where either has another length. Nothing is written then.
    pub fn run_one(&self, level: Level, src: &[u8], dst: &mut [u8]) -> Result<(), NormalizeError> {
        let lens = (self.src_len_bytes(), self.dst_len_bytes());
        if (src.len(), dst.len()) != lens {
            return Err(NormalizeError::Geometry {
                expected: "one image of this geometry",
                got: format!("{} bytes for {}", src.len(), dst.len()),
            });
        }
        self.run(level, src, dst);
        Ok(())
    }

    /// Whole images from `src` to `dst`, at `level`.
    pub(crate) fn run(&self, level: Level, src: &[u8], dst: &mut [u8]) {
        match level.kind() {
            Dispatch::Scalar => scalar::images(self, src, dst),
            #[cfg(target_arch = "x86_64")]
            Dispatch::Sse41 => pixels::images::<Sse41>(self, level, src, dst),
            #[cfg(target_arch = "x86_64")]
            Dispatch::Avx2 => pixels::images::<Avx2>(self, level, src, dst),
            #[cfg(target_arch = "x86_64")]
            Dispatch::Avx512 => pixels::images::<Avx512>(self, level, src, dst),
            #[cfg(not(target_arch = "x86_64"))]
            _ => scalar::images(self, src, dst),
        }
    }
}

impl Numbers {
    /// Whole numbers from `src` to `dst`, at `level`.
    pub(crate) fn run(&self, level: Level, src: &[u8], dst: &mut [u8]) {
        match level.kind() {
            Dispatch::Scalar => scalar::numbers(self, src, dst),
            kind => numbers_simd::numbers(kind, self, src, dst),
        }
    }
}
