//! A table of weights as kernels read it.

/// Bits behind the point of a weight.
pub(super) const BITS: u32 = 22;

/// A weight of one.
pub(super) const ONE: i32 = 1 << BITS;

/// What a sum begins with, so that cutting it off rounds it.
pub(super) const HALF: i32 = 1 << (BITS - 1);

/// The largest magnitude of a weight. No filter comes near it.
const MAX_WEIGHT: u32 = 1 << 24;

/// A view of a table; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taps<'a> {
    /// Weights of each position; at least one.
    each: usize,
    /// The first sample that each position reads.
    starts: &'a [u32],
    /// The weights of all positions.
    weights: &'a [u32],
}

impl<'a> Taps<'a> {
    /// The table of `to` positions that `words` are.
    ///
    /// # Panics
    /// Where they are fewer words.
    pub(super) fn of_words(words: &'a [u32], to: u32) -> Self {
        let each = words[0] as usize;
        let (starts, weights) = words[1..].split_at(to as usize);
        Self {
            each,
            starts,
            weights: &weights[..starts.len() * each],
        }
    }

    /// The table of `to` positions that `words` begins with, if it is one for `from`
    /// samples.
    pub(super) fn read(words: &'a [u32], from: u32, to: u32) -> Option<Self> {
        let each = *words.first().filter(|each| **each > 0)?;
        let last = from.checked_sub(each)?;
        let n_words = u64::from(to) * (1 + u64::from(each)) + 1;
        let words = words.get(..usize::try_from(n_words).ok()?)?;
        let taps = Self::of_words(words, to);
        let is_weight = |word: &u32| word.cast_signed().unsigned_abs() <= MAX_WEIGHT;
        let is_sound = to > 0
            && taps.starts.iter().all(|start| *start <= last)
            && taps.weights.iter().all(is_weight);
        is_sound.then_some(taps)
    }

    /// How many positions there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The first sample that a position reads, and the weights of this and those
    /// behind it.
    pub(super) fn of(&self, position: usize) -> (usize, impl Iterator<Item = i32> + use<'a>) {
        let weights = &self.weights[position * self.each..][..self.each];
        let weights = weights.iter().map(|word| word.cast_signed());
        (self.starts[position] as usize, weights)
    }

    /// The samples that positions are copies of, if they are.
    pub(super) fn copied(&self) -> Option<&'a [u32]> {
        let is_copy = self.each == 1 && self.weights.iter().all(|word| word.cast_signed() == ONE);
        is_copy.then_some(self.starts)
    }
}
