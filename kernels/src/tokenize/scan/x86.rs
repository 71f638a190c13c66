//! The classes of 64 bytes by the vectors of x86-64.
#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{self as x86, __m256i, __m512i};

use super::masks::{AsciiMasks, BLOCK, Classify, Trails};
use crate::level::{Dispatch, Level};

/// The instructions on single bits that come with AVX2 in practice.
fn has_bits() -> bool {
    is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// These, and the compression of bytes, which processors before 2019 lack.
fn has_compress() -> bool {
    has_bits() && is_x86_feature_detected!("avx512vbmi2")
}

/// A level: its name in [`Dispatch`] and its target features.
macro_rules! classify {
    ($(#[$doc:meta])* $Level:ident: $features:literal, $Vector:ident, $has:path $(, $put:path)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $Level(());

        impl $Level {
            /// The instructions, if `level` and the processor have them.
            pub(super) fn of(level: Level) -> Option<Self> {
                (level.kind() >= Dispatch::$Level && $has()).then_some(Self(()))
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
                    $Vector::load(block).ascii()
                }
                // SAFETY: as above.
                unsafe { call(block) }
            }

            $(
                #[inline(always)]
                fn put(self, mask: u64, at: u32, room: &mut [u32; BLOCK]) -> usize {
                    #[target_feature(enable = $features)]
                    #[inline]
                    fn call(mask: u64, at: u32, room: &mut [u32; BLOCK]) -> usize {
                        $put(mask, at, room)
                    }
                    // SAFETY: as above.
                    unsafe { call(mask, at, room) }
                }
            )?
        }

        impl Trails for $Level {
            type Bytes = $Vector;
            type Trails = [$Vector; 2];

            #[inline(always)]
            fn load(self, block: &[u8; BLOCK]) -> $Vector {
                #[target_feature(enable = $features)]
                #[inline]
                fn call(block: &[u8; BLOCK]) -> $Vector {
                    $Vector::load(block)
                }
                // SAFETY: as above.
                unsafe { call(block) }
            }

            #[inline(always)]
            fn equal(self, bytes: $Vector, byte: u8) -> u64 {
                #[target_feature(enable = $features)]
                #[inline]
                fn call(bytes: $Vector, byte: u8) -> u64 {
                    bytes.is(byte)
                }
                // SAFETY: as above.
                unsafe { call(bytes, byte) }
            }

            #[inline(always)]
            fn trails(self, bytes: $Vector) -> [$Vector; 2] {
                #[target_feature(enable = $features)]
                #[inline]
                fn call(bytes: $Vector) -> [$Vector; 2] {
                    bytes.trails()
                }
                // SAFETY: as above.
                unsafe { call(bytes) }
            }

            #[inline(always)]
            fn within(self, trails: [$Vector; 2], set: u64) -> u64 {
                #[target_feature(enable = $features)]
                #[inline]
                fn call(trails: [$Vector; 2], set: u64) -> u64 {
                    $Vector::within_set(trails, set)
                }
                // SAFETY: as above.
                unsafe { call(trails, set) }
            }
        }
    };
}

classify! {
    /// AVX2.
    Avx2: "avx2,bmi1,bmi2,lzcnt,popcnt", HalfBlocks, has_bits
}

classify! {
    /// AVX-512 F, BW and VBMI2.
    Avx512: "avx512f,avx512bw,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt", WholeBlock, has_compress, put_compressed
}

/// The numbers of the bytes of a block.
static NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

/// [`Classify::put`]: sixteen positions at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
#[inline]
fn put_compressed(mask: u64, at: u32, room: &mut [u32; BLOCK]) -> usize {
    let n = mask.count_ones() as usize;
    let mut places = x86::_mm512_maskz_compress_epi8(mask, WholeBlock::load(&NUMBERS).0);
    let at = x86::_mm512_set1_epi32(at.cast_signed());
    for (number, group) in room.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        // Most blocks have more than one group of words, and fewer than three.
        if number >= 2 && 16 * number >= n {
            break;
        }
        let wide = x86::_mm512_cvtepu8_epi32(x86::_mm512_castsi512_si128(places));
        let ends = x86::_mm512_add_epi32(wide, at);
        // SAFETY: a group has room for sixteen numbers, which need not be aligned.
        unsafe { x86::_mm512_storeu_si512(group.as_mut_ptr().cast(), ends) }
        places = x86::_mm512_alignr_epi32::<4>(places, places);
    }
    n
}

