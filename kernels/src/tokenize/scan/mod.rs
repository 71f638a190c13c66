//! Cuts text into words by the split patterns of known families, by hand.
//!
//! A family's meaning is its regular expression, given beside it and held
//! equal to it by tests. Matches of every family here cover the text without
//! gaps, so a scanner is one function: from where a word starts to where it
//! ends. Text ends where the stretch between special tokens ends.

mod block;
mod cl100k;
pub(crate) mod class;
mod classes;
mod gpt2;
mod masks;
mod o200k;
mod split;
mod starts;
#[cfg(test)]
mod tests;
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

use class::{ClassTable, SPACE};

use crate::level::Level;

pub(crate) use block::{N_WORDS, WordEnds};
pub(crate) use cl100k::Cl100k;
pub(crate) use gpt2::Gpt2;
pub(crate) use o200k::O200k;
pub(crate) use split::SplitScan;

/// A family of split patterns with what varies in it.
#[derive(Clone, Copy)]
pub(crate) enum Scanner {
    Gpt2(Gpt2),
    Cl100k(Cl100k),
    O200k(O200k),
}

/// Digits that make one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digits {
    /// `\p{N}`
    One,
    /// `\p{N}{1,3}`
    Three,
}

impl Digits {
    fn max(self) -> usize {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// How white space that ends the text and holds a newline is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEnd {
    /// After its last newline, as `\s*[\r\n]+` before `\s+` has it.
    AfterNewline,
    /// Not at all, as `\s++$` before `\s*[\r\n]` has it.
    Whole,
}

/// Whether a word takes in a contraction that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contractions {
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
    Joined,
    /// There is no such part.
    None,
}

/// The patterns that are scanned by hand, by their exact text.
///
/// In one text each means the same to tiktoken's engine and to Oniguruma.
const KNOWN: &[(&str, Known)] = &[
    // Hugging Face's ByteLevel, GPT-2.
    (
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        Known::Gpt2,
    ),
    (
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        Known::Gpt2,
    ),
    // GPT-4 as first published, Llama 3, OLMo 2, DBRX.
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Known::Cl100k(Digits::Three),
    ),
    // Qwen 2, 2.5 and 3.
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Known::Cl100k(Digits::One),
    ),
    // GPT-4o, gpt-oss.
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Known::O200k(Digits::Three, Contractions::Joined),
    ),
    // Mistral's tekken.
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Known::O200k(Digits::One, Contractions::None),
    ),
];

#[derive(Clone, Copy)]
enum Known {
    Gpt2,
    Cl100k(Digits),
    O200k(Digits, Contractions),
}

impl Scanner {
    /// The scanner of a pattern in a `tokenizer.json`, if it is a known one.
    pub(crate) fn of_pattern(pattern: &str) -> Option<Self> {
        let (_, known) = KNOWN.iter().find(|(text, _)| *text == pattern)?;
        Some(match *known {
            Known::Gpt2 => Self::gpt2(),
            Known::Cl100k(digits) => Self::cl100k(digits, TextEnd::AfterNewline),
            Known::O200k(digits, contractions) => Self::o200k(digits, contractions),
        })
    }

    /// Finds words from `at` on, where one starts, until the text ends or
    /// `ends` is almost full. Returns how many; the last of them ends where the
    /// next call goes on. `text` is valid UTF-8, shorter than 4 GiB.
    pub(crate) fn find_words(
        &self,
        level: Level,
        text: &[u8],
        at: usize,
        ends: &mut WordEnds,
    ) -> usize {
        match self {
            Self::Gpt2(scan) => block::find_words(scan, level, text, at, ends),
            Self::Cl100k(scan) => block::find_words(scan, level, text, at, ends),
            Self::O200k(scan) => block::find_words(scan, level, text, at, ends),
        }
    }

    pub(crate) fn gpt2() -> Self {
        Self::Gpt2(Gpt2::new())
    }

    pub(crate) fn cl100k(digits: Digits, text_end: TextEnd) -> Self {
        Self::Cl100k(Cl100k::new(digits, text_end))
    }

    pub(crate) fn o200k(digits: Digits, contractions: Contractions) -> Self {
        Self::O200k(O200k::new(digits, contractions))
    }
}

/// Where a stretch of white space that starts at `at` is cut: the common end
/// of all patterns, `\s+(?!\S)|\s+`, and `\s*[\r\n]+` before it.
///
/// All but the last character of a run go into one word, because the last may
/// lead the next word; a newline ends a word at once.
fn space_end(classes: &ClassTable, text: &[u8], at: usize, newline: Newline) -> usize {
    let mut end = at;
    let mut last = at;
    let mut after_newline = None;
    while end < text.len() {
        let (class, len) = classes.at(text, end);
        if class & SPACE == 0 {
            break;
        }
        last = end;
        end += len;
        if class & class::NEWLINE != 0 {
            after_newline = Some(end);
        }
    }
    let at_text_end = end == text.len();
    match (newline, after_newline) {
        (Newline::EndsWord(TextEnd::Whole), Some(_)) if at_text_end => end,
        (Newline::EndsWord(_), Some(after)) => after,
        _ if at_text_end || last == at => end,
        _ => last,
    }
}

/// What a newline is within white space.
#[derive(Clone, Copy)]
enum Newline {
    /// Like any other.
    IsSpace,
    /// The last one ends a word.
    EndsWord(TextEnd),
}

/// The length of the contraction at `at`, in any case, or 0: what
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)` matches. U+017F folds to `s`.
fn contraction(text: &[u8], at: usize) -> usize {
    let rest = &text[at..];
    match rest {
        [b'\'', 0xc5, 0xbf, ..] => 3,
        [b'\'', letter, ..] if matches!(letter | 0x20, b's' | b't' | b'm' | b'd') => 2,
        [b'\'', first, second, ..] => match [first | 0x20, second | 0x20] {
            [b'r' | b'v', b'e'] | [b'l', b'l'] => 3,
            _ => 0,
        },
        _ => 0,
    }
}
