//! AVX-512: vectors of four lanes.
#![expect(unsafe_code, reason = "the instructions of a level are called")]

use std::arch::x86_64::{self as x86, __m512, __m512i};

use super::constants::Terms;
use super::simd::{level, read};

const NEAREST: i32 = x86::_MM_FROUND_TO_NEAREST_INT | x86::_MM_FROUND_NO_EXC;

level! {
    /// AVX-512 F, BW, DQ and VL are there, and so are AVX2, FMA and F16C.
    Avx512: "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl", __m512i, __m512,
        x86::_mm512_stream_si512;

    lanes(src: &[u8], stride: usize) -> __m512i = {
        let v = x86::_mm512_castsi128_si512(read(src));
        let v = x86::_mm512_inserti32x4::<1>(v, read(&src[stride..]));
        let v = x86::_mm512_inserti32x4::<2>(v, read(&src[2 * stride..]));
        x86::_mm512_inserti32x4::<3>(v, read(&src[3 * stride..]))
    };
    lanes_of_12(src: &[u8]) -> __m512i = {
        let order = x86::_mm512_setr_epi32(0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12);
        x86::_mm512_permutexvar_epi32(order, read(src))
    };
    shuffle(bytes: __m512i, order: __m512i) -> __m512i = x86::_mm512_shuffle_epi8(bytes, order);
    lanes_reversed(v: __m512i) -> __m512i = x86::_mm512_shuffle_i32x4::<0b00_01_10_11>(v, v);
    widen(src: &[u8]) -> __m512 = x86::_mm512_cvtepi32_ps(x86::_mm512_cvtepu8_epi32(read(src)));
    numbers(integers: __m512i) -> __m512 = x86::_mm512_cvtepi32_ps(integers);
    multiply(a: __m512, b: __m512) -> __m512 = x86::_mm512_mul_ps(a, b);
    subtract(a: __m512, b: __m512) -> __m512 = x86::_mm512_sub_ps(a, b);
    divide(a: __m512, by: &Terms<__m512>) -> __m512 =
        x86::_mm512_fmadd_ps(a, by.inverse, x86::_mm512_mul_ps(a, by.rest));
    and(a: __m512i, b: __m512i) -> __m512i = x86::_mm512_and_si512(a, b);
    add(a: __m512i, b: __m512i) -> __m512i = x86::_mm512_add_epi32(a, b);
    upper(integers: __m512i) -> __m512i = x86::_mm512_srli_epi32::<16>(integers);
    // Packing works within lanes: the quarters are put in order after it.
    pack(a: __m512i, b: __m512i) -> __m512i = {
        let order = x86::_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
        x86::_mm512_permutexvar_epi64(order, x86::_mm512_packus_epi32(a, b))
    };
    halves(a: __m512, b: __m512) -> __m512i = {
        let (a, b) = (x86::_mm512_cvtps_ph::<NEAREST>(a), x86::_mm512_cvtps_ph::<NEAREST>(b));
        x86::_mm512_inserti64x4::<1>(x86::_mm512_castsi256_si512(a), b)
    };
}
