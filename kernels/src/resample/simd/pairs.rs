//! Weights as vectors multiply them: two at a time, each in two parts.
//!
//! Processors multiply pairs of 16-bit integers and add the two products. A weight
//! has up to 25 bits with its sign, so it is `high * 2^12 + low`, with `low` from 0
//! to 4095; sums of either part are kept apart and joined at the end. All of it is
//! arithmetic of 32 bits that wraps around, so the order does not matter.
#![expect(
    clippy::cast_possible_truncation,
    reason = "parts of weights, whose bounds are checked, fit 16 bits"
)]

use std::ops::Range;

use crate::resample::taps::Taps;

/// Bits of the lower part.
pub(super) const LOW_BITS: u32 = 12;

/// The weights of two samples that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WeightPair {
    /// The upper parts; that of the first sample in the lower half.
    pub(super) high: i32,
    /// The lower parts.
    pub(super) low: i32,
}

/// One position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PairedPosition {
    /// The first sample that it reads.
    pub(super) start: u32,
    /// Samples that it reads.
    pub(super) len: u32,
    /// Its first pair. The last has one sample only where `len` is odd.
    first: u32,
}

/// A table in pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::resample) struct Pairs {
    positions: Vec<PairedPosition>,
    pairs: Vec<WeightPair>,
}

impl Pairs {
    /// Becomes that of a table, without the zeros around its weights.
    pub(in crate::resample) fn set(&mut self, taps: Taps<'_>) {
        self.positions.clear();
        self.pairs.clear();
        let mut weights = Vec::new();
        for position in 0..taps.len() {
            let (start, all) = taps.of(position);
            weights.clear();
            weights.extend(all);
            let is_weight = |weight: &i32| *weight != 0;
            let end = weights.iter().rposition(is_weight).map_or(1, |at| at + 1);
            let begin = weights.iter().position(is_weight).unwrap_or(0);
            let weights = &weights[begin..end];
            self.positions.push(PairedPosition {
                start: (start + begin) as u32,
                len: weights.len() as u32,
                first: self.pairs.len() as u32,
            });
            let pairs = weights.chunks(2).map(|pair| {
                let [first, second] = [pair[0], pair.get(1).copied().unwrap_or(0)];
                WeightPair {
                    high: halves(first >> LOW_BITS, second >> LOW_BITS),
                    low: halves(first & LOW_MASK, second & LOW_MASK),
                }
            });
            self.pairs.extend(pairs);
        }
    }

    /// All positions.
    pub(super) fn positions(&self) -> &[PairedPosition] {
        &self.positions
    }

    /// The pairs of a position.
    #[inline]
    pub(super) fn of(&self, position: PairedPosition) -> &[WeightPair] {
        let first = position.first as usize;
        &self.pairs[first..first + position.len.div_ceil(2) as usize]
    }

    /// The samples that a run of positions reads.
    pub(super) fn reads(&self, run: &Range<usize>) -> Range<usize> {
        let positions = &self.positions[run.clone()];
        let begin = positions.iter().map(|position| position.start);
        let end = positions
            .iter()
            .map(|position| position.start + position.len);
        begin.min().unwrap_or(0) as usize..end.max().unwrap_or(0) as usize
    }
}

const LOW_MASK: i32 = (1 << LOW_BITS) - 1;

fn halves(first: i32, second: i32) -> i32 {
    (first & 0xffff) | second << 16
}
