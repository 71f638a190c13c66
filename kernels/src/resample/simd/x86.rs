//! The vectors of x86-64 levels that images are resized with.
//!
//! A vector has one to four *lanes* of 16 bytes, and all that is done with it works
//! within lanes, so the three levels are one table of instructions.
#![expect(unsafe_code, reason = "the instructions of a level are called")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::arch::x86_64::{self as x86, __m128i, __m256i, __m512i};

use super::pairs::LOW_BITS;
use crate::level::Dispatch;
use crate::resample::taps::BITS;

/// Bytes of a lane.
pub(super) const LANE: usize = 16;

/// Instructions that are there: a value of a type that implements this is had from
/// [`run`] only, so its methods are safe to call.
///
/// Methods are inlined into the work that [`Vectors::vectorize`] runs; called
/// elsewhere they are slow.
pub(super) trait Vectors: Copy {
    /// A vector.
    type Vector: Copy;

    /// Bytes of a vector.
    const LEN: usize = size_of::<Self::Vector>();

    /// Compiles `work` for these instructions and runs it.
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R;

    /// Hands on each lane with its place.
    fn split(self, vector: Self::Vector, each: impl FnMut(usize, __m128i));

    /// The number everywhere.
    fn splat(self, number: i32) -> Self::Vector;

