//! A permutation of `0..n` that is computed, not stored.
//!
//! A Feistel network permutes the numbers of `k` bits, where `2^k` is the least
//! power of two that is at least `n` (and at least 256). Its halves have `k / 2`
//! bits, rounded down and up; each round exclusive-ors one half with a function
//! of the other, which can be undone whatever the function is, so each round is
//! a permutation and so are all of them together. A result of `n` or more goes
//! through again until it is less (it walks along its cycle); as cycles return
//! to where they began, this ends, and no two numbers end at the same one. Less
//! than half of all numbers are `n` or more where `n > 128`, so a row takes less
//! than two passes on average.
//!
//! The function of a round is a multiplication by an odd number, an addition,
//! and the finish of a multiplicative hash, whose upper half is taken.
//! The numbers of each round come from Philox.

use fuelrail_kernels::philox4x32;

/// With six rounds, the differences of neighbours tell the permutations of 256
/// rows from random ones by 20 standard deviations in 40,000 seeds; with eight
/// none of the statistics of `tests.rs` does.
const ROUNDS: usize = 8;

/// Bits of the least domain: shorter halves leave their functions too few
/// values.
const MIN_BITS: u32 = 8;

/// What the finish of a round's function multiplies by: any odd number of
/// evenly spread bits would do, and this is the golden ratio's.
const FINISH: u64 = 0x9e37_79b9_7f4a_7c15;

/// Numbers that go through the rounds side by side.
const LANES: usize = 4;

/// Numbers among which those that go through again are gathered.
const CHUNK: usize = 64;

/// Where the randomness of a permutation comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct RandomStream {
    pub(super) seed: u64,
    pub(super) epoch: u32,
    /// What it is for, so that no two uses share their bits.
    pub(super) purpose: u32,
    /// Which of many of the same purpose.
    pub(super) index: u64,
}

impl RandomStream {
    /// The stream of the same seed and epoch for another purpose.
    pub(super) fn of(self, purpose: u32, index: u64) -> Self {
        Self {
            purpose,
            index,
            ..self
        }
    }

    /// The draw number `draw`, below 256.
    #[expect(clippy::cast_possible_truncation, reason = "halves are wanted")]
    pub(super) fn draw(self, draw: u32) -> [u64; 2] {
        let counter = [
            self.index as u32,
            (self.index >> 32) as u32,
            self.epoch,
            (self.purpose << 8) | draw,
        ];
        let bits = philox4x32(counter, [self.seed as u32, (self.seed >> 32) as u32]);
        let wide = |low: u32, high: u32| u64::from(low) | (u64::from(high) << 32);
        [wide(bits[0], bits[1]), wide(bits[2], bits[3])]
    }
}

/// A permutation of the numbers below `n`.
#[derive(Debug, Clone)]
pub(super) struct Permutation {
    n: u64,
    low_bits: u32,
    low_mask: u64,
    high_mask: u64,
    rounds: [Round; ROUNDS],
}

#[derive(Debug, Clone, Copy)]
struct Round {
    times: u64,
    plus: u64,
}

impl Round {
    /// The function of the round: 32 bits for a half.
    fn of(self, half: u64) -> u64 {
        let mixed = half.wrapping_mul(self.times).wrapping_add(self.plus);
        (mixed ^ (mixed >> 32)).wrapping_mul(FINISH) >> 32
    }
}

impl Permutation {
    pub(super) fn new(n: u64, stream: RandomStream) -> Self {
        let bits = (64 - n.saturating_sub(1).leading_zeros()).max(MIN_BITS);
        let mut rounds = [Round { times: 1, plus: 0 }; ROUNDS];
        for (draw, round) in (0..).zip(&mut rounds) {
            let [times, plus] = stream.draw(draw);
            *round = Round {
                times: times | 1,
                plus,
            };
        }
        Self {
            n,
            low_bits: bits / 2,
            low_mask: (1 << (bits / 2)) - 1,
            high_mask: (1 << (bits - bits / 2)) - 1,
            rounds,
        }
    }

    /// Puts the place of each number, all below `n`, where the number was.
    ///
    /// Some are on their way at once, as one alone waits for its products, and
    /// which of them go through again is noted without a branch.
    pub(super) fn map(&self, numbers: &mut [u64]) {
        for chunk in numbers.chunks_mut(CHUNK) {
            let mut walking = [0u8; CHUNK];
            let mut n_walking = 0;
            let (lanes, rest) = chunk.as_chunks_mut::<LANES>();
            for lanes in lanes {
                self.pass(lanes);
            }
            for number in rest {
                self.pass(std::array::from_mut(number));
            }
            for (at, number) in (0u8..).zip(chunk.iter()) {
                walking[n_walking] = at;
                n_walking += usize::from(*number >= self.n);
            }
            self.walk(chunk, &mut walking[..n_walking]);
        }
    }

    /// Passes the numbers at these places of the chunk until each is below `n`.
    fn walk(&self, chunk: &mut [u64], mut walking: &mut [u8]) {
        while !walking.is_empty() {
            let mut n_left = 0;
            for at in (0..walking.len()).step_by(LANES) {
                let n = LANES.min(walking.len() - at);
                let mut lanes = [0; LANES];
                for lane in 0..n {
                    lanes[lane] = chunk[usize::from(walking[at + lane])];
                }
                self.pass(&mut lanes);
                for lane in 0..n {
                    let place = walking[at + lane];
                    chunk[usize::from(place)] = lanes[lane];
                    walking[n_left] = place;
                    n_left += usize::from(lanes[lane] >= self.n);
                }
            }
            walking = &mut walking[..n_left];
        }
    }

    /// Once through all rounds.
    fn pass<const N: usize>(&self, numbers: &mut [u64; N]) {
        let mut low = numbers.map(|number| number & self.low_mask);
        let mut high = numbers.map(|number| number >> self.low_bits);
        for [even, odd] in self.rounds.as_chunks::<2>().0 {
            for (low, high) in low.iter_mut().zip(&high) {
                *low ^= even.of(*high) & self.low_mask;
            }
            for (low, high) in low.iter().zip(&mut high) {
                *high ^= odd.of(*low) & self.high_mask;
            }
        }
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = (high[at] << self.low_bits) | low[at];
        }
    }

    /// Undoes [`Permutation::of`].
    #[cfg(test)]
    pub(super) fn inverse(&self, place: u64) -> u64 {
        let mut number = place;
        loop {
            let mut low = number & self.low_mask;
            let mut high = number >> self.low_bits;
            for [even, odd] in self.rounds.as_chunks::<2>().0.iter().rev() {
                high ^= odd.of(low) & self.high_mask;
                low ^= even.of(high) & self.low_mask;
            }
            number = (high << self.low_bits) | low;
            if number < self.n {
                return number;
            }
        }
    }
}
