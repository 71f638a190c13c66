//! The classes of the characters of a block, ASCII and beyond, as masks whose
//! bits stand for bytes: each byte of a character has the bit of its class.

#![expect(clippy::inline_always, reason = "it is compiled for each level")]

use super::class::{ClassTable, LETTER, LOWER, NUMBER, OTHER, SPACE, UPPER, decode};
use super::masks::{AsciiMasks, BLOCK};

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
    /// The classes of the first `len` bytes of a block, which starts with a
    /// character. White space and numbers beyond ASCII are not dealt with.
    #[inline(always)]
    pub(super) fn new(
        ascii: &AsciiMasks,
        block: &[u8; BLOCK],
        len: u32,
        table: &ClassTable,
        letters: Letters,
    ) -> Self {
        let mut classes = Self {
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
        };
        let leads = ascii.lead & low_bits(len);
        if leads != 0 {
            classes.add_wide(leads, block, table, letters);
        }
        classes.cut(classes.known);
        classes
    }

    /// Adds the characters beyond ASCII.
    #[inline(always)]
    fn add_wide(
        &mut self,
        mut leads: u64,
        block: &[u8; BLOCK],
        table: &ClassTable,
        letters: Letters,
    ) {
        while leads != 0 {
            let at = leads.trailing_zeros();
            leads &= leads - 1;
            let Some((class, len)) = wide_class(block, at, self.known, table) else {
                self.known = at;
                return;
            };
            let span = low_bits(len) << at;
            let with = |bits: u8| if class & bits == 0 { 0 } else { span };
            match letters {
                Letters::Plain => self.letter |= with(LETTER),
                Letters::Cased => {
                    self.letter |= with(UPPER | LOWER);
                    self.upper |= with(UPPER) & !with(LOWER);
                    self.lower |= with(LOWER) & !with(UPPER);
                    self.mark |= with(UPPER | LOWER) & with(OTHER);
                }
            }
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

/// The class and length of the character at `at`, or `None` if it is cut at
/// `end` or not dealt with.
#[inline]
fn wide_class(block: &[u8; BLOCK], at: u32, end: u32, table: &ClassTable) -> Option<(u8, u32)> {
    let window = block.get(at as usize..end as usize)?;
    let len = match window.first()? {
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    if window.len() < len {
        return None;
    }
    let class = table.codepoint(decode(window, 0).0);
    (class & (SPACE | NUMBER) == 0).then_some((class, len as u32))
}
