//! The classes of 64 bytes by the vectors of x86-64.
#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{self as x86, __m256i, __m512i};

use super::masks::{AsciiMasks, BLOCK, Classify};
use crate::level::{Dispatch, Level};

/// The instructions on single bits that come with AVX2 in practice.
fn has_bits() -> bool {
    is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// A level: its name in [`Dispatch`] and its target features.
macro_rules! classify {
    ($(#[$doc:meta])* $Level:ident: $features:literal, $masks:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $Level(());

        impl $Level {
            /// The instructions, if `level` and the processor have them.
            pub(super) fn of(level: Level) -> Option<Self> {
                (level.kind() >= Dispatch::$Level && has_bits()).then_some(Self(()))
            }
        }

        impl Classify for $Level {
            #[inline(always)]
            fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
                #[target_feature(enable = $features)]
                fn with<R>(work: impl FnOnce() -> R) -> R {
                    work()
                }
                // SAFETY: a value of this type is made by `of` alone, where the
                // instructions are.
                unsafe { with(work) }
            }

            #[inline(always)]
            fn ascii(self, block: &[u8; BLOCK]) -> AsciiMasks {
                #[target_feature(enable = $features)]
                #[inline]
                fn call(block: &[u8; BLOCK]) -> AsciiMasks {
                    $masks(block)
                }
                // SAFETY: as above.
                unsafe { call(block) }
            }
        }
    };
}

classify! {
    /// AVX2.
    Avx2: "avx2,bmi1,bmi2,lzcnt,popcnt", avx2
}

classify! {
    /// AVX-512 F and BW.
    Avx512: "avx512f,avx512bw,avx2,bmi1,bmi2,lzcnt,popcnt", avx512
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn avx512(block: &[u8; BLOCK]) -> AsciiMasks {
    // SAFETY: a block has the bytes, which need not be aligned.
    let v: __m512i = unsafe { x86::_mm512_loadu_si512(block.as_ptr().cast()) };
    let all = |byte: u8| x86::_mm512_set1_epi8(byte.cast_signed());
    let is = |byte: u8| x86::_mm512_cmpeq_epi8_mask(v, all(byte));
    let within = |first: u8, len: u8| {
        x86::_mm512_cmplt_epu8_mask(x86::_mm512_sub_epi8(v, all(first)), all(len))
    };
    let newline = is(b'\n') | is(b'\r');
    let blank = is(b' ');
    AsciiMasks {
        upper: within(b'A', 26),
        lower: within(b'a', 26),
        number: within(b'0', 10),
        space: within(b'\t', 5) | blank,
        newline,
        blank,
        apostrophe: is(b'\''),
        slash: is(b'/'),
        high: x86::_mm512_movepi8_mask(v),
        lead: x86::_mm512_cmpge_epu8_mask(v, all(0xc0)),
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn avx2(block: &[u8; BLOCK]) -> AsciiMasks {
    let (halves, _) = block.as_chunks::<32>();
    // SAFETY: half a block has the bytes, which need not be aligned.
    let load = |half: &[u8; 32]| unsafe { x86::_mm256_loadu_si256(half.as_ptr().cast()) };
    let (a, b): (__m256i, __m256i) = (load(&halves[0]), load(&halves[1]));
    let all = |byte: u8| x86::_mm256_set1_epi8(byte.cast_signed());
    let mask = |a: __m256i, b: __m256i| {
        let bits = |v: __m256i| u64::from(x86::_mm256_movemask_epi8(v).cast_unsigned());
        bits(a) | bits(b) << 32
    };
    let is = |byte: u8| {
        let byte = all(byte);
        mask(
            x86::_mm256_cmpeq_epi8(a, byte),
            x86::_mm256_cmpeq_epi8(b, byte),
        )
    };
    // `v - first <= len - 1`, unsigned, where the lesser of both is the left.
    let within = |first: u8, len: u8| {
        let (first, last) = (all(first), all(len - 1));
        let inside = |v: __m256i| {
            let v = x86::_mm256_sub_epi8(v, first);
            x86::_mm256_cmpeq_epi8(x86::_mm256_min_epu8(v, last), v)
        };
        mask(inside(a), inside(b))
    };
    let newline = is(b'\n') | is(b'\r');
    let blank = is(b' ');
    AsciiMasks {
        upper: within(b'A', 26),
        lower: within(b'a', 26),
        number: within(b'0', 10),
        space: within(b'\t', 5) | blank,
        newline,
        blank,
        apostrophe: is(b'\''),
        slash: is(b'/'),
        high: mask(a, b),
        lead: within(0xc0, 0x40),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::masks::ScalarMasks;
    use super::*;

    proptest! {
        #[test]
        fn vectors_find_what_the_scalar_twin_finds(bytes in prop::collection::vec(any::<u8>(), BLOCK)) {
            let block: [u8; BLOCK] = bytes.try_into().unwrap();
            let expected = ScalarMasks.ascii(&block);
            for level in Level::available() {
                if let Some(twin) = Avx2::of(level) {
                    prop_assert_eq!(twin.ascii(&block), expected);
                }
                if let Some(twin) = Avx512::of(level) {
                    prop_assert_eq!(twin.ascii(&block), expected);
                }
            }
        }
    }
}
