//! Pre-tokenizers that cut between classes of characters.

use std::num::NonZeroUsize;
use std::ops::Range;

use super::super::tables;
use crate::tokenize::scan::class::{NUMBER, WORD, table};

/// Rust's `char::is_numeric`, by which Hugging Face finds digits, is that of
/// Unicode 17: `\p{N}` of Unicode 16 and a few more.
pub(crate) fn is_numeric(c: char) -> bool {
    let code = u32::from(c);
    if code < 128 {
        return c.is_ascii_digit();
    }
    let is_new = matches!(code, 0x1_1de0..=0x1_1de9 | 0x1_6ff4..=0x1_6ff6);
    is_new || table().codepoint(code) & NUMBER != 0
}

/// `BertPreTokenizer`: words end at white space and around punctuation.
pub(super) fn bert(text: &str, out: &mut Vec<Range<usize>>) {
    let punctuation = tables::punctuation();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if c.is_whitespace() {
            out.push(start..at);
            start = end;
        } else if punctuation.contains(c) {
            out.extend([start..at, at..end]);
            start = end;
        }
    }
    out.push(start..text.len());
}

/// `Whitespace`: runs of `\w` and runs of what is neither that nor white space.
pub(super) fn whitespace(text: &str, out: &mut Vec<Range<usize>>) {
    #[derive(PartialEq)]
    enum Class {
        Word,
        Space,
        Other,
    }
    let classes = table();
    let mut start = 0;
    let mut before = Class::Space;
    for (at, c) in text.char_indices() {
        let class = if classes.codepoint(u32::from(c)) & WORD != 0 {
            Class::Word
        } else if c.is_whitespace() {
            Class::Space
        } else {
            Class::Other
        };
        if class != before {
            if before != Class::Space {
                out.push(start..at);
            }
            start = at;
            before = class;
        }
    }
    if before != Class::Space {
        out.push(start..text.len());
    }
}

/// `UnicodeScripts`: a word ends where another script begins. Characters of no
/// script belong to the word before them; those that no word comes before
/// are dropped, as in Hugging Face.
pub(super) fn unicode_scripts(text: &str, out: &mut Vec<Range<usize>>) {
    let mut word: Option<(usize, u8)> = None;
    for (at, c) in text.char_indices() {
        let Some(script) = tables::script(c) else {
            continue;
        };
        match word {
            Some((_, before)) if before == script => {}
            Some((start, _)) => {
                out.push(start..at);
                word = Some((at, script));
            }
            None => word = Some((at, script)),
        }
    }
    if let Some((start, _)) = word {
        out.push(start..text.len());
    }
}

/// `FixedLength`: words of so many characters, the last may be shorter.
pub(super) fn fixed_length(text: &str, length: NonZeroUsize, out: &mut Vec<Range<usize>>) {
    let mut start = 0;
    let ends = text.char_indices().skip(length.get()).step_by(length.get());
    for (end, _) in ends {
        out.push(start..end);
        start = end;
    }
    out.push(start..text.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, cut: impl Fn(&str, &mut Vec<Range<usize>>)) -> Vec<&str> {
        let mut ranges = Vec::new();
        cut(text, &mut ranges);
        ranges
            .into_iter()
            .map(|range| text.get(range).unwrap())
            .collect()
    }

    #[test]
    fn digits_are_the_numeric_characters_of_unicode_17() {
        let n = (char::MIN..=char::MAX).filter(|&c| is_numeric(c)).count();
        assert_eq!(n, 1_924);
    }

    #[test]
    fn fixed_lengths_count_characters() {
        let by = |n| move |text: &str, out: &mut Vec<_>| fixed_length(text, n, out);
        let two = by(NonZeroUsize::new(2).unwrap());
        assert_eq!(cut("aébcd", two), ["aé", "bc", "d"]);
        assert_eq!(cut("abcd", two), ["ab", "cd"]);
        assert_eq!(cut("a", two), ["a"]);
    }

    #[test]
    fn what_no_script_comes_before_is_dropped() {
        assert_eq!(cut("  ab я c", unicode_scripts), ["ab ", "я ", "c"]);
        assert_eq!(cut("  ", unicode_scripts), [""; 0]);
    }

    #[test]
    fn whitespace_cuts_between_words_and_the_rest() {
        assert_eq!(cut(" a1_b?! c", whitespace), ["a1_b", "?!", "c"]);
    }
}
