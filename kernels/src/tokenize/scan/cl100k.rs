//! The pattern of `cl100k_base` in its spellings, and Qwen 2's.

use super::block::BlockScan;
use super::class::{ClassTable, LETTER, NEWLINE, NUMBER, OTHER, table};
use super::classes::{BlockClasses, Letters};
use super::starts::{Leads, runs_from, space_starts, thirds};
use super::{Digits, Newline, SplitScan, TextEnd, contraction, space_end};

/// ```text
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
/// | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
/// ```
/// with [`TextEnd::AfterNewline`]; with [`TextEnd::Whole`], tiktoken's since
/// 0.8, in which white space that ends the text is one word:
/// ```text
/// '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+
/// | ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s
/// ```
/// [`Digits::One`] has `\p{N}` for `\p{N}{1,3}`.
#[derive(Clone, Copy)]
pub(crate) struct Cl100k {
    classes: &'static ClassTable,
    digits: Digits,
    text_end: TextEnd,
}

impl Cl100k {
    pub(super) fn new(digits: Digits, text_end: TextEnd) -> Self {
        Self {
            classes: table(),
            digits,
            text_end,
        }
    }
}

impl SplitScan for Cl100k {
    #[inline]
    fn end(&self, text: &[u8], at: usize) -> usize {
        let lead = text[at];
        if lead == b'\'' {
            let len = contraction(text, at);
            if len > 0 {
                return at + len;
            }
        }
        let (class, len) = self.classes.at(text, at);
        let next = at + len;
        if class & LETTER != 0 {
            return self.classes.run(text, next, LETTER);
        }
        if class & NUMBER != 0 {
            return numbers_end(self.classes, text, next, self.digits);
        }
        let after = match text.get(next) {
            Some(_) => self.classes.at(text, next).0,
            None => 0,
        };
        if after & LETTER != 0 && class & NEWLINE == 0 {
            return self.classes.run(text, next, LETTER);
        }
        if class & OTHER != 0 || (lead == b' ' && after & OTHER != 0) {
            let end = self.classes.run(text, next, OTHER);
            return self.classes.run(text, end, NEWLINE);
        }
        space_end(self.classes, text, at, Newline::EndsWord(self.text_end))
    }
}

/// Where a word of numbers ends whose first one ends at `at`.
#[inline]
pub(super) fn numbers_end(
    classes: &ClassTable,
    text: &[u8],
    mut at: usize,
    digits: Digits,
) -> usize {
    for _ in 1..digits.max() {
        if at == text.len() {
            break;
        }
        let (class, len) = classes.at(text, at);
        if class & NUMBER == 0 {
            break;
        }
        at += len;
    }
    at
}

impl BlockScan for Cl100k {
    const LETTERS: Letters = Letters::Plain;

    fn table(&self) -> &ClassTable {
        self.classes
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is compiled for each level")]
    fn starts(&self, classes: &mut BlockClasses, text: &[u8]) -> u64 {
        let taken = runs_from(classes.newline & classes.other << 1, classes.newline);
        let leads = Leads::new(classes, classes.other);
        let numbers = number_starts(classes.number, self.digits);
        let starts = leads.other | leads.letter | numbers | space_starts(classes, taken);
        let mut quotes = classes.apostrophe & leads.other & leads.led >> 1;
        let mut after_contractions = 0;
        while quotes != 0 {
            let quote = quotes.trailing_zeros();
            quotes &= quotes - 1;
            // No letter follows if the contraction is not there: 0 is the quote.
            let len = contraction(text, quote as usize) as u32;
            after_contractions |= 1_u64.checked_shl(quote + len).unwrap_or(0);
        }
        starts | (after_contractions & classes.letter)
    }
}

/// Where words start in runs of digits.
#[inline]
pub(super) fn number_starts(number: u64, digits: Digits) -> u64 {
    match digits {
        Digits::One => number,
        Digits::Three => thirds(number),
    }
}
