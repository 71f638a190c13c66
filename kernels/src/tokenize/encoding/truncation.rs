//! Truncation: at most so many tokens, and the rest as overflowing parts.

use std::ops::Range;

use super::types::{Encoding, SequenceEnd};
use crate::tokenize::error::TruncationError;

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
        let Some(room) = self.max_length.checked_sub(n_added) else {
            return Err(TruncationError::NoRoom {
                max_length: self.max_length,
                n_added,
            });
        };
        if room == 0 {
            self.cut(first, 0)?;
            return second.map_or(Ok(()), |second| self.cut(second, 0));
        }
        let n_tokens = first.len() + second.as_ref().map_or(0, |second| second.len());
        let Some(n_removed) = n_tokens.checked_sub(room).filter(|n| *n > 0) else {
            return Ok(());
        };
        match (self.strategy, second) {
            (TruncationStrategy::LongestFirst, Some(second)) => {
                let (to_first, to_second) = shares(first.len(), second.len(), room);
                self.cut(first, to_first)?;
                self.cut(second, to_second)
            }
            (TruncationStrategy::LongestFirst, None) => self.cut(first, room),
            (TruncationStrategy::OnlyFirst, _) => self.shorten(first, n_removed),
            (TruncationStrategy::OnlySecond, Some(second)) => self.shorten(second, n_removed),
            (TruncationStrategy::OnlySecond, None) => Err(TruncationError::NoSecond),
        }
    }

    fn shorten(&self, encoding: &mut Encoding, n_removed: usize) -> Result<(), TruncationError> {
        let n_tokens = encoding.len();
        if n_tokens <= n_removed {
            return Err(TruncationError::TooShort {
                n_tokens,
                n_removed,
            });
        }
        self.cut(encoding, n_tokens - n_removed)
    }

    fn cut(&self, encoding: &mut Encoding, most: usize) -> Result<(), TruncationError> {
        let n_tokens = encoding.len();
        if most >= n_tokens {
            return Ok(());
        }
        if most == 0 {
            let whole = std::mem::take(encoding);
            encoding.overflowing.push(whole);
            return Ok(());
        }
        let step = most.checked_sub(self.stride).filter(|step| *step > 0);
        let step = step.ok_or(TruncationError::Stride {
            stride: self.stride,
            room: most,
        })?;
        let mut parts = ranges(n_tokens, most, step, self.end)
            .into_iter()
            .map(|range| encoding.part(range));
        let mut first = parts.next().unwrap_or_default();
        first.overflowing = parts.collect();
        *encoding = first;
        Ok(())
    }
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
