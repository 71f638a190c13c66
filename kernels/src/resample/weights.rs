//! The weights of one axis, made on the host.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places and weights are cut off as the contract says"
)]

use std::ops::Range;

use super::ResampleError;
use super::filter::ResampleFilter;
use super::simd::Pairs;
use super::taps::{ONE, Taps};

/// The most samples along an axis: binary32, in which Pillow has its boxes, holds
/// all below it.
const MAX_SIDE: u32 = (1 << 24) - 1;

/// What makes `to` samples of `from`; see the [contract](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    from: u32,
    to: u32,
    reads: Range<u32>,
    words: Vec<u32>,
    /// The table as vectors multiply it.
    pairs: Pairs,
}

/// The weights of one position, from the first that is not 0 to the last.
struct Position {
    first: u32,
    weights: Vec<i32>,
}

impl Weights {
    /// For `from` samples to become `to`.
    ///
    /// # Errors
    /// Where there are none of either, or 2^24 or more.
    pub fn new(from: u32, to: u32, filter: ResampleFilter) -> Result<Self, ResampleError> {
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&from) || !sides.contains(&to) {
            return Err(ResampleError::Sides { from, to });
        }
        if from == to {
            // Every weight is 0 or 1.
            let positions: Vec<Position> = (0..to).map(Position::copy).collect();
            return Ok(Self::of(from, &positions));
        }
        let positions = match filter {
            ResampleFilter::Nearest => nearest(from, to),
            ResampleFilter::Box
            | ResampleFilter::Bilinear
            | ResampleFilter::Hamming
            | ResampleFilter::Bicubic
            | ResampleFilter::Lanczos => filtered(from, to, filter),
        };
        Ok(Self::of(from, &positions))
    }

    /// All positions have as many weights: zeros make up for those that they lack.
    fn of(from: u32, positions: &[Position]) -> Self {
        let begin = positions.iter().map(|position| position.first).min();
        let end = positions.iter().map(Position::end).max();
        let (begin, end) = (begin.unwrap_or(0), end.unwrap_or(0));
        let each = positions.iter().map(Position::len).max().unwrap_or(1);
        let to = positions.len();
        let mut words = Vec::with_capacity(1 + to * (1 + each as usize));
        words.push(each);
        // The last begin so far before the end that all they read is there.
        let start = |position: &Position| position.first.min(end - each);
        words.extend(positions.iter().map(|position| start(position) - begin));
        for position in positions {
            let ahead = position.first - start(position);
            let behind = each - ahead - position.len();
            words.extend((0..ahead).map(|_| 0));
            words.extend(position.weights.iter().map(|weight| weight.cast_unsigned()));
            words.extend((0..behind).map(|_| 0));
        }
        let to = to as u32;
        let mut pairs = Pairs::default();
        pairs.set(Taps::of_words(&words, to));
        Self {
            from,
            to,
            reads: begin..end,
            words,
            pairs,
        }
    }

    /// Samples of the axis, before it is resized.
    #[must_use]
    pub fn from(&self) -> u32 {
        self.from
    }

    /// Samples of it after that.
    #[must_use]
    pub fn to(&self) -> u32 {
        self.to
    }

    /// Those of the samples that count: where the table begins to read, and where it
    /// ends.
    #[must_use]
    pub fn reads(&self) -> Range<u32> {
        self.reads.clone()
    }

    /// The table, which begins to read at sample 0; see the [contract](super).
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Whether all samples stay as they are.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.from == self.to
    }

    /// The table as the scalar reference reads it.
    pub(super) fn taps(&self) -> Taps<'_> {
        Taps::of_words(&self.words, self.to)
    }

    /// The table as vectors multiply it.
    pub(super) fn pairs(&self) -> &Pairs {
        &self.pairs
    }
}

impl Position {
    fn copy(first: u32) -> Self {
        Self {
            first,
            weights: vec![ONE],
        }
    }

    fn len(&self) -> u32 {
        self.weights.len() as u32
    }

    fn end(&self) -> u32 {
        self.first + self.len()
    }

    /// Without the zeros at both ends; the sums stay the same.
    fn without_zeros(mut self) -> Self {
        let is_weight = |weight: &i32| *weight != 0;
        let end = self
            .weights
            .iter()
            .rposition(is_weight)
            .map_or(1, |at| at + 1);
        self.weights.truncate(end);
        let begin = self.weights.iter().position(is_weight).unwrap_or(0);
        self.weights.drain(..begin);
        self.first += begin as u32;
        self
    }
}

fn nearest(from: u32, to: u32) -> Vec<Position> {
    let scale = f64::from(from) / f64::from(to);
    let mut at = scale * 0.5;
    let step = |_| {
        let first = (at as u32).min(from - 1);
        at += scale;
        Position::copy(first)
    };
    (0..to).map(step).collect()
}

fn filtered(from: u32, to: u32, filter: ResampleFilter) -> Vec<Position> {
    let scale = f64::from(from) / f64::from(to);
    let stretch = scale.max(1.0);
    let reach = filter.support() * stretch;
    let inverse = 1.0 / stretch;
    let mut weights = Vec::new();
    let position = |index| {
        let center = (f64::from(index) + 0.5) * scale;
        // What is negative becomes 0.
        let first = (center - reach + 0.5) as u32;
        let end = ((center + reach + 0.5) as u32).min(from);
        let distance = |x: u32| (f64::from(x) - center + 0.5) * inverse;
        weights.clear();
        weights.extend((first..end).map(|x| filter.weight(distance(x))));
        // From 0 on, one after another: an iterator's sum begins with -0.
        let sum = weights.iter().fold(0.0, |sum, weight| sum + weight);
        let sum = if sum == 0.0 { 1.0 } else { sum };
        let quantised = weights.iter().map(|weight| quantised(weight / sum));
        Position {
            first,
            weights: quantised.collect(),
        }
        .without_zeros()
    };
    (0..to).map(position).collect()
}

/// With 22 bits behind the point, halves away from zero.
fn quantised(weight: f64) -> i32 {
    let half = if weight < 0.0 { -0.5 } else { 0.5 };
    (half + weight * f64::from(ONE)) as i32
}