/// The bit of each number of three bits, for both 64-bit halves of a lane.
const BITS: i64 = i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]);

/// A block in one vector.
#[derive(Debug, Clone, Copy)]
pub(super) struct WholeBlock(__m512i);

impl WholeBlock {
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn load(block: &[u8; BLOCK]) -> Self {
        // SAFETY: a block has the bytes, which need not be aligned.
        Self(unsafe { x86::_mm512_loadu_si512(block.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn is(self, byte: u8) -> u64 {
        x86::_mm512_cmpeq_epi8_mask(self.0, x86::_mm512_set1_epi8(byte.cast_signed()))
    }

    /// Which bytes are among `len` from `first` on.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn is_from(self, first: u8, len: u8) -> u64 {
        let all = |byte: u8| x86::_mm512_set1_epi8(byte.cast_signed());
        x86::_mm512_cmplt_epu8_mask(x86::_mm512_sub_epi8(self.0, all(first)), all(len))
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn high(self) -> u64 {
        x86::_mm512_movepi8_mask(self.0)
    }

    /// For each byte, which byte of a set has its bit, and that bit.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn trails(self) -> [Self; 2] {
        let low = x86::_mm512_set1_epi8(7);
        let byte = x86::_mm512_and_si512(x86::_mm512_srli_epi16::<3>(self.0), low);
        let bit = x86::_mm512_and_si512(self.0, low);
        let bit = x86::_mm512_shuffle_epi8(x86::_mm512_set1_epi64(BITS), bit);
        [Self(byte), Self(bit)]
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn within_set([byte, bit]: [Self; 2], set: u64) -> u64 {
        let set = x86::_mm512_set1_epi64(set.cast_signed());
        x86::_mm512_test_epi8_mask(x86::_mm512_shuffle_epi8(set, byte.0), bit.0)
    }
}

/// A block in two vectors.
#[derive(Debug, Clone, Copy)]
pub(super) struct HalfBlocks(__m256i, __m256i);

impl HalfBlocks {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(block: &[u8; BLOCK]) -> Self {
        let (halves, _) = block.as_chunks::<32>();
        // SAFETY: half a block has the bytes, which need not be aligned.
        let load = |half: &[u8; 32]| unsafe { x86::_mm256_loadu_si256(half.as_ptr().cast()) };
        Self(load(&halves[0]), load(&halves[1]))
    }

    /// The upper bits of the bytes of both halves.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn mask(a: __m256i, b: __m256i) -> u64 {
        let bits = |v: __m256i| u64::from(x86::_mm256_movemask_epi8(v).cast_unsigned());
        bits(a) | bits(b) << 32
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn is(self, byte: u8) -> u64 {
        let byte = x86::_mm256_set1_epi8(byte.cast_signed());
        let is = |v| x86::_mm256_cmpeq_epi8(v, byte);
        Self::mask(is(self.0), is(self.1))
    }

    /// Which bytes are among `len` from `first` on: `v - first <= len - 1`,
    /// unsigned, where the lesser of both is the left.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn is_from(self, first: u8, len: u8) -> u64 {
        let all = |byte: u8| x86::_mm256_set1_epi8(byte.cast_signed());
        let (first, last) = (all(first), all(len - 1));
        let inside = |v: __m256i| {
            let v = x86::_mm256_sub_epi8(v, first);
            x86::_mm256_cmpeq_epi8(x86::_mm256_min_epu8(v, last), v)
        };
        Self::mask(inside(self.0), inside(self.1))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn high(self) -> u64 {
        Self::mask(self.0, self.1)
    }

    /// For each byte, which byte of a set has its bit, and that bit.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn trails(self) -> [Self; 2] {
        let low = x86::_mm256_set1_epi8(7);
        let byte = |v| x86::_mm256_and_si256(x86::_mm256_srli_epi16::<3>(v), low);
        let bits = x86::_mm256_set1_epi64x(BITS);
        let bit = |v| x86::_mm256_shuffle_epi8(bits, x86::_mm256_and_si256(v, low));
        [
            Self(byte(self.0), byte(self.1)),
            Self(bit(self.0), bit(self.1)),
        ]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn within_set([byte, bit]: [Self; 2], set: u64) -> u64 {
        let set = x86::_mm256_set1_epi64x(set.cast_signed());
        let is = |byte, bit| {
            let found = x86::_mm256_and_si256(x86::_mm256_shuffle_epi8(set, byte), bit);
            x86::_mm256_cmpeq_epi8(found, bit)
        };
        Self::mask(is(byte.0, bit.0), is(byte.1, bit.1))
    }
}

/// The classes of a block by what its vectors can tell.
macro_rules! ascii {
    ($Vector:ident, $features:literal) => {
        impl $Vector {
            #[target_feature(enable = $features)]
            #[inline]
            fn ascii(self) -> AsciiMasks {
                let newline = self.is(b'\n') | self.is(b'\r');
                let blank = self.is(b' ');
                AsciiMasks {
                    upper: self.is_from(b'A', 26),
                    lower: self.is_from(b'a', 26),
                    number: self.is_from(b'0', 10),
                    space: self.is_from(b'\t', 5) | blank,
                    newline,
                    blank,
                    apostrophe: self.is(b'\''),
                    slash: self.is(b'/'),
                    high: self.high(),
                    lead: self.is_from(0xc0, 0x40),
                }
            }
        }
    };
}

ascii! { WholeBlock, "avx512f,avx512bw" }
ascii! { HalfBlocks, "avx2" }

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::masks::ScalarMasks;
    use super::*;

    /// What all twins can be asked.
    fn check(twin: impl Trails, block: &[u8; BLOCK], set: u64, mask: u64) {
        assert_eq!(twin.ascii(block), ScalarMasks.ascii(block));
        let bytes = twin.load(block);
        let of = |holds: &dyn Fn(u8) -> bool| {
            let bits = block.iter().map(|&byte| u64::from(holds(byte)));
            bits.zip(0..).fold(0, |mask, (bit, at)| mask | bit << at)
        };
        assert_eq!(twin.equal(bytes, block[7]), of(&|byte| byte == block[7]));
        let within = twin.within(twin.trails(bytes), set);
        assert_eq!(within, of(&|byte| set >> (byte & 63) & 1 != 0));
        let (mut expected, mut found) = ([0; BLOCK], [0; BLOCK]);
        let n = ScalarMasks.put(mask, 1000, &mut expected);
        assert_eq!(twin.put(mask, 1000, &mut found), n);
        assert_eq!(found[..n], expected[..n]);
    }

    proptest! {
        #[test]
        fn vectors_find_what_the_scalar_twin_finds(
            bytes in prop::collection::vec(any::<u8>(), BLOCK),
            set in any::<u64>(),
            masks in any::<[u64; 3]>(),
        ) {
            let block: [u8; BLOCK] = bytes.try_into().unwrap();
            let [first, second, third] = masks;
            for level in Level::available() {
                for mask in [first, first & second, first & second & third, first | second, 0, !0] {
                    if let Some(twin) = Avx2::of(level) {
                        check(twin, &block, set, mask);
                    }
                    if let Some(twin) = Avx512::of(level) {
                        check(twin, &block, set, mask);
                    }
                }
            }
        }
    }
}
