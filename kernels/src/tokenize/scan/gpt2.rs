//! GPT-2's pattern, which `r50k_base` and Hugging Face's `ByteLevel` share.

use super::class::{ClassTable, LETTER, NUMBER, OTHER, SPACE, table};
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
        match &text[at..] {
            [b'\'', b's' | b'd' | b'm' | b't', ..] => return at + 2,
            [b'\'', b'l', b'l', ..] | [b'\'', b'v' | b'r', b'e', ..] => return at + 3,
            _ => {}
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
