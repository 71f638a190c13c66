//! AVX-512: vectors of four lanes.
#![expect(unsafe_code, reason = "vector instructions and their loads and stores")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::arch::x86_64::{
    __m128i, __m512, __m512i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm_loadu_si128,
    _mm_sfence, _mm_storeu_si128, _mm512_add_epi32, _mm512_and_si512, _mm512_broadcast_i32x4,
    _mm512_castps_si512, _mm512_castsi128_si512, _mm512_castsi256_si512, _mm512_castsi512_si128,
    _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_cvtps_ph, _mm512_extracti32x4_epi32,
    _mm512_fmadd_ps, _mm512_inserti32x4, _mm512_inserti64x4, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mul_ps, _mm512_or_si512, _mm512_packus_epi32, _mm512_permutexvar_epi32,
    _mm512_permutexvar_epi64, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_setr_epi64,
    _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_storeu_si512,
    _mm512_stream_si512, _mm512_sub_ps,
};

use super::simd::{Divisor, Simd};
use crate::level::{Kind, Level};

/// AVX-512 F, BW, DQ and VL are there, and so are AVX2, FMA and F16C.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Avx512(());

/// Calls an intrinsic of this level.
macro_rules! there {
    ($call:expr) => {
        // SAFETY: an `Avx512` is made by `of` alone, of a level that has the
        // instructions.
        unsafe { $call }
    };
}

impl Simd for Avx512 {
    const LANES: usize = 4;
    type Bytes = __m512i;
    type Floats = __m512;

    fn of(level: Level) -> Option<Self> {
        (level.kind() >= Kind::Avx512).then_some(Self(()))
    }

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
        fn with<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        there!(with(work))
    }

    #[inline(always)]
    fn load(self, src: &[u8]) -> __m512i {
        let src = src[..64].as_ptr().cast();
        // SAFETY: the slice above has the 64 bytes.
        unsafe { _mm512_loadu_si512(src) }
    }

    #[inline(always)]
    fn load_lanes(self, src: &[u8], stride: usize) -> __m512i {
        let v = there!(_mm512_castsi128_si512(lane(src)));
        let v = there!(_mm512_inserti32x4::<1>(v, lane(&src[stride..])));
        let v = there!(_mm512_inserti32x4::<2>(v, lane(&src[2 * stride..])));
        there!(_mm512_inserti32x4::<3>(v, lane(&src[3 * stride..])))
    }

    #[inline(always)]
    fn pixels<const C: usize>(self, src: &[u8]) -> __m512i {
        if C != 3 {
            return self.load_lanes(src, 4 * C);
        }
        let v = self.load(src);
        let order = there!(_mm512_setr_epi32(
            0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12
        ));
        there!(_mm512_permutexvar_epi32(order, v))
    }

    #[inline(always)]
    fn store(self, bytes: __m512i, dst: &mut [u8]) {
        let dst = dst[..64].as_mut_ptr().cast();
        // SAFETY: the slice above has the 64 bytes.
        unsafe { _mm512_storeu_si512(dst, bytes) }
    }

    #[inline(always)]
    fn store_lanes(self, bytes: __m512i, dst: &mut [u8], stride: usize) {
        store_lane(there!(_mm512_castsi512_si128(bytes)), dst);
        let lane = there!(_mm512_extracti32x4_epi32::<1>(bytes));
        store_lane(lane, &mut dst[stride..]);
        let lane = there!(_mm512_extracti32x4_epi32::<2>(bytes));
        store_lane(lane, &mut dst[2 * stride..]);
        let lane = there!(_mm512_extracti32x4_epi32::<3>(bytes));
        store_lane(lane, &mut dst[3 * stride..]);
    }

    #[inline(always)]
    fn stream(self, bytes: __m512i, dst: &mut [u8]) {
        let at: *mut __m512i = dst[..64].as_mut_ptr().cast();
        if at.is_aligned() {
            // SAFETY: the slice above has the 64 bytes, and is aligned.
            unsafe { _mm512_stream_si512(at, bytes) }
        } else {
            self.store(bytes, dst);
        }
    }

    #[inline(always)]
    fn fence(self) {
        there!(_mm_sfence());
    }

    #[inline(always)]
    fn shuffle(self, bytes: __m512i, order: &[u8; 16]) -> __m512i {
        let order = there!(_mm512_broadcast_i32x4(lane(order)));
        there!(_mm512_shuffle_epi8(bytes, order))
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        there!(_mm512_or_si512(a, b))
    }

    #[inline(always)]
    fn lanes_reversed(self, bytes: __m512i) -> __m512i {
        there!(_mm512_shuffle_i32x4::<0b00_01_10_11>(bytes, bytes))
    }

    #[inline(always)]
    fn widen(self, src: &[u8]) -> __m512 {
        let v = there!(_mm512_cvtepu8_epi32(lane(src)));
        there!(_mm512_cvtepi32_ps(v))
    }

    #[inline(always)]
    fn numbers(self, integers: __m512i) -> __m512 {
        there!(_mm512_cvtepi32_ps(integers))
    }

    #[inline(always)]
    fn floats(self, src: &[f32]) -> __m512 {
        let src = src[..16].as_ptr();
        // SAFETY: the slice above has the 16 numbers.
        unsafe { _mm512_loadu_ps(src) }
    }

    #[inline(always)]
    fn multiply(self, a: __m512, b: __m512) -> __m512 {
        there!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn subtract(self, a: __m512, b: __m512) -> __m512 {
        there!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn divide(self, a: __m512, by: &Divisor<__m512>) -> __m512 {
        let rest = there!(_mm512_mul_ps(a, by.rest));
        there!(_mm512_fmadd_ps(a, by.inverse, rest))
    }

    #[inline(always)]
    fn singles(self, floats: __m512) -> __m512i {
        there!(_mm512_castps_si512(floats))
    }

    #[inline(always)]
    fn halves(self, [a, b]: [__m512; 2]) -> __m512i {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        let a = there!(_mm512_cvtps_ph::<NEAREST>(a));
        let b = there!(_mm512_cvtps_ph::<NEAREST>(b));
        there!(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b))
    }

    #[inline(always)]
    fn brains(self, [a, b]: [__m512; 2]) -> __m512i {
        let (a, b) = (brain(self.singles(a)), brain(self.singles(b)));
        // Packing works within lanes: the quarters are put in order after it.
        let order = there!(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7));
        there!(_mm512_permutexvar_epi64(order, _mm512_packus_epi32(a, b)))
    }
}

/// The first 16 bytes of `src`.
#[inline(always)]
fn lane(src: &[u8]) -> __m128i {
    let src = src[..16].as_ptr().cast();
    // SAFETY: the slice above has the 16 bytes.
    unsafe { _mm_loadu_si128(src) }
}

/// To the first 16 bytes of `dst`.
#[inline(always)]
fn store_lane(bytes: __m128i, dst: &mut [u8]) {
    let dst = dst[..16].as_mut_ptr().cast();
    // SAFETY: the slice above has the 16 bytes.
    unsafe { _mm_storeu_si128(dst, bytes) }
}

/// Binary32 numbers rounded to bfloat16, whose bits are the low half of each.
#[inline(always)]
fn brain(v: __m512i) -> __m512i {
    let high = there!(_mm512_srli_epi32::<16>(v));
    let odd = there!(_mm512_and_si512(high, _mm512_set1_epi32(1)));
    let half = there!(_mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    there!(_mm512_srli_epi32::<16>(_mm512_add_epi32(v, half)))
}
