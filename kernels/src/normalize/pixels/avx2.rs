//! AVX2 with FMA and F16C: vectors of two lanes.
#![expect(unsafe_code, reason = "the instructions of a level are called")]

use std::arch::x86_64::{self as x86, __m256, __m256i};

use super::constants::Terms;
use super::simd::{level, read};

const NEAREST: i32 = x86::_MM_FROUND_TO_NEAREST_INT;

level! {
    /// AVX2, FMA and F16C are there.
    Avx2: "avx2,fma,f16c", __m256i, __m256, x86::_mm256_stream_si256;

    lanes(src: &[u8], stride: usize) -> __m256i =
        x86::_mm256_set_m128i(read(&src[stride..]), read(src));
    shuffle(bytes: __m256i, order: __m256i) -> __m256i = x86::_mm256_shuffle_epi8(bytes, order);
    lanes_reversed(v: __m256i) -> __m256i = x86::_mm256_permute2x128_si256::<1>(v, v);
    widen(src: &[u8]) -> __m256 = {
        let eight = x86::_mm_cvtsi64_si128(bytemuck::pod_read_unaligned(&src[..8]));
        x86::_mm256_cvtepi32_ps(x86::_mm256_cvtepu8_epi32(eight))
    };
    numbers(integers: __m256i) -> __m256 = x86::_mm256_cvtepi32_ps(integers);
    multiply(a: __m256, b: __m256) -> __m256 = x86::_mm256_mul_ps(a, b);
    subtract(a: __m256, b: __m256) -> __m256 = x86::_mm256_sub_ps(a, b);
    divide(a: __m256, by: &Terms<__m256>) -> __m256 =
        x86::_mm256_fmadd_ps(a, by.inverse, x86::_mm256_mul_ps(a, by.rest));
    and(a: __m256i, b: __m256i) -> __m256i = x86::_mm256_and_si256(a, b);
    add(a: __m256i, b: __m256i) -> __m256i = x86::_mm256_add_epi32(a, b);
    upper(integers: __m256i) -> __m256i = x86::_mm256_srli_epi32::<16>(integers);
    // Packing works within lanes: the quarters are put in order after it.
    pack(a: __m256i, b: __m256i) -> __m256i =
        x86::_mm256_permute4x64_epi64::<0b11_01_10_00>(x86::_mm256_packus_epi32(a, b));
    halves(a: __m256, b: __m256) -> __m256i = {
        let (a, b) = (x86::_mm256_cvtps_ph::<NEAREST>(a), x86::_mm256_cvtps_ph::<NEAREST>(b));
        x86::_mm256_set_m128i(b, a)
    };
}
