//! SSE4.1 with SSSE3: vectors of one lane.
#![expect(unsafe_code, reason = "vector instructions and their loads and stores")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::arch::x86_64::{
    __m128, __m128i, _mm_add_epi32, _mm_add_ps, _mm_and_si128, _mm_blendv_epi8, _mm_castps_si128,
    _mm_castsi128_ps, _mm_cmplt_epi32, _mm_cvtepi32_ps, _mm_cvtepu8_epi32, _mm_cvtsi32_si128,
    _mm_div_ps, _mm_loadu_ps, _mm_loadu_si128, _mm_mul_ps, _mm_or_si128, _mm_packus_epi32,
    _mm_set1_epi32, _mm_sfence, _mm_shuffle_epi8, _mm_srli_epi32, _mm_storeu_si128,
    _mm_stream_si128, _mm_sub_epi32, _mm_sub_ps,
};

use super::simd::{Divisor, Simd};
use crate::level::{Kind, Level};

/// SSE4.1 and SSSE3 are there.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Sse41(());

/// Calls an intrinsic of this level.
macro_rules! there {
    ($call:expr) => {
        // SAFETY: an `Sse41` is made by `of` alone, of a level that has the
        // instructions.
        unsafe { $call }
    };
}

impl Simd for Sse41 {
    const LANES: usize = 1;
    type Bytes = __m128i;
    type Floats = __m128;

    fn of(level: Level) -> Option<Self> {
        (level.kind() >= Kind::Sse41).then_some(Self(()))
    }

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "sse4.1,ssse3")]
        fn with<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        there!(with(work))
    }

    #[inline(always)]
    fn load(self, src: &[u8]) -> __m128i {
        let src = src[..16].as_ptr().cast();
        // SAFETY: the slice above has the 16 bytes.
        unsafe { _mm_loadu_si128(src) }
    }

    #[inline(always)]
    fn load_lanes(self, src: &[u8], _: usize) -> __m128i {
        self.load(src)
    }

    #[inline(always)]
    fn store(self, bytes: __m128i, dst: &mut [u8]) {
        let dst = dst[..16].as_mut_ptr().cast();
        // SAFETY: the slice above has the 16 bytes.
        unsafe { _mm_storeu_si128(dst, bytes) }
    }

    #[inline(always)]
    fn store_lanes(self, bytes: __m128i, dst: &mut [u8], _: usize) {
        self.store(bytes, dst);
    }

    #[inline(always)]
    fn stream(self, bytes: __m128i, dst: &mut [u8]) {
        let at: *mut __m128i = dst[..16].as_mut_ptr().cast();
        if at.is_aligned() {
            // SAFETY: the slice above has the 16 bytes, and is aligned.
            unsafe { _mm_stream_si128(at, bytes) }
        } else {
            self.store(bytes, dst);
        }
    }

    #[inline(always)]
    fn fence(self) {
        there!(_mm_sfence());
    }

    #[inline(always)]
    fn shuffle(self, bytes: __m128i, order: &[u8; 16]) -> __m128i {
        let order = self.load(order);
        there!(_mm_shuffle_epi8(bytes, order))
    }

    #[inline(always)]
    fn or(self, a: __m128i, b: __m128i) -> __m128i {
        there!(_mm_or_si128(a, b))
    }

    #[inline(always)]
    fn lanes_reversed(self, bytes: __m128i) -> __m128i {
        bytes
    }

    #[inline(always)]
    fn widen(self, src: &[u8]) -> __m128 {
        let four = i32::from_le_bytes([src[0], src[1], src[2], src[3]]);
        let v = there!(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
        there!(_mm_cvtepi32_ps(v))
    }

    #[inline(always)]
    fn numbers(self, integers: __m128i) -> __m128 {
        there!(_mm_cvtepi32_ps(integers))
    }

    #[inline(always)]
    fn floats(self, src: &[f32]) -> __m128 {
        let src = src[..4].as_ptr();
        // SAFETY: the slice above has the 4 numbers.
        unsafe { _mm_loadu_ps(src) }
    }

    #[inline(always)]
    fn multiply(self, a: __m128, b: __m128) -> __m128 {
        there!(_mm_mul_ps(a, b))
    }

    #[inline(always)]
    fn subtract(self, a: __m128, b: __m128) -> __m128 {
        there!(_mm_sub_ps(a, b))
    }

    #[inline(always)]
    fn divide(self, a: __m128, by: &Divisor<__m128>) -> __m128 {
        there!(_mm_div_ps(a, by.value))
    }

    #[inline(always)]
    fn singles(self, floats: __m128) -> __m128i {
        there!(_mm_castps_si128(floats))
    }

    #[inline(always)]
    fn halves(self, [a, b]: [__m128; 2]) -> __m128i {
        let (a, b) = (half(self.singles(a)), half(self.singles(b)));
        there!(_mm_packus_epi32(a, b))
    }

    #[inline(always)]
    fn brains(self, [a, b]: [__m128; 2]) -> __m128i {
        let (a, b) = (brain(self.singles(a)), brain(self.singles(b)));
        there!(_mm_packus_epi32(a, b))
    }
}

/// Four finite binary32 numbers rounded to binary16, whose bits are the low
/// half of each.
#[inline(always)]
fn half(v: __m128i) -> __m128i {
    /// 2^-14, the least normal number of binary16.
    const NORMAL: i32 = 113 << 23;
    /// 0.5, whose last place is that of binary16's subnormal numbers: adding it
    /// rounds them.
    const ROUNDER: i32 = 126 << 23;
    let sign = there!(_mm_and_si128(
        _mm_srli_epi32::<16>(v),
        _mm_set1_epi32(0x8000)
    ));
    let v = there!(_mm_and_si128(v, _mm_set1_epi32(0x7fff_ffff)));
    let rounder = there!(_mm_set1_epi32(ROUNDER));
    let sum = there!(_mm_add_ps(_mm_castsi128_ps(v), _mm_castsi128_ps(rounder)));
    let tiny = there!(_mm_sub_epi32(_mm_castps_si128(sum), rounder));
    let odd = there!(_mm_and_si128(_mm_srli_epi32::<13>(v), _mm_set1_epi32(1)));
    let bias = there!(_mm_set1_epi32(0xfff - (112 << 23)));
    let normal = there!(_mm_add_epi32(_mm_add_epi32(v, odd), bias));
    let is_tiny = there!(_mm_cmplt_epi32(v, _mm_set1_epi32(NORMAL)));
    let half = there!(_mm_blendv_epi8(_mm_srli_epi32::<13>(normal), tiny, is_tiny));
    there!(_mm_or_si128(half, sign))
}

/// Binary32 numbers rounded to bfloat16, whose bits are the low half of each.
#[inline(always)]
fn brain(v: __m128i) -> __m128i {
    let high = there!(_mm_srli_epi32::<16>(v));
    let odd = there!(_mm_and_si128(high, _mm_set1_epi32(1)));
    let half = there!(_mm_add_epi32(odd, _mm_set1_epi32(0x7fff)));
    there!(_mm_srli_epi32::<16>(_mm_add_epi32(v, half)))
}
