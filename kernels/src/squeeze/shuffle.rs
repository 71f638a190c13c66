//! The classes of 16 bytes at once, by shuffles (SSSE3).
//!
//! A set of bytes is 16 x 16 bits, for the lower and the upper half of a byte.
//! A shuffle by the lower half finds 8 bits, for half of all upper halves;
//! another finds the bit of the upper half; the byte is in the set if both
//! share it. So any set costs the same. The method is Geoff Langdale's and
//! Wojciech Mula's, "SIMD-ized check which bytes are in a set", 2018.
#![expect(unsafe_code, reason = "vector instructions")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm_shuffle_epi8, _mm_srli_epi16, _mm_xor_si128,
};

use crate::level::Dispatch;

/// A set of bytes, as [`ShuffleSets`] looks it up: for each lower half of a byte,
/// the upper halves 0 to 7 and then 8 to 15, one a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSet([[u8; 16]; 2]);

impl ByteSet {
    /// The bytes of which `holds` is true.
    pub(super) fn of(holds: impl Fn(u8) -> bool) -> Self {
        let mut halves = [[0; 16]; 2];
        for byte in (0..=u8::MAX).filter(|&byte| holds(byte)) {
            let (low, high) = (usize::from(byte & 15), usize::from(byte >> 4));
            halves[high / 8][low] |= 1 << (high % 8);
        }
        Self(halves)
    }
}

/// What 16 bytes are: each class as one bit a byte, and the bytes with those
/// squeezed replaced.
pub(super) struct Sixteen {
    pub(super) squeezed: u16,
    pub(super) dropped: u16,
    pub(super) replaced: [u8; 16],
}

/// The sets of a squeeze in vectors.
#[derive(Clone, Copy)]
pub(super) struct ShuffleSets {
    squeezed: [__m128i; 2],
    dropped: [__m128i; 2],
    replacement: __m128i,
}

/// Calls an intrinsic that is there.
macro_rules! there {
    ($call:expr) => {
        // SAFETY: SSE2 is in every x86-64 processor, and a `ShuffleSets` is made
        // by `of` alone, for a kind that has SSSE3.
        unsafe { $call }
    };
}

impl ShuffleSets {
    /// For these sets and this replacement, if `kind` has the instructions.
    pub(super) fn of(
        kind: Dispatch,
        [ByteSet(squeezed), ByteSet(dropped)]: &[ByteSet; 2],
        replacement: u8,
    ) -> Option<Self> {
        (kind >= Dispatch::Sse41).then(|| Self {
            squeezed: bytemuck::cast(*squeezed),
            dropped: bytemuck::cast(*dropped),
            replacement: bytemuck::cast([replacement; 16]),
        })
    }

    /// Looks at 16 bytes.
    #[inline(always)]
    pub(super) fn look(&self, bytes: [u8; 16]) -> Sixteen {
        const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let bytes: __m128i = bytemuck::cast(bytes);
        let ones = |byte: u8| there!(_mm_set1_epi8(byte.cast_signed()));
        // A shuffle gives 0 where the highest bit is set: so each of the two
        // finds nothing for the other's bytes.
        let (lows, top, highs) = (ones(0x8f), ones(0x80), ones(0x0f));
        let low = there!(_mm_and_si128(bytes, lows));
        let low = [low, there!(_mm_xor_si128(low, top))];
        let high = there!(_mm_srli_epi16::<4>(bytes));
        let high = there!(_mm_and_si128(high, highs));
        let bit = there!(_mm_shuffle_epi8(bytemuck::cast(BITS), high));
        let squeezed = Self::within(&self.squeezed, low, bit);
        let dropped = Self::within(&self.dropped, low, bit);
        let left = there!(_mm_andnot_si128(squeezed, bytes));
        let replaced = there!(_mm_and_si128(squeezed, self.replacement));
        let all = there!(_mm_or_si128(left, replaced));
        Sixteen {
            squeezed: mask(squeezed),
            dropped: mask(dropped),
            replaced: bytemuck::cast(all),
        }
    }

    /// 0xff for each byte in the set, else 0.
    #[inline(always)]
    fn within(set: &[__m128i; 2], low: [__m128i; 2], bit: __m128i) -> __m128i {
        let first = there!(_mm_shuffle_epi8(set[0], low[0]));
        let second = there!(_mm_shuffle_epi8(set[1], low[1]));
        let bits = there!(_mm_or_si128(first, second));
        let shared = there!(_mm_and_si128(bits, bit));
        there!(_mm_cmpeq_epi8(shared, bit))
    }
}

/// The highest bit of each byte.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are 16 bits, which are no number"
)]
fn mask(bytes: __m128i) -> u16 {
    there!(_mm_movemask_epi8(bytes)) as u16
}