    /// The lower halves of two lanes, byte by byte in turn.
    fn low(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The upper halves of two lanes, byte by byte in turn.
    fn high(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The sums of two products each of integers of 16 bits.
    fn products(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Sums of integers of 32 bits.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Integers of 32 bits times 2^12.
    fn up(self, a: Self::Vector) -> Self::Vector;

    /// Integers of 32 bits by 2^22, rounded down.
    fn down(self, a: Self::Vector) -> Self::Vector;

    /// Integers of 32 bits in 16 bits, clipped: those of `a`, then those of `b`.
    fn halve(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Integers of 16 bits as bytes, clipped: those of `a`, then those of `b`.
    fn bytes(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The first bytes of `src`.
    #[inline(always)]
    fn read(self, src: &[u8]) -> Self::Vector {
        let src = src[..Self::LEN].as_ptr().cast::<Self::Vector>();
        // SAFETY: the slice above has the bytes, and any are a vector.
        unsafe { src.read_unaligned() }
    }

    /// To the first bytes of `dst`.
    #[inline(always)]
    fn write(self, vector: Self::Vector, dst: &mut [u8]) {
        let dst = dst[..Self::LEN].as_mut_ptr().cast::<Self::Vector>();
        // SAFETY: the slice above has room for the bytes.
        unsafe { dst.write_unaligned(vector) }
    }
}

/// What is done with vectors of whichever level.
pub(super) trait VectorWork {
    /// Does it.
    fn run(self, vectors: impl Vectors);
}

/// Runs `work` with the vectors of `kind`, but none longer than `longest` bytes;
/// false without running it where there are none.
pub(super) fn run(kind: Dispatch, longest: usize, work: impl VectorWork) -> bool {
    let levels = [
        (Dispatch::Avx512, size_of::<__m512i>()),
        (Dispatch::Avx2, size_of::<__m256i>()),
        (Dispatch::Sse41, size_of::<__m128i>()),
    ];
    let level = levels
        .iter()
        .find(|(level, len)| *level <= kind && *len <= longest);
    match level {
        Some((Dispatch::Avx512, _)) => work.run(Avx512Vectors(())),
        Some((Dispatch::Avx2, _)) => work.run(Avx2Vectors(())),
        Some((Dispatch::Sse41, _)) => work.run(Sse41Vectors(())),
        Some((Dispatch::Scalar, _)) | None => return false,
    }
    true
}

macro_rules! level {
    (
        $(#[$doc:meta])*
        $Level:ident: $features:literal, $Vector:ty;
        split($vector:ident, $each:ident) = $split:block
        splat = $splat:path; up = $up:path; down = $down:path;
        $($method:ident = $call:path;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $Level(());

        impl Vectors for $Level {
            type Vector = $Vector;

            #[inline(always)]
            fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
                #[target_feature(enable = $features)]
                fn with<R>(work: impl FnOnce() -> R) -> R {
                    work()
                }
                // SAFETY: a value of this type is made by `run` alone, of a level
                // that has the instructions.
                unsafe { with(work) }
            }

            #[inline(always)]
            fn split(self, $vector: $Vector, mut $each: impl FnMut(usize, __m128i)) {
                $split
            }

            #[inline(always)]
            fn splat(self, number: i32) -> $Vector {
                // SAFETY: as in `vectorize`.
                unsafe { $splat(number) }
            }

            #[inline(always)]
            fn up(self, a: $Vector) -> $Vector {
                // SAFETY: as in `vectorize`.
                unsafe { $up(a) }
            }

            #[inline(always)]
            fn down(self, a: $Vector) -> $Vector {
                // SAFETY: as in `vectorize`.
                unsafe { $down(a) }
            }

            $(
                #[inline(always)]
                fn $method(self, a: $Vector, b: $Vector) -> $Vector {
                    // SAFETY: as in `vectorize`.
                    unsafe { $call(a, b) }
                }
            )*
        }
    };
}

/// Calls an intrinsic that is there.
macro_rules! there {
    ($call:expr) => {
        // SAFETY: a value of the type that this is a method of is made by `run`
        // alone, of a level that has the instructions.
        unsafe { $call }
    };
}

level! {
    /// SSSE3 and SSE4.1 are there.
    Sse41Vectors: "sse4.1,ssse3", __m128i;
    split(vector, each) = { each(0, vector) }
    splat = x86::_mm_set1_epi32;
    up = x86::_mm_slli_epi32::<{ LOW_BITS.cast_signed() }>;
    down = x86::_mm_srai_epi32::<{ BITS.cast_signed() }>;
    low = x86::_mm_unpacklo_epi8;
    high = x86::_mm_unpackhi_epi8;
    products = x86::_mm_madd_epi16;
    add = x86::_mm_add_epi32;
    halve = x86::_mm_packs_epi32;
    bytes = x86::_mm_packus_epi16;
}

level! {
    /// AVX2 is there.
    Avx2Vectors: "avx2", __m256i;
    split(vector, each) = {
        each(0, there!(x86::_mm256_castsi256_si128(vector)));
        each(1, there!(x86::_mm256_extracti128_si256::<1>(vector)));
    }
    splat = x86::_mm256_set1_epi32;
    up = x86::_mm256_slli_epi32::<{ LOW_BITS.cast_signed() }>;
    down = x86::_mm256_srai_epi32::<{ BITS.cast_signed() }>;
    low = x86::_mm256_unpacklo_epi8;
    high = x86::_mm256_unpackhi_epi8;
    products = x86::_mm256_madd_epi16;
    add = x86::_mm256_add_epi32;
    halve = x86::_mm256_packs_epi32;
    bytes = x86::_mm256_packus_epi16;
}

level! {
    /// AVX-512 F, BW, DQ and VL are there.
    Avx512Vectors: "avx512f,avx512bw,avx512dq,avx512vl", __m512i;
    split(vector, each) = {
        each(0, there!(x86::_mm512_castsi512_si128(vector)));
        each(1, there!(x86::_mm512_extracti32x4_epi32::<1>(vector)));
        each(2, there!(x86::_mm512_extracti32x4_epi32::<2>(vector)));
        each(3, there!(x86::_mm512_extracti32x4_epi32::<3>(vector)));
    }
    splat = x86::_mm512_set1_epi32;
    up = x86::_mm512_slli_epi32::<LOW_BITS>;
    down = x86::_mm512_srai_epi32::<BITS>;
    low = x86::_mm512_unpacklo_epi8;
    high = x86::_mm512_unpackhi_epi8;
    products = x86::_mm512_madd_epi16;
    add = x86::_mm512_add_epi32;
    halve = x86::_mm512_packs_epi32;
    bytes = x86::_mm512_packus_epi16;
}
