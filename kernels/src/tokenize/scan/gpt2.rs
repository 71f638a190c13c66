//! GPT-2's pattern, which `r50k_base` and Hugging Face's `ByteLevel` share.

use super::block::BlockScan;
use super::class::{ClassTable, LETTER, NUMBER, OTHER, SPACE, table};
use super::classes::{BlockClasses, Letters};
use super::starts::run_starts;
use super::{Newline, SplitScan, space_end};

/// `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
#[derive(Clone, Copy)]
pub(crate) struct Gpt2 {
    classes: &'static ClassTable,
}

impl Gpt2 {
    pub(super) fn new() -> Self {
        Self { classes: table() }
    }
}

impl SplitScan for Gpt2 {
    #[inline]
    fn end(&self, text: &[u8], at: usize) -> usize {
        let contracted = contraction(&text[at..]) as usize;
        if contracted > 0 {
            return at + contracted;
        }
        let (mut class, len) = self.classes.at(text, at);
        let mut next = at + len;
        if text[at] == b' ' && next < text.len() {
            let (after, len) = self.classes.at(text, next);
            if after & SPACE == 0 {
                class = after;
                next += len;
            }
        }
        match class & (LETTER | NUMBER | OTHER) {
            0 => space_end(self.classes, text, at, Newline::IsSpace),
            mask => self.classes.run(text, next, mask),
        }
    }
}

impl BlockScan for Gpt2 {
    const LETTERS: Letters = Letters::Plain;

    fn table(&self) -> &ClassTable {
        self.classes
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is compiled for each level")]
    fn starts(&self, classes: &mut BlockClasses, text: &[u8]) -> u64 {
        let runs =
            run_starts(classes.letter) | run_starts(classes.number) | run_starts(classes.other);
        let last_space = classes.space & !(classes.space >> 1);
        let free = runs & !(classes.blank << 1);
        let mut starts = free | run_starts(classes.space) | last_space;
        let mut quotes = classes.apostrophe & free & classes.letter >> 1;
        while quotes != 0 {
            let quote = quotes.trailing_zeros();
            quotes &= quotes - 1;
            let len = contraction(&text[quote as usize..]);
            if len > 0 {
                starts &= !(1_u64.checked_shl(quote + 1).unwrap_or(0));
                let after = 1_u64.checked_shl(quote + len).unwrap_or(0);
                starts |= after & classes.letter;
            }
        }
        starts
    }
}

/// The length of the contraction that `text` starts with, or 0.
#[inline]
fn contraction(text: &[u8]) -> u32 {
    match text {
        [b'\'', b's' | b'd' | b'm' | b't', ..] => 2,
        [b'\'', b'l', b'l', ..] | [b'\'', b'v' | b'r', b'e', ..] => 3,
        _ => 0,
    }
}
