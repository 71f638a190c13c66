//! Truncation: at most so many tokens, and the rest as overflowing parts.

use std::ops::Range;

use super::types::{Encoding, SequenceEnd};
use crate::tokenize::error::TruncationError;

/// Most overflowing parts: those of two texts multiply.
const PARTS_MAX: usize = 1 << 20;

/// Which of two texts loses tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruncationStrategy {
    /// The longer, then both to the same length.
    LongestFirst,
    /// The first.
    OnlyFirst,
    /// The second.
    OnlySecond,
}

/// How encodings are truncated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// Tokens in all, those that a post-processor adds among them.
    pub max_length: usize,
    /// How many tokens two parts that follow one another have in common.
    pub stride: usize,
    /// Which of two texts loses tokens.
    pub strategy: TruncationStrategy,
    /// The end that loses tokens.
    pub end: SequenceEnd,
}

impl Truncation {
    /// Truncates one encoding or two to `max_length` less the `n_added` tokens
    /// that are still to be added.
    pub(super) fn apply(
        &self,
        first: &mut Encoding,
        second: Option<&mut Encoding>,
        n_added: usize,
    ) -> Result<(), TruncationError> {
        let lens = (first.len(), second.as_ref().map(|second| second.len()));
        let (to_first, to_second) = self.shares(lens, n_added)?;
        self.cut(first, to_first)?;
        second.map_or(Ok(()), |second| self.cut(second, to_second))
    }

    /// Which tokens of one text or two are left, and that there are not too many
    /// parts of them.
    pub(super) fn kept(
        &self,
        (first, second): (usize, Option<usize>),
        n_added: usize,
    ) -> Result<[Range<usize>; 2], TruncationError> {
        let (to_first, to_second) = self.shares((first, second), n_added)?;
        let [first, second] = [(first, to_first), (second.unwrap_or(0), to_second)]
            .map(|(n_tokens, most)| self.first_part(n_tokens, most));
        let ((first, more_of_first), (second, more_of_second)) = (first?, second?);
        check_parts(more_of_first, more_of_second)?;
        Ok([first, second])
    }

    /// How many tokens one text or two may keep.
    fn shares(
        &self,
        (first, second): (usize, Option<usize>),
        n_added: usize,
    ) -> Result<(usize, usize), TruncationError> {
        let Some(room) = self.max_length.checked_sub(n_added) else {
            return Err(TruncationError::NoRoom {
                max_length: self.max_length,
                n_added,
            });
        };
        let to_second = second.unwrap_or(0);
        let n_removed = (first + to_second).saturating_sub(room);
        if room == 0 || n_removed == 0 {
            return Ok((first.min(room), to_second.min(room)));
        }
        match (self.strategy, second) {
            (TruncationStrategy::LongestFirst, Some(second)) => Ok(shares(first, second, room)),
            (TruncationStrategy::LongestFirst, None) => Ok((room, 0)),
            (TruncationStrategy::OnlyFirst, _) => Ok((shortened(first, n_removed)?, to_second)),
            (TruncationStrategy::OnlySecond, Some(second)) => {
                Ok((first, shortened(second, n_removed)?))
            }
            (TruncationStrategy::OnlySecond, None) => Err(TruncationError::NoSecond),
        }
    }

    fn cut(&self, encoding: &mut Encoding, most: usize) -> Result<(), TruncationError> {
        if most >= encoding.len() {
            return Ok(());
        }
        let parts = self.parts(encoding.len(), most)?.into_iter();
        let mut parts = parts.map(|range| encoding.part(range));
        let mut first = parts.next().unwrap_or_default();
        first.overflowing = parts.collect();
        *encoding = first;
        Ok(())
    }

    /// The first part of `n_tokens`, and how many others there are.
    fn first_part(
        &self,
        n_tokens: usize,
        most: usize,
    ) -> Result<(Range<usize>, usize), TruncationError> {
        if most >= n_tokens {
            return Ok((0..n_tokens, 0));
        }
        let parts = self.parts(n_tokens, most)?;
        let first = parts.first().cloned().unwrap_or_default();
        Ok((first, parts.len() - 1))
    }

    /// The parts of `n_tokens`, which are more than `most`.
    fn parts(&self, n_tokens: usize, most: usize) -> Result<Vec<Range<usize>>, TruncationError> {
        if most == 0 {
            return Ok(vec![0..0, 0..n_tokens]);
        }
        let step = most.checked_sub(self.stride).filter(|step| *step > 0);
        let step = step.ok_or(TruncationError::Stride {
            stride: self.stride,
            room: most,
        })?;
        Ok(ranges(n_tokens, most, step, self.end))
    }
}

/// How many tokens a text of `n_tokens` has without `n_removed`.
fn shortened(n_tokens: usize, n_removed: usize) -> Result<usize, TruncationError> {
    if n_tokens <= n_removed {
        return Err(TruncationError::TooShort {
            n_tokens,
            n_removed,
        });
    }
    Ok(n_tokens - n_removed)
}

/// Refuses parts of two texts, beside their first, that multiply to too many.
pub(super) fn check_parts(first: usize, second: usize) -> Result<(), TruncationError> {
    let n_parts = (first + 1).saturating_mul(second + 1);
    if second > 0 && n_parts > PARTS_MAX {
        return Err(TruncationError::TooManyParts {
            n_parts,
            limit: PARTS_MAX,
        });
    }
    Ok(())
}

/// The parts of `n` tokens: `most` tokens each, `step` tokens apart, up to the
/// one that reaches the other end.
fn ranges(n: usize, most: usize, step: usize, end: SequenceEnd) -> Vec<Range<usize>> {
    let mut ranges = Vec::with_capacity(n / step + 1);
    let mut done = 0;
    while done < n {
        let last = n <= done + most;
        ranges.push(match end {
            SequenceEnd::Right => done..(done + most).min(n),
            SequenceEnd::Left => (n - done).saturating_sub(most)..n - done,
        });
        if last {
            break;
        }
        done += step;
    }
    ranges
}

/// How many of `room` tokens each of two texts gets.
fn shares(first: usize, second: usize, room: usize) -> (usize, usize) {
    let short = first.min(second);
    // What the longer may keep, if the shorter loses nothing.
    let long = room
        .checked_sub(short)
        .map_or(short, |rest| rest.max(short));
    let (short, long) = if short + long > room {
        (room / 2, room / 2 + room % 2)
    } else {
        (short, long)
    };
    if first > second {
        (long, short)
    } else {
        (short, long)
    }
}
