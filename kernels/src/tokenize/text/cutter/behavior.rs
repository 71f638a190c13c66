//! Cuts at matches: what becomes of them, and of the gaps between them.

use std::ops::Range;

use super::super::aligned::AlignedText;
use crate::tokenize::error::EncodeError;
use crate::tokenize::pattern::{Pattern, PatternSteps};

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

/// A stretch, and whether it is a match or the gap between matches.
type Part = (Range<usize>, bool);

/// Cuts at each character that `is_match`.
pub(super) fn split(
    text: &mut AlignedText<'_>,
    is_match: impl Fn(char) -> bool,
    behavior: Behavior,
) -> Result<(), EncodeError> {
    let mut parts: Vec<Part> = Vec::new();
    text.split(|piece, out| {
        parts.clear();
        let mut gap = 0;
        for (start, c) in piece.text().char_indices() {
            if is_match(c) {
                if gap != start {
                    parts.push((gap..start, false));
                }
                gap = start + c.len_utf8();
                parts.push((start..gap, true));
            }
        }
        if gap != piece.text().len() {
            parts.push((gap..piece.text().len(), false));
        }
        behavior.join(&parts, out);
        Ok(())
    })
}

/// Cuts at the matches of a pattern.
pub(super) fn split_at(
    text: &mut AlignedText<'_>,
    pattern: &Pattern,
    behavior: Behavior,
    invert: InvertMatches,
) -> Result<(), EncodeError> {
    let is_match = invert == InvertMatches::No;
    let mut parts: Vec<Part> = Vec::new();
    let mut steps = PatternSteps::on(text.len_bytes());
    text.split(|piece, out| {
        parts.clear();
        let mut gap = 0;
        pattern.find(piece.text(), &mut steps, |found| {
            if gap != found.start {
                parts.push((gap..found.start, !is_match));
            }
            gap = found.end;
            parts.push((found, is_match));
        })?;
        if gap != piece.text().len() {
            parts.push((gap..piece.text().len(), !is_match));
        }
        behavior.join(&parts, out);
        Ok(())
    })
}

impl Behavior {
    /// Puts the parts of a text together.
    pub(crate) fn join(self, parts: &[Part], out: &mut Vec<Range<usize>>) {
        match self {
            Self::Removed => {
                let gaps = parts.iter().filter(|(_, is_match)| !is_match);
                out.extend(gaps.map(|(range, _)| range.clone()));
            }
            Self::Isolated => out.extend(parts.iter().map(|(range, _)| range.clone())),
            Self::Contiguous => {
                join(parts.iter(), |is_match, before| is_match == before, out);
            }
            Self::MergedWithPrevious => {
                join(parts.iter(), |is_match, before| is_match && !before, out);
            }
            Self::MergedWithNext => {
                let first = out.len();
                join(
                    parts.iter().rev(),
                    |is_match, before| is_match && !before,
                    out,
                );
                out[first..].reverse();
            }
        }
    }
}

/// Joins a part to the word before it where `joins(is_match, before)` holds;
/// `before` is whether the part before was a match, at first false.
fn join<'p>(
    parts: impl Iterator<Item = &'p Part>,
    joins: impl Fn(bool, bool) -> bool,
    out: &mut Vec<Range<usize>>,
) {
    let first = out.len();
    let mut before = false;
    for (range, is_match) in parts {
        match out[first..].last_mut() {
            Some(word) if joins(*is_match, before) => {
                word.start = word.start.min(range.start);
                word.end = word.end.max(range.end);
            }
            _ => out.push(range.clone()),
        }
        before = *is_match;
    }
}
