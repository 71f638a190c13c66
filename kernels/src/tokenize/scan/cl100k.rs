//! The pattern of `cl100k_base` in its spellings, and Qwen 2's.

use super::class::{ClassTable, LETTER, NEWLINE, NUMBER, OTHER, table};
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
