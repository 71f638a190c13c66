//! What 64 bytes are, as one bit a byte: the ASCII classes, by vectors or not.
//!
//! The scalar twin is the meaning; a test holds the others equal to it.

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// The classes of a block's bytes. Those beyond ASCII are in `high`, and in
/// `lead` if a character starts with them, and in nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AsciiMasks {
    /// `A` to `Z`
    pub(super) upper: u64,
    /// `a` to `z`
    pub(super) lower: u64,
    /// `0` to `9`
    pub(super) number: u64,
    /// White space, newlines included.
    pub(super) space: u64,
    /// `\r` and `\n`
    pub(super) newline: u64,
    /// The space itself.
    pub(super) blank: u64,
    pub(super) apostrophe: u64,
    pub(super) slash: u64,
    pub(super) high: u64,
    pub(super) lead: u64,
}

/// A way to find the classes. A value is had by detection, so that its methods
/// are safe to call.
pub(super) trait Classify: Copy {
    /// Compiles `work` for the instructions and runs it.
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R;

    /// The classes of a block.
    fn ascii(self, block: &[u8; BLOCK]) -> AsciiMasks;

    /// Writes the positions of the bits of `mask`, counted from `at`, and returns
    /// how many there are; what it writes beyond them does not count.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is compiled for each level")]
    fn put(self, mut mask: u64, at: u32, room: &mut [u32; BLOCK]) -> usize {
        let n = mask.count_ones() as usize;
        for group in room.as_chunks_mut::<8>().0 {
            for place in group {
                *place = at + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
            }
            if mask == 0 {
                break;
            }
        }
        n
    }
}

/// Sets of bytes of a block, by vectors.
pub(super) trait Trails: Classify {
    /// A block.
    type Bytes: Copy;
    /// The low six bits of its bytes, in some form.
    type Trails: Copy;

    /// A block.
    fn load(self, block: &[u8; BLOCK]) -> Self::Bytes;

    /// The bytes that are this one.
    fn equal(self, bytes: Self::Bytes, byte: u8) -> u64;

    /// The low six bits of its bytes.
    fn trails(self, bytes: Self::Bytes) -> Self::Trails;

    /// The bytes whose low six bits are in `set`.
    fn within(self, trails: Self::Trails, set: u64) -> u64;
}

/// Byte by byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScalarMasks;

impl Classify for ScalarMasks {
    #[inline]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    #[inline]
    fn ascii(self, block: &[u8; BLOCK]) -> AsciiMasks {
        let mut columns = [0_u64; 8];
        let (words, _) = block.as_chunks::<8>();
        for (at, word) in words.iter().enumerate() {
            let classes = u64::from_le_bytes(word.map(|byte| BYTE_CLASSES[usize::from(byte)]));
            for (bit, column) in columns.iter_mut().enumerate() {
                *column |= gather(classes >> bit) << (8 * at);
            }
        }
        let [upper, lower, number, space, newline, high, lead, sign] = columns;
        AsciiMasks {
            upper: upper & !sign,
            lower,
            number: number & !sign,
            space: space | newline,
            newline,
            blank: space & sign,
            apostrophe: number & sign,
            slash: upper & sign,
            high,
            lead,
        }
    }
}

/// The lowest bits of eight bytes, as eight bits.
#[inline]
fn gather(classes: u64) -> u64 {
    (classes & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Bits in the order of the columns above: `sign` with `space` is the blank,
/// with `number` the apostrophe, with `upper` the slash.
const BYTE_CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'A'..=b'Z' => 1,
            b'a'..=b'z' => 1 << 1,
            b'0'..=b'9' => 1 << 2,
            b' ' => 1 << 3 | 1 << 7,
            b'\t' | 0x0b | 0x0c => 1 << 3,
            b'\r' | b'\n' => 1 << 4,
            b'\'' => 1 << 2 | 1 << 7,
            b'/' => 1 | 1 << 7,
            0x80..0xc0 => 1 << 5,
            0xc0.. => 1 << 5 | 1 << 6,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalar_masks_are_the_classes() {
        for first in (0..=u8::MAX).step_by(BLOCK) {
            let block: [u8; BLOCK] = std::array::from_fn(|at| first + at as u8);
            let masks = ScalarMasks.ascii(&block);
            let of = |holds: &dyn Fn(u8) -> bool| {
                block
                    .iter()
                    .rev()
                    .fold(0_u64, |mask, &byte| mask << 1 | u64::from(holds(byte)))
            };
            let expected = AsciiMasks {
                upper: of(&|byte| byte.is_ascii_uppercase()),
                lower: of(&|byte| byte.is_ascii_lowercase()),
                number: of(&|byte| byte.is_ascii_digit()),
                space: of(&|byte| byte.is_ascii() && char::from(byte).is_whitespace()),
                newline: of(&|byte| matches!(byte, b'\r' | b'\n')),
                blank: of(&|byte| byte == b' '),
                apostrophe: of(&|byte| byte == b'\''),
                slash: of(&|byte| byte == b'/'),
                high: of(&|byte| !byte.is_ascii()),
                lead: of(&|byte| byte >= 0xc0),
            };
            assert_eq!(masks, expected, "from {first}");
        }
    }
}
