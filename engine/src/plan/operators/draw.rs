//! Chance: what is drawn for a row depends on the seed, the epoch, the row and the
//! step, and on nothing else: no thread, batch, rank or restart changes it.
//!
//! Two rounds of Philox4x32-10 (see [`philox4x32`]). With all words of 32 bits,
//! low half first, the stream's key is made of the counter `[stream_low,
//! stream_high, epoch, 0x64726177]` under the key `[seed_low, seed_high]`; its
//! first two words are the key of the row's draws, its third is in their counter:
//! draw `n` is the first word of `[row_low, row_high, n, third]`.
//!
//! A stream is the 64-bit FNV-1a hash of `NAME/N`, the operator's name and how
//! many steps of that name come before, or of the `stream` that a step names. So
//! a step that is added or taken away changes nothing of the others.

use fuelrail_kernels::philox4x32;

/// "draw", so that nothing else that draws from the same seed has the same bits.
const PURPOSE: u32 = 0x6472_6177;

/// What the draws of a batch have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// What everything is drawn from.
    pub seed: u64,
    /// The epoch.
    pub epoch: u32,
}

/// The draws of one step for one row, one after another.
#[derive(Debug, Clone)]
pub struct Drawn {
    key: [u32; 2],
    counter: [u32; 4],
}

impl Draw {
    /// The draws for a row of the dataset from a stream.
    #[must_use]
    pub fn of(&self, stream: u64, row: u64) -> Drawn {
        let [stream_low, stream_high] = halves(stream);
        let [low, high, third, _] = philox4x32(
            [stream_low, stream_high, self.epoch, PURPOSE],
            halves(self.seed),
        );
        let [row_low, row_high] = halves(row);
        Drawn {
            key: [low, high],
            counter: [row_low, row_high, 0, third],
        }
    }
}

impl Drawn {
    /// The next 32 bits.
    pub fn word(&mut self) -> u32 {
        let [word, ..] = philox4x32(self.counter, self.key);
        self.counter[2] = self.counter[2].wrapping_add(1);
        word
    }

    /// A number below `n`, each as likely as another but for 2^-32 of them; 0
    /// where `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        let product = u64::from(self.word()) * u64::from(n);
        halves(product)[1]
    }

    /// A number from the first of two to the second, of 2^32 that are evenly spread.
    pub(super) fn within(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + f64::from(self.word()) * (1.0 / 4_294_967_296.0) * (high - low)
    }
}

/// The draws of one row, step by step: a step goes on drawing where it was.
#[derive(Debug, Clone)]
pub(super) struct RowDraws {
    draw: Draw,
    row: u64,
    /// The step that drew last, and its draws.
    last: Option<(usize, Drawn)>,
}

impl RowDraws {
    /// Those of a row of the dataset.
    pub(super) fn new(draw: Draw, row: u64) -> Self {
        Self {
            draw,
            row,
            last: None,
        }
    }

    /// Those of a step, which has this stream.
    pub(super) fn of(&mut self, step: usize, stream: u64) -> &mut Drawn {
        let last = self.last.take().filter(|(at, _)| *at == step);
        let of_step = last.unwrap_or_else(|| (step, self.draw.of(stream, self.row)));
        &mut self.last.insert(of_step).1
    }
}

/// The stream of a name.
pub(super) fn stream(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The low and the high half.
#[expect(clippy::cast_possible_truncation, reason = "halves are wanted")]
fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes that the authors of FNV publish.
    #[test]
    fn streams_are_hashes_of_names() {
        assert_eq!(stream(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(stream("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(stream("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn everything_that_names_a_draw_changes_it() {
        let draw = |seed, epoch, stream, row| {
            let mut drawn = Draw { seed, epoch }.of(stream, row);
            [drawn.word(), drawn.word()]
        };
        let high = 1 << 40;
        let all = [
            draw(1, 2, 3, 4),
            draw(0, 2, 3, 4),
            draw(1, 0, 3, 4),
            draw(1, 2, 0, 4),
            draw(1, 2, 3, 0),
            draw(1 + high, 2, 3, 4),
            draw(1, 2, 3 + high, 4),
            draw(1, 2, 3, 4 + high),
        ];
        let mut words: Vec<u32> = all.concat();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 16);
        assert_eq!(draw(1, 2, 3, 4), all[0]);
    }

    #[test]
    fn numbers_below_a_bound_are_evenly_spread() {
        let draw = Draw { seed: 5, epoch: 1 };
        let mut counts = [0u32; 7];
        for row in 0..7000 {
            counts[draw.of(stream("crop/0"), row).below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|n| (880..1120).contains(n)), "{counts:?}");
        assert_eq!(draw.of(1, 1).below(0), 0);
        assert_eq!(draw.of(1, 1).below(1), 0);
    }
}
