//! binary16 to binary32 and back, for tiles of SIMD twins; in whole numbers
//! where the processor has no instructions for it.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]

use crate::binary16_bits::{narrow_one, widen_one};
use crate::body::Body;
use crate::level::Dispatch;
use crate::vector;

/// Widens the binary16 numbers of `src` to the binary32 numbers of `dst`,
/// which is exact; NaN becomes the canonical one.
pub(crate) fn widen(kind: Dispatch, src: &[u8], dst: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if kind >= Dispatch::Avx2 {
        return crate::x86::widen(kind, src, dst);
    }
    vector::at(kind, &Widen, src, dst);
}

/// Rounds the binary32 numbers of `src` to the binary16 numbers of `dst`, to
/// nearest even; NaN becomes the canonical one.
pub(crate) fn narrow(kind: Dispatch, src: &[u8], dst: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if kind >= Dispatch::Avx2 {
        return crate::x86::narrow(kind, src, dst);
    }
    vector::at(kind, &Narrow, src, dst);
}

struct Widen;

impl Body for Widen {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let src: &[[u8; 2]] = bytemuck::cast_slice(src);
        let dst: &mut [[u8; 4]] = bytemuck::cast_slice_mut(dst);
        for (x, y) in src.iter().zip(dst) {
            *y = widen_one(u16::from_le_bytes(*x)).to_le_bytes();
        }
        true
    }
}

struct Narrow;

impl Body for Narrow {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let src: &[[u8; 4]] = bytemuck::cast_slice(src);
        let dst: &mut [[u8; 2]] = bytemuck::cast_slice_mut(dst);
        for (x, y) in src.iter().zip(dst) {
            *y = narrow_one(u32::from_le_bytes(*x)).to_le_bytes();
        }
        true
    }
}
