//! Cuts a stretch of text into the words that are merged one by one.
//!
//! [`Pretokenizer::Scan`] is the fast path: one scanner whose matches cover
//! the text. Everything else is a list of stages that cut each word further,
//! as Hugging Face's `Sequence` does, and the `ByteLevel` that ends it.

use std::ops::Range;

use super::error::EncodeError;
use super::pattern::Pattern;
use super::scan::class::{NUMBER, table};
use super::scan::{Scanner, SplitScan};

/// How text is cut.
pub(crate) enum Pretokenizer {
    /// The matches of a scanner.
    Scan(Scanner),
    /// Stages, then `ByteLevel`.
    Stages {
        stages: Vec<PreTokenizer>,
        prefix_space: PrefixSpace,
        /// `use_regex` of the `ByteLevel`.
        scanner: Option<Scanner>,
    },
}

/// Whether a word that does not start with a space is given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrefixSpace {
    Add,
    Keep,
}

/// One pre-tokenizer of a sequence.
pub(crate) enum PreTokenizer {
    Split {
        pattern: Pattern,
        behavior: Behavior,
        invert: InvertMatches,
    },
    Digits(Behavior),
}

/// Whether matches count as gaps and gaps as matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvertMatches {
    Yes,
    No,
}

/// What becomes of matches; named as in the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

impl Pretokenizer {
    /// Calls `visit` with a text and the start and end of a word in it, for
    /// every word in order. No word is empty.
    #[inline]
    pub(crate) fn words(
        &self,
        text: &str,
        mut visit: impl FnMut(&[u8], usize, usize),
    ) -> Result<(), EncodeError> {
        match self {
            Self::Scan(scanner) => {
                scanner.words(text.as_bytes(), &mut visit);
                Ok(())
            }
            Self::Stages {
                stages,
                prefix_space,
                scanner,
            } => {
                for word in cut(stages, text)? {
                    finish(
                        part(text, &word),
                        *prefix_space,
                        scanner.as_ref(),
                        &mut visit,
                    );
                }
                Ok(())
            }
        }
    }
}

impl Scanner {
    /// Calls `visit` with each word of `text`, which is valid UTF-8.
    #[inline]
    fn words(&self, text: &[u8], visit: &mut impl FnMut(&[u8], usize, usize)) {
        match self {
            Self::Gpt2(scan) => words(scan, text, visit),
            Self::Cl100k(scan) => words(scan, text, visit),
            Self::O200k(scan) => words(scan, text, visit),
        }
    }
}

#[inline]
fn words(scan: &impl SplitScan, text: &[u8], visit: &mut impl FnMut(&[u8], usize, usize)) {
    let mut at = 0;
    while at < text.len() {
        let end = scan.end(text, at);
        visit(text, at, end);
        at = end;
    }
}

/// `ByteLevel` on one word of the stages before it.
fn finish(
    word: &str,
    prefix_space: PrefixSpace,
    scanner: Option<&Scanner>,
    visit: &mut impl FnMut(&[u8], usize, usize),
) {
    let spaced;
    let word = if prefix_space == PrefixSpace::Add && !word.starts_with(' ') {
        spaced = format!(" {word}");
        spaced.as_bytes()
    } else {
        word.as_bytes()
    };
    match scanner {
        Some(scanner) => scanner.words(word, visit),
        None => visit(word, 0, word.len()),
    }
}

/// A stretch that starts and ends at characters.
fn part<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).unwrap_or_default()
}

/// The words that the stages leave of a text, none empty.
fn cut(stages: &[PreTokenizer], text: &str) -> Result<Vec<Range<usize>>, EncodeError> {
    let mut words = Vec::new();
    if !text.is_empty() {
        words.push(0..text.len());
    }
    for stage in stages {
        let mut cut = Vec::with_capacity(words.len());
        for word in words {
            let (matches, behavior) = stage.matches(part(text, &word))?;
            cut.extend(
                apply(matches, behavior)
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .map(|part| word.start + part.start..word.start + part.end),
            );
        }
        words = cut;
    }
    Ok(words)
}

/// A stretch, and whether it is a match or the gap between matches.
type Piece = (Range<usize>, bool);

impl PreTokenizer {
    /// The matches and the gaps between them, which cover the word.
    fn matches(&self, word: &str) -> Result<(Vec<Piece>, Behavior), EncodeError> {
        match self {
            Self::Split {
                pattern,
                behavior,
                invert,
            } => Ok((split(pattern, word, *invert)?, *behavior)),
            Self::Digits(behavior) => Ok((digits(word), *behavior)),
        }
    }
}

fn split(pattern: &Pattern, word: &str, invert: InvertMatches) -> Result<Vec<Piece>, EncodeError> {
    let is_match = invert == InvertMatches::No;
    let mut pieces = Vec::new();
    let mut done = 0;
    pattern.matches(word, |found| {
        if done != found.start {
            pieces.push((done..found.start, !is_match));
        }
        done = found.end;
        pieces.push((found, is_match));
    })?;
    if done != word.len() {
        pieces.push((done..word.len(), !is_match));
    }
    Ok(pieces)
}

/// Rust's `char::is_numeric`, by which Hugging Face finds digits, is that of
/// Unicode 17: `\p{N}` of Unicode 16 and these.
fn is_new_number(codepoint: u32) -> bool {
    matches!(codepoint, 0x1_1de0..=0x1_1de9 | 0x1_6ff4..=0x1_6ff6)
}

/// Each numeric character is a match.
fn digits(word: &str) -> Vec<Piece> {
    let classes = table();
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, c) in word.char_indices() {
        let end = at + c.len_utf8();
        let code = u32::from(c);
        let is_number = classes.codepoint(code) & NUMBER != 0 || is_new_number(code);
        match pieces.last_mut() {
            Some((gap, false)) if !is_number => gap.end = end,
            _ => pieces.push((at..end, is_number)),
        }
    }
    pieces
}

/// Puts the pieces together as `behavior` says.
fn apply(pieces: Vec<Piece>, behavior: Behavior) -> Vec<Range<usize>> {
    match behavior {
        Behavior::Removed => pieces
            .into_iter()
            .filter_map(|(range, is_match)| (!is_match).then_some(range))
            .collect(),
        Behavior::Isolated => pieces.into_iter().map(|(range, _)| range).collect(),
        Behavior::Contiguous => join(pieces.into_iter(), |is_match, before| is_match == before),
        Behavior::MergedWithPrevious => {
            join(pieces.into_iter(), |is_match, before| is_match && !before)
        }
        Behavior::MergedWithNext => {
            let mut words = join(pieces.into_iter().rev(), |is_match, before| {
                is_match && !before
            });
            words.reverse();
            words
        }
    }
}

/// Joins a piece to the word before it where `joins(is_match, before)` holds;
/// `before` is whether the piece before was a match, at first false.
fn join(
    pieces: impl Iterator<Item = Piece>,
    joins: impl Fn(bool, bool) -> bool,
) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut before = false;
    for (range, is_match) in pieces {
        match words.last_mut() {
            Some(word) if joins(is_match, before) => {
                word.start = word.start.min(range.start);
                word.end = word.end.max(range.end);
            }
            _ => words.push(range),
        }
        before = is_match;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_the_numeric_characters_of_unicode_17() {
        let text: String = (char::MIN..=char::MAX).collect();
        let n_matches = digits(&text)
            .iter()
            .filter(|(_, is_match)| *is_match)
            .count();
        assert_eq!(n_matches, 1_924);
        if char::UNICODE_VERSION.0 == 17 {
            assert_eq!(text.chars().filter(|c| c.is_numeric()).count(), n_matches);
        }
    }
}
