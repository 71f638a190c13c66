//! Weighted sums of as many columns of bytes as a vector has.
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use super::pairs::{LOW_BITS, WeightPair};
use super::x86::Vectors;
use crate::resample::taps::HALF;

/// Sums of the two parts of weights, four vectors of 32-bit integers each.
pub(super) struct Sums<V: Vectors> {
    vectors: V,
    high: [V::Vector; 4],
    low: [V::Vector; 4],
}

const _: () = assert!(HALF.trailing_zeros() >= LOW_BITS);

impl<V: Vectors> Sums<V> {
    /// The sums of `n` vectors with their weights, as bytes.
    #[inline(always)]
    pub(super) fn of(
        (vectors, pairs, n): (V, &[WeightPair], usize),
        read: impl Fn(usize) -> V::Vector,
    ) -> V::Vector {
        let mut sums = Self {
            vectors,
            high: [vectors.splat(HALF >> LOW_BITS); 4],
            low: [vectors.splat(0); 4],
        };
        let (whole, rest) = pairs.split_at(n / 2);
        for (index, pair) in whole.iter().enumerate() {
            sums.add(read(2 * index), read(2 * index + 1), *pair);
        }
        for pair in rest {
            // The weight of the second is 0.
            let last = read(n - 1);
            sums.add(last, last, *pair);
        }
        sums.bytes()
    }

    /// Adds two vectors of bytes with their weights.
    #[inline(always)]
    fn add(&mut self, a: V::Vector, b: V::Vector, pair: WeightPair) {
        let vectors = self.vectors;
        let zero = vectors.splat(0);
        let (low, high) = (vectors.low(a, b), vectors.high(a, b));
        let samples = [
            vectors.low(low, zero),
            vectors.high(low, zero),
            vectors.low(high, zero),
            vectors.high(high, zero),
        ];
        let weights = [vectors.splat(pair.high), vectors.splat(pair.low)];
        for (index, samples) in samples.into_iter().enumerate() {
            let high = vectors.products(samples, weights[0]);
            let low = vectors.products(samples, weights[1]);
            self.high[index] = vectors.add(self.high[index], high);
            self.low[index] = vectors.add(self.low[index], low);
        }
    }

    /// Joins the two parts, cuts them off and clips them.
    #[inline(always)]
    fn bytes(self) -> V::Vector {
        let vectors = self.vectors;
        let mut whole = self.low;
        for (low, high) in whole.iter_mut().zip(self.high) {
            *low = vectors.down(vectors.add(vectors.up(high), *low));
        }
        let halves = [
            vectors.halve(whole[0], whole[1]),
            vectors.halve(whole[2], whole[3]),
        ];
        vectors.bytes(halves[0], halves[1])
    }
}
