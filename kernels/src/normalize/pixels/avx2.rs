//! AVX2 with FMA and F16C: vectors of two lanes.
#![expect(unsafe_code, reason = "vector instructions and their loads and stores")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _MM_FROUND_TO_NEAREST_INT, _mm_loadl_epi64, _mm_loadu_si128,
    _mm_sfence, _mm_storeu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_castps_si256, _mm256_castsi128_si256, _mm256_castsi256_si128, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi32, _mm256_cvtps_ph, _mm256_extracti128_si256, _mm256_fmadd_ps,
    _mm256_inserti128_si256, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_mul_ps, _mm256_or_si256,
    _mm256_packus_epi32, _mm256_permute2x128_si256, _mm256_permute4x64_epi64, _mm256_set_m128i,
    _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_srli_epi32, _mm256_storeu_si256,
    _mm256_stream_si256, _mm256_sub_ps,
};

use super::simd::{Divisor, Simd};
use crate::level::{Kind, Level};

/// AVX2, FMA and F16C are there.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Avx2(());

/// Calls an intrinsic of this level.
macro_rules! there {
    ($call:expr) => {
        // SAFETY: an `Avx2` is made by `of` alone, of a level that has the
        // instructions.
        unsafe { $call }
    };
}

impl Simd for Avx2 {
    const LANES: usize = 2;
    type Bytes = __m256i;
    type Floats = __m256;

    fn of(level: Level) -> Option<Self> {
        (level.kind() >= Kind::Avx2).then_some(Self(()))
    }

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma,f16c")]
        fn with<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        there!(with(work))
    }

    #[inline(always)]
    fn load(self, src: &[u8]) -> __m256i {
        let src = src[..32].as_ptr().cast();
        // SAFETY: the slice above has the 32 bytes.
        unsafe { _mm256_loadu_si256(src) }
    }

    #[inline(always)]
    fn load_lanes(self, src: &[u8], stride: usize) -> __m256i {
        let v = there!(_mm256_castsi128_si256(lane(src)));
        there!(_mm256_inserti128_si256::<1>(v, lane(&src[stride..])))
    }

    #[inline(always)]
    fn store(self, bytes: __m256i, dst: &mut [u8]) {
        let dst = dst[..32].as_mut_ptr().cast();
        // SAFETY: the slice above has the 32 bytes.
        unsafe { _mm256_storeu_si256(dst, bytes) }
    }

    #[inline(always)]
    fn store_lanes(self, bytes: __m256i, dst: &mut [u8], stride: usize) {
        store_lane(there!(_mm256_castsi256_si128(bytes)), dst);
        let lane = there!(_mm256_extracti128_si256::<1>(bytes));
        store_lane(lane, &mut dst[stride..]);
    }

    #[inline(always)]
    fn stream(self, bytes: __m256i, dst: &mut [u8]) {
        let at: *mut __m256i = dst[..32].as_mut_ptr().cast();
        if at.is_aligned() {
            // SAFETY: the slice above has the 32 bytes, and is aligned.
            unsafe { _mm256_stream_si256(at, bytes) }
        } else {
            self.store(bytes, dst);
        }
    }

    #[inline(always)]
    fn fence(self) {
        there!(_mm_sfence());
    }

    #[inline(always)]
    fn shuffle(self, bytes: __m256i, order: &[u8; 16]) -> __m256i {
        let order = there!(_mm256_broadcastsi128_si256(lane(order)));
        there!(_mm256_shuffle_epi8(bytes, order))
    }

    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        there!(_mm256_or_si256(a, b))
    }

    #[inline(always)]
    fn lanes_reversed(self, bytes: __m256i) -> __m256i {
        there!(_mm256_permute2x128_si256::<1>(bytes, bytes))
    }

    #[inline(always)]
    fn widen(self, src: &[u8]) -> __m256 {
        let src = src[..8].as_ptr().cast();
        // SAFETY: the slice above has the 8 bytes.
        let v = unsafe { _mm_loadl_epi64(src) };
        there!(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(v)))
    }

    #[inline(always)]
    fn numbers(self, integers: __m256i) -> __m256 {
        there!(_mm256_cvtepi32_ps(integers))
    }

    #[inline(always)]
    fn floats(self, src: &[f32]) -> __m256 {
        let src = src[..8].as_ptr();
        // SAFETY: the slice above has the 8 numbers.
        unsafe { _mm256_loadu_ps(src) }
    }

    #[inline(always)]
    fn multiply(self, a: __m256, b: __m256) -> __m256 {
        there!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn subtract(self, a: __m256, b: __m256) -> __m256 {
        there!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn divide(self, a: __m256, by: &Divisor<__m256>) -> __m256 {
        let rest = there!(_mm256_mul_ps(a, by.rest));
        there!(_mm256_fmadd_ps(a, by.inverse, rest))
    }

    #[inline(always)]
    fn singles(self, floats: __m256) -> __m256i {
        there!(_mm256_castps_si256(floats))
    }

    #[inline(always)]
    fn halves(self, [a, b]: [__m256; 2]) -> __m256i {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT;
        let a = there!(_mm256_cvtps_ph::<NEAREST>(a));
        let b = there!(_mm256_cvtps_ph::<NEAREST>(b));
        there!(_mm256_set_m128i(b, a))
    }

    #[inline(always)]
    fn brains(self, [a, b]: [__m256; 2]) -> __m256i {
        let (a, b) = (brain(self.singles(a)), brain(self.singles(b)));
        // Packing works within lanes: the quarters are put in order after it.
        there!(_mm256_permute4x64_epi64::<0b11_01_10_00>(
            _mm256_packus_epi32(a, b)
        ))
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
fn brain(v: __m256i) -> __m256i {
    let high = there!(_mm256_srli_epi32::<16>(v));
    let odd = there!(_mm256_and_si256(high, _mm256_set1_epi32(1)));
    let half = there!(_mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    there!(_mm256_srli_epi32::<16>(_mm256_add_epi32(v, half)))
}
