//! The instructions of x86-64 levels for numbers: loops compiled for a level,
//! conversions of binary16, and stores around the caches.
#![expect(
    unsafe_code,
    reason = "instructions beyond the target's own are called where a level says they are there"
)]

use std::arch::x86_64::{
    _CMP_UNORD_Q, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch,
    _mm_sfence, _mm_storeu_si128, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_cvtph_ps,
    _mm256_cvtps_ph, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_set1_ps, _mm256_storeu_ps,
    _mm256_stream_si256,
};

use crate::binary16_bits::{narrow_one, widen_one};
use crate::body::Body;
use crate::level::Dispatch;

/// Runs `body` with the instructions of `kind`.
pub(crate) fn at(kind: Dispatch, body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    match kind {
        Dispatch::Scalar => body.run(src, dst),
        // SAFETY: a `Dispatch` other than the scalar one stems from a `Level`,
        // which was detected on this processor.
        Dispatch::Sse41 => unsafe { sse41(body, src, dst) },
        // SAFETY: as above.
        Dispatch::Avx2 => unsafe { avx2(body, src, dst) },
        // SAFETY: as above.
        Dispatch::Avx512 => unsafe { avx512(body, src, dst) },
    }
}

#[target_feature(enable = "sse4.1,ssse3")]
fn sse41(body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    body.run(src, dst)
}

#[target_feature(enable = "avx2,fma,f16c,bmi2")]
fn avx2(body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    body.run(src, dst)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi2")]
fn avx512(body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    body.run(src, dst)
}

/// Widens binary16 to binary32 at AVX2 and above; NaN becomes canonical.
pub(crate) fn widen(kind: Dispatch, src: &[u8], dst: &mut [u8]) {
    assert!(kind >= Dispatch::Avx2, "binary16 needs F16C");
    // SAFETY: the level has F16C; see `at`.
    unsafe { widen_f16c(src, dst) }
}

/// Rounds binary32 to binary16 at AVX2 and above; NaN becomes canonical.
pub(crate) fn narrow(kind: Dispatch, src: &[u8], dst: &mut [u8]) {
    assert!(kind >= Dispatch::Avx2, "binary16 needs F16C");
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

/// Bytes of a line of the caches.
const LINE: usize = 64;

/// Copies `src` to as many bytes, around the caches but for what is no whole
/// line of them, and meanwhile has as many lines of `next` fetched. [`finish`]
/// follows the last call, before others may read what is written.
///
/// # Panics
/// Where the lengths differ.
pub(crate) fn copy_around(src: &[u8], dst: &mut [u8], next: &[u8]) {
    if is_x86_feature_detected!("avx") {
        // SAFETY: the processor has it.
        unsafe { copy_around_avx(src, dst, next) };
    } else {
        dst.copy_from_slice(src);
    }
}

#[target_feature(enable = "avx")]
fn copy_around_avx(src: &[u8], dst: &mut [u8], next: &[u8]) {
    assert!(src.len() == dst.len(), "expected as many bytes");
    let head = dst.as_ptr().align_offset(LINE).min(dst.len());
    let (src_head, src) = src.split_at(head);
    let (dst_head, dst) = dst.split_at_mut(head);
    dst_head.copy_from_slice(src_head);
    let (src, src_tail) = src.as_chunks::<LINE>();
    let (dst, dst_tail) = dst.as_chunks_mut::<LINE>();
    for page in [dst.as_ptr().cast::<u8>(), next.as_ptr()] {
        // A line of the page after the next, so that its address is looked up
        // before it is needed.
        let ahead = page.wrapping_add(2 * PAGE);
        _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
    }
    let lines_each = next.len().div_ceil(LINE).div_ceil(src.len().max(1));
    let mut next = next.chunks(LINE * lines_each.max(1));
    for (x, y) in src.iter().zip(dst) {
        for line in next.next().unwrap_or_default().chunks(LINE) {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
        stream_line(x, y);
    }
    dst_tail.copy_from_slice(src_tail);
}

/// Writes one line around the caches; `dst` begins with it. Half a line at a
/// time: with a quarter, Zen 3 is slower than a plain copy.
#[target_feature(enable = "avx")]
#[inline]
fn stream_line(src: &[u8; LINE], dst: &mut [u8; LINE]) {
    let [x_low, x_high]: &[[u8; 32]; 2] = bytemuck::cast_ref(src);
    let [y_low, y_high]: &mut [[u8; 32]; 2] = bytemuck::cast_mut(dst);
    stream_half(x_low, y_low);
    stream_half(x_high, y_high);
}

/// `y` begins where half a line does.
#[target_feature(enable = "avx")]
#[inline]
fn stream_half(x: &[u8; 32], y: &mut [u8; 32]) {
    // SAFETY: the pointer is to 32 bytes.
    let bytes = unsafe { _mm256_loadu_si256(x.as_ptr().cast()) };
    // SAFETY: the pointer is to 32 bytes at a multiple of 32; `finish` makes
    // them visible.
    unsafe { _mm256_stream_si256(y.as_mut_ptr().cast(), bytes) };
}

/// Makes what [`copy_around`] wrote visible in order.
pub(crate) fn finish() {
    // SAFETY: every x86-64 processor has SSE.
    unsafe { _mm_sfence() }
}
