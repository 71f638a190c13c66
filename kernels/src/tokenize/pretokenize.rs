//! Cuts a stretch of text into the words that are merged one by one.
//!
//! [`Pretokenizer::Scan`] is the fast path: one scanner whose matches cover
//! the text. Everything else is a list of stages that cut each word further,
//! as Hugging Face's `Sequence` does, and the `ByteLevel` that ends it.

use std::borrow::Cow;
use std::ops::Range;

use super::error::EncodeError;
use super::pattern::Pattern;
use super::scan::{N_WORDS, Scanner, WordEnds};
use super::text::{Behavior, InvertMatches, PrefixSpace, is_numeric};
use crate::level::Level;

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

/// One pre-tokenizer of a sequence.
pub(crate) enum PreTokenizer {
    Split {
        pattern: Pattern,
        behavior: Behavior,
        invert: InvertMatches,
    },
    Digits(Behavior),
}

impl Pretokenizer {
    /// Calls `visit` with a text, where some words start in it one after
    /// another, and where each ends, for every word in order. No word is empty.
    #[inline]
    pub(crate) fn words(
        &self,
        level: Level,
        text: &str,
        mut visit: impl FnMut(&[u8], usize, &[u32]),
    ) -> Result<(), EncodeError> {
        match self {
            Self::Scan(scanner) => {
                scanner.words(level, text.as_bytes(), &mut visit);
                Ok(())
            }
            Self::Stages {
                stages,
                prefix_space,
                scanner,
            } => {
                for word in cut(stages, text)? {
                    let word = spaced(part(text, &word), *prefix_space);
                    match scanner {
                        Some(scanner) => scanner.words(level, word.as_bytes(), &mut visit),
                        None => visit(word.as_bytes(), 0, &[word.len() as u32]),
                    }
                }
                Ok(())
            }
        }
    }
}

impl Scanner {
    /// Calls `visit` with the words of `text`, which is valid UTF-8.
    #[inline]
    fn words(&self, level: Level, text: &[u8], visit: &mut impl FnMut(&[u8], usize, &[u32])) {
        let mut ends: WordEnds = [0; N_WORDS];
        let mut at = 0;
        while at < text.len() {
            let n_words = self.find_words(level, text, at, &mut ends);
            let Some(found @ [.., last]) = ends.get(..n_words) else {
                return;
            };
            visit(text, at, found);
            at = *last as usize;
        }
    }
}

/// `ByteLevel` on one word of the stages before it.
fn spaced(word: &str, prefix_space: PrefixSpace) -> Cow<'_, str> {
    if prefix_space == PrefixSpace::Add && !word.starts_with(' ') {
        Cow::Owned(format!(" {word}"))
    } else {
        Cow::Borrowed(word)
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
    let mut joined = Vec::new();
    for stage in stages {
        let mut cut = Vec::with_capacity(words.len());
        for word in words {
            let (matches, behavior) = stage.matches(part(text, &word))?;
            joined.clear();
            behavior.join(&matches, &mut joined);
            cut.extend(
                joined
                    .drain(..)
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
    pattern.find(word, |found| {
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

/// Each numeric character is a match.
fn digits(word: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, c) in word.char_indices() {
        let end = at + c.len_utf8();
        let is_number = is_numeric(c);
        match pieces.last_mut() {
            Some((gap, false)) if !is_number => gap.end = end,
            _ => pieces.push((at..end, is_number)),
        }
    }
    pieces
}
