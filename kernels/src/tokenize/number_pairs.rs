//! What two tokens merge into, by their numbers.

use std::hint::select_unpredictable;

use super::hash::hash_word;
use super::huge::HugeTable;
use super::prefetch::prefetch;

/// Numbers fit in this; so do two of them and what they merge into in a word.
pub(crate) const NUMBER_BITS: u32 = 21;
/// No number: the pair does not merge.
pub(crate) const NONE: u32 = u32::MAX;
/// A number that merges with nothing.
pub(crate) const SENTINEL: u32 = (1 << NUMBER_BITS) - 1;

/// What two numbers merge into: open addressing with linear probing, a word a
/// slot, at most half full.
pub(crate) struct NumberPairs {
    /// Left, right and product, of `NUMBER_BITS` each; `FREE` if free.
    slots: HugeTable<u64>,
    /// Hashes of pairs that are there, two bits each, in less memory than the
    /// slots: most pairs that are looked up are not there.
    seen: Vec<u64>,
}

const FREE: u64 = u64::MAX;
/// No key of a pair, nor what the key of a free slot looks like.
const NOWHERE: u64 = u64::MAX - 1;

/// A pair that is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SoughtPair {
    /// `NOWHERE` if it is known not to be there.
    key: u64,
    slot: usize,
}

impl SoughtPair {
    /// A pair that is known not to be there.
    pub(crate) const NOTHING: Self = Self {
        key: NOWHERE,
        slot: 0,
    };
}

impl NumberPairs {
    pub(crate) fn with_capacity(n_pairs: usize) -> Self {
        Self {
            slots: HugeTable::filled((2 * n_pairs).next_power_of_two().max(16), FREE),
            seen: vec![0; (n_pairs / 8).next_power_of_two()],
        }
    }

    #[inline]
    fn key(left: u32, right: u32) -> u64 {
        u64::from(left) << NUMBER_BITS | u64::from(right)
    }

    /// The word and bits of `seen` for a hash.
    #[inline]
    fn seen(&self, hash: usize) -> (usize, u64) {
        let bits = hash >> 32;
        let two = 1 << (bits % 64) | 1 << (bits / 64 % 64);
        ((bits >> 12) & (self.seen.len() - 1), two)
    }

    pub(crate) fn insert(&mut self, left: u32, right: u32, product: u32) {
        let key = Self::key(left, right);
        let hash = hash_word(key);
        let (word, bits) = self.seen(hash);
        self.seen[word] |= bits;
        let mask = self.slots.len() - 1;
        let mut slot = hash & mask;
        while self.slots[slot] != FREE {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = key << NUMBER_BITS | u64::from(product);
    }

    /// Begins to look for a pair: has the slot fetched where it may be.
    #[inline]
    pub(crate) fn begin(&self, left: u32, right: u32) -> SoughtPair {
        let key = Self::key(left, right);
        let hash = hash_word(key);
        let (word, bits) = self.seen(hash);
        let is_seen = self.seen[word] & bits == bits;
        let slot = select_unpredictable(is_seen, hash, 0) & (self.slots.len() - 1);
        prefetch(&self.slots[slot]);
        SoughtPair {
            key: select_unpredictable(is_seen, key, NOWHERE),
            slot,
        }
    }

    /// The number that a pair merges into, or `NONE`.
    #[inline]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "the three together are foreseen, and one by one they are not"
    )]
    pub(crate) fn finish(&self, pair: SoughtPair) -> u32 {
        let found = self.slots[pair.slot];
        let is_it = found >> NUMBER_BITS == pair.key;
        if !is_it & (found != FREE) & (pair.key != NOWHERE) {
            return self.get_at(pair.key, pair.slot + 1);
        }
        let number = (found & ((1 << NUMBER_BITS) - 1)) as u32;
        select_unpredictable(is_it, number, NONE)
    }

    /// The number that two merge into, or `NONE`.
    #[inline]
    pub(crate) fn get(&self, left: u32, right: u32) -> u32 {
        let key = Self::key(left, right);
        let hash = hash_word(key);
        let (word, bits) = self.seen(hash);
        if self.seen[word] & bits != bits {
            return NONE;
        }
        self.get_at(key, hash)
    }

    /// As [`Self::get`], from this slot on.
    #[inline]
    fn get_at(&self, key: u64, mut slot: usize) -> u32 {
        loop {
            let found = self.slots[slot & (self.slots.len() - 1)];
            if found >> NUMBER_BITS == key {
                return (found & ((1 << NUMBER_BITS) - 1)) as u32;
            }
            if found == FREE {
                return NONE;
            }
            slot += 1;
        }
    }
}
