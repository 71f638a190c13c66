//! The classes of the characters of a block, ASCII and beyond, as masks whose
//! bits stand for bytes: each byte of a character has the bit of its class.

#![expect(clippy::inline_always, reason = "it is compiled for each level")]

use super::masks::AsciiMasks;

/// What a family of patterns takes for letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// `\p{L}`
    Plain,
    /// `[\p{L}\p{M}]`, and their cases count.
    Cased,
}

/// The classes of the first [`Self::known`] bytes of a block; bits beyond are 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockClasses {
    pub(super) letter: u64,
    /// With [`Letters::Cased`], letters that are in `UPPER` alone.
    pub(super) upper: u64,
    /// With [`Letters::Cased`], letters that are in `LOWER` alone.
    pub(super) lower: u64,
    /// With [`Letters::Cased`], marks, which are letters too.
    pub(super) mark: u64,
    pub(super) number: u64,
    pub(super) space: u64,
    pub(super) newline: u64,
    pub(super) blank: u64,
    pub(super) apostrophe: u64,
    pub(super) slash: u64,
    /// All else.
    pub(super) other: u64,
    /// First bytes of characters.
    pub(super) first: u64,
    /// How many bytes are known: less than there are where the last character
    /// is cut, or where one comes that masks do not deal with.
    pub(super) known: u32,
}

/// `n` low bits, of at most 64.
#[inline]
pub(super) fn low_bits(n: u32) -> u64 {
    if n >= u64::BITS { !0 } else { (1 << n) - 1 }
}

impl BlockClasses {
    /// The classes of the first `len` bytes of a block but for the characters
    /// beyond ASCII, which have none yet.
    #[inline(always)]
    pub(super) fn of_ascii(ascii: &AsciiMasks, len: u32) -> Self {
        Self {
            letter: ascii.upper | ascii.lower,
            upper: ascii.upper,
            lower: ascii.lower,
            mark: 0,
            number: ascii.number,
            space: ascii.space,
            newline: ascii.newline,
            blank: ascii.blank,
            apostrophe: ascii.apostrophe,
            slash: ascii.slash,
            other: 0,
            first: !ascii.high | ascii.lead,
            known: len,
        }
    }

    /// Forgets all but the first `known` bytes.
    #[inline(always)]
    pub(super) fn cut(&mut self, known: u32) {
        let bits = low_bits(known);
        self.known = known;
        for mask in [
            &mut self.letter,
            &mut self.upper,
            &mut self.lower,
            &mut self.mark,
            &mut self.number,
            &mut self.space,
            &mut self.newline,
            &mut self.blank,
            &mut self.apostrophe,
            &mut self.slash,
        ] {
            *mask &= bits;
        }
        self.other = bits & !(self.letter | self.number | self.space);
    }
}
