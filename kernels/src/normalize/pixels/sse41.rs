//! SSE4.1 with SSSE3: vectors of one lane.
#![expect(unsafe_code, reason = "the instructions of a level are called")]

use std::arch::x86_64::{self as x86, __m128, __m128i};

use super::constants::Terms;
use super::simd::{level, read};

level! {
    /// SSE4.1 and SSSE3 are there.
    Sse41: "sse4.1,ssse3", __m128i, __m128, x86::_mm_stream_si128;

    lanes(src: &[u8], _stride: usize) -> __m128i = read(src);
    shuffle(bytes: __m128i, order: __m128i) -> __m128i = x86::_mm_shuffle_epi8(bytes, order);
    lanes_reversed(v: __m128i) -> __m128i = v;
    widen(src: &[u8]) -> __m128 = {
        let four = x86::_mm_cvtsi32_si128(bytemuck::pod_read_unaligned(&src[..4]));
        x86::_mm_cvtepi32_ps(x86::_mm_cvtepu8_epi32(four))
    };
    numbers(integers: __m128i) -> __m128 = x86::_mm_cvtepi32_ps(integers);
    multiply(a: __m128, b: __m128) -> __m128 = x86::_mm_mul_ps(a, b);
    subtract(a: __m128, b: __m128) -> __m128 = x86::_mm_sub_ps(a, b);
    divide(a: __m128, by: &Terms<__m128>) -> __m128 = x86::_mm_div_ps(a, by.std);
    and(a: __m128i, b: __m128i) -> __m128i = x86::_mm_and_si128(a, b);
    add(a: __m128i, b: __m128i) -> __m128i = x86::_mm_add_epi32(a, b);
    upper(integers: __m128i) -> __m128i = x86::_mm_srli_epi32::<16>(integers);
    pack(a: __m128i, b: __m128i) -> __m128i = x86::_mm_packus_epi32(a, b);
    halves(a: __m128, b: __m128) -> __m128i = x86::_mm_packus_epi32(half(a), half(b));
}

/// Four finite binary32 numbers rounded to binary16, whose bits are the low
/// half of each.
#[inline]
#[target_feature(enable = "sse4.1,ssse3")]
fn half(v: __m128) -> __m128i {
    /// 2^-14, the least normal number of binary16.
    const NORMAL: i32 = 113 << 23;
    /// 0.5, whose last place is that of binary16's subnormal numbers: adding it
    /// rounds them.
    const ROUNDER: i32 = 126 << 23;
    let v = x86::_mm_castps_si128(v);
    let sign = x86::_mm_and_si128(x86::_mm_srli_epi32::<16>(v), x86::_mm_set1_epi32(0x8000));
    let v = x86::_mm_and_si128(v, x86::_mm_set1_epi32(0x7fff_ffff));
    let rounder = x86::_mm_set1_epi32(ROUNDER);
    let sum = x86::_mm_add_ps(x86::_mm_castsi128_ps(v), x86::_mm_castsi128_ps(rounder));
    let tiny = x86::_mm_sub_epi32(x86::_mm_castps_si128(sum), rounder);
    let odd = x86::_mm_and_si128(x86::_mm_srli_epi32::<13>(v), x86::_mm_set1_epi32(1));
    let bias = x86::_mm_set1_epi32(0xfff - (112 << 23));
    let normal = x86::_mm_add_epi32(x86::_mm_add_epi32(v, odd), bias);
    let is_tiny = x86::_mm_cmplt_epi32(v, x86::_mm_set1_epi32(NORMAL));
    let half = x86::_mm_blendv_epi8(x86::_mm_srli_epi32::<13>(normal), tiny, is_tiny);
    x86::_mm_or_si128(half, sign)
}
