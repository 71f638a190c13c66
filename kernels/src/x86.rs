//! The instructions of x86-64 levels for numbers: loops compiled for a level,
//! conversions of binary16, and stores around the caches.
#![expect(
    unsafe_code,
    reason = "instructions beyond the target's own are called where a level says they are there"
)]

use std::arch::x86_64::{
    _CMP_UNORD_Q, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch,
    _mm_sfence, _mm_storeu_si128, _mm_stream_si128, _mm256_blendv_ps, _mm256_cmp_ps,
    _mm256_cvtph_ps, _mm256_cvtps_ph, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps,
};

use crate::binary16::{narrow_one, widen_one};
use crate::level::Kind;
use crate::vector::Body;

/// Runs `body` with the instructions of `kind`.
pub(crate) fn at(kind: Kind, body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    match kind {
        Kind::Scalar => body.run(src, dst),
        // SAFETY: a `Kind` other than the scalar one stems from a `Level`,
        // which was detected on this processor.
        Kind::Sse41 => unsafe { sse41(body, src, dst) },
        // SAFETY: as above.
        Kind::Avx2 => unsafe { avx2(body, src, dst) },
        // SAFETY: as above.
        Kind::Avx512 => unsafe { avx512(body, src, dst) },
    }
}

#[target_feature(enable = "sse4.1,ssse3")]
fn sse41(body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    body.run(src, dst)
}

#[target_feature(enable = "avx2,fma,f16c")]
fn avx2(body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    body.run(src, dst)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
fn avx512(body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    body.run(src, dst)
}

/// Widens binary16 to binary32 at AVX2 and above; NaN becomes canonical.
pub(crate) fn widen(kind: Kind, src: &[u8], dst: &mut [u8]) {
    assert!(kind >= Kind::Avx2, "binary16 needs F16C");
    // SAFETY: the level has F16C; see `at`.
    unsafe { widen_f16c(src, dst) }
}

/// Rounds binary32 to binary16 at AVX2 and above; NaN becomes canonical.
pub(crate) fn narrow(kind: Kind, src: &[u8], dst: &mut [u8]) {
    assert!(kind >= Kind::Avx2, "binary16 needs F16C");
    // SAFETY: the level has F16C; see `at`.
    unsafe { narrow_f16c(src, dst) }
}

#[target_feature(enable = "avx2,f16c")]
fn widen_f16c(src: &[u8], dst: &mut [u8]) {
    let canonical = _mm256_set1_ps(f32::from_bits(0x7fc0_0000));
    let (src, src_rest) = src.as_chunks::<16>();
    let (dst, dst_rest) = dst.as_chunks_mut::<32>();
    for (x, y) in src.iter().zip(dst) {
        // SAFETY: the pointer is to 16 bytes.
        let halves = unsafe { _mm_loadu_si128(x.as_ptr().cast()) };
        let wide = _mm256_cvtph_ps(halves);
        let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(wide, wide);
        let wide = _mm256_blendv_ps(wide, canonical, is_nan);
        // SAFETY: the pointer is to 32 bytes.
        unsafe { _mm256_storeu_ps(y.as_mut_ptr().cast(), wide) };
    }
    let (src, _) = src_rest.as_chunks::<2>();
    let (dst, _) = dst_rest.as_chunks_mut::<4>();
    for (x, y) in src.iter().zip(dst) {
        *y = widen_one(u16::from_le_bytes(*x)).to_le_bytes();
    }
}

#[target_feature(enable = "avx2,f16c")]
fn narrow_f16c(src: &[u8], dst: &mut [u8]) {
    let canonical = _mm256_set1_ps(f32::from_bits(0x7fc0_0000));
    let (src, src_rest) = src.as_chunks::<32>();
    let (dst, dst_rest) = dst.as_chunks_mut::<16>();
    for (x, y) in src.iter().zip(dst) {
        // SAFETY: the pointer is to 32 bytes.
        let wide = unsafe { _mm256_loadu_ps(x.as_ptr().cast()) };
        let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(wide, wide);
        let wide = _mm256_blendv_ps(wide, canonical, is_nan);
        let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(wide);
        // SAFETY: the pointer is to 16 bytes.
        unsafe { _mm_storeu_si128(y.as_mut_ptr().cast(), halves) };
    }
    let (src, _) = src_rest.as_chunks::<4>();
    let (dst, _) = dst_rest.as_chunks_mut::<2>();
    for (x, y) in src.iter().zip(dst) {
        *y = narrow_one(u32::from_le_bytes(*x)).to_le_bytes();
    }
}

/// Bytes of the smallest page.
const PAGE: usize = 4096;

/// Copies `src` to as many bytes at the beginning of cache lines, around the
/// caches, and meanwhile has as many lines of `next` fetched. [`finish`]
/// follows the last call, before others may read what is written.
///
/// # Panics
/// Where the lengths differ, or are no cache lines, or `dst` does not begin
/// with one.
pub(crate) fn copy_around(src: &[u8], dst: &mut [u8], next: &[u8]) {
    let (src, _) = src.as_chunks::<64>();
    let (dst, _) = dst.as_chunks_mut::<64>();
    assert!(
        src.len() == dst.len() && dst.as_ptr().align_offset(64) == 0,
        "expected whole cache lines"
    );
    for page in [dst.as_ptr().cast::<u8>(), next.as_ptr()] {
        // A line of the page after the next, so that its address is looked up
        // before it is needed.
        let ahead = page.wrapping_add(2 * PAGE);
        // SAFETY: as below; nothing is read at the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.cast()) };
    }
    let lines_each = next.len().div_ceil(64).div_ceil(src.len().max(1));
    let mut next = next.chunks(64 * lines_each.max(1));
    for (x, y) in src.iter().zip(dst) {
        for line in next.next().unwrap_or_default().chunks(64) {
            // SAFETY: every x86-64 processor has SSE, and a hint may name any
            // address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
        stream_line(x, y);
    }
}

/// Writes one line around the caches; `dst` begins with it.
#[inline]
fn stream_line(src: &[u8; 64], dst: &mut [u8; 64]) {
    let (src, _) = src.as_chunks::<16>();
    let (dst, _) = dst.as_chunks_mut::<16>();
    for (x, y) in src.iter().zip(dst) {
        // SAFETY: the pointer is to 16 bytes.
        let bytes = unsafe { _mm_loadu_si128(x.as_ptr().cast()) };
        // SAFETY: the pointer is to 16 bytes and aligned to 16, as
        // `copy_around` checked; `finish` makes them visible.
        unsafe { _mm_stream_si128(y.as_mut_ptr().cast(), bytes) };
    }
}

/// Makes what [`copy_around`] wrote visible in order.
pub(crate) fn finish() {
    // SAFETY: every x86-64 processor has SSE.
    unsafe { _mm_sfence() }
}
